import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextEpoch } from './words.ts';

const rows: readonly (readonly ['main' | 'standby', number, number])[] = [
  ['main', 0, 2],
  ['main', 1, 2],
  ['main', 2, 4],
  ['main', 3, 4],
  ['standby', 0, 1],
  ['standby', 1, 3],
  ['standby', 2, 3],
  ['standby', 16, 17],
];

for (const [role, highest, next] of rows) {
  test(`the ${role}'s next epoch above ${highest} is ${next}`, () => assert.equal(nextEpoch(role, highest), next));
}
