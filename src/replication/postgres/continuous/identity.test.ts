import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CatalogTable } from '../catalog.ts';
import type { CopyPlan, TablePlan } from '../rules.ts';
import { planFollowing } from './identity.ts';

const table = (name: string, changes: Partial<CatalogTable> = {}, type = 'integer'): CatalogTable => ({
  name,
  kind: 'plain',
  hasChildren: false,
  columns: [{ name: 'a', type, notNull: false, generated: false, identity: null, hasDefault: false }],
  key: null,
  keyIs: null,
  uniques: [],
  replicaIdentity: 'd',
  estimatedRows: 1,
  bytes: 1,
  vacant: false,
  ...changes,
});

const plan = (one: CatalogTable, keptColumns: readonly string[] = []): TablePlan => ({
  table: one,
  columns: ['a'],
  keptColumns,
  ownRows: [],
  statusColumns: [],
});

const of = (...tables: readonly TablePlan[]): CopyPlan => ({
  schema: 'public',
  tables,
  sequences: [],
  leftOut: [],
  events: [],
  warnings: [],
});

test('rows are told by the primary key, else by a unique index, else by all columns where they can be compared', () => {
  const { followed, refused } = planFollowing(
    of(
      plan(table('with', { key: ['a'], keyIs: 'primary' })),
      plan(table('index', { key: ['a'], keyIs: 'unique' })),
      plan(table('full')),
      plan(table('texts', {}, 'text[]')),
      plan(table('shapeless', {}, 'json[]')),
      plan(table('kept'), ['a']),
    ),
  );
  assert.deepEqual(
    followed.map(({ plan: one, identity }) => [one.table.name, identity]),
    [
      ['with', 'key'],
      ['index', 'index'],
      ['full', 'full'],
      ['texts', 'full'],
    ],
  );
  assert.deepEqual(
    refused.map(({ code, message }) => [code, /`(\w+)`/.exec(message)?.[1]]),
    [
      ['database-not-followed', 'shapeless'],
      ['database-not-followed', 'kept'],
    ],
  );
});
