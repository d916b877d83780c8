import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample } from '../core/event.ts';
import type { CallCount } from '../ports.ts';
import type { Report, Subject, WatchedProbe } from './answer.ts';
import { createBoard } from './board.ts';
import { createHandClock } from './testing/clocks.ts';

const setUp = () => {
  const clock = createHandClock();
  const reportByName = new Map<string, Report>();
  const stopped: string[] = [];
  const probe = (name: string, subjects: readonly Subject[]): WatchedProbe => ({
    name,
    subjects,
    staleAfterMs: 300,
    start: (report) => reportByName.set(name, report),
    stop: async () => {
      stopped.push(name);
    },
  });
  const sip: Subject = { probe: 'sip', about: 'telephony' };
  const board = createBoard([probe('sip', [sip]), probe('ping', [{ probe: 'gateway', about: 'network' }])], clock);
  const urgent: Sample[] = [];
  const troubles: boolean[] = [];
  board.start(
    (sample) => urgent.push(sample),
    (news) => troubles.push(news),
  );
  const say = (more: Partial<Sample>, calls?: CallCount): void =>
    reportByName.get('sip')?.({ ...sip, outcome: 'ok', crashed: false, reason: '', ...more }, calls);
  const sipNow = (): Sample | undefined => board.look().samples.find(({ probe }) => probe === 'sip');
  return { clock, board, urgent, troubles, say, sipNow, stopped };
};

test('before any answer every subject is silent, and calls are not known', () => {
  const { board } = setUp();
  const look = board.look();
  assert.deepEqual(
    look.samples.map(({ probe, outcome, about }) => [probe, outcome, about]),
    [
      ['sip', 'silent', 'telephony'],
      ['gateway', 'silent', 'network'],
    ],
  );
  assert.equal(look.calls, -1);
});

test('the last sample stands until it is stale', async () => {
  const { clock, board, say, sipNow } = setUp();
  say({}, { count: 4, at: clock.now() - 20 });
  await clock.pass(300);
  assert.equal(sipNow()?.outcome, 'ok');
  assert.equal(board.look().calls, 4);
  assert.equal(board.look().callsAgoMs, 320);
  await clock.pass(1);
  assert.equal(sipNow()?.outcome, 'silent');
  assert.equal(board.look().calls, -1);
});

test('a stale failure is silence too: nothing becomes worse by waiting alone', async () => {
  const { clock, say, sipNow } = setUp();
  say({ outcome: 'failed', crashed: true });
  await clock.pass(301);
  assert.deepEqual([sipNow()?.outcome, sipNow()?.crashed], ['silent', false]);
});

test('a crash is told at once, and only when it is news', () => {
  const { urgent, say } = setUp();
  say({ outcome: 'failed' });
  assert.equal(urgent.length, 0);
  say({ outcome: 'failed', crashed: true });
  say({ outcome: 'failed', crashed: true });
  assert.equal(urgent.length, 1);
  say({});
  say({ outcome: 'failed', crashed: true });
  assert.equal(urgent.length, 2);
});

test('what fails of telephony is told, and when it is well again; what is well is not', () => {
  const { troubles, say } = setUp();
  say({});
  say({});
  assert.deepEqual(troubles, []);
  say({ outcome: 'failed' });
  say({ outcome: 'failed' });
  say({});
  say({});
  assert.deepEqual(troubles, [true, false, true]);
});

test('two probes of one name are refused; stopping stops all', async () => {
  const { board, stopped } = setUp();
  await board.stop();
  assert.deepEqual(stopped, ['sip', 'ping']);
  const twin: WatchedProbe = {
    name: 'a',
    subjects: [{ probe: 'x', about: 'rival' }],
    staleAfterMs: 1,
    start: () => undefined,
    stop: async () => undefined,
  };
  assert.throws(() => createBoard([twin, twin], createHandClock()), /Two probes/);
});
