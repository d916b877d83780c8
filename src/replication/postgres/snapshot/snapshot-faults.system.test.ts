import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type Cluster, startCluster } from '../../../../test/postgres/cluster.ts';
import { run } from '../../../process/run.ts';
import type { StreamProgress } from '../../stream.ts';
import type { DatabaseAccess } from '../connection.ts';
import { startCutter } from '../testing/cutter.ts';
import { createRole, createTestDatabase, snapshotOptions, type TestDatabase } from '../testing/pair.ts';
import { runSnapshot, type SnapshotOptions } from './snapshot.ts';

let cluster: Cluster;
before(async () => {
  cluster = await startCluster();
  await createRole(cluster);
});
after(async () => {
  await cluster.stop();
});

const DDL = 'CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (id int PRIMARY KEY, v text)';

const pair = async (ddl = DDL, standbyDdl = ddl): Promise<[TestDatabase, TestDatabase]> => {
  const main = await createTestDatabase(cluster, "the main's database", ddl);
  const standby = await createTestDatabase(cluster, "the standby's database", standbyDdl);
  return [main, standby];
};

const OLD = ['{"v": "old", "id": 1}', '{"v": "old", "id": 2}'];
const NEW = ['{"v": "new", "id": 1}', '{"v": "new", "id": 3}'];

/** Both tables are to change, by update, delete and insert. */
const filledPair = async (): Promise<[TestDatabase, TestDatabase]> => {
  const [main, standby] = await pair();
  await main.sql(`INSERT INTO a VALUES (1, 'new'), (3, 'new'); INSERT INTO b VALUES (1, 'new'), (3, 'new')`);
  await standby.sql(`INSERT INTO a VALUES (1, 'old'), (2, 'old'); INSERT INTO b VALUES (1, 'old'), (2, 'old')`);
  return [main, standby];
};

const tables = async (database: TestDatabase): Promise<readonly (readonly string[])[]> => [
  await database.rows('SELECT * FROM a'),
  await database.rows('SELECT * FROM b'),
];

const outcome = async (
  options: SnapshotOptions,
  onProgress: (progress: StreamProgress) => void = () => undefined,
  signal = new AbortController().signal,
): Promise<string> => {
  const result = await runSnapshot(options, { signal, onProgress });
  return result.ok ? 'ok' : `${result.error.code}: ${result.error.message}`;
};

const changed = (options: SnapshotOptions, target: Partial<DatabaseAccess>): SnapshotOptions => ({
  ...options,
  target: { ...options.target, ...target },
});

describe('the guard', () => {
  test('a node that serves, or knows a newer term, is not overwritten', async () => {
    const [main, standby] = await filledPair();
    await standby.sql('UPDATE dualtone.stand_in SET serving = true');
    assert.match(await outcome(snapshotOptions(main, standby)), /^database-guarded: /);
    await standby.sql('UPDATE dualtone.stand_in SET serving = false, epoch = 3');
    assert.match(await outcome(snapshotOptions(main, standby)), /^database-guarded: /);
    assert.deepEqual(await tables(standby), [OLD, OLD]);
    assert.equal(await outcome({ ...snapshotOptions(main, standby), epoch: 4 }), 'ok');
    assert.deepEqual(await tables(standby), [NEW, NEW]);
  });

  test('a node that takes service in the middle of a run keeps what it has', async () => {
    const [main, standby] = await filledPair();
    const taken: Promise<unknown>[] = [];
    const result = await outcome(snapshotOptions(main, standby), ({ what }) => {
      if (what === 'b') taken.push(standby.sql('UPDATE dualtone.stand_in SET serving = true'));
    });
    await Promise.all(taken);
    // The update may come just before or after the run's last statement; never in between.
    assert.deepEqual(await tables(standby), result === 'ok' ? [NEW, NEW] : [OLD, OLD]);
  });

  test('a database that was never set up is refused in words', async () => {
    const [main, standby] = await filledPair();
    await standby.sql('DROP SCHEMA dualtone CASCADE');
    assert.match(await outcome(snapshotOptions(main, standby)), /^database-not-set-up: /);
  });
});

