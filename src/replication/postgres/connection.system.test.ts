import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { type Cluster, startCluster } from '../../../test/postgres/cluster.ts';
import { connectDatabase, type Database, type DatabaseAccess } from './connection.ts';
import { sqlStateOf } from './database-fault.ts';
import { createRole, createTestDatabase, type TestDatabase } from './testing/pair.ts';

let cluster: Cluster;
let main: TestDatabase;
let certificate: string;
before(async () => {
  cluster = await startCluster({ tls: true, hba: ['hostnossl all all 127.0.0.1/32 reject'] });
  await createRole(cluster);
  main = await createTestDatabase(cluster, "the main's database", 'CREATE TABLE a (id int PRIMARY KEY)');
  certificate = await readFile(cluster.certificateFile ?? '', 'utf8');
});
after(async () => {
  await cluster.stop();
});

const never = new AbortController().signal;

const open = async (access: Partial<DatabaseAccess> = {}, signal = never): Promise<Database> => {
  const opened = await connectDatabase({ ...main.access, ...access }, signal);
  assert.ok(opened.ok, JSON.stringify(opened));
  return opened.value;
};

const refusal = async (access: Partial<DatabaseAccess>): Promise<string> => {
  const opened = await connectDatabase({ ...main.access, ...access }, never);
  if (opened.ok) await opened.value.close();
  return opened.ok ? 'ok' : `${opened.error.code}: ${opened.error.message}`;
};

test('the session is as fixed, whatever the environment and the role say', async () => {
  await main.sql(`ALTER ROLE dualtone SET datestyle = 'German'; ALTER ROLE dualtone SET search_path = public`);
  process.env['PGOPTIONS'] = '-c timezone=Asia/Tokyo';
  process.env['PGPASSWORD'] = 'wrong';
  const database = await open();
  const rows = await database.query(
    `SELECT now()::date - now()::date AS zero, current_setting('datestyle') AS datestyle, current_setting('timezone') AS timezone,
     current_setting('search_path') AS path, current_setting('application_name') AS app, true AS yes, 7::int8 AS big, '{a,NULL}'::text[] AS list`,
  );
  delete process.env['PGOPTIONS'];
  delete process.env['PGPASSWORD'];
  assert.deepEqual(rows.ok && { ...rows.value[0] }, {
    zero: 0,
    datestyle: 'ISO, YMD',
    timezone: 'UTC',
    path: '',
    app: 'dualtone',
    yes: true,
    big: '7',
    list: ['a', null],
  });
  assert.equal(database.major, cluster.major);
  await database.close();
  await main.sql('ALTER ROLE dualtone RESET ALL');
});

test('questions asked at once are answered in order', async () => {
  const database = await open();
  const answers = await Promise.all([1, 2, 3].map(async (n) => database.query('SELECT $1::int AS n', [n])));
  assert.deepEqual(
    answers.map((answer) => answer.ok && answer.value[0]?.['n']),
    [1, 2, 3],
  );
  await database.close();
});

test('over TLS: with a pinned certificate, and no other', async () => {
  const over = { host: cluster.host };
  assert.equal(await refusal({ ...over, tls: { trusted: certificate, verifyName: false } }), 'ok');
  assert.equal(await refusal({ ...over, tls: { trusted: certificate, verifyName: true } }), 'ok');
  assert.match(await refusal(over), /^database-login-refused: .*pg_hba/);
  const other = await startCluster({ tls: true });
  try {
    const foreign = await readFile(other.certificateFile ?? '', 'utf8');
    assert.match(await refusal({ ...over, tls: { trusted: foreign, verifyName: false } }), /^database-tls: /);
  } finally {
    await other.stop();
  }
});

test('a server without TLS where TLS is asked for', async () => {
  const plain = await startCluster();
  try {
    const answer = await refusal({
      host: plain.host,
      port: plain.port,
      tls: { trusted: certificate, verifyName: false },
    });
    assert.match(answer, /^database-tls: .*does not support SSL/);
  } finally {
    await plain.stop();
  }
});

test('a statement too long is ended by the server, and the connection lives', async () => {
  const database = await open({ statementMs: 100 });
  const slow = await database.query('SELECT pg_sleep(10)');
  assert.equal(slow.ok ? '' : slow.error.code, 'database-too-slow');
  assert.equal(slow.ok ? '' : sqlStateOf(slow.error), '57014');
  assert.ok((await database.query('SELECT 1')).ok);
  await database.close();
});

test('an abort ends a statement at the server at once', async () => {
  const controller = new AbortController();
  const database = await open({}, controller.signal);
  const pid = database.processId;
  const slow = database.query('SELECT pg_sleep(20)');
  for (let look = 0; look < 500; look += 1) {
    const [row] = await main.sql('SELECT query FROM pg_stat_activity WHERE pid = $1', [pid]);
    if (String(row?.['query']).includes('pg_sleep')) break;
  }
  const before = performance.now();
  controller.abort();
  const result = await slow;
  assert.equal(result.ok ? '' : result.error.code, 'database-aborted');
  while ((await main.sql('SELECT FROM pg_stat_activity WHERE pid = $1', [pid])).length > 0)
    assert.ok(performance.now() - before < 15_000, 'the server process ends');
  assert.equal((await connectDatabase(main.access, controller.signal)).ok, false);
});

test('a server that goes away is said, and later questions too', async () => {
  const database = await open();
  await main.sql('SELECT pg_terminate_backend($1)', [database.processId]);
  const first = await database.query('SELECT 1');
  assert.match(first.ok ? '' : first.error.code, /^database-(lost|not-serving)$/);
  const second = await database.query('SELECT 1');
  assert.equal(second.ok ? '' : second.error.code, 'database-lost');
  await database.close();
});
