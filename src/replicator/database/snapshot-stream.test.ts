import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTime } from '../../agent/testing/time.ts';
import { fail, ok } from '../../core/result.ts';
import { createSnapshotStream } from './snapshot-stream.ts';

test('a run that ends because service moved is no fault of the next term; one that fails is told once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-snapshots-'));
  const time = createTime();
  const said: string[] = [];
  const world = { isBad: false };
  const stream = createSnapshotStream({
    isMain: true,
    databases: { both: async () => ok({ here: {}, there: {} } as never), spaceThere: async () => null },
    schema: 'public',
    rules: { exclude: [], keepColumns: [], keepRows: [], status: [], events: [] },
    timeLimitMs: 1000,
    schedule: { at: '0 0 1 1 *', missed: 'skip' },
    stateDir: folder,
    clock: time.clock,
    reporter: { note: () => undefined, say: (level, code) => void said.push(`${level} ${code}`) },
    onChanged: () => undefined,
    run: async (_options, { signal }) => {
      if (world.isBad) return fail('database-unreachable', 'It is not reached.', 'Wait.');
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return fail('database-cancelled', 'The work was called off.', 'Nothing to do.');
    },
  });
  try {
    stream.setRight({ holding: 3, highest: 3 });
    const given = { signal: new AbortController().signal, onProgress: () => undefined };
    const run = stream.run?.(given);
    assert.equal(stream.status().condition, 'running');
    await new Promise((resolve) => setImmediate(resolve));
    stream.setRight({ holding: 0, highest: 4 });
    assert.equal((await run)?.ok, false);
    stream.setRight({ holding: 5, highest: 5 });
    assert.deepEqual([stream.status().condition, stream.status().lastError], ['waiting', null]);
    world.isBad = true;
    await stream.run?.(given);
    await stream.run?.(given);
    assert.equal(stream.status().condition, 'failed');
    assert.deepEqual(said, ['alarm database-unreachable']);
  } finally {
    await stream.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
