import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Cluster, startCluster } from '../../../../test/postgres/cluster.ts';
import type { DatabaseRules } from '../rules.ts';
import { createRole, createTestDatabase, snapshotOptions, type TestDatabase } from '../testing/pair.ts';
import { TYPE_ROWS, TYPES } from '../testing/types.ts';
import { runSnapshot, type SnapshotReport } from './snapshot.ts';

let cluster: Cluster;
before(async () => {
  cluster = await startCluster();
  await createRole(cluster);
});
after(async () => {
  await cluster.stop();
});

const quiet = () => ({ signal: new AbortController().signal, onProgress: () => undefined });

const run = async (
  source: TestDatabase,
  target: TestDatabase,
  rules: Partial<DatabaseRules> = {},
): Promise<SnapshotReport> => {
  const result = await runSnapshot(snapshotOptions(source, target, rules), quiet());
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.error));
  return result.value;
};

const pair = async (ddl: string, standbyOnly = ''): Promise<[TestDatabase, TestDatabase]> => [
  await createTestDatabase(cluster, "the main's database", ddl),
  await createTestDatabase(cluster, "the standby's database", `${ddl};${standbyOnly}`),
];

/** Runs twice: the first makes them the same, the second has nothing to do. */
const copied = async (
  main: TestDatabase,
  standby: TestDatabase,
  tables: readonly string[],
  rules: Partial<DatabaseRules> = {},
): Promise<SnapshotReport> => {
  const report = await run(main, standby, rules);
  for (const table of tables)
    assert.deepEqual(await standby.rows(`SELECT * FROM ${table}`), await main.rows(`SELECT * FROM ${table}`), table);
  const second = await run(main, standby, rules);
  assert.deepEqual(second.changes, []);
  assert.equal(second.changed, 0);
  return report;
};

test('every kind of value arrives as it is, and tables whose names differ only in case are told apart', async () => {
  const [main, standby] = await pair(TYPES);
  await main.sql(TYPE_ROWS);
  const tables = ['types', '"COPY"', 'copy', '"we""ird; --"'];
  const first = await copied(main, standby, tables);
  assert.deepEqual(
    first.changes.map((change) => [change.table, change.put]),
    [
      ['COPY', 2],
      ['copy', 1],
      ['types', 3],
      ['we"ird; --', 1],
    ],
  );
  // The same once more by way of comparison, since an empty table is filled straight.
  await standby.sql(`UPDATE types SET d = 0 WHERE d = 0; UPDATE types SET n = 1.0, js = '{"a":2,"z":1}';
    DELETE FROM "COPY" WHERE name = ''; INSERT INTO copy VALUES ('x', 'y')`);
  await copied(main, standby, tables);
});

test('many rows, and rows larger than any buffer, arrive byte for byte', async () => {
  const [main, standby] = await pair(
    'CREATE TABLE wide (id int PRIMARY KEY, v text); CREATE TABLE empty (id int PRIMARY KEY, v text)',
  );
  const rows = `SELECT g, repeat(chr(65 + g % 26) || 'Ä' || g, (g * 37) % 300 + CASE WHEN g % 1500 = 7 THEN 60000 ELSE 0 END) FROM generate_series(1, 6000) g`;
  await main.sql(`INSERT INTO wide ${rows}; INSERT INTO empty ${rows}`);
  await standby.sql(`INSERT INTO wide VALUES (-1, 'away')`);
  const report = await run(main, standby);
  assert.ok(report.bytes > 10_000_000);
  assert.deepEqual(
    report.changes.map(({ put, deleted }) => [put, deleted]),
    [
      [6000, 0],
      [6000, 1],
    ],
  );
  const digest = `SELECT md5(string_agg(v, ',' ORDER BY id)) AS digest FROM`;
  for (const table of ['wide', 'empty'])
    assert.deepEqual(await standby.rows(`${digest} ${table}`), await main.rows(`${digest} ${table}`));
});

test('sequences follow forwards and never go back', async () => {
  const [main, standby] =
    await pair(`CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
    CREATE SEQUENCE lonely; CREATE SEQUENCE "Down" INCREMENT -1; CREATE TABLE away (id serial PRIMARY KEY)`);
  await main.sql(`INSERT INTO a SELECT FROM generate_series(1, 9); INSERT INTO b (v) VALUES ('x'), ('y');
    SELECT nextval('lonely'), nextval('"Down"'); INSERT INTO away DEFAULT VALUES; INSERT INTO away DEFAULT VALUES`);
  await standby.sql(`SELECT setval('lonely', 77)`);
  const report = await run(main, standby, { exclude: ['away'] });
  assert.equal(report.sequencesSet, 3);
  const next = await standby.sql(`SELECT nextval('a_id_seq') AS a, nextval('b_id_seq') AS b, nextval('lonely') AS l,
    nextval('"Down"') AS d, nextval('away_id_seq') AS w`);
  assert.deepEqual(next, [{ a: '10', b: '3', l: '78', d: '-2', w: '1' }]);
});