/** Resolved when the run at the standby waits for another session's row. */
const runWaits = async (standby: TestDatabase): Promise<void> => {
  const waiting = `SELECT FROM pg_stat_activity WHERE usename = 'dualtone' AND datname = current_database() AND wait_event_type = 'Lock'`;
  const since = performance.now();
  while ((await standby.sql(waiting)).length === 0) {
    assert.ok(performance.now() - since < 20_000, 'the run comes to the row that another session holds');
    await setTimeout(5);
  }
};

const LOCKS_OF_THE_RUN = `SELECT DISTINCT c.relname AS table, l.mode FROM pg_locks l
  JOIN pg_stat_activity s ON s.pid = l.pid JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE s.usename = 'dualtone' AND s.datname = current_database() AND l.locktype = 'relation'
    AND n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1, 2`;

describe('others at work', () => {
  test('readers and idle transactions on the standby hinder nothing and are not hindered', async () => {
    const [main, standby] = await filledPair();
    const { database } = standby.access;
    const reader = await cluster.connect({ database });
    const holder = await cluster.connect({ database });
    try {
      await reader.query('BEGIN; SELECT * FROM a; SELECT * FROM b');
      // Holds the run in its middle: `a` is written, `b` in part.
      await holder.query(`BEGIN; UPDATE b SET v = 'mine' WHERE id = 1`);
      const running = outcome(changed(snapshotOptions(main, standby), { lockMs: 25_000 }));
      await runWaits(standby);
      const locks = await standby.sql(LOCKS_OF_THE_RUN);
      const during = [await reader.query('SELECT v FROM a ORDER BY id'), await reader.query('SELECT v FROM b')];
      assert.deepEqual(
        during.map(({ rows }) => rows),
        [
          [{ v: 'old' }, { v: 'old' }],
          [{ v: 'old' }, { v: 'old' }],
        ],
      );
      await holder.query('ROLLBACK');
      assert.equal(await running, 'ok');
      assert.deepEqual(
        locks.map(({ table, mode }) => `${String(table)} ${String(mode)}`),
        ['a AccessShareLock', 'a RowExclusiveLock', 'b AccessShareLock', 'b RowExclusiveLock'],
      );
      assert.equal((await reader.query('SELECT v FROM a WHERE id = 3')).rowCount, 1);
    } finally {
      await holder.end();
      await reader.end();
    }
  });

  test('a row or table that another session has locked ends the run after the lock time, data as before', async () => {
    const [main, standby] = await filledPair();
    const other = await cluster.connect({ database: standby.access.database });
    try {
      for (const mode of ['', 'SHARE ROW EXCLUSIVE', 'ACCESS EXCLUSIVE']) {
        await other.query(`BEGIN; ${mode === '' ? `UPDATE b SET v = 'mine' WHERE id = 1` : `LOCK b IN ${mode} MODE`}`);
        const before = performance.now();
        const where = mode === '' ? 'while updating .* relation "b"' : mode.startsWith('S') ? 'It was at `b`' : '';
        assert.match(await outcome(snapshotOptions(main, standby)), new RegExp(`^database-locked: .*${where}`));
        assert.ok(performance.now() - before < 20_000, 'not the time of a statement');
        await other.query('ROLLBACK');
        assert.deepEqual(await tables(standby), [OLD, OLD]);
      }
    } finally {
      await other.end();
    }
    assert.equal(await outcome(snapshotOptions(main, standby)), 'ok');
  });

  test('another program that writes on the standby in the middle is noticed, and nothing half is left', async () => {
    const [main, standby] = await filledPair();
    const written: Promise<unknown>[] = [];
    const result = await outcome(snapshotOptions(main, standby), ({ what, done }) => {
      if (what === 'b' && done === 1) written.push(standby.sql(`INSERT INTO a VALUES (9, 'local')`));
    });
    await Promise.all(written);
    const [a, b] = await tables(standby);
    assert.ok(a?.includes('{"v": "local", "id": 9}') || result === 'ok');
    assert.ok(result === 'ok' ? b?.[0] === NEW[0] : b?.[0] === OLD[0], result);
    assert.equal(await outcome(snapshotOptions(main, standby)), 'ok');
    assert.deepEqual(await tables(standby), [NEW, NEW]);
  });

  test('the source is read at one moment, whatever is written there meanwhile', async () => {
    const [main, standby] = await pair(
      'CREATE TABLE a (id int PRIMARY KEY, n int); CREATE TABLE b (id int PRIMARY KEY, n int)',
    );
    await main.sql(
      'INSERT INTO a SELECT g, 100 FROM generate_series(1, 200) g; INSERT INTO b SELECT g, 0 FROM generate_series(1, 200) g',
    );
    const writer = await cluster.connect({ database: main.access.database });
    const writing = new AbortController();
    const work = (async () => {
      for (let n = 0; !writing.signal.aborted; n += 1)
        await writer.query(
          `BEGIN; UPDATE a SET n = n - 1 WHERE id = 1 + ${n} % 200; UPDATE b SET n = n + 1 WHERE id = 1 + ${n} % 200; COMMIT`,
        );
    })();
    try {
      for (let round = 0; round < 5; round += 1) {
        assert.equal(await outcome(snapshotOptions(main, standby)), 'ok');
        const [sum] = await standby.sql('SELECT (SELECT sum(n) FROM a) + (SELECT sum(n) FROM b) AS sum');
        assert.equal(sum?.['sum'], '20000');
      }
    } finally {
      writing.abort();
      await work;
      await writer.end();
    }
  });
});

