import assert from 'node:assert/strict';
import { test } from 'node:test';
import { streamsSchema } from '../../src/config/schema/streams.ts';
import { wazoStreams, xivoStreams } from '../../src/profiles/xivo/streams.ts';
import type { Era } from './notation.ts';
import { schemaStatements, tablesOf } from './schema.ts';

const streamsByEra = { xivo: xivoStreams, wazo: wazoStreams } as const;
const eras: readonly Era[] = ['xivo', 'wazo'];

/** A table's body, by name. */
const bodies = (era: Era): ReadonlyMap<string, string> => new Map(tablesOf(era));

const fits = (pattern: string, name: string): boolean => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);

for (const era of eras) {
  void test(`the profile's streams for ${era} are valid, and name tables and columns of its database`, () => {
    const parsed = streamsSchema.parse(streamsByEra[era]);
    const tables = bodies(era);
    const { exclude, status, events } = parsed.database;
    const named = [...parsed.database['keep-columns'], ...status].flatMap(({ table, columns }) =>
      columns.map((column) => [table, column] as const),
    );
    const ofEvents = events.flatMap(({ table, key, time, parent }) =>
      [key, time, parent?.column ?? null].flatMap((column) => (column === null ? [] : [[table, column] as const])),
    );
    for (const [table, column] of [...named, ...ofEvents]) {
      if (column === '*') assert.ok(tables.has(table), table);
      else assert.match(tables.get(table) ?? '', new RegExp(`\\b${column}\\b`), `${table}.${column}`);
    }
    const known = [...tables.keys()];
    const idle = exclude.filter((pattern) => !known.some((name) => fits(pattern, name)));
    const expected = era === 'xivo' ? ['alembic_version_*', '*_alembic_version'] : ['iproute'];
    assert.deepEqual(idle, expected);
    for (const { parent } of events) if (parent !== null) assert.ok(events.some(({ table }) => table === parent.table));
  });

  void test(`of ${era}'s provisioning nothing follows but what DHCP needs, where DHCP follows`, () => {
    const { database } = streamsSchema.parse(streamsByEra[era]);
    const columns = [...(bodies(era).get('provisioning') ?? '').matchAll(/(?:^|, )([a-z0-9_]+) /g)].map(
      ([, name]) => name,
    );
    assert.ok(columns.includes('dhcp_integration') && columns.length >= 5, columns.join());
    const kept = database['keep-columns'].flatMap((rule) => (rule.table === 'provisioning' ? rule.columns : []));
    const follows = columns.filter((name) => name !== 'id' && !kept.includes(name ?? ''));
    assert.deepEqual(follows, database.exclude.includes('dhcp') ? [] : ['dhcp_integration']);
  });

  void test(`at least 130 tables of ${era}, each once`, () => {
    const names = tablesOf(era).map(([name]) => name);
    assert.ok(names.length >= 130);
    assert.equal(new Set(names).size, names.length);
    assert.equal(schemaStatements(era).filter((sql) => sql.startsWith('CREATE TABLE')).length, names.length);
  });
}
