import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paceOf } from './load.ts';

test('all have registered once when the first one does so again', () => {
  const { ratePerS = 0, expiresS = 0 } = paceOf({ endpoints: 10_000, registrationsAMinute: 3000 });
  assert.equal(ratePerS, 50);
  // Nine tenths of what is granted, on average, is the time that all need.
  assert.ok(Math.abs(expiresS * 0.9 - 10_000 / ratePerS) < 1, String(expiresS));
  // What Asterisk grants at the most.
  assert.ok(expiresS <= 300);
});
