import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from 'pg';
import { DHCP_QUERY } from '../../src/checks/families/phone-restarts.ts';
import { type Cluster, startCluster } from '../../test/postgres/cluster.ts';
import { addStandbyRows, type Content, changeSome, type Era, installTelephoneSystem } from './install.ts';

const eras: readonly Era[] = ['xivo', 'wazo'];

const within = async (cluster: Cluster, database: string, use: (db: Client) => Promise<void>): Promise<void> => {
  await cluster.createDatabase(database);
  const db = await cluster.connect({ database });
  try {
    await use(db);
  } finally {
    await db.end();
  }
};

const numberOf = async (db: Client, sql: string): Promise<number> =>
  Number(Object.values((await db.query<Readonly<Record<string, unknown>>>(sql)).rows[0] ?? {})[0]);

/** A digest of each table's rows, in any order. */
const digests = async (db: Client): Promise<Readonly<Record<string, string>>> => {
  const { rows } = await db.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
  );
  const found: Record<string, string> = {};
  for (const { name } of rows) {
    const sql = `SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text COLLATE "C"), '')) AS digest FROM "${name}" AS t`;
    found[name] = (await db.query<{ digest: string }>(sql)).rows[0]?.digest ?? '';
  }
  return found;
};

const circles = `WITH RECURSIVE f AS (SELECT DISTINCT conrelid AS a, confrelid AS b FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid),
  path AS (SELECT a, b FROM f UNION SELECT path.a, f.b FROM path JOIN f ON f.a = path.b) SELECT count(*) FROM path WHERE a = b`;

const shape = {
  tables: "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'",
  compositeForeignKeys: "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND cardinality(conkey) > 1",
  compositeKeys: "SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND cardinality(conkey) > 1",
  enumColumns:
    "SELECT count(*) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_class c ON c.oid = a.attrelid WHERE t.typtype = 'e' AND c.relkind = 'r'",
  arraysOfArrays: 'SELECT count(*) FROM voicemail WHERE array_ndims(options) = 2',
  hyphens: "SELECT count(*) FROM information_schema.columns WHERE table_name = 'queue' AND column_name LIKE '%-%'",
  sequences: "SELECT count(*) FROM pg_class WHERE relkind = 'S'",
  beginWithCopy: "SELECT count(*) FROM queue WHERE name LIKE 'COPY%'",
};

void test('both eras have the shape of a real telephone system', async (context) => {
  const cluster = await startCluster();
  try {
    for (const era of eras) {
      await within(cluster, era, async (db) => {
        const startedAt = performance.now();
        await installTelephoneSystem(db, { era, users: 100, queues: 5, events: 1000 });
        context.diagnostic(`${era}: ${Math.round(performance.now() - startedAt)} ms on PostgreSQL ${cluster.version}`);
        assert.ok((await numberOf(db, shape.tables)) >= 130);
        assert.ok((await numberOf(db, shape.sequences)) >= 60);
        for (const sql of Object.values(shape)) assert.ok((await numberOf(db, sql)) > 0, sql);
        if (era === 'wazo')
          assert.ok((await numberOf(db, circles)) >= 4, 'tenant and endpoint_sip, auth_tenant and auth_user');
        assert.equal(await numberOf(db, 'SELECT count(*) FROM cel'), 1000);
        assert.equal(await numberOf(db, 'SELECT count(*) FROM userfeatures'), 100);
        await db.query("SET search_path = ''");
        assert.deepEqual((await db.query(DHCP_QUERY)).rows, [{ isOn: true, provisioning: '192.0.2.11' }]);
      });
    }
  } finally {
    await cluster.stop();
  }
});

void test('three tables have no primary key, and one of them a row twice', async () => {
  const cluster = await startCluster();
  try {
    await within(cluster, 'w', async (db) => {
      await installTelephoneSystem(db, { era: 'wazo', users: 40 });
      const { rows } = await db.query<{ name: string }>(
        "SELECT relname AS name FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype = 'p') ORDER BY 1",
      );
      const expected = ['auth_user_external_auth', 'call_logd_retention', 'dird_profile_service_source'];
      assert.deepEqual(
        rows.map(({ name }) => name),
        expected,
      );
      assert.ok(
        (await numberOf(db, 'SELECT count(*) - count(DISTINCT t::text) FROM dird_profile_service_source t')) > 0,
      );
    });
  } finally {
    await cluster.stop();
  }
});

void test('the same content gives the same rows; nodes differ in what is the host’s own; a standby that served has more', async () => {
  const cluster = await startCluster();
  const small: Partial<Content> = { era: 'wazo', users: 30, queues: 5, events: 100, seed: 7 };
  const found: Record<string, Readonly<Record<string, string>>> = {};
  try {
    for (const [name, content] of Object.entries({
      one: small,
      two: small,
      standby: { ...small, node: 'standby' as const },
    })) {
      await within(cluster, name, async (db) => {
        const whole = await installTelephoneSystem(db, content);
        found[name] = await digests(db);
        if (name !== 'standby') return;
        await addStandbyRows(db, whole);
        found['served'] = await digests(db);
        await changeSome(db, 10, 1);
        found['changed'] = await digests(db);
      });
    }
  } finally {
    await cluster.stop();
  }
  const different = (a: string, b: string): readonly string[] =>
    Object.keys(found[a] ?? {}).filter((table) => found[a]?.[table] !== found[b]?.[table]);
  assert.deepEqual(different('one', 'two'), []);
  // A trigger notes the time of a login, but only from the end of the installation on.
  for (const table of ['netiface', 'infos', 'provisioning', 'accesswebservice', 'cel', 'queue_log']) {
    assert.ok(different('one', 'standby').includes(table), table);
  }
  assert.ok(!different('one', 'standby').includes('userfeatures'));
  for (const table of ['voicemail', 'call_logd_call_log', 'userfeatures', 'session', 'cel']) {
    assert.ok(different('standby', 'served').includes(table), table);
  }
  assert.ok(different('served', 'changed').includes('func_key_mapping'));
});
