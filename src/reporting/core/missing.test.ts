import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ok } from '../../core/result.ts';
import { findMissing } from './missing.ts';
import type { Span } from './words.ts';

const countIn =
  (keys: readonly number[]) =>
  async ({ from, to }: Span) =>
    ok(keys.filter((key) => from <= key && key <= to).length);

test('exactly what is missing is found by counting alone', async () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 64 }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(numbers, numbers, async (here, lost) => {
      const there = here.filter((key) => !lost.includes(key));
      const found = await findMissing({ from: 1, to: 64 }, { here: countIn(here), there: countIn(there) }, 100);
      assert.ok(found.ok);
      const inFound = here.filter((key) => found.value.some(({ from, to }) => from <= key && key <= to));
      assert.deepEqual(
        inFound.toSorted((a, b) => a - b),
        here.filter((key) => lost.includes(key)).toSorted((a, b) => a - b),
      );
      assert.equal(
        found.value.reduce((sum, { count }) => sum + count, 0),
        inFound.length,
      );
    }),
  );
});
