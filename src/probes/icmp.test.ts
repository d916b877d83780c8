import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseEchoLine } from './fping-line.ts';
import { createIcmpProbe } from './icmp.ts';
import type { LineListeners } from './program.ts';
import { createHandClock } from './testing/clocks.ts';
import { collect } from './testing/samples.ts';

const options = {
  name: 'icmp',
  periodMs: 100,
  timeoutMs: 250,
  targets: [
    { probe: 'gateway', about: 'network', address: '10.0.0.1' },
    { probe: 'rival-ping', about: 'rival', address: '10.0.0.2' },
  ],
} as const;

const setUp = () => {
  const clock = createHandClock();
  const started: { readonly argv: readonly string[]; readonly listeners: LineListeners }[] = [];
  let stops = 0;
  const probe = createIcmpProbe(options, clock, (argv, listeners) => {
    started.push({ argv, listeners });
    return {
      stop: async () => {
        stops += 1;
      },
    };
  });
  const got = collect();
  probe.start(got.report);
  const line = (text: string): void => started.at(-1)?.listeners.onLine(text);
  return { clock, started, probe, got, line, stops: () => stops };
};

const echo = '[1795247564.55055] 10.0.0.1   : [0], 64 bytes, 0.075 ms (0.075 avg, 0% loss)';
const timedOut = '[1795247564.85192] 10.0.0.2 : [12], timed out (NaN avg, 100% loss)';

test('lines of fping', () => {
  assert.deepEqual(parseEchoLine(echo), { address: '10.0.0.1', tookMs: 0.075 });
  assert.deepEqual(parseEchoLine(timedOut), { address: '10.0.0.2', tookMs: null });
  assert.deepEqual(parseEchoLine('[1.0] fd00::1 : [3], 64 bytes, 12 ms (12 avg, 0% loss)'), {
    address: 'fd00::1',
    tookMs: 12,
  });
  assert.equal(parseEchoLine('ICMP Host Unreachable from 10.0.0.1 for ICMP Echo sent to 10.0.0.2'), null);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const read = parseEchoLine(text);
      assert.ok(read === null || read.address !== '');
    }),
  );
});

test('one fping for all targets; an echo is well, a time-out failed', async () => {
  const { started, probe, got, line } = setUp();
  assert.deepEqual(started[0]?.argv, [
    'fping',
    '-l',
    '-D',
    '-i',
    '1',
    '-p',
    '100',
    '-t',
    '250',
    '--',
    '10.0.0.1',
    '10.0.0.2',
  ]);
  line(echo);
  line(timedOut);
  line('noise');
  assert.deepEqual(
    got.samples.map(({ probe: name, outcome }) => [name, outcome]),
    [
      ['gateway', 'ok'],
      ['rival-ping', 'failed'],
    ],
  );
  await probe.stop();
});

test('a mute fping is silence, and is replaced', async () => {
  const { clock, started, probe, got, line, stops } = setUp();
  line(echo);
  await clock.pass(440);
  assert.equal(got.samples.length, 1);
  await clock.pass(200);
  assert.ok(got.samples.length > 1 && got.samples.slice(1).every(({ outcome }) => outcome === 'silent'));
  await clock.pass(2_500);
  assert.equal(started.length, 2);
  assert.equal(stops(), 1);
  await probe.stop();
  assert.equal(stops(), 2);
});

test('an fping that ends is silence with its reason, and is started again ever more slowly', async () => {
  const { clock, started, probe, got } = setUp();
  for (const expected of [2, 3, 4]) {
    started.at(-1)?.listeners.onErrorLine("fping: can't create socket (must run as root?)");
    started.at(-1)?.listeners.onEnd('exit code 4');
    const sample = got.samples.at(-1);
    assert.equal(sample?.outcome, 'silent');
    assert.match(sample?.reason ?? '', /exit code 4.*must run as root/);
    const before = started.length;
    await clock.pass(200);
    assert.equal(started.length, before, 'not at once');
    await clock.pass(1_000);
    assert.equal(started.length, expected);
  }
  await probe.stop();
});

test('our own lateness is silence and does not cost a well fping its life', async () => {
  const { clock, started, probe, got, line, stops } = setUp();
  line(echo);
  await clock.freeze(60_000);
  assert.equal(got.samples.at(-1)?.outcome, 'silent');
  line(echo);
  await clock.pass(100);
  assert.equal(started.length, 1);
  assert.equal(stops(), 0);
  assert.equal(got.samples.at(-1)?.outcome, 'ok');
  await probe.stop();
  assert.equal(clock.waiting(), 0);
});

test('a name instead of an address is refused', () => {
  const targets = [{ probe: 'x', about: 'network', address: 'gateway.example' }] as const;
  assert.throws(() =>
    createIcmpProbe({ ...options, targets }, createHandClock(), () => ({ stop: async () => undefined })),
  );
});
