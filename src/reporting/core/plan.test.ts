import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Doubt, oddityOf, planBatch, settle } from './plan.ts';
import type { Key, Standing } from './words.ts';

const at = (position: number, digest: string | null = 'd'): Standing => ({ position, digest });

test('numbers that go along are taken; before a missing one it waits until nobody can bring it', () => {
  assert.deepEqual(planBatch(at(3), [4, 5, 6], 1, null), { take: 3, doubtUpTo: null, gone: null });
  assert.deepEqual(planBatch(at(3), [4, 6, 7], 1, null), { take: 1, doubtUpTo: 7, gone: null });
  assert.deepEqual(planBatch(at(4), [6, 7, 9], 1, 7), { take: 2, doubtUpTo: 9, gone: null });
  assert.deepEqual(planBatch(at(4), [], 1, null), { take: 0, doubtUpTo: null, gone: null });
});

test('a doubt ends when the last of its writers has ended, whoever writes by then', () => {
  const doubt: Doubt = { upTo: 9, writers: ['3/7', '4/1'] };
  assert.deepEqual(settle(doubt, ['4/1', '5/5']), { doubt, settledTo: null });
  assert.deepEqual(settle(doubt, ['5/5']), { doubt: null, settledTo: 9 });
  assert.deepEqual(settle(null, ['5/5']), { doubt: null, settledTo: null });
});

test('rows that were deleted from the front before they were sent are told; those that were sent are not', () => {
  assert.deepEqual(planBatch(at(3), [8, 9], 8, 9).gone, { from: 4, to: 7 });
  assert.equal(planBatch(at(7), [8, 9], 8, 9).gone, null);
  // The front is still there: nothing was purged, a write was undone.
  assert.equal(planBatch(at(3), [8, 9], 1, 9).gone, null);
  // It begins here.
  assert.equal(planBatch(at(3, null), [8, 9], 8, 9).gone, null);
  // Not yet certain.
  assert.equal(planBatch(at(3), [8, 9], 8, null).gone, null);
});

test('another table than before is told', () => {
  assert.equal(oddityOf(at(7), 6, null), 'went-back');
  assert.equal(oddityOf(at(7), null, 'other'), 'changed');
  assert.equal(oddityOf(at(7), 7, 'd'), null);
  assert.equal(oddityOf(at(7), 9, null), null);
  assert.equal(oddityOf(at(7, null), 9, 'other'), null);
});

/** A table as its writers see it: numbers are drawn in order, and appear or vanish in any. */
interface Writer {
  readonly keys: readonly Key[];
  readonly ends: number;
  readonly isUndone: boolean;
}

test('whatever the order of commits, none is passed over, and all come in the end in their order', () => {
  const writer = fc.record({ size: fc.integer({ min: 1, max: 3 }), lasts: fc.nat(6), isUndone: fc.boolean() });
  fc.assert(
    fc.property(fc.array(writer, { maxLength: 12 }), fc.integer({ min: 1, max: 4 }), (list, most) => {
      let next = 1;
      const writers = list.map(({ size, lasts, isUndone }, index): Writer => {
        const keys = Array.from({ length: size }, () => next++);
        return { keys, ends: index + lasts, isUndone };
      });
      let standing = at(0, null);
      let doubt: Doubt | null = null;
      const sent: Key[] = [];
      // At moment `now` the writers up to it have begun, and hold their lock until they end.
      for (let now = 0; now < list.length + 20; now += 1) {
        const begun = writers.slice(0, now + 1);
        const busy = begun.flatMap(({ ends }, index) => (ends > now ? [`${index}`] : []));
        const there = begun
          .filter(({ ends, isUndone }) => ends <= now && !isUndone)
          .flatMap(({ keys }) => keys)
          .toSorted((a, b) => a - b);
        const settled = settle(doubt, busy);
        const page = there.filter((key) => key > standing.position).slice(0, most);
        const plan = planBatch(standing, page, there[0] ?? null, settled.settledTo);
        doubt = settled.doubt ?? (plan.doubtUpTo === null ? null : { upTo: plan.doubtUpTo, writers: busy });
        const taken = page.slice(0, plan.take);
        sent.push(...taken);
        standing = at(taken.at(-1) ?? standing.position, taken.length > 0 ? 'd' : standing.digest);
      }
      const all = writers.filter(({ isUndone }) => !isUndone).flatMap(({ keys }) => keys);
      assert.deepEqual(sent, all.slice(0, sent.length));
      assert.ok(sent.length >= Math.min(all.length, 8), `${sent.length} of ${all.length}`);
    }),
    { numRuns: 2000 },
  );
});
