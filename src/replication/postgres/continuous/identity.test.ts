import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ok } from '../../../core/result.ts';
import type { CatalogTable } from '../catalog.ts';
import type { CopyPlan, TablePlan } from '../rules.ts';
import type { Admin } from '../setup/admin.ts';
import { openRecord } from '../setup/record.ts';
import { must } from '../setup/testing/prepare.ts';
import { createIdentities, planFollowing } from './identity.ts';

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

test('a table of any name is put back by one statement', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'dualtone-'));
  t.after(() => rm(directory, { recursive: true }));
  const name = 'x$d$;ALTER ROLE asterisk SUPERUSER;--';
  const scripts: string[] = [];
  const admin: Admin = {
    database: 'asterisk',
    osUser: 'postgres',
    rows: async <T>() => ok([{ table: name, ident: 'd', indexes: [] }] as unknown as readonly T[]),
    execute: async (script) => {
      scripts.push(script);
      return ok(undefined);
    },
    each: async (statements) => ok(statements.map(() => null)),
  };
  const identities = createIdentities(admin, must(await openRecord(join(directory, 'identities.json'))), 'public');
  must(await identities.act([{ plan: plan(table(name)), identity: 'full' }]));
  must(await identities.undo());
  // Without its constants: nothing of the name is outside of them.
  assert.deepEqual(
    scripts.map((script) => script.replaceAll(/E?'(?:[^'\\]|''|\\.)*'/gs, "''")),
    ["do '';"],
  );
});
