import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail, ok } from '../../core/result.ts';
import { knowEntries } from './entries.ts';
import { newMerge } from './machine.ts';
import type { PartPreview, PartReport } from './part.ts';
import type { StoredMerge } from './store.ts';

const entry = (id: string) => ({ id, text: `what ${id} is` });

const report: PartReport = {
  part: 'configuration',
  count: 0,
  left: 0,
  what: 'nothing',
  conflicts: [],
  pending: [entry('waiting')],
  refused: [entry('refused')],
  warnings: [],
};

const stored: StoredMerge = {
  number: 1,
  mergeKey: 'k',
  createdAt: 1,
  directory: '/nowhere',
  state: newMerge,
  events: [],
  reports: { configuration: report },
};

const preview: PartPreview = {
  part: 'configuration',
  count: 1,
  what: '1 change of configuration',
  conflicts: [],
  pending: [entry('new')],
  warnings: [],
};

const know = async (ids: readonly string[], failing = false) => {
  let asked = 0;
  const result = await knowEntries({ list: () => ok([stored]) }, ids, async () => {
    asked += 1;
    const failed = [{ part: 'configuration', error: fail('database-away', 'It is away.', 'Bring it.').error }];
    return ok({ number: 1, parts: failing ? [] : [preview], failed: failing ? failed : [] });
  });
  return [result.ok ? 'known' : result.error.code, asked];
};

test('an entry is known by the last report, or else by a preview', async () => {
  assert.deepEqual(await know(['waiting', 'refused']), ['known', 0]);
  assert.deepEqual(await know(['waiting', 'new']), ['known', 1]);
  assert.deepEqual(await know(['waiting', 'other']), ['merge-entry-unknown', 1]);
});

test('what cannot be looked at is no unknown entry', async () => {
  assert.deepEqual(await know(['other'], true), ['database-away', 1]);
});
