import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type FakeManager, startFakeManager } from '../ami/testing/fake-manager.ts';
import { createAmiProbe } from './ami.ts';
import type { WatchedProbe } from './answer.ts';
import { realClock } from './testing/clocks.ts';
import { collect, isFailed, isOk, isSilent, isWord, type Reported } from './testing/samples.ts';

let manager: FakeManager;
let probe: WatchedProbe;
let got: Reported;

beforeEach(async () => {
  manager = await startFakeManager();
});
afterEach(async () => {
  await probe.stop();
  await manager.stop();
});

const start = (more: { secret?: string; periodMs?: number } = {}): void => {
  const { secret = 's3cret', periodMs = 20 } = more;
  probe = createAmiProbe(
    {
      probe: 'ami',
      about: 'telephony',
      periodMs,
      timeoutMs: 60,
      callsEveryMs: 40,
      manager: { host: '127.0.0.1', port: manager.port, user: 'dualtone', secret },
    },
    realClock,
  );
  got = collect();
  probe.start(got.report);
};

test('a well Asterisk, and its calls', async () => {
  manager.calls = 7;
  start();
  await got.next(isOk);
  assert.equal(got.calls.at(-1), 7);
});

test('killed: crashed, told long before the next period', async () => {
  start({ periodMs: 10_000 });
  await got.next(isOk);
  const crashed = got.next(isFailed);
  const killedAt = performance.now();
  await manager.kill();
  const sample = await crashed;
  assert.equal(sample.crashed, true);
  assert.equal(got.calls.at(-1), -1);
  assert.ok(performance.now() - killedAt < 1_000);
});

test('killed and started again: well again', async () => {
  start();
  await got.next(isOk);
  const failed = got.next(isFailed);
  await manager.kill();
  await failed;
  const well = got.next(isOk);
  await manager.revive();
  await well;
});

test('only the connection dropped: no crash', async () => {
  start();
  await got.next(isOk);
  manager.dropAll();
  const sample = await got.next((one) => isWord(one) && (one.reason === 'manager: entered' || one.outcome !== 'ok'));
  assert.deepEqual([sample.outcome, sample.crashed], ['ok', false]);
});

test('never reached: failed, but nothing is said to have died', async () => {
  await manager.kill();
  start();
  const sample = await got.next(isFailed);
  assert.equal(sample.crashed, false);
});

test('stuck with its connection open: failed each period, not crashed; well at once when it goes on', async () => {
  start();
  await got.next(isOk);
  manager.freeze(true);
  const sample = await got.next(isFailed);
  assert.equal(sample.crashed, false);
  await got.next(isFailed);
  const pings = manager.actions.length;
  await got.next(isFailed);
  assert.equal(manager.actions.length, pings, 'a stuck manager is not heaped with pings');
  const well = got.next(isOk);
  manager.freeze(false);
  await well;
});

test('stuck before the first word: failed', async () => {
  manager.freeze(true);
  start();
  assert.equal((await got.next(isFailed)).crashed, false);
});

test('a refused login is our own mistake: silent, and not tried again each period', async () => {
  start({ secret: 'wrong' });
  const sample = await got.next(isSilent);
  assert.match(sample.reason, /refused the login/);
  await got.next(isSilent);
  await got.next(isSilent);
  assert.equal(manager.actions.filter((action) => action === 'Login').length, 1);
});

test('a manager that will not count calls is still well', async () => {
  manager.refusalByAction.set('CoreStatus', 'Permission denied');
  start();
  await got.next(isOk);
  assert.equal(got.calls.at(-1), -1);
});
