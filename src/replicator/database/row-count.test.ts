import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTime } from '../../agent/testing/time.ts';
import { fail, ok } from '../../core/result.ts';
import type { Database } from '../../replication/postgres/connection.ts';
import { createRowCount } from './row-count.ts';

test('rows written since a moment are counted, those of tables that are not copied are not, and unknown is unknown', async () => {
  const time = createTime();
  const world = {
    there: true,
    counts: new Map([
      ['queue', '10'],
      ['cel', '900'],
    ]),
  };
  const database = {
    query: async () => ok([...world.counts].map(([name, count]) => ({ name, count }))),
    close: async () => undefined,
  } as unknown as Database;
  const count = createRowCount({
    connect: async () => (world.there ? ok(database) : fail('database-unreachable', 'Gone.', 'Wait.')),
    schema: 'public',
    isLeftOut: (name) => name === 'cel',
    clock: time.clock,
  });
  const before = time.clock.now();
  assert.equal(count.since(before), null);
  count.setCounting(true);
  await time.pass(100);
  const copied = time.clock.now();
  assert.equal(count.since(before - 1000), null);
  world.counts = new Map([
    ['queue', '11'],
    ['cel', '2000'],
  ]);
  await time.pass(5100);
  assert.deepEqual(count.since(copied), { count: 1, text: 'up to 1 row' });
  world.there = false;
  await time.pass(20_000);
  world.there = true;
  world.counts.set('queue', '1500');
  await time.pass(5100);
  assert.deepEqual(count.since(copied), { count: 1490, text: 'up to 1,490 rows' });
  const later = time.clock.now();
  assert.deepEqual(count.since(later), { count: 0, text: 'up to 0 rows' });
  // The server crashed, and counts anew.
  world.counts.set('queue', '3');
  await time.pass(5100);
  assert.equal(count.since(later), null);
  count.setCounting(false);
  assert.equal(count.since(later), null);
  await count.stop();
  assert.equal(time.waiting(), 0);
});
