import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programsOf } from '../checks/preflight.ts';
import { toSettings } from '../config/settings.ts';
import type { Decision } from '../core/decide.ts';
import { ok } from '../core/result.ts';
import { initialState } from '../core/state.ts';
import { createStderrNotifier } from '../notify/stderr.ts';
import type { JournalEntry, StepAdapter, StepOutcome } from '../ports.ts';
import { createRivalLooks } from '../probes/rival-looks.ts';
import { compareClocks, createClockWatch, readClocks } from './clock-watch.ts';
import { createRecords } from './records.ts';
import { createStepRunner, type StepOrder } from './step-runner.ts';
import { createSystemNotify } from './system-notify.ts';
import { configOf } from './testing/config.ts';
import { createTime } from './testing/time.ts';

const DONE: StepOutcome = { outcome: 'done', detail: 'ok', changed: true };

const stepRunner = (run: StepAdapter['run']) => {
  const time = createTime();
  const results: string[] = [];
  const adapter: StepAdapter = { run, preview: async () => '' };
  const runner = createStepRunner(new Map([['a', adapter]]), time.clock, (op, outcome, detail) =>
    results.push(`${op} ${outcome} ${detail}`),
  );
  const order = (op: number, more: Partial<StepOrder> = {}): void =>
    runner.run({
      kind: 'step',
      op,
      stepId: 'a',
      direction: 'activate',
      epoch: 4,
      expiresAt: time.clock.now() + 1000,
      ...more,
    });
  return { time, results, runner, order };
};

test('a step runner refuses an older epoch than the last activation, and what is past its expiry', async () => {
  const ran: string[] = [];
  const { time, results, order } = stepRunner(async (direction) => {
    ran.push(direction);
    return DONE;
  });
  order(1, { epoch: 6 });
  await time.pass(1);
  order(2, { epoch: 4 });
  order(3, { epoch: 6, expiresAt: time.clock.now() - 5 });
  order(4, { epoch: 4, direction: 'passivate' });
  order(5, { stepId: 'b', epoch: 6 });
  await time.pass(1);
  assert.deepEqual(ran, ['activate']);
  assert.deepEqual(results, [
    '1 done ok',
    '2 failed refused: epoch 4 is older than 6',
    '3 failed refused: 5 ms past its expiry',
    '4 failed refused: epoch 4 is older than 6',
    '5 failed there is no step called b',
  ]);
});

test('a newer epoch that only passivates makes nothing void', async () => {
  const { time, results, order } = stepRunner(async () => DONE);
  order(1, { epoch: 9, direction: 'restart' });
  order(2, { epoch: 4, direction: 'passivate' });
  await time.pass(1);
  assert.deepEqual(results, ['1 done ok', '2 done ok']);
});

test('a step that ignores its deadline is unknown, one that breaks is failed, each told once', async () => {
  const { time, results, order } = stepRunner((_direction, signal) => {
    assert.ok(!signal.aborted);
    return new Promise(() => undefined);
  });
  order(1);
  await time.pass(5000);
  assert.deepEqual(results, ['1 unknown it did not end in time']);
  const broken = stepRunner(async () => {
    throw new Error('no such thing');
  });
  broken.order(1);
  await broken.time.pass(5000);
  assert.deepEqual(broken.results, ['1 failed the step broke: no such thing']);
});

test('after stop nothing is told any more, and the signal of what runs is aborted', async () => {
  let aborted = false;
  const { time, results, runner, order } = stepRunner(
    (_direction, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          resolve(DONE);
        });
      }),
  );
  order(1);
  await time.pass(1);
  await runner.stop();
  assert.ok(aborted);
  assert.deepEqual(results, []);
});

test('clocks: forward is a pause, backward is not, slewing and noise are nothing', () => {
  const at = (monotonic: number, wall: number) => ({ monotonic, wall });
  assert.equal(compareClocks(at(0, 0), at(100, 100.05)), null);
  assert.equal(compareClocks(at(0, 0), at(100, 200)), null);
  assert.deepEqual(compareClocks(at(0, 0), at(100, 5100)), { jumpMs: 5000, paused: true });
  assert.deepEqual(compareClocks(at(0, 0), at(100, -3_600_000)), { jumpMs: -3_600_100, paused: false });
});

test('a clock that is read in a moment in which this process was held up is read again, or not at all', () => {
  const readings = [0, 900, 901, 901.5];
  const next = (): number => readings.shift() ?? 0;
  assert.deepEqual(readClocks({ now: next, wall: () => 7 }), { wall: 7, monotonic: 901.5 });
  let time = 0;
  const slow = (): number => {
    time += 50;
    return time;
  };
  assert.equal(readClocks({ now: slow, wall: () => 7 }), null);
  const told: number[] = [];
  const watch = createClockWatch(
    () => null,
    ({ jumpMs }) => told.push(jumpMs),
  );
  watch.look();
  assert.deepEqual(told, []);
});

