/** Two real MariaDB servers: set up, followed, read-only, turned round and back, and what stands in the way. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { removeTemplate } from '../../../test/mysql/server.ts';
import { linkFault } from './assess.ts';
import type { Mysql } from './connection.ts';
import { contains } from './gtid.ts';
import {
  beginLink,
  forgetLink,
  readLink,
  readPosition,
  readReadOnly,
  setReadOnly,
  stopReceiving,
  waitFor,
  waitForApplied,
} from './link.ts';
import { must, rows, startPair, type TestNode, type TestPair } from './testing/pair.ts';

const FILTERS = { databases: ['asterisk'], exclude: ['asterisk.cache_hints'] };
const quiet = new AbortController().signal;

let pair: TestPair;
let main: Mysql;
let standby: Mysql;

before(async () => {
  pair = await startPair();
  [main, standby] = [await pair.main.own(), await pair.standby.own()];
});
after(async () => {
  await pair?.stop();
  await removeTemplate();
});

const follow = async (db: Mysql, node: TestNode, from: TestNode, other: Mysql): Promise<void> => {
  const there = await must(readPosition(other));
  await must(beginLink(db, from.source(), FILTERS, { logThere: there.log, serverId: node.serverId }));
};

/** Until this server has all that the other has. */
const caughtUp = async (db: Mysql, other: Mysql): Promise<boolean> => {
  const there = await must(readPosition(other));
  return must(waitFor(db, there.executed, 5000, quiet));
};