describe('what does not fit', () => {
  const refused: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'a column only here',
      DDL,
      DDL.replace('v text', 'w text'),
      /database-schema-differs: In the table `a` the column `v` exists only in the main's database\. .*column `w` exists only in the standby's/,
    ],
    [
      'another type',
      DDL,
      DDL.replace('v text', 'v varchar(9)'),
      /the column `v` is text in the main's database, and character varying\(9\) in the standby's/,
    ],
    ['another key', DDL, DDL.replace('PRIMARY KEY, v', ', v'), /the key is `id` in the main's database, and no key in/],
    [
      'a table only here',
      DDL,
      'CREATE TABLE a (id int PRIMARY KEY, v text)',
      /The table `b` exists only in the main's database/,
    ],
    [
      'a missing enum label',
      `CREATE TYPE m AS ENUM ('x', 'y'); CREATE TABLE a (m m[])`,
      `CREATE TYPE m AS ENUM ('x'); CREATE TABLE a (m m[])`,
      /In the type `public\.m` the label `y` exists only in/,
    ],
  ];
  for (const [name, mainDdl, standbyDdl, expected] of refused)
    test(name, async () => {
      const [main, standby] = await pair(mainDdl, standbyDdl);
      assert.match(await outcome(snapshotOptions(main, standby)), expected);
    });

  test('what is excluded, or only on the standby, need not fit', async () => {
    const [main, standby] = await pair(
      `${DDL}; CREATE TABLE ev (id int)`,
      `${DDL}; CREATE TABLE ev (id text, x int); CREATE TABLE plugin (id int)`,
    );
    assert.equal(await outcome(snapshotOptions(main, standby, { exclude: ['ev'] })), 'ok');
  });

  test('another encoding, a read-only server, a missing right', async () => {
    const [main, standby] = await filledPair();
    const latin = await createTestDatabase(cluster, "the standby's database", DDL, { encoding: 'LATIN1', locale: 'C' });
    assert.match(await outcome(snapshotOptions(main, latin)), /^database-encoding-differs: .* as UTF8, .* as LATIN1/);
    await standby.sql('REVOKE UPDATE ON b FROM dualtone');
    assert.match(await outcome(snapshotOptions(main, standby)), /^database-rights-missing: .*UPDATE on "public"\."b"/);
    await standby.sql(
      `GRANT UPDATE ON b TO dualtone; ALTER ROLE dualtone IN DATABASE ${standby.access.database} SET default_transaction_read_only = on`,
    );
    assert.match(await outcome(snapshotOptions(main, standby)), /^database-takes-no-changes: .*read-only/);
    assert.deepEqual(await tables(standby), [OLD, OLD]);
  });
});