test('records: repeated tries are told thrice, then once a minute with a count', () => {
  const time = createTime();
  const entries: Omit<JournalEntry, 'seq' | 'hash'>[] = [];
  const journal = {
    append: (entry: Omit<JournalEntry, 'seq' | 'hash'>) => void entries.push(entry),
    trouble: () => null,
    read: () => [],
    verify: () => ok({ entries: 0, lastHash: '' }),
    close: () => undefined,
  };
  const state = initialState(toSettings(configOf('main')));
  const records = createRecords(journal, time.clock, () => state);
  const decided = (now: number, ...rules: string[]): void => {
    const reasons = rules.map((rule) => ({ rule, facts: {} }));
    const decision: Decision = { state: { ...state, now }, effects: [], reasons, wakeAt: 0 };
    records.decided(state, decision, { kind: 'wake', at: now });
  };
  decided(0);
  for (let now = 0; now < 120_000; now += 100) decided(now, 'may-serve');
  const told = entries.map(({ data }) => (data as { leftOut?: number }).leftOut ?? 0);
  assert.equal(told.length, 4);
  assert.deepEqual(told.slice(0, 3), [0, 0, 0]);
  assert.ok((told[3] ?? 0) > 500);
  decided(120_000, 'won', 'may-serve');
  decided(120_100, 'may-serve');
  assert.equal(entries.length, 6);
});

test('looks at the rival: so many pings, so far apart, one look; a look that could not be asked is none', async () => {
  const time = createTime();
  const looks: string[][] = [];
  let exitCode = 0;
  const asked: number[] = [];
  const run = async () => {
    asked.push(time.clock.now());
    return ok({ exitCode, endedBy: null, stdout: '', stderr: '', tookMs: 1 });
  };
  const options = { address: '10.0.0.2', everyMs: 60_000, pings: 3, gapMs: 10_000, timeoutMs: 1000 };
  const rival = createRivalLooks(
    options,
    time.clock,
    (samples) => looks.push(samples.map(({ outcome }) => outcome)),
    run,
  );
  rival.start();
  await time.pass(59_000);
  assert.deepEqual(looks, [['ok', 'ok', 'ok']]);
  assert.deepEqual(
    asked.map((at) => Math.round((at - (asked[0] ?? 0)) / 1000)),
    [0, 10, 20],
  );
  exitCode = 1;
  await time.pass(60_000);
  assert.deepEqual(looks[1], ['failed', 'failed', 'failed']);
  exitCode = 4;
  await time.pass(60_000);
  assert.equal(looks.length, 2);
  rival.stop();
  const waiting = time.waiting();
  await time.pass(120_000);
  assert.equal(time.waiting(), waiting);
  assert.equal(asked.length, 9);
});

test('the programs that a configuration needs are known before the start', () => {
  const all = programsOf(configOf('main', 'network: { gateway: 10.0.0.254 }\n'));
  assert.deepEqual(all, ['nft', 'perl', 'ip', 'arping', 'systemctl', 'fping']);
  assert.ok(!programsOf(configOf('main', 'gate: { enforce: false }\n')).includes('nft'));
});

test('systemd hears that the agent is ready, and that it lives, at half its watchdog’s time', async () => {
  const time = createTime();
  const said: string[] = [];
  const open = (path: string) => ({
    send: (lines: readonly string[]) => void said.push(`${path} ${lines.join(' ')}`),
    close: () => void said.push('closed'),
  });
  createSystemNotify(time.clock, {}, open).ready('main');
  assert.deepEqual(said, []);
  const system = createSystemNotify(time.clock, { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '10000000' }, open);
  system.ready('main pbx1');
  await time.pass(11_000);
  system.stop();
  system.stopping();
  await time.pass(20_000);
  assert.deepEqual(said, [
    `/run/x READY=1 MAINPID=${process.pid} STATUS=main pbx1`,
    '/run/x WATCHDOG=1',
    '/run/x WATCHDOG=1',
    '/run/x WATCHDOG=1',
    '/run/x STOPPING=1',
    'closed',
  ]);
});

test('a notice is one line with its priority, whatever a reason carried', () => {
  const lines: string[] = [];
  const notice = { kind: 'notify', level: 'alarm', code: 'x', text: 'a\nb\u001B[2J' } as const;
  createStderrNotifier((line) => lines.push(line), true).notify(notice);
  createStderrNotifier((line) => lines.push(line), false).notify({ ...notice, level: 'info' });
  assert.deepEqual(lines, ['<1>a b [2J [x]\n', 'dualtone: a b [2J [x]\n']);
});