const faultOf = async (db: Mysql): Promise<string | null> => {
  const limit = performance.now() + 5000;
  for (;;) {
    const link = await must(readLink(db));
    const fault = link === null ? null : linkFault(link);
    if (fault !== null || performance.now() > limit) return fault?.code ?? null;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

test('set-up leaves nothing to do, and the accounts have only the rights that they need', async () => {
  for (const node of [pair.main, pair.standby]) {
    const root = await node.root();
    const items = await must(node.setup(root).look());
    assert.deepEqual(
      items.filter(({ condition }) => condition !== 'right'),
      [],
    );
    const grants = (await rows(root, 'SHOW GRANTS FOR dualtone_fetch@localhost'))
      .flatMap((row) => Object.values(row))
      .join('\n');
    assert.match(grants, /GRANT REPLICATION SLAVE ON \*\.\*/);
    assert.match(grants, /REQUIRE SSL/);
    root.destroy();
  }
  assert.deepEqual(await must(readReadOnly(main)), { locked: true, strict: false });
  const refused = await main.query('CREATE DATABASE mine');
  assert.equal(refused.ok ? null : refused.error.code, 'mysql-not-allowed');
});

test('the standby follows the main over TLS; its telephone system cannot write; tables left out do not come', async () => {
  await must(setReadOnly(main, false));
  const writer = await pair.main.root();
  await must(
    writer.runAll([
      'CREATE DATABASE asterisk',
      'CREATE TABLE asterisk.users (id INT AUTO_INCREMENT PRIMARY KEY, extension VARCHAR(20) UNIQUE, name VARCHAR(80)) ENGINE=InnoDB',
      'CREATE TABLE asterisk.cache_hints (id INT PRIMARY KEY) ENGINE=InnoDB',
      'CREATE DATABASE other',
      'CREATE TABLE other.t (id INT PRIMARY KEY) ENGINE=InnoDB',
    ]),
  );
  await follow(standby, pair.standby, pair.main, main);
  const telephony = await pair.main.telephony();
  await must(
    telephony.runAll([
      "INSERT INTO asterisk.users (extension, name) VALUES ('1001', 'Ada'), ('1002', 'Zoë')",
      'INSERT INTO asterisk.cache_hints VALUES (1)',
    ]),
  );
  assert.equal(await caughtUp(standby, main), true);
  const there = await pair.standby.telephony();
  assert.deepEqual(await rows(there, 'SELECT extension, name FROM asterisk.users ORDER BY id'), [
    { extension: '1001', name: 'Ada' },
    { extension: '1002', name: 'Zoë' },
  ]);
  const refused = await there.query("INSERT INTO asterisk.users (extension) VALUES ('1')");
  assert.equal(refused.ok ? null : refused.error.code, 'mysql-read-only');
  const root = await pair.standby.root();
  assert.deepEqual(await rows(root, "SHOW DATABASES LIKE 'other'"), []);
  assert.deepEqual(await rows(root, "SHOW TABLES FROM asterisk LIKE 'cache%'"), []);
  const link = await must(readLink(standby));
  assert.equal(link?.byGtid, true);
  assert.equal(link?.receiving.state, 'running');
  for (const db of [writer, telephony, there, root]) db.destroy();
});

test('the main loses its power: what came is applied, the standby writes, and its rows come back when the main does', async () => {
  main.destroy();
  await pair.main.server.kill();
  await must(stopReceiving(standby));
  assert.equal(await must(waitForApplied(standby, 3000, quiet)), true);
  await must(forgetLink(standby));
  await must(setReadOnly(standby, false));
  const telephony = await pair.standby.telephony();
  await must(
    telephony.runAll([
      "INSERT INTO asterisk.users (extension, name) VALUES ('1003', 'Lin')",
      "UPDATE asterisk.users SET name = 'Ada L.' WHERE extension = '1001'",
    ]),
  );

  await pair.main.server.startAgain();
  main = await pair.main.own();
  assert.deepEqual(
    await must(readReadOnly(main)),
    { locked: true, strict: false },
    'a server that boots takes no writes',
  );
  await follow(main, pair.main, pair.standby, standby);
  assert.equal(await caughtUp(main, standby), true);

  await must(setReadOnly(standby, true));
  assert.equal(await caughtUp(main, standby), true);
  await must(forgetLink(main));
  await must(setReadOnly(main, false));
  const home = await pair.main.telephony();
  await must(home.query("INSERT INTO asterisk.users (extension, name) VALUES ('1004', 'Kay')"));
  await follow(standby, pair.standby, pair.main, main);
  assert.equal(await caughtUp(standby, main), true);
  const expected = [
    { extension: '1001', name: 'Ada L.' },
    { extension: '1002', name: 'Zoë' },
    { extension: '1003', name: 'Lin' },
    { extension: '1004', name: 'Kay' },
  ];
  assert.deepEqual(await rows(home, 'SELECT extension, name FROM asterisk.users ORDER BY extension'), expected);
  assert.deepEqual(await rows(telephony, 'SELECT extension, name FROM asterisk.users ORDER BY extension'), expected);
  const [here, there] = [await must(readPosition(main)), await must(readPosition(standby))];
  assert.ok(contains(here.executed, there.executed) && contains(there.executed, here.executed));
  for (const db of [telephony, home]) db.destroy();
});

/** As if it had followed so far. */
const pretend = (position: string): readonly string[] => [
  'SET GLOBAL gtid_strict_mode = 0',
  `SET GLOBAL gtid_slave_pos = '${position}'`,
  'SET GLOBAL gtid_strict_mode = 1',
];

test('each trouble has a fault of its own: wrong password, a duplicate key, diverged ids, purged logs', async () => {
  const there = await must(readPosition(main));
  const wrong = { ...pair.main.source(), password: 'wrong' };
  await must(beginLink(standby, wrong, FILTERS, { logThere: there.log, serverId: 2 }));
  assert.equal(await faultOf(standby), 'mysql-source-login');

  await follow(standby, pair.standby, pair.main, main);
  const root = await pair.standby.root();
  await must(
    root.runAll([
      'SET SESSION sql_log_bin = 0',
      "INSERT INTO asterisk.users (id, extension, name) VALUES (999, '1999', 'stray')",
    ]),
  );
  const home = await pair.main.telephony();
  await must(home.query("INSERT INTO asterisk.users (id, extension, name) VALUES (999, '1999', 'right')"));
  assert.equal(await faultOf(standby), 'mysql-duplicate');
  assert.deepEqual(
    await rows(root, 'SELECT name FROM asterisk.users WHERE id = 999'),
    [{ name: 'stray' }],
    'nothing is overwritten',
  );
  await must(root.query('DELETE FROM asterisk.users WHERE id = 999'));
  await must(standby.runAll(standby.dialect.start));
  assert.equal(await caughtUp(standby, main), true);

  await must(forgetLink(standby));
  await must(standby.runAll(pretend('1-1-999999')));
  await follow(standby, pair.standby, pair.main, main);
  assert.equal(await faultOf(standby), 'mysql-diverged');

  await must(forgetLink(standby));
  const upstream = await pair.main.root();
  await must(
    upstream.runAll([
      "INSERT INTO asterisk.users (extension) VALUES ('1005')",
      'FLUSH BINARY LOGS',
      "INSERT INTO asterisk.users (extension) VALUES ('1006')",
      'FLUSH BINARY LOGS',
    ]),
  );
  const [last] = (await rows(upstream, 'SHOW BINARY LOGS')).slice(-1);
  await must(upstream.query(`PURGE BINARY LOGS TO '${String(last?.['Log_name'])}'`));
  await must(root.query('RESET MASTER'));
  await must(standby.runAll(pretend('1-1-2')));
  await follow(standby, pair.standby, pair.main, main);
  assert.equal(await faultOf(standby), 'mysql-logs-purged');
  for (const db of [root, home, upstream]) db.destroy();
});