test('values of a unique index swap between rows, and kept columns stay with their rows', async () => {
  const [main, standby] =
    await pair(`CREATE TABLE q (id int PRIMARY KEY, name text UNIQUE, pos int, mine text, UNIQUE (pos));
    CREATE UNIQUE INDEX ON q (lower(name))`);
  await main.sql(
    `INSERT INTO q VALUES (1, 'b', 2, 'main'), (2, 'a', 1, 'main'), (3, 'c', 3, 'main'), (4, 'd', 5, 'main')`,
  );
  await standby.sql(
    `INSERT INTO q VALUES (1, 'a', 1, 'own 1'), (2, 'b', 2, 'own 2'), (3, 'c', 4, 'own 3'), (9, 'd', 3, 'own 9')`,
  );
  const rules = { keepColumns: [{ table: 'q', columns: ['mine'] }] };
  await run(main, standby, rules);
  assert.deepEqual(await standby.rows('SELECT * FROM q'), [
    '{"id": 1, "pos": 2, "mine": "own 1", "name": "b"}',
    '{"id": 2, "pos": 1, "mine": "own 2", "name": "a"}',
    '{"id": 3, "pos": 3, "mine": "own 3", "name": "c"}',
    '{"id": 4, "pos": 5, "mine": "main", "name": "d"}',
  ]);
  assert.deepEqual((await run(main, standby, rules)).changes, []);
});

describe('keys', () => {
  test('composite keys, an identity beside the key, and a cycle of foreign keys', async () => {
    const [main, standby] =
      await pair(`CREATE TABLE tenant (id int PRIMARY KEY, sip int); CREATE TABLE sip (id int PRIMARY KEY, tenant int REFERENCES tenant);
      ALTER TABLE tenant ADD FOREIGN KEY (sip) REFERENCES sip;
      CREATE TABLE member (queue text, iface text, n int GENERATED ALWAYS AS IDENTITY, penalty int, PRIMARY KEY (queue, iface))`);
    await main.sql(`INSERT INTO tenant VALUES (1, NULL), (2, NULL); INSERT INTO sip VALUES (5, 1), (6, 2); UPDATE tenant SET sip = id + 4;
      INSERT INTO member (queue, iface, penalty) VALUES ('a', 'b', 1), ('a', 'c', 2), ('b', 'b', 3)`);
    await standby.sql(`INSERT INTO tenant VALUES (1, NULL), (7, NULL); INSERT INTO sip VALUES (6, 7); UPDATE tenant SET sip = 6;
      INSERT INTO member (queue, iface, penalty) VALUES ('a', 'c', 1), ('b', 'b', 9), ('z', 'b', 3)`);
    await copied(main, standby, ['tenant', 'sip', 'member']);
  });

  test('a table without a key gets as many of each row as the source has', async () => {
    const [main, standby] = await pair('CREATE TABLE log (what text, n int, mine text)');
    await main.sql(
      `INSERT INTO log VALUES ('a', 1, 'm'), ('a', 1, 'm'), ('a', 1, 'm'), ('b', NULL, 'm'), ('', 0, 'm'), (NULL, 0, 'm')`,
    );
    await standby.sql(
      `INSERT INTO log VALUES ('a', 1, 'own'), ('b', NULL, 'own'), ('b', NULL, 'own 2'), ('gone', 1, 'own')`,
    );
    const rules = { keepColumns: [{ table: 'log', columns: ['mine'] }] };
    const report = await run(main, standby, rules);
    assert.deepEqual(
      report.changes.map(({ put, deleted }) => [put, deleted]),
      [[4, 2]],
    );
    assert.deepEqual(await standby.rows('SELECT what, n FROM log'), await main.rows('SELECT what, n FROM log'));
    assert.equal((await standby.sql(`SELECT count(*)::int AS n FROM log WHERE mine LIKE 'own%'`))[0]?.['n'], 2);
  });

  test('partitions, inheritance, and a key whose type is not PostgreSQL’s own', async () => {
    const [main, standby] = await pair(`CREATE EXTENSION citext; CREATE TYPE kind AS ENUM ('x', 'y');
      CREATE TABLE part (k kind, n int, v text, PRIMARY KEY (k, n)) PARTITION BY LIST (k);
      CREATE TABLE part_x PARTITION OF part FOR VALUES IN ('x'); CREATE TABLE part_y PARTITION OF part FOR VALUES IN ('y');
      CREATE TABLE part_nokey (k kind, v text) PARTITION BY LIST (k);
      CREATE TABLE part_nokey_x PARTITION OF part_nokey FOR VALUES IN ('x'); CREATE TABLE part_nokey_y PARTITION OF part_nokey FOR VALUES IN ('y');
      CREATE TABLE parent (id int PRIMARY KEY, v text); CREATE TABLE child (extra text, PRIMARY KEY (id)) INHERITS (parent);
      CREATE TABLE ci (name citext PRIMARY KEY, v text)`);
    await main.sql(`INSERT INTO part VALUES ('x', 1, 'a'), ('y', 1, 'b'); INSERT INTO part_nokey VALUES ('x', 'a'), ('y', 'b'), ('y', 'b');
      INSERT INTO parent VALUES (1, 'p'); INSERT INTO child VALUES (1, 'c', 'e'); INSERT INTO ci VALUES ('Alice', 'new')`);
    await standby.sql(`INSERT INTO part VALUES ('x', 2, 'a'), ('y', 1, 'c'); INSERT INTO part_nokey VALUES ('x', 'a'), ('x', 'a'), ('y', 'a');
      INSERT INTO parent VALUES (1, 'q'), (2, 'q'); INSERT INTO child VALUES (1, 'd', 'e'); INSERT INTO ci VALUES ('alice', 'old')`);
    await copied(main, standby, ['part', 'part_nokey', 'ONLY parent', 'child', 'ci']);
  });
});

