import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { NodeSnapshot, PairView } from '../src/web/contract.ts';
import { changed } from '../src/web/page/state/state.ts';
import { goodPair, mainAt, standbyAt } from '../src/web/page/testing/pair.ts';
import { createDiffer } from '../src/web/server/change.ts';

const WALL = 1_800_000_000_000;

const varied = (base: NodeSnapshot): fc.Arbitrary<NodeSnapshot> =>
  fc
    .record({
      phase: fc.constantFrom('passive', 'serving', 'closing'),
      epoch: fc.integer({ min: 0, max: 5 }),
      server: fc.constantFrom('this' as const, 'other' as const, 'nobody' as const),
      samples: fc.constantFrom(base.samples, []),
      maintenance: fc.constantFrom(null, { leftMs: 5, reason: 'a test' }),
    })
    .map((change) => ({ ...base, ...change }));

const views: fc.Arbitrary<PairView> = fc
  .record({
    own: fc.option(varied(mainAt(WALL)), { nil: null }),
    other: fc.option(varied(standbyAt(WALL)), { nil: null }),
    msAgo: fc.integer({ min: 0, max: 9000 }),
  })
  .map(({ own, other, msAgo }) => ({
    wall: WALL,
    this: own,
    thisTrouble: own === null ? 'the agent does not run' : null,
    thisMsAgo: own === null ? null : msAgo,
    other: other === null ? null : { snapshot: other, heardMsAgo: msAgo },
  }));

/** What goes away does not travel as a change: the page keeps what was known, and shows its age. */
const kept = (before: PairView, now: PairView): PairView => ({
  ...now,
  this: now.this ?? before.this,
  other: now.other ?? before.other,
});

test('a page that hears only the changes of the server knows what the server knows', () => {
  fc.assert(
    fc.property(fc.array(views, { minLength: 1, maxLength: 12 }), (later) => {
      const first = goodPair(WALL);
      const differ = createDiffer(first, 0, 0);
      let [page, truth] = [first, first];
      for (const [index, view] of later.entries()) {
        const change = differ.next(view, (index + 1) * 1000);
        assert.ok(change !== null);
        page = changed(page, change);
        truth = kept(truth, view);
        assert.deepEqual(page, truth);
      }
    }),
  );
});