test('too little space is refused; another locale and another clock are told', async () => {
  const main = await createTestDatabase(cluster, "the main's database", DDL);
  const standby = await createTestDatabase(cluster, "the standby's database", DDL, { locale: 'C' });
  await main.sql(`INSERT INTO a VALUES (1, 'x')`);
  const options = snapshotOptions(main, standby);
  const space = async () => ({ freeBytes: 1000, directory: '/data' });
  assert.match(await outcome({ ...options, space }), /^database-space-short: .* 0 MiB free in \/data/);
  const { signal } = new AbortController();
  const told = await runSnapshot({ ...options, limits: { clockMs: -1 } }, { signal, onProgress: () => undefined });
  const codes = told.ok && told.value.warnings.map((warning) => warning.code);
  assert.deepEqual(codes, ['database-locale-differs', 'database-clock-differs']);
});

describe('the way to it', () => {
  test('wrong password, database or port: a clear word, at once', async () => {
    const [main, standby] = await filledPair();
    const options = snapshotOptions(main, standby);
    assert.match(await outcome(changed(options, { host: cluster.host, password: 'wrong' })), /^database-login-refused/);
    assert.match(await outcome(changed(options, { database: 'none' })), /^database-missing/);
    assert.match(await outcome(changed(options, { host: cluster.host, port: 1 })), /^database-unreachable/);
    assert.match(await outcome(changed(options, { host: '/nowhere' })), /^database-unreachable/);
  });

  test('a peer that swallows everything ends within the connect time', async () => {
    const [main, standby] = await filledPair();
    const hole = await startCutter(cluster.host, cluster.port, 'silent', 0);
    try {
      const before = performance.now();
      const options = changed(snapshotOptions(main, standby), { host: '127.0.0.1', port: hole.port, connectMs: 300 });
      assert.match(
        await outcome(options),
        /^database-silent: the standby's database did not let Dualtone in within 300 ms/,
      );
      const tls = { trusted: '', verifyName: false };
      assert.match(await outcome(changed(options, { tls })), /^database-silent/);
      assert.ok(performance.now() - before < 20_000, 'not the time of any other connection');
    } finally {
      await hole.stop();
    }
  });

  test('a peer that falls silent in the middle ends within a statement’s time, and the time limit ends all', async () => {
    const [main, standby] = await filledPair();
    const hole = await startCutter(cluster.host, cluster.port, 'silent', 9000);
    try {
      const options = changed(snapshotOptions(main, standby), { host: '127.0.0.1', port: hole.port, statementMs: 300 });
      assert.match(await outcome(options), /^database-silent: the standby's database did not answer within 2300 ms/);
      assert.match(await outcome({ ...options, timeLimitMs: 200 }), /^database-(time-limit|silent)/);
    } finally {
      await hole.stop();
    }
    assert.deepEqual(await tables(standby), [OLD, OLD]);
  });
});

/** The server may still be at work for a client that is gone. */
const sessionsEnded = async (database: TestDatabase): Promise<void> => {
  const since = performance.now();
  while ((await database.sql(`SELECT FROM pg_stat_activity WHERE usename = 'dualtone'`)).length > 0)
    assert.ok(performance.now() - since < 30_000, 'sessions end');
};

const makeOld = async (standby: TestDatabase): Promise<void> => {
  await standby.sql(`TRUNCATE a, b; INSERT INTO a VALUES (1, 'old'), (2, 'old'); INSERT INTO b TABLE a`);
};

describe('old or new, whole, and the next run completes it', () => {
  for (const side of ['source', 'target'] as const)
    test(`cut off from the ${side} after any byte`, async () => {
      const [main, standby] = await filledPair();
      const options = snapshotOptions(main, standby);
      const through = ({ port }: { readonly port: number }): SnapshotOptions => ({
        ...options,
        [side]: { ...options[side], host: '127.0.0.1', port },
      });
      const measured = await startCutter(cluster.host, cluster.port, 'cut', Number.POSITIVE_INFINITY);
      assert.equal(await outcome(through(measured)), 'ok');
      const total = measured.passed();
      await measured.stop();
      const seen = new Set<string>();
      const rounds = 25;
      for (let round = 1; round <= rounds; round += 1) {
        await makeOld(standby);
        const cutter = await startCutter(cluster.host, cluster.port, 'cut', Math.floor((total * round) / rounds));
        const result = await outcome(through(cutter));
        await cutter.stop();
        await sessionsEnded(standby);
        const found = JSON.stringify(await tables(standby));
        assert.ok([OLD, NEW].map((state) => JSON.stringify([state, state])).includes(found), found);
        if (result === 'ok') assert.equal(found, JSON.stringify([NEW, NEW]));
        seen.add(result.replace(/:.*/s, ''));
      }
      assert.ok(seen.has('database-lost'));
      assert.equal(await outcome(options), 'ok');
      assert.deepEqual(await tables(standby), [NEW, NEW]);
    });

  test('called off at any table', async () => {
    const [main, standby] = await filledPair();
    for (let stop = 1; stop <= 5; stop += 1) {
      const controller = new AbortController();
      let events = 0;
      const count = (): void => {
        events += 1;
        if (events === stop) controller.abort();
      };
      assert.match(await outcome(snapshotOptions(main, standby), count, controller.signal), /^database-aborted/);
      await sessionsEnded(standby);
      assert.deepEqual(await tables(standby), [OLD, OLD]);
    }
    assert.equal(await outcome(snapshotOptions(main, standby)), 'ok');
    assert.deepEqual(await tables(standby), [NEW, NEW]);
  });
});

// The last: it takes the server away.
test('a disk that is full at the standby is said, and its data are as before', async () => {
  const owner = (await stat(cluster.dataDir)).uid;
  const folder = await mkdtemp(join(tmpdir(), 'dualtone-small-disk-'));
  const mounted = await run(['mount', '-t', 'tmpfs', '-o', `size=24m,mode=0700,uid=${owner}`, 'small', folder], {
    timeoutMs: 5000,
  });
  assert.ok(mounted.ok && mounted.value.exitCode === 0, JSON.stringify(mounted));
  try {
    await cluster.query(`CREATE TABLESPACE small LOCATION '${folder}'`);
    const main = await createTestDatabase(cluster, "the main's database", DDL);
    const standby = await createTestDatabase(cluster, "the standby's database", DDL, { tablespace: 'small' });
    await main.sql(
      `INSERT INTO a SELECT g, repeat('x', 1000) FROM generate_series(1, 20000) g; INSERT INTO b VALUES (1, 'new')`,
    );
    await standby.sql(`INSERT INTO a VALUES (1, 'old'), (2, 'old'); INSERT INTO b VALUES (1, 'old'), (2, 'old')`);
    assert.match(
      await outcome(snapshotOptions(main, standby)),
      /^database-disk-full: The disk of the standby's database is full/,
    );
    assert.deepEqual(await tables(standby), [OLD, OLD]);
  } finally {
    await cluster.halt('immediate');
    await run(['umount', '--lazy', folder], { timeoutMs: 5000 });
    await rm(folder, { recursive: true, force: true });
  }
});
