import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cluster, startCluster } from '../../../../test/postgres/cluster.ts';
import { knownMajors } from '../../../../test/postgres/versions.ts';
import { createRole, createTestDatabase, snapshotOptions } from '../testing/pair.ts';
import { TYPE_ROWS, TYPES } from '../testing/types.ts';
import { runSnapshot } from './snapshot.ts';

const oldest = Math.min(...knownMajors);
const newest = Math.max(...knownMajors);
const TABLES = ['types', '"COPY"', 'copy', '"we""ird; --"'];
const quiet = () => ({ signal: new AbortController().signal, onProgress: () => undefined });

const copyBetween = async (from: Cluster, to: Cluster): Promise<void> => {
  // The builds fetched for tests may lack libxml.
  const types = TYPES.replace(' x xml,', ' x text,');
  const main = await createTestDatabase(from, "the main's database", types);
  const standby = await createTestDatabase(to, "the standby's database", types);
  await main.sql(TYPE_ROWS);
  await standby.sql(`INSERT INTO types (d, n) VALUES (0, 1.0); INSERT INTO "COPY" VALUES ('', 'x')`);
  for (const expected of [TABLES.length, 0]) {
    const result = await runSnapshot(snapshotOptions(main, standby), quiet());
    assert.ok(result.ok, JSON.stringify(result));
    assert.equal(result.value.changes.length, expected);
    assert.ok(result.value.warnings.some((warning) => warning.code === 'database-version-differs'));
  }
  for (const table of TABLES)
    assert.deepEqual(await standby.rows(`SELECT * FROM ${table}`), await main.rows(`SELECT * FROM ${table}`));
};

test(`digests agree and values arrive between PostgreSQL ${oldest} and ${newest}, both ways`, async (context) => {
  const clusters: Cluster[] = [];
  try {
    for (const version of [oldest, newest]) {
      const cluster = await startCluster({ version });
      clusters.push(cluster);
      await createRole(cluster);
      context.diagnostic(cluster.version);
    }
    const [old, recent] = clusters;
    assert.ok(old !== undefined && recent !== undefined);
    await copyBetween(old, recent);
    await copyBetween(recent, old);
  } finally {
    for (const cluster of clusters) await cluster.stop();
  }
});
