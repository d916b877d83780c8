import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { holesIn, lengthOf, notCovered, type Run, runsOf, withNewRuns } from './runs.ts';
import type { Identity } from './words.ts';

const event = (key: number, origin = 'a'): Identity => ({ origin, key });

test('runs are as few as can be: numbers that go along on both sides are one', () => {
  const first = runsOf([event(1), event(2), event(4), event(9, 'b')], 100);
  assert.deepEqual(first, [
    { origin: 'a', from: 1, to: 2, id: 100 },
    { origin: 'a', from: 4, to: 4, id: 102 },
    { origin: 'b', from: 9, to: 9, id: 103 },
  ]);
  const more = withNewRuns(first, runsOf([event(10, 'b'), event(5)], 104));
  assert.deepEqual(more, {
    lengthened: [{ origin: 'b', from: 9, to: 10, id: 103 }],
    added: [{ origin: 'a', from: 5, to: 5, id: 105 }],
  });
});

test('an event is written once, however often and by whomever it is offered', () => {
  const offers = fc.array(
    fc.array(fc.record({ origin: fc.constantFrom('a', 'b'), key: fc.integer({ min: 1, max: 12 }) }), { maxLength: 6 }),
  );
  fc.assert(
    fc.property(offers, (batches) => {
      let runs: Run[] = [];
      const rows: Identity[] = [];
      for (const batch of batches) {
        const fresh = notCovered(batch, runs);
        const { lengthened, added } = withNewRuns(runs, runsOf(fresh, rows.length + 1));
        rows.push(...fresh);
        const isLonger = (run: Run): boolean =>
          lengthened.some((each) => each.origin === run.origin && each.from === run.from);
        runs = [...runs.filter((run) => !isLonger(run)), ...lengthened, ...added];
      }
      const names = rows.map(({ origin, key }) => `${origin}${key}`);
      assert.equal(new Set(names).size, names.length);
      assert.deepEqual(new Set(names), new Set(batches.flat().map(({ origin, key }) => `${origin}${key}`)));
      // Each run tells where its rows are.
      for (const { origin, from, to, id } of runs)
        for (let key = from; key <= to; key += 1) assert.deepEqual({ ...rows[id + key - from - 1] }, { origin, key });
      assert.equal(
        runs.reduce((sum, run) => sum + lengthOf(run), 0),
        rows.length,
      );
    }),
  );
});

test('what lies between spans', () => {
  assert.deepEqual(
    holesIn({ from: 1, to: 10 }, [
      { from: 4, to: 6 },
      { from: 1, to: 2 },
      { from: 5, to: 7 },
    ]),
    [
      { from: 3, to: 3 },
      { from: 8, to: 10 },
    ],
  );
  assert.deepEqual(holesIn({ from: 1, to: 3 }, [{ from: 0, to: 9 }]), []);
  assert.deepEqual(holesIn({ from: 5, to: 6 }, [{ from: 7, to: 9 }]), [{ from: 5, to: 6 }]);
});
