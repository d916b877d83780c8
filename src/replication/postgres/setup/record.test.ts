import assert from 'node:assert/strict';
import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRecord, type SetupRecord } from './record.ts';

const open = async (path: string): Promise<SetupRecord> => {
  const record = await openRecord(path);
  if (!record.ok) assert.fail(record.error.message);
  return record.value;
};

test('what was there first is kept through later writes, over a restart, and goes with the last entry', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'dualtone-record-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'state', 'record.json');
  const record = await open(path);
  await record.keep('a', 'before', 'first');
  await record.keep('a', 'first', 'second');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const again = await open(path);
  assert.deepEqual([again.get('a')?.former, again.get('a')?.wrote], ['before', 'second']);
  await again.drop('a');
  await assert.rejects(access(path));
});

test('a damaged record stops everything, and is left as it is', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'dualtone-record-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'record.json');
  for (const text of ['', '{}', '{"version":2,"entries":{}}', '{"version":1,"entries":{"a":1}}']) {
    await writeFile(path, text);
    const record = await openRecord(path);
    assert.equal(record.ok ? 'opened' : record.error.code, 'database-record-unusable');
    assert.equal(await readFile(path, 'utf8'), text);
  }
});
