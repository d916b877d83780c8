import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail, ok, type Result } from '../core/result.ts';
import { emptyDisk, freshBootMemory } from '../core/state.ts';
import type { StateStore } from '../ports.ts';
import { createMemoryKeeper } from './memory-keeper.ts';

const refusal = fail('state-disk-not-written', 'no space left', 'make room');

/** A store that refuses on demand, and notes what it was given. */
const createStore = () => {
  const seen = { boot: 0, disk: 0 };
  const refuses = { boot: false, disk: false };
  const answer = (what: 'boot' | 'disk'): Result<void> => {
    seen[what] += 1;
    return refuses[what] ? refusal : ok(undefined);
  };
  const store: StateStore = {
    load: () => ({ boot: null, disk: null, notes: [] }),
    saveBoot: () => answer('boot'),
    saveDisk: () => answer('disk'),
  };
  return { store, seen, refuses };
};

const first = { boot: freshBootMemory(emptyDisk, 0), disk: emptyDisk };

test('what did not change is not written; all is at the start', () => {
  const { store, seen } = createStore();
  const keeper = createMemoryKeeper(store, () => assert.fail('nothing to tell'));
  keeper.keep(null, first, 0);
  keeper.keep(first, first, 100);
  keeper.keep(first, { ...first, boot: { ...first.boot, seq: 1 } }, 200);
  assert.deepEqual(seen, { boot: 2, disk: 1 });
});

test('a disk that refuses is told once, asked once a second though nothing changes, and told again when it takes it', () => {
  const { store, seen, refuses } = createStore();
  const told: string[] = [];
  const keeper = createMemoryKeeper(store, (level, code, text) => told.push(`${level} ${code} ${text}`));
  refuses.disk = true;
  for (const now of [0, 500, 1000, 1999]) keeper.keep(now === 0 ? null : first, first, now);
  assert.equal(seen.disk, 2);
  assert.equal(keeper.trouble(), 'no space left');
  assert.equal(keeper.bootTrouble(), null);
  refuses.disk = false;
  keeper.keep(first, first, 2000);
  assert.equal(keeper.trouble(), null);
  assert.deepEqual(told, [
    'alarm memory-not-kept The memory in state-dir cannot be written: no space left',
    'info memory-kept The memory in state-dir is written again.',
  ]);
});

test('a tmpfs that refuses is asked each time, since nothing may leave before', () => {
  const { store, seen, refuses } = createStore();
  const keeper = createMemoryKeeper(store, () => undefined);
  refuses.boot = true;
  for (const now of [0, 1, 2]) keeper.keep(first, first, now);
  keeper.keep(first, { ...first, boot: { ...first.boot, seq: 1 } }, 3);
  assert.equal(seen.boot, 1, 'nothing had changed before');
  keeper.keep(first, first, 4);
  assert.equal(seen.boot, 2);
  assert.equal(keeper.bootTrouble(), 'no space left');
});
