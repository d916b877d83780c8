import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createReplayWindow } from './window.ts';

test('each counter is accepted at most once, and what is within 255 of the highest exactly once', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.array(fc.oneof(fc.nat(400), fc.nat(2000)), { maxLength: 400 }), (floor, counters) => {
      const window = createReplayWindow(floor);
      const seen = new Set<number>();
      let highest = floor;
      for (const counter of counters) {
        const due = counter > floor && counter > highest - 256 && !seen.has(counter);
        assert.equal(window.accept(counter), due, `${counter}, highest ${highest}`);
        seen.add(counter);
        if (due) highest = Math.max(highest, counter);
      }
    }),
    { numRuns: 500 },
  );
});

test('a jump past the whole window forgets what was seen, not what is too old', () => {
  const window = createReplayWindow(0);
  assert.ok(window.accept(5));
  assert.ok(window.accept(5 + 256));
  assert.ok(!window.accept(5));
  assert.ok(window.accept(6));
  assert.ok(window.accept(2 ** 52));
  assert.ok(!window.accept(2 ** 53));
});
