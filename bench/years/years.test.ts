import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../sim/random.ts';
import { type Deployment, simulatePair } from './fleet.ts';
import { simulateFleet } from './years.ts';

const pair: Deployment = {
  name: 'test',
  helpers: 1,
  hasStandby: true,
  splits: false,
  mayServe: (helpersUp, isOtherUp) => isOtherUp || helpersUp === 1,
  outageMs: () => 500,
};
const single: Deployment = { ...pair, helpers: 0, hasStandby: false, mayServe: () => true, outageMs: () => undefined };

test('the same seed is the same years, and another one is others', () => {
  assert.deepEqual(simulateFleet(pair, 1), simulateFleet(pair, 1));
  assert.notDeepEqual(simulateFleet(pair, 1), simulateFleet(pair, 2));
});

test('a pair takes over and a single server waits', () => {
  const [two, one] = [simulateFleet(pair, 3), simulateFleet(single, 3)];
  assert.equal(one.takeovers_a_year, 0);
  // Two crashes and a little more of the node that serves.
  assert.ok(two.takeovers_a_year > 1.8 && two.takeovers_a_year < 2.5, String(two.takeovers_a_year));
  assert.ok(one.outage_s_a_year > 100 * two.outage_s_a_year);
  assert.ok(one.uncovered_a_year > 1.8 && two.uncovered_a_year < 0.1);
});

test('who may never serve is without service from the first loss on, and not longer than the years', () => {
  const never = simulatePair({ ...pair, mayServe: () => false }, 7, (name) => createRandom(name.length));
  const total = never.outageSByYear.reduce((sum, seconds) => sum + seconds, 0);
  assert.equal(never.uncovered, 1);
  assert.ok(total > 0 && total <= 7 * 365.25 * 24 * 3600);
});

test('two serve only where a cut splits the pair', () => {
  assert.equal(simulateFleet(pair, 5).two_serving_s_a_year, 0);
  assert.ok(simulateFleet({ ...pair, splits: true }, 5).two_serving_s_a_year > 60);
});
