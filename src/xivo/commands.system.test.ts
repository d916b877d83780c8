/** The original's acceptance scenario "synchronisation", with a real PostgreSQL on each side, a real sshd and a real rsync. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Cluster, startCluster } from '../../test/postgres/cluster.ts';
import { startSshd } from '../../test/ssh/sshd.ts';
import { type Config, configOf } from '../agent/testing/config.ts';
import { run } from '../process/run.ts';
import { createRole, createTestDatabase } from '../replication/postgres/testing/pair.ts';
import { createReplicate, replicateDatabase } from './database-replication.ts';
import { makeKey, type SyncWay, syncFiles } from './file-sync.ts';
import { createTestMachine } from './testing/machine.ts';

const DDL = `
CREATE TABLE userfeatures (id integer PRIMARY KEY, firstname text);
CREATE TABLE cel (id serial PRIMARY KEY, eventtype text);
CREATE TABLE session (sessid text PRIMARY KEY);
CREATE TABLE queuefeatures (name text PRIMARY KEY);
`;

const nodeDatabase = async (cluster: Cluster, name: string): Promise<string> => {
  await createRole(cluster);
  const { access } = await createTestDatabase(cluster, name, DDL);
  await cluster.query(`ALTER DATABASE ${access.database} RENAME TO asterisk`);
  return access.password;
};

const column = async (cluster: Cluster, sql: string): Promise<readonly unknown[]> =>
  (await cluster.query(sql, undefined, 'asterisk')).rows.map((row) => Object.values(row as object)[0] as unknown);

test('xivo-master-slave-db-replication: a user of the main is on the standby, events and sessions of each stay, a dead address is one mail', {
  timeout: 300_000,
}, async () => {
  const machine = createTestMachine();
  const [main, standby] = await Promise.all([startCluster(), startCluster({ tls: true })]);
  try {
    const password = await nodeDatabase(main, 'main');
    await nodeDatabase(standby, 'standby');
    await main.query(
      "INSERT INTO userfeatures VALUES (7, 'test-replication'); INSERT INTO cel VALUES (1, 'MAIN'); INSERT INTO queuefeatures VALUES ('COPYshop')",
      undefined,
      'asterisk',
    );
    await standby.query(
      "INSERT INTO cel VALUES (1, 'STANDBY'); INSERT INTO session VALUES ('s')",
      undefined,
      'asterisk',
    );
    machine.write('/password', password);
    execFileSync('chmod', ['600', `${machine.root}/password`]);
    const base = configOf('main', 'profile: xivo\nstreams: { database: { mode: snapshot } }\n');
    const configFor = (address: string, port: number): Config => ({
      ...base,
      peer: { ...base.peer, address },
      streams: {
        ...base.streams,
        database: {
          ...base.streams.database,
          socket: main.socketDir,
          port,
          passwordFile: `${machine.root}/password`,
          caFile: standby.certificateFile,
          connectTimeMs: 1500,
        },
      },
    });
    // One port for both in the configuration: the standby's, by TCP; the main's socket has a name of its port.
    execFileSync('ln', ['-s', `.s.PGSQL.${main.port}`, `${main.socketDir}/.s.PGSQL.${standby.port}`]);
    const replicate = createReplicate(machine.ground, async () => ({ ok: true, value: 0 }));

    machine.config = configFor('198.51.100.1', standby.port);
    assert.equal(await replicateDatabase(machine.ground, '198.51.100.1', replicate), 1);
    assert.equal(machine.mails.length, 1);
    assert.match(machine.mails[0] ?? '', /Slave replication failed/);
    assert.deepEqual(await column(standby, 'SELECT firstname FROM userfeatures'), []);

    machine.config = configFor('127.0.0.1', standby.port);
    const done = await replicateDatabase(machine.ground, '127.0.0.1', replicate);
    assert.equal(done, 0, machine.said.join('\n'));
    assert.deepEqual(await column(standby, 'SELECT firstname FROM userfeatures'), ['test-replication']);
    assert.deepEqual(await column(standby, 'SELECT name FROM queuefeatures'), ['COPYshop']);
    assert.deepEqual(await column(standby, 'SELECT eventtype FROM cel'), ['STANDBY']);
    assert.deepEqual(await column(standby, 'SELECT sessid FROM session'), ['s']);
    assert.equal(machine.mails.length, 1);
  } finally {
    await Promise.all([main.stop(), standby.stop()]);
    machine.remove();
  }
});

test('xivo-sync: the key, let in, logs in as documented; a file of the main appears on the standby, one that is gone goes, a missing directory hurts nothing', {
  timeout: 300_000,
}, async () => {
  const sshd = await startSshd();
  const here = mkdtempSync(join(tmpdir(), 'dualtone-sync-'));
  try {
    const way: SyncWay = {
      keyFile: join(here, 'xivo_id_rsa'),
      knownHostsFile: join(here, 'known'),
      user: 'root',
      address: '127.0.0.1',
      port: sshd.port,
    };
    assert.ok((await makeKey(run, way.keyFile)).ok);
    writeFileSync(
      way.knownHostsFile,
      `[127.0.0.1]:${sshd.port} ${readFileSync(join(sshd.folder, 'host_key.pub'), 'utf8')}`,
    );
    const extra = join(here, 'extensions_extra.d');
    mkdirSync(extra);
    writeFileSync(join(extra, 'test.conf'), 'exten = 1\n');
    const standby = join(here, 'standby');
    mkdirSync(standby);
    const wanted = [extra, join(here, 'absent')];

    const refused = await syncFiles(run, way, wanted, `${standby}/`);
    assert.equal(refused.ok ? 'done' : refused.error.code, 'xivo-sync-failed');
    copyFileSync(`${way.keyFile}.pub`, sshd.authorizedKeys);
    assert.match(readFileSync(sshd.authorizedKeys, 'utf8'), /XiVO HA/);
    const login = await run(
      [
        'ssh',
        '-F',
        'none',
        '-i',
        way.keyFile,
        '-p',
        String(sshd.port),
        '-o',
        `UserKnownHostsFile=${way.knownHostsFile}`,
        'root@127.0.0.1',
        'true',
      ],
      { timeoutMs: 10_000 },
    );
    assert.ok(login.ok && login.value.exitCode === 0, 'the documented login by `ssh -i`');
    const done = await syncFiles(run, way, wanted, `${standby}/`);
    assert.deepEqual(done, { ok: true, value: { directories: 1, missing: [join(here, 'absent')] } });
    const there = `${standby}${extra}/test.conf`;
    assert.equal(readFileSync(there, 'utf8'), 'exten = 1\n');
    rmSync(join(extra, 'test.conf'));
    assert.ok((await syncFiles(run, way, wanted, `${standby}/`)).ok);
    assert.ok(!existsSync(there));
  } finally {
    await sshd.stop();
    rmSync(here, { recursive: true, force: true });
  }
});
