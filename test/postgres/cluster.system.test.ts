import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { startCluster } from './cluster.ts';
import { availableVersions, chosenMajors } from './versions.ts';

const exists = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );

void test('each version starts, answers, keeps its data over a crash, and leaves nothing', async (context) => {
  for (const version of chosenMajors()) {
    const cluster = await startCluster({ version, settings: { wal_level: 'logical' } });
    try {
      context.diagnostic(`ran: PostgreSQL ${cluster.version} from ${cluster.from}`);
      assert.equal(cluster.major, version);
      assert.ok(cluster.version.startsWith(`${version}.`), cluster.version);
      await cluster.query('CREATE TABLE kept AS SELECT 7 AS seven');
      await cluster.halt('kill');
      await cluster.startAgain();
      assert.deepEqual((await cluster.query('SELECT seven FROM kept')).rows, [{ seven: 7 }]);
      assert.deepEqual((await cluster.query('SHOW wal_level')).rows, [{ wal_level: 'logical' }]);
    } finally {
      await cluster.stop();
    }
    assert.equal(await exists(cluster.dataDir), false);
    assert.equal(await exists(`${cluster.socketDir}/.s.PGSQL.${cluster.port}`), false);
  }
  assert.ok((await availableVersions()).length > 0);
});

void test('each cluster has an identity of its own', async () => {
  const identities = new Set<unknown>();
  for (const options of [{}, {}]) {
    const cluster = await startCluster(options);
    try {
      const { rows } = await cluster.query('SELECT system_identifier AS identity FROM pg_control_system()');
      identities.add((rows[0] as Readonly<Record<string, unknown>>)['identity']);
    } finally {
      await cluster.stop();
    }
  }
  assert.equal(identities.size, 2);
});

void test('over TLS with its own certificate, and a password; without the password not', async () => {
  const cluster = await startCluster({ tls: true });
  try {
    const ca = await readFile(cluster.certificateFile ?? '', 'utf8');
    const { host, port } = cluster;
    const login = { host, port, user: 'postgres', database: 'postgres', ssl: { ca } };
    const client = new Client({ ...login, password: cluster.superuserPassword });
    await client.connect();
    const shown = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    await client.end();
    assert.deepEqual(shown.rows, [{ ssl: true }]);
    await assert.rejects(new Client({ ...login, password: 'wrong' }).connect(), /password authentication failed/);
  } finally {
    await cluster.stop();
  }
});

void test('an encoding other than UTF8', async () => {
  const cluster = await startCluster({ encoding: 'LATIN1' });
  try {
    assert.deepEqual((await cluster.query('SHOW server_encoding')).rows, [{ server_encoding: 'LATIN1' }]);
  } finally {
    await cluster.stop();
  }
});

void test('a test that is killed leaves neither server nor data', async () => {
  const program = `
    const { startCluster } = await import(${JSON.stringify(fileURLToPath(new URL('cluster.ts', import.meta.url)))});
    const cluster = await startCluster();
    const { rows } = await cluster.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'");
    console.log(JSON.stringify({ dataDir: cluster.dataDir, pid: rows[0].pid }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const { dataDir, pid } = JSON.parse(said.toString()) as { readonly dataDir: string; readonly pid: number };
  assert.equal(await exists(dataDir), true);
  child.kill('SIGKILL');
  const deadline = performance.now() + 10_000;
  while ((await exists(dataDir)) || (await exists(`/proc/${pid}`))) {
    assert.ok(performance.now() < deadline, 'the server or its folder is still there after 10 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});
