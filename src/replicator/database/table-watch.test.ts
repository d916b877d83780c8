import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTime } from '../../agent/testing/time.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Database } from '../../replication/postgres/connection.ts';
import { createTableWatch } from './table-watch.ts';

test('tables whose count grew are told, once; not those that this node changed while it served', async () => {
  const time = createTime();
  const counts: Record<string, number> = { queue: 1, sip: 5 };
  const world = { isDown: false, open: 0 };
  const told: string[][] = [];
  const connect = async (): Promise<Result<Database>> => {
    if (world.isDown) return fail('database-unreachable', 'It is not reached.', 'Wait.');
    world.open += 1;
    return ok({
      query: async (_text: string, values: readonly unknown[]) => {
        assert.deepEqual(values, ['public']);
        return ok(Object.entries(counts).map(([name, count]) => ({ name, count: String(count) })));
      },
      close: async () => {
        world.open -= 1;
      },
    } as unknown as Database);
  };
  const watch = createTableWatch({
    connect,
    schema: 'public',
    clock: time.clock,
    onChanged: (tables) => void told.push([...tables]),
  });
  watch.start();
  await time.pass(11_000);
  assert.deepEqual(told, []);
  counts['sip'] = 6;
  counts['new'] = 1;
  await time.pass(11_000);
  assert.deepEqual(told, [['sip']]);
  watch.setHolding(4);
  counts['queue'] = 9;
  await time.pass(11_000);
  watch.setHolding(0);
  await time.pass(11_000);
  assert.deepEqual(told, [['sip']]);
  world.isDown = true;
  counts['queue'] = 10;
  await time.pass(11_000);
  world.isDown = false;
  await time.pass(6000);
  assert.deepEqual(told, [['sip'], ['queue']]);
  await watch.stop();
  assert.equal(world.open, 0);
});
