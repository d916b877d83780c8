import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFleet } from './etcd-fleet.ts';

/** More than a real member needs (docs/measurements.md). */
const serveMs = 0.5;

test('fifty pairs on one cluster, with its faults and theirs: never two, and each pair serves in the end', () => {
  for (const seed of [1, 3]) assert.deepEqual(runFleet({ seed, pairs: 50, serveMs }).violations, [], `seed ${seed}`);
});

test('fifty mains without power at once: every standby serves after a promise, none waits for the others', () => {
  const { gapsMs, violations } = runFleet({ seed: 2, pairs: 50, serveMs, only: ['all-mains-dark'] });
  assert.deepEqual(violations, []);
  assert.equal(gapsMs.length, 50);
  const [p50, most] = [gapsMs.toSorted((a, b) => a - b)[25] ?? 0, Math.max(...gapsMs)];
  assert.ok(p50 > 2500 && most < 3500, `p50 ${p50}, most ${most}`);
});

test('fifty mains live by etcd alone while its leader changes: nobody notices', () => {
  const { gapsMs, violations } = runFleet({ seed: 5, pairs: 50, serveMs, only: ['all-cut-apart', 'leader-change'] });
  assert.deepEqual(violations, []);
  assert.equal(Math.max(...gapsMs), 0);
});

test('a cluster that is far too slow for so many is seen: pairs are without service, and still never two', () => {
  const { violations, gapsMs, twoServingMs } = runFleet({ seed: 1, pairs: 50, serveMs: 40, only: ['all-cut-apart'] });
  assert.equal(twoServingMs, 0);
  assert.ok(violations.length > 0 || Math.max(...gapsMs) > 1000);
  assert.deepEqual(
    [...new Set(violations.map(({ kind }) => kind))].filter((kind) => kind !== 'nobody' && kind !== 'unsettled'),
    [],
  );
});
