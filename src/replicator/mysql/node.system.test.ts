/** Two nodes with real servers, of MariaDB and of MySQL: takeover, return, failback, and what a person must decide; nothing is ever overwritten. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Edition, editionsUnderTest, type Make, makeOf } from '../../../test/mysql/makes.ts';
import { removeTemplate } from '../../../test/mysql/server.ts';
import { ok } from '../../core/result.ts';
import { compareAll } from '../../replication/mysql/compare.ts';
import type { Mysql } from '../../replication/mysql/connection.ts';
import { createMysqlNode, type MysqlNode } from '../../replication/mysql/node.ts';
import { answerRows, localSide, peerSide } from '../../replication/mysql/sides.ts';
import {
  must,
  PASSWORD,
  rows,
  startPair,
  type TestNode,
  type TestPair,
  textOf,
  wordsOf,
} from '../../replication/mysql/testing/pair.ts';
import { createTalk } from '../../replication/talk.ts';
import { systemClock } from '../../time/clock.ts';
import { createMysqlPart } from './merge-part.ts';

type Listener = (message: unknown) => void;

/** The pair's stream, that can be cut: who sends does not notice, as when the other side loses power. */
const createLine = () => {
  const listeners: Record<'main' | 'standby', Listener> = { main: () => undefined, standby: () => undefined };
  const line: { cut: boolean; onLost: (from: 'main' | 'standby') => void } = { cut: false, onLost: () => undefined };
  const talkOf = (here: 'main' | 'standby', there: 'main' | 'standby') =>
    createTalk(
      {
        send: (message) => {
          if (line.cut) line.onLost(here);
          else setImmediate(() => listeners[there](message));
          return true;
        },
        onMessage: (listener) => {
          listeners[here] = listener;
        },
        onConnected: () => undefined,
      },
      systemClock,
    );
  return { line, main: talkOf('main', 'standby'), standby: talkOf('standby', 'main') };
};

const said: string[] = [];
let accepted: { main: string; standby: string };
let line: ReturnType<typeof createLine>['line'];
let talks: Omit<ReturnType<typeof createLine>, 'line'>;

const nodeFor = (role: 'main' | 'standby', here: TestNode, there: TestNode): MysqlNode =>
  createMysqlNode({
    serverId: here.serverId,
    access: () =>
      ok({
        name: role,
        socket: here.server.socket,
        user: 'dualtone',
        password: PASSWORD,
        connectMs: 30_000,
        statementMs: 10_000,
      }),
    source: async () => ok(there.source()),
    place: () => there.source(),
    filters: { databases: ['asterisk'], exclude: [] },
    semiSyncWaitMs: 500,
    catchUpMs: 3000,
    accepted: () => accepted[role],
    talk: talks[role],
    clock: systemClock,
    reporter: { note: () => undefined, say: (_level, code) => said.push(`${role}: ${code}`) },
  });

let edition: Edition;
let make: Make;
let pair: TestPair;
let main: MysqlNode;
let standby: MysqlNode;

