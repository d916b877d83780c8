import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { handedOn } from './processes.ts';

test('what bin/dualtone gives to an agent alone is not handed on to the processes beside it', async () => {
  const starter = await readFile(join(import.meta.dirname, '..', '..', 'bin', 'dualtone'), 'utf8');
  const steady = /^ *steady='(.+)'$/m.exec(starter)?.[1]?.split(' ') ?? [];
  assert.ok(steady.length > 0);
  assert.deepEqual(handedOn(['--single-threaded-gc', ...steady]), ['--single-threaded-gc']);
});
