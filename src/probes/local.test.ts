import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fail, ok, type Result } from '../core/result.ts';
import type { Finished, RunOptions } from '../process/run.ts';
import { createCommandProbe, type ExitConvention } from './command.ts';
import { createLinkProbe } from './link.ts';
import { createServiceProbe, judgeUnits } from './service.ts';
import { createHandClock } from './testing/clocks.ts';
import { collect } from './testing/samples.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dualtone-link-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const pace = { periodMs: 100, timeoutMs: 200 };

test('a link: with carrier, without, set down, not there', async () => {
  const clock = createHandClock();
  const got = collect();
  const probe = createLinkProbe({ probe: 'link', about: 'network', ...pace, interface: 'eth0', folder }, clock);
  const set = (operstate: string, carrier: string | null): void => {
    mkdirSync(join(folder, 'eth0'), { recursive: true });
    writeFileSync(join(folder, 'eth0', 'operstate'), `${operstate}\n`);
    if (carrier === null) rmSync(join(folder, 'eth0', 'carrier'), { force: true });
    else writeFileSync(join(folder, 'eth0', 'carrier'), `${carrier}\n`);
  };
  mkdirSync(join(folder, 'lo'));
  writeFileSync(join(folder, 'lo', 'operstate'), 'unknown\n');
  const seen: string[] = [];
  const states = [
    ['up', '1'],
    ['unknown', '1'],
    ['down', '0'],
    ['down', null],
  ] as const;
  set('up', '1');
  probe.start(got.report);
  for (const [operstate, carrier] of states) {
    set(operstate, carrier);
    await clock.pass(100);
    seen.push(got.samples.at(-1)?.outcome ?? '');
  }
  rmSync(join(folder, 'eth0'), { recursive: true });
  await clock.pass(100);
  seen.push(got.samples.at(-1)?.outcome ?? '');
  rmSync(join(folder, 'lo'), { recursive: true });
  await clock.pass(100);
  seen.push(got.samples.at(-1)?.outcome ?? '');
  assert.deepEqual(seen, ['ok', 'ok', 'failed', 'failed', 'failed', 'silent']);
  await probe.stop();
  assert.throws(() => createLinkProbe({ probe: 'x', about: 'network', ...pace, interface: '../etc' }, clock));
});

test('what exit codes mean, by convention', async () => {
  const outcomeOf = async (exits: ExitConvention, end: Result<Finished>): Promise<string> => {
    const clock = createHandClock();
    const got = collect();
    const probe = createCommandProbe(
      { probe: 'c', about: 'optional', ...pace, argv: ['/bin/check'], exits },
      clock,
      async () => end,
    );
    probe.start(got.report);
    await clock.pass(1);
    await probe.stop();
    return got.samples[0]?.outcome ?? '';
  };
  const exit = (exitCode: number | null): Result<Finished> =>
    ok({ exitCode, endedBy: exitCode === null ? 'SIGSEGV' : null, tookMs: 1, stdout: 'x\n', stderr: '' });
  const table: Record<ExitConvention, readonly string[]> = {
    plain: ['ok', 'failed', 'silent', 'silent', 'silent'],
    nagios: ['ok', 'ok', 'failed', 'silent', 'silent'],
    lsb: ['ok', 'failed', 'failed', 'failed', 'silent'],
  };
  for (const exits of ['plain', 'nagios', 'lsb'] as const) {
    const seen = await Promise.all([0, 1, 2, 3, 4].map((code) => outcomeOf(exits, exit(code))));
    assert.deepEqual(seen, table[exits], exits);
    assert.equal(await outcomeOf(exits, exit(null)), 'silent');
    assert.equal(await outcomeOf(exits, fail('program-missing', 'There is no /bin/check.', '')), 'silent');
  }
});

test('a program that does not end in time has failed, and is called off', async () => {
  const clock = createHandClock();
  const got = collect();
  let calledOff = false;
  const run = (_argv: readonly string[], { signal }: RunOptions): Promise<Result<Finished>> =>
    new Promise((resolve) =>
      signal?.addEventListener('abort', () => {
        calledOff = true;
        resolve(fail('program-called-off', '', ''));
      }),
    );
  const probe = createCommandProbe(
    { probe: 'c', about: 'optional', ...pace, argv: ['/bin/check'], exits: 'plain' },
    clock,
    run,
  );
  probe.start(got.report);
  await clock.pass(200);
  assert.equal(got.samples[0]?.outcome, 'failed');
  assert.equal(calledOff, true);
  await probe.stop();
});

const told = (load: string, active: string, sub: string) =>
  new Map([
    ['LoadState', load],
    ['ActiveState', active],
    ['SubState', sub],
  ]);

test('units: the worst of them is the word', () => {
  const good = told('loaded', 'active', 'running');
  const verdict = (...units: ReturnType<typeof told>[]): string => {
    const { outcome, crashed } = judgeUnits(
      units.map((_, index) => `u${index}.service`),
      units,
    );
    return crashed === true ? 'crashed' : outcome;
  };
  assert.equal(verdict(good, good), 'ok');
  assert.equal(verdict(good, told('loaded', 'failed', 'failed')), 'crashed');
  assert.equal(verdict(told('loaded', 'inactive', 'dead')), 'crashed');
  assert.equal(verdict(told('masked', 'inactive', 'dead')), 'crashed');
  assert.equal(verdict(told('loaded', 'activating', 'auto-restart'), good), 'failed');
  assert.equal(verdict(told('loaded', 'deactivating', 'stop-sigterm')), 'failed');
  assert.equal(verdict(told('loaded', 'reloading', 'reload')), 'ok');
  assert.equal(verdict(told('not-found', 'inactive', 'dead')), 'silent');
  assert.equal(judgeUnits(['a', 'b'], [good]).outcome, 'silent');
  assert.equal(judgeUnits(['a'], [new Map()]).outcome, 'silent');
});

test('a systemd that is too busy to answer says nothing of its units', async () => {
  const clock = createHandClock();
  const got = collect();
  const probe = createServiceProbe(
    { probe: 'service', about: 'telephony', ...pace, units: ['asterisk.service'] },
    clock,
    async () => await new Promise<never>(() => undefined),
  );
  probe.start(got.report);
  await clock.pass(900);
  assert.deepEqual(
    got.samples.map(({ outcome, reason }) => [outcome, reason]),
    [['silent', 'no answer within 200 ms']],
  );
});

test('systemd is not asked more often than each second, and its own trouble is silence', async () => {
  const clock = createHandClock();
  const got = collect();
  let asked = 0;
  const look = async (): Promise<Result<readonly ReadonlyMap<string, string>[]>> => {
    asked += 1;
    return asked === 1
      ? fail('systemd-silent', 'systemd does not answer: no bus.', '')
      : ok([told('loaded', 'active', 'running')]);
  };
  const probe = createServiceProbe(
    { probe: 'service', about: 'telephony', ...pace, units: ['asterisk.service'] },
    clock,
    look,
  );
  probe.start(got.report);
  await clock.pass(2_500);
  assert.equal(asked, 3);
  assert.deepEqual(
    got.samples.map(({ outcome }) => outcome),
    ['silent', 'ok', 'ok'],
  );
  await probe.stop();
  assert.throws(() => createServiceProbe({ probe: 's', about: 'telephony', ...pace, units: ['--help'] }, clock, look));
});
