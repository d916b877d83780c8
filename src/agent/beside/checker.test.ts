import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeReport } from '../../checks/report.ts';
import { goodSnapshot } from '../../checks/testing/around.ts';
import { systemClock } from '../../time/clock.ts';
import { checkNow, createChecker, START_AFTER_MS } from './checker.ts';

const REPORT: NodeReport = { node: 'pbx1', role: 'main', at: 1, results: [] };

/** A checker of few words: tells what it was told, dies when asked for `die`. */
const SCRIPT = `
const say = (m) => process.stdout.write(JSON.stringify(m) + '\\n');
let told = [];
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const m = JSON.parse(line);
  told.push(m);
  if (m.type === 'peer') return say({ type: 'peer', message: { echo: m.message } });
  if (m.type !== 'run') return;
  if (m.only === 'die') process.exit(7);
  if (m.only === 'odd') process.stdout.write('not json\\n');
  const own = { ...${JSON.stringify(REPORT)}, node: told.map((t) => t.type).join(' ') };
  say({ type: 'status', status: { own, other: null, otherHeardAt: null, settled: null, history: [] } });
  say({ type: 'done', id: m.id, result: { ok: true, value: null } });
}).on('close', () => process.exit(0));
`;

const createBench = (argv: readonly string[] = [process.execPath, '-e', SCRIPT]) => {
  const said: string[] = [];
  const sent: unknown[] = [];
  let connected = true;
  let onMessage: (message: unknown) => void = () => undefined;
  const waiting: (() => void)[] = [];
  const woken = (): void => {
    for (const wake of waiting.splice(0)) wake();
  };
  const talk = {
    send: (message: unknown) => {
      sent.push(message);
      woken();
      return connected;
    },
    onMessage: (listener: (message: unknown) => void) => {
      onMessage = listener;
    },
    onConnected: () => undefined,
  };
  const checker = createChecker(argv, () => 'digest', talk, systemClock);
  checker.start({
    note: () => undefined,
    say: (_level, code) => {
      said.push(code);
      woken();
    },
  });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds())
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
  };
  return {
    checker,
    said,
    sent,
    until,
    peer: (message: unknown) => onMessage(message),
    cut: () => {
      connected = false;
    },
  };
};

const never = new AbortController().signal;

test('it is started when somebody asks, is told what is in force, and ends with the agent, which does not wait', async () => {
  const { checker } = createBench();
  assert.ok(START_AFTER_MS > 1000);
  assert.deepEqual(checker.view(goodSnapshot).trouble, 'the checker has just been started');
  const done = await checker.runNow(null, never);
  assert.deepEqual(done, { ok: true, value: null });
  const view = checker.view(goodSnapshot);
  assert.deepEqual([view.own?.node, view.trouble], ['in-force run', null]);
  // Its report is empty, and of the other nothing is known.
  assert.equal(view.readiness.state, 'degraded');
  const began = performance.now();
  await checker.stop();
  assert.ok(performance.now() - began < 100);
  const late = await checker.runNow(null, never);
  assert.ok(!late.ok && late.error.code === 'checker-not-running');
});

test('dead, it is told and started again, and what was asked of it has an answer', async () => {
  const bench = createBench();
  const done = await bench.checker.runNow('die', never);
  assert.ok(!done.ok && done.error.code === 'checker-ended');
  await bench.until(() => bench.said.includes('checker-ended'));
  assert.match(bench.checker.view(goodSnapshot).trouble ?? '', /exit code 7/);
  assert.ok((await bench.checker.runNow('odd', never)).ok);
  await bench.until(() => bench.said.includes('checker-odd'));
  await bench.checker.stop();
});

test("the other node's question starts it, its answer travels, and what could not be sent comes back", async () => {
  const bench = createBench();
  bench.peer({ ask: 1 });
  await bench.until(() => bench.sent.length === 1);
  assert.deepEqual(bench.sent, [{ echo: { ask: 1 } }]);
  bench.cut();
  bench.peer({ ask: 2 });
  await bench.until(() => bench.sent.length === 2);
  await bench.checker.runNow(null, never);
  assert.equal(bench.checker.view(goodSnapshot).own?.node, 'in-force peer peer peer-unsent run');
  await bench.checker.stop();
});

test('a program that is not there, a person who gives up, and a node without checks', async () => {
  const bench = createBench(['/nowhere/dualtone']);
  const gone = await bench.checker.runNow(null, never);
  assert.ok(!gone.ok && ['checker-not-running', 'checker-ended'].includes(gone.error.code));
  await bench.checker.stop();
  const slow = createBench([process.execPath, '-e', 'process.stdin.resume()']);
  const cancel = new AbortController();
  const asked = slow.checker.runNow(null, cancel.signal);
  cancel.abort();
  const cancelled = await asked;
  assert.ok(!cancelled.ok && cancelled.error.code === 'cancelled');
  await slow.checker.stop();
  const off = await checkNow(null, null, never, () => null);
  assert.ok(!off.ok && off.error.code === 'checks-off');
});
