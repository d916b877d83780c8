/** The loop around the passes, with a target and a database that are made up: what is told, when it is tried again, how it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fault, fail, type Result } from '../core/result.ts';
import type { Clock } from '../ports.ts';
import type { Database } from '../replication/postgres/connection.ts';
import { createLane, type LaneOptions } from './lane.ts';

interface Hand {
  readonly clock: Clock;
  /** Lets time pass until the next thing is due. */
  next(): Promise<void>;
  nowMs(): number;
}

const createHand = (): Hand => {
  let now = 0;
  let due: { readonly at: number; readonly fire: () => void }[] = [];
  return {
    nowMs: () => now,
    clock: {
      now: () => now,
      wall: () => now,
      at: (at, fire) => {
        const entry = { at, fire };
        due.push(entry);
        return () => {
          due = due.filter((each) => each !== entry);
        };
      },
    },
    next: async () => {
      // What is under way comes to its wait.
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
      const [first] = due.toSorted((a, b) => a.at - b.at);
      assert.ok(first !== undefined, 'nothing is waited for');
      due = due.filter((each) => each !== first);
      now = Math.max(now, first.at);
      first.fire();
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    },
  };
};

const refusal = (code: string) => fail(code, 'No.', 'Nothing.');

const optionsOf = (connect: () => Promise<Result<Database>>): LaneOptions => ({
  target: { name: 'postgres', open: async () => refusal('never') },
  source: { schema: 'public', node: 'a', peer: 'b', era: 1, isMain: false, tables: [] },
  connect,
  pace: { everyMs: 2000, batchRows: 10, batchBytes: 1000 },
  begin: 'now',
  onStep: () => undefined,
  behindMs: 120_000,
});

test('a fault is told once, tried again more and more slowly, and after long it is an alarm, once', async () => {
  const hand = createHand();
  const tries: number[] = [];
  const told: string[] = [];
  let code = 'down';
  const lane = createLane(
    optionsOf(async () => {
      tries.push(hand.nowMs());
      return refusal(code);
    }),
    hand.clock,
    {
      onFault: (fault: Fault) => told.push(fault.code),
      onWell: () => told.push('well'),
      onLost: () => undefined,
      onBehind: (ms) => told.push(`behind ${ms}`),
    },
  );
  lane.start();
  for (let turn = 0; turn < 9; turn += 1) await hand.next();
  assert.deepEqual(tries, [0, 1000, 3000, 7000, 15_000, 31_000, 63_000, 123_000, 183_000, 243_000]);
  assert.deepEqual(told, ['down', 'behind 123000']);
  code = 'otherwise down';
  await hand.next();
  assert.deepEqual(told, ['down', 'behind 123000', 'otherwise down']);
  assert.equal(lane.view().fault?.code, 'otherwise down');
  await lane.stop();
  assert.equal(tries.length, 11);
});
