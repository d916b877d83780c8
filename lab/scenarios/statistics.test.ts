import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { percentile, spreadOf } from './statistics.ts';

describe('percentile', () => {
  it('is the nearest rank: of 100 values p99 is the second largest, p50 the fiftieth', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    assert.deepEqual(spreadOf(values), { p50: 50, p99: 99, max: 100 });
  });

  it('of one value is that value, of none is nothing', () => {
    assert.deepEqual(spreadOf([640.04]), { p50: 640, p99: 640, max: 640 });
    assert.equal(spreadOf([]), undefined);
    assert.equal(percentile([], 0.5), undefined);
  });

  it('is always one of the values, and not exceeded by its share of them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, share) => {
          const found = percentile(values, share);
          assert.ok(found !== undefined && values.includes(found));
          assert.ok(values.filter((value) => value <= found).length >= share * values.length);
        },
      ),
    );
  });
});