const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const limit = performance.now() + 15_000;
  while (!(await holds())) {
    assert.ok(performance.now() < limit, `${what}: ${JSON.stringify([main.status(), standby.status(), said])}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

const writes = async (node: TestNode, text: string): Promise<boolean> => {
  const db = await node.telephony();
  const done = await db.query(text);
  db.destroy();
  return done.ok;
};

const names = async (node: TestNode): Promise<readonly unknown[]> => {
  const db = await node.root();
  const found = await rows(db, 'SELECT name FROM asterisk.users ORDER BY id');
  db.destroy();
  return found.map((row) => row['name']);
};

const add = (name: string): string => `INSERT INTO asterisk.users (name) VALUES ('${name}')`;
/** At a passive node, whose MySQL is locked again within a second: then once more. */
const asAdministrator = (db: Mysql, statements: readonly string[]): Promise<void> =>
  until('the administrator writes', async () => (await db.runAll([...wordsOf[make].lift, ...statements])).ok);

const TABLE = 'CREATE TABLE asterisk.users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80)) ENGINE=InnoDB';

const passiveFollows = async (): Promise<void> => {
  const admin = await pair.main.root();
  for (const node of [main, standby]) node.start();
  main.setRight({ holding: 1, highest: 1 }, 0);
  standby.setRight({ holding: 0, highest: 1 }, 0);
  await until(
    'the main takes writes',
    async () => (await admin.query('CREATE DATABASE IF NOT EXISTS asterisk')).ok && writes(pair.main, TABLE),
  );
  admin.destroy();
  await until('the standby is in step', () => standby.status().condition === 'in-step');
  assert.ok(await writes(pair.main, add('Ada')));
  await until('the row is there', async () => (await names(pair.standby)).length === 1);
  assert.equal(await writes(pair.standby, add('nobody')), false);
  await until('the main knows', () => main.status().condition === 'in-step' && (main.status().lagMs ?? 9999) < 3000);
  const admin2 = await pair.main.root();
  const { semiSyncClients } = wordsOf[make];
  assert.deepEqual(await rows(admin2, `SHOW STATUS LIKE '${semiSyncClients}'`), [
    { Variable_name: semiSyncClients, Value: '1' },
  ]);
  admin2.destroy();
};

/** Listens on the port given, and takes nobody: of who connects the kernel keeps two, and the third waits as for a host without power. */
const TAKES_NOBODY = `use IO::Socket::INET; $| = 1;
  my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => shift, Listen => 1, ReuseAddr => 1) or die $!;
  print "ready\\n"; <STDIN>;`;

/** Somebody waits for an answer to the first packet of a connection to that port (state 2 of the kernel's list). */
const isWaiting = (port: number): boolean =>
  readFileSync('/proc/net/tcp', 'utf8').includes(`:${port.toString(16).toUpperCase().padStart(4, '0')} 02 `);

/** Ends what stands in the place of a server; also after a test that failed. */
let speak = (): void => undefined;

/** In the place of a server that is gone without a word. Comes back when the other server waits for it. */
const muteInPlaceOf = async ({ server }: TestNode): Promise<() => void> => {
  const mute = spawn('perl', ['-e', TAKES_NOBODY, String(server.port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(mute.stdout, 'data');
  const kept = [connect(server.port, '127.0.0.1'), connect(server.port, '127.0.0.1')];
  for (const socket of kept) socket.on('error', () => undefined);
  await until('it waits', () => isWaiting(server.port));
  return () => {
    mute.kill('SIGKILL');
    for (const socket of kept) socket.destroy();
  };
};

const mainLosesPower = async (): Promise<void> => {
  line.cut = true;
  await pair.main.server.kill();
  speak = await muteInPlaceOf(pair.main);
  // The worst moment: a look is under way, and waits for the other node's word.
  await new Promise<void>((resolve) => {
    line.onLost = (from) => from === 'standby' && resolve();
  });
  standby.setRight({ holding: 2, highest: 2 }, 1);
  await until('the standby takes writes', () => writes(pair.standby, add('Lin')));
  // A server of 10.5 gives that connection up at once when it is told to forget the link, which comes after.
  if (edition !== 'mariadb-10.5')
    assert.ok(isWaiting(pair.main.server.port), 'writes are let in while its own connection is still waited for');
  speak();
  main.setRight({ holding: 0, highest: 2 }, 0);
  await pair.main.server.startAgain();
  line.cut = false;
  assert.equal(await writes(pair.main, add('nobody')), false);
  const quiet = { signal: new AbortController().signal };
  const part = createMysqlPart(main);
  const merge = { mergeKey: 'a', directory: '', terms: [], settled: false };
  const options = {
    ...quiet,
    pass: 'first',
    decisions: { all: 'ask', byId: {} },
    onProgress: () => undefined,
  } as const;
  await until('the main follows', () => main.status().condition === 'in-step');
  const done = await must(part.run(merge, options));
  assert.equal(done.left, 0);
  assert.deepEqual(await names(pair.main), ['Ada', 'Lin']);

  assert.ok(await writes(pair.standby, add('Kay')));
  standby.setRight({ holding: 0, highest: 3 }, 1);
  main.setRight({ holding: 3, highest: 3 }, 0);
  await until('the main takes writes', () => writes(pair.main, add('Joe')));
  assert.deepEqual(
    await names(pair.main),
    ['Ada', 'Lin', 'Kay', 'Joe'],
    'its first write comes after all of the standby',
  );
  await must(part.run(merge, { ...options, pass: 'second' }));
  standby.setRight({ holding: 0, highest: 3 }, 0);
  await until('the standby follows', async () => (await names(pair.standby)).length === 4);
};

const strayIsTold = async (): Promise<void> => {
  const root = await pair.standby.root();
  await asAdministrator(root, [add('stray')]);
  await until('it is told', () => standby.status().lastError?.code === 'mysql-strayed');
  assert.equal(standby.status().condition, 'blocked');
  assert.equal((await names(pair.main)).includes('stray'), false);
  accepted.standby = await textOf(root, wordsOf[make].position);
  await until('both have it', async () => (await names(pair.main)).includes('stray'));
  await until('all is well', () => standby.status().condition === 'in-step' && main.status().condition === 'in-step');
  root.destroy();
};

const rowsAreShown = async (): Promise<void> => {
  const root = await pair.standby.root();
  await asAdministrator(root, [
    'SET SESSION sql_log_bin = 0',
    "UPDATE asterisk.users SET name = 'Eve' WHERE name = 'Ada'",
    "DELETE FROM asterisk.users WHERE name = 'Joe'",
    "REPLACE INTO asterisk.users (id, name) VALUES (90001, 'ghost')",
  ]);
  const home = await pair.main.root();
  const many = Array.from({ length: 2500 }, (_, index) => `('user ${index}')`).join(', ');
  await must(
    home.runAll([
      'CREATE TABLE asterisk.log (text VARCHAR(20)) ENGINE=InnoDB',
      `INSERT INTO asterisk.users (name) VALUES ${many}`,
      'CREATE TABLE asterisk.devices (id VARBINARY(16) PRIMARY KEY, name VARCHAR(80)) ENGINE=InnoDB',
      "INSERT INTO asterisk.devices SELECT UNHEX(LPAD(HEX(id), 8, '0')), name FROM asterisk.users",
    ]),
  );
  const [last] = await rows(home, 'SELECT HEX(MAX(id)) AS id FROM asterisk.devices');
  await until('the rows are there', async () => {
    const there = await root.query('SELECT COUNT(*) AS count FROM asterisk.devices');
    return there.ok && String(there.value[0]?.['count']) === '2505';
  });
  await asAdministrator(root, [
    "UPDATE asterisk.devices SET name = 'other' ORDER BY id DESC LIMIT 1",
    // Alike, so that they leave no trace in a digest.
    "INSERT INTO asterisk.log VALUES ('twice'), ('twice')",
  ]);
  const filters = { databases: ['asterisk'], exclude: [] };
  answerRows(talks.standby, filters, () => pair.standby.own().then(ok));
  let settled = 0;
  const compared = await must(
    compareAll(
      { here: localSide(home, filters), there: peerSide(talks.main) },
      {
        signal: new AbortController().signal,
        onProgress: () => undefined,
        settle: async () => {
          settled += 1;
          // As a row that was on its way, and has come.
          await asAdministrator(root, ['DELETE FROM asterisk.users WHERE id = 90001']);
        },
      },
    ),
  );
  assert.deepEqual([compared.tables, compared.rows, compared.differing, settled], [3, 5010, 3, 1]);
  const [device, ...users] = compared.differences;
  assert.deepEqual(
    [device?.key, device?.columns],
    [`id=${String(last?.['id'])}`, [{ name: 'name', here: 'user 2499', there: 'other' }]],
  );
  assert.deepEqual(users, [
    { table: 'asterisk.users', key: 'id=1', columns: [{ name: 'name', here: 'Ada', there: 'Eve' }], only: null },
    {
      table: 'asterisk.users',
      key: users[1]?.key,
      columns: [
        { name: 'id', here: users[1]?.key.slice(3), there: null },
        { name: 'name', here: 'Joe', there: null },
      ],
      only: 'here',
    },
  ]);
  assert.deepEqual(
    [compared.more, compared.notCompared],
    [false, ['asterisk.log (differs, and has no primary key by which its rows could be told)']],
  );
  for (const db of [root, home]) db.destroy();
};

/** Lifted by a person for a copy, or by a program. */
const lockIsWhole = async (): Promise<void> => {
  const root = await pair.standby.root();
  await must(root.runAll(wordsOf[make].lift));
  await until(
    'administrators are bound again',
    async () => (await textOf(root, 'SELECT @@global.super_read_only AS text')) === '1',
  );
  const done = await must(pair.standby.setup(root).apply());
  assert.deepEqual(
    done.filter(({ condition }) => condition !== 'right'),
    [],
    'set-up can be repeated on a passive node',
  );
  assert.equal(await textOf(root, 'SELECT @@global.super_read_only AS text'), '1');
  root.destroy();
};

for (const each of editionsUnderTest()) {
  describe(each, () => {
    before(async () => {
      edition = each;
      make = makeOf(each);
      accepted = { main: '', standby: '' };
      ({ line, ...talks } = createLine());
      pair = await startPair(each);
      main = nodeFor('main', pair.main, pair.standby);
      standby = nodeFor('standby', pair.standby, pair.main);
    });
    after(async () => {
      speak();
      await Promise.all([main?.stop(), standby?.stop()]);
      for (const talk of Object.values(talks)) talk.stop();
      await pair?.stop();
      await removeTemplate();
    });
    test('the node that serves takes writes, the other follows within a second and takes none', passiveFollows);
    test(
      'the main loses its power: the standby takes writes at once; they are home before the main takes any',
      mainLosesPower,
    );
    test(
      "what an administrator wrote to the passive node's MariaDB, which read_only does not bind, is told, kept, and flows when a person says so",
      strayIsTold,
    );
    test(
      'rows that differ are shown one by one, with both values and without secrets; rows on their way are not',
      rowsAreShown,
    );
    if (each === 'mysql') test('what binds administrators is in force again when one has lifted it', lockIsWhole);
  });
}
