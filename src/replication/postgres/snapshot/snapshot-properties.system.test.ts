import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { type Cluster, startCluster } from '../../../../test/postgres/cluster.ts';
import { quoteName, quoteNames } from '../identifier.ts';
import { createRole, createTestDatabase, snapshotOptions, type TestDatabase } from '../testing/pair.ts';
import { buildSql, type RandomTable, randomTables, rulesFor } from '../testing/random-schema.ts';
import { runSnapshot } from './snapshot.ts';

let cluster: Cluster;
let main: TestDatabase;
let standby: TestDatabase;
before(async () => {
  cluster = await startCluster();
  await createRole(cluster);
  main = await createTestDatabase(cluster, "the main's database", '');
  standby = await createTestDatabase(cluster, "the standby's database", '');
});
after(async () => {
  await cluster.stop();
});

/** Text of the rows, so that 1.0 and 1.00 are told apart; `without`: a column left out. */
const rowsOf = async (database: TestDatabase, table: RandomTable, own: boolean, without: string | null) => {
  const columns = quoteNames(table.columns.filter((column) => column !== without));
  const rows = await database.sql(
    `SELECT ROW(${columns})::text AS row FROM ${quoteName(table.name)} WHERE ("node" = 'own') IS ${own ? '' : 'NOT'} TRUE`,
  );
  return rows.map((row) => String(row['row'])).toSorted();
};

test('whatever the tables: copied rows agree, own rows and kept columns stay, and a second run writes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(randomTables, async (tables) => {
      await main.sql(buildSql(tables, 'main'));
      await standby.sql(buildSql(tables, 'standby'));
      const own = await Promise.all(tables.map(async (table) => rowsOf(standby, table, true, null)));
      const keptBefore = await keptValues(tables);
      const options = snapshotOptions(main, standby, rulesFor(tables));
      const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
      const first = await runSnapshot(options, quiet);
      assert.ok(first.ok, JSON.stringify(first));
      for (const [index, table] of tables.entries()) {
        assert.deepEqual(await rowsOf(standby, table, false, table.kept), await rowsOf(main, table, false, table.kept));
        assert.deepEqual(await rowsOf(standby, table, true, null), own[index]);
      }
      const keptAfter = await keptValues(tables);
      for (const [key, value] of keptBefore) if (keptAfter.has(key)) assert.equal(keptAfter.get(key), value, key);
      const second = await runSnapshot(options, quiet);
      assert.ok(second.ok && second.value.changed === 0, JSON.stringify(second));
    }),
    // Where the machine is slow, fewer; shrinking a counterexample is bounded too.
    { numRuns: 60, interruptAfterTimeLimit: 90_000 },
  );
});

/** Of the standby: the kept column of each row, by table and key. */
const keptValues = async (tables: readonly RandomTable[]): Promise<ReadonlyMap<string, string>> => {
  const values = new Map<string, string>();
  for (const { name, kept, columns } of tables) {
    if (kept === null) continue;
    const key = quoteNames(columns.slice(0, columns.indexOf('u')));
    const rows = await standby.sql(
      `SELECT ROW(${key})::text AS key, ROW(${quoteName(kept)})::text AS kept FROM ${quoteName(name)}`,
    );
    for (const row of rows) values.set(`${name} ${String(row['key'])}`, String(row['kept']));
  }
  return values;
};
