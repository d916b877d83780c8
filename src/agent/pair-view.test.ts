import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiSource } from '../api/server.ts';
import { goodSnapshot } from '../checks/testing/around.ts';
import type { Clock, Journal } from '../ports.ts';
import { createAudit } from './audit.ts';
import type { PeerTalk } from './beside/replication.ts';
import { createPairView } from './pair-view.ts';

/** A clock that stands until it is moved. */
const createTestClock = (): Clock & { move(ms: number): void } => {
  let now = 1000;
  const due: { at: number; fire: () => void }[] = [];
  return {
    now: () => now,
    wall: () => now,
    at: (at, fire) => {
      const entry = { at, fire };
      due.push(entry);
      return () => due.splice(due.indexOf(entry), due.includes(entry) ? 1 : 0);
    },
    move: (ms) => {
      const end = now + ms;
      for (;;) {
        const next = due.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        due.splice(due.indexOf(next), 1);
        now = Math.max(now, next.at);
        next.fire();
      }
      now = end;
    },
  };
};

const pairOf = () => {
  const listeners: ((message: unknown) => void)[] = [];
  const sent: number[] = [0, 0];
  const end = (self: number): PeerTalk => ({
    send: (message) => {
      sent[self] = (sent[self] ?? 0) + 1;
      listeners[1 - self]?.(structuredClone(message));
      return true;
    },
    onMessage: (listener) => {
      listeners[self] = listener;
    },
    onConnected: () => undefined,
  });
  return {
    ends: [end(0), end(1)] as const,
    sent,
    say: (self: number, message: unknown) => listeners[1 - self]?.(message),
  };
};

test('a node shows itself while the other looks, and no longer', () => {
  const clock = createTestClock();
  const { ends, sent } = pairOf();
  const [here, there] = [createPairView(ends[0], clock), createPairView(ends[1], clock)];
  let shows = 0;
  here.start(() => goodSnapshot);
  there.start(() => {
    shows += 1;
    return { ...goodSnapshot, epoch: shows };
  });
  clock.move(60_000);
  assert.equal(shows, 0, 'nobody looks');
  here.other();
  assert.equal(here.other()?.snapshot.epoch, 1);
  for (let second = 0; second < 20; second += 1) {
    clock.move(1000);
    here.other();
  }
  assert.ok(shows >= 35 && shows <= 45, `${shows}`);
  clock.move(60_000);
  const then = shows;
  clock.move(60_000);
  assert.equal(shows, then, 'nobody looks any more');
  assert.ok((sent[0] ?? 0) < 10, 'a wish is told now and then');
});

test('what is no snapshot of this version is not shown', () => {
  const clock = createTestClock();
  const { ends, say } = pairOf();
  const here = createPairView(ends[0], clock);
  for (const odd of [null, 7, 'x', {}, { type: 'shown' }, { type: 'shown', snapshot: { kind: 'node', version: 99 } }])
    say(1, odd);
  assert.equal(here.other(), null);
});

test('a flood of audit entries costs the journal sixty a minute, and is counted', () => {
  const clock = createTestClock();
  const entries: unknown[] = [];
  const journal = { append: ({ data }: { data: unknown }) => entries.push(data) } as unknown as Journal;
  const audit: NonNullable<ApiSource['audit']> = createAudit(journal, clock, () => 2);
  for (let index = 0; index < 200; index += 1) audit({ by: 'x', what: 'login-refused', detail: '' });
  assert.equal(entries.length, 60);
  clock.move(61_000);
  audit({ by: 'x', what: 'login', detail: '' });
  assert.deepEqual(entries.at(-1), { by: 'x', what: 'login', detail: '', leftOut: 140 });
});
