import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTime } from '../../agent/testing/time.ts';
import { ok } from '../../core/result.ts';
import type { Database, DatabaseAccess } from '../../replication/postgres/connection.ts';
import type { Term } from '../protocol.ts';
import { createDatabaseGuard } from './guard.ts';

/** A database that notes what it is told, and has so many entries in its log. */
const createWorld = (collects: boolean) => {
  const time = createTime();
  const world = { told: [] as string[], entries: 0, waits: null as Promise<void> | null };
  const database = {
    query: async (sql: string, values: readonly unknown[] = []) => {
      world.told.push(`${/dualtone\.(\w+)/.exec(sql)?.[1]} ${values.join(' ')}`.trim());
      return ok([]);
    },
    run: async (_sql: string, [limit]: readonly [number]) => {
      await world.waits;
      const gone = Math.min(limit, world.entries);
      world.entries -= gone;
      world.told.push(`forget ${gone}`);
      return ok(gone);
    },
    close: async () => undefined,
  } as unknown as Database;
  const guard = createDatabaseGuard({
    collects,
    access: () => ok({} as DatabaseAccess),
    clock: time.clock,
    reporter: { note: () => undefined, say: () => undefined },
    connect: async () => ok(database),
  });
  const tell = async (holding: number, terms: readonly Term[]): Promise<readonly string[]> => {
    world.told = [];
    guard.set({ holding, highest: 9 }, terms);
    await time.pass(1);
    return world.told;
  };
  return { world, guard, tell, time };
};

const term = (epoch: number, settled: boolean): Term => ({ epoch, from: 1, to: 2, settled });

test('the log of what was collected is kept until all is home, then emptied, and again now and then', async () => {
  const { world, guard, tell, time } = createWorld(true);
  world.entries = 4100;
  assert.deepEqual(await tell(7, [term(7, false)]), ['serve 7 true', 'keep_log']);
  assert.deepEqual(await tell(0, [term(5, true), term(7, false)]), ['rest 9', 'keep_log', 'set_unmerged 7']);
  assert.equal(world.entries, 4100);
  assert.deepEqual((await tell(0, [term(5, true), term(7, true)])).slice(2), [
    'set_unmerged',
    'forget 2000',
    'forget 2000',
    'forget 100',
  ]);
  world.told = [];
  world.entries = 3;
  await time.pass(600_000);
  assert.deepEqual(world.told, ['forget 3']);
  await tell(8, [term(8, false)]);
  world.entries = 3;
  await time.pass(1_200_000);
  assert.equal(world.entries, 3);
  await guard.stop();
  assert.equal(time.waiting(), 0);
});

test('who takes service waits for a few entries at most', async () => {
  const { world, guard, tell } = createWorld(true);
  world.entries = 1_000_000;
  let go = (): void => undefined;
  world.waits = new Promise((resolve) => {
    go = resolve;
  });
  await tell(0, []);
  const serving = tell(7, [term(7, false)]);
  go();
  assert.deepEqual(await serving, ['forget 2000', 'serve 7 true', 'keep_log']);
  await guard.stop();
});

test('the main, which keeps no log, empties none', async () => {
  const { world, guard, tell, time } = createWorld(false);
  world.entries = 1;
  assert.deepEqual(await tell(0, []), ['rest 9']);
  assert.equal(world.entries, 1);
  await guard.stop();
  assert.equal(time.waiting(), 0);
});