describe('what each node keeps', () => {
  test('excluded tables and own rows stay on the standby, and the main’s own rows stay at home', async () => {
    const [main, standby] = await pair(`CREATE TABLE cfg (id int PRIMARY KEY, name text, val text, node text);
      CREATE TABLE cel (id serial PRIMARY KEY, what text); CREATE TABLE stat_a (id int); CREATE TABLE queue_log (id serial PRIMARY KEY)`);
    await main.sql(`INSERT INTO cfg VALUES (1, 'a', 'main', NULL), (2, 'externip', '192.0.2.1', 'own'), (3, 'c', NULL, 'shared');
      INSERT INTO cel (what) VALUES ('main'); INSERT INTO stat_a VALUES (1); INSERT INTO queue_log DEFAULT VALUES`);
    await standby.sql(`INSERT INTO cfg VALUES (1, 'a', 'standby', NULL), (7, 'externip', '192.0.2.2', 'own'), (8, 'x', NULL, NULL);
      INSERT INTO cel (what) VALUES ('standby')`);
    const rules = {
      exclude: ['stat_*'],
      keepRows: [{ table: 'cfg', where: { name: 'externip', node: 'own' } }],
      events: [
        { table: 'cel', key: 'id', time: null, parent: null },
        { table: 'queue_log', key: 'id', time: null, parent: null },
      ],
    };
    const report = await run(main, standby, rules);
    assert.equal(report.compared, 1);
    assert.deepEqual(await standby.rows('SELECT id, val FROM cfg'), [
      '{"id": 1, "val": "main"}',
      '{"id": 3, "val": null}',
      '{"id": 7, "val": "192.0.2.2"}',
    ]);
    assert.deepEqual(await standby.rows('SELECT what FROM cel'), ['{"what": "standby"}']);
    assert.deepEqual(await standby.rows('SELECT * FROM stat_a'), []);
    assert.deepEqual((await run(main, standby, rules)).changes, []);
  });

  test('an own row with the key of a copied one is refused in words, and nothing changes', async () => {
    const [main, standby] = await pair('CREATE TABLE cfg (id int PRIMARY KEY, name text)');
    await main.sql(`INSERT INTO cfg VALUES (1, 'a'), (2, 'b')`);
    await standby.sql(`INSERT INTO cfg VALUES (1, 'own')`);
    const result = await runSnapshot(
      snapshotOptions(main, standby, { keepRows: [{ table: 'cfg', where: { name: 'own' } }] }),
      quiet(),
    );
    assert.equal(result.ok ? '' : result.error.code, 'database-own-row-in-way');
    assert.deepEqual(await standby.rows('SELECT * FROM cfg'), ['{"id": 1, "name": "own"}']);
  });
});

test('a table of the standby alone with a foreign key into a copied one hinders nothing; what it breaks is told', async () => {
  const [main, standby] = await pair(
    'CREATE TABLE queue (name text PRIMARY KEY)',
    'CREATE TABLE plugin (id int PRIMARY KEY, queue text REFERENCES queue ON DELETE CASCADE); GRANT SELECT ON plugin TO dualtone',
  );
  await main.sql(`INSERT INTO queue VALUES ('a'), ('COPYshop')`);
  await standby.sql(
    `INSERT INTO queue VALUES ('a'), ('old'); INSERT INTO plugin VALUES (1, 'a'), (2, 'old'), (3, NULL)`,
  );
  const report = await run(main, standby);
  assert.deepEqual(await standby.rows('SELECT * FROM queue'), ['{"name": "COPYshop"}', '{"name": "a"}']);
  assert.deepEqual(await standby.rows('SELECT id FROM plugin'), ['{"id": 1}', '{"id": 2}', '{"id": 3}']);
  assert.deepEqual(
    report.warnings.map((warning) => warning.code),
    ['database-dangling'],
  );
});
