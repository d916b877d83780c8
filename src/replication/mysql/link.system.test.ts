/** Two real MariaDB servers, and two of MySQL: set up, followed, read-only, turned round and back, and what stands in the way. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { editionsUnderTest, type Make, makeOf } from '../../../test/mysql/makes.ts';
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
  stopApplying,
  waitFor,
  waitForApplied,
} from './link.ts';
import { must, rows, startPair, type TestNode, type TestPair, textOf, wordsOf } from './testing/pair.ts';

const FILTERS = { databases: ['asterisk'], exclude: ['asterisk.cache_hints'] };
const quiet = new AbortController().signal;

let make: Make;
let pair: TestPair;
let main: Mysql;
let standby: Mysql;

const follow = async (db: Mysql, node: TestNode, from: TestNode, other: Mysql): Promise<void> => {
  const there = await must(readPosition(other));
  await must(beginLink(db, from.source(), FILTERS, { logThere: there.log, serverId: node.serverId }));
};

/** Until this server has all that the other has. */
const caughtUp = async (db: Mysql, other: Mysql): Promise<boolean> => {
  const there = await must(readPosition(other));
  return must(waitFor(db, there.executed, 5000, quiet));
};

/** Read-only; MySQL for administrators too. */
const closed = () => ({ locked: true, strict: make === 'mysql' });

const faultOf = async (db: Mysql): Promise<string | null> => {
  const limit = performance.now() + 5000;
  for (;;) {
    const link = await must(readLink(db));
    const fault = link === null ? null : linkFault(link);
    if (fault !== null || performance.now() > limit) return fault?.code ?? null;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const leavesNothingToDo = async (): Promise<void> => {
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
    const [made] = await rows(root, 'SHOW CREATE USER dualtone_fetch@localhost');
    assert.match(Object.values(made ?? {}).join(), /REQUIRE SSL/);
    root.destroy();
  }
  assert.deepEqual(await must(readReadOnly(main)), closed());
  const refused = await main.query('CREATE DATABASE mine');
  // MySQL says first that nobody may write.
  assert.equal(refused.ok ? null : refused.error.code, make === 'mysql' ? 'mysql-read-only' : 'mysql-not-allowed');
};

const standbyFollows = async (): Promise<void> => {
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
};

const mainLosesPower = async (): Promise<void> => {
  main.destroy();
  await pair.main.server.kill();
  assert.equal(await must(waitForApplied(standby, 3000, quiet)), true);
  await must(stopApplying(standby));
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
  assert.deepEqual(await must(readReadOnly(main)), closed(), 'a server that boots takes no writes');
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
};

const troublesAreToldApart = async (): Promise<void> => {
  const there = await must(readPosition(main));
  const wrong = { ...pair.main.source(), password: 'wrong' };
  await must(beginLink(standby, wrong, FILTERS, { logThere: there.log, serverId: 2 }));
  assert.equal(await faultOf(standby), 'mysql-source-login');

  await follow(standby, pair.standby, pair.main, main);
  const root = await pair.standby.root();
  const upstream = await pair.main.root();
  const words = wordsOf[make];
  const uuid = await textOf(upstream, words.sourceUuid);
  await must(
    root.runAll([
      ...words.lift,
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
  await must(root.runAll(words.pretend(uuid, 999_999)));
  await follow(standby, pair.standby, pair.main, main);
  assert.equal(await faultOf(standby), 'mysql-diverged');

  await must(forgetLink(standby));
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
  await must(root.runAll(words.forgetAll));
  await follow(standby, pair.standby, pair.main, main);
  assert.equal(await faultOf(standby), 'mysql-logs-purged');
  for (const db of [root, home, upstream]) db.destroy();
};

for (const each of editionsUnderTest()) {
  describe(each, () => {
    before(async () => {
      make = makeOf(each);
      pair = await startPair(each);
      [main, standby] = [await pair.main.own(), await pair.standby.own()];
    });
    after(async () => {
      await pair?.stop();
      await removeTemplate();
    });
    test('set-up leaves nothing to do, and the accounts have only the rights that they need', leavesNothingToDo);
    test(
      'the standby follows the main over TLS; its telephone system cannot write; tables left out do not come',
      standbyFollows,
    );
    test(
      'the main loses its power: what came is applied, the standby writes, and its rows come back when the main does',
      mainLosesPower,
    );
    test(
      'each trouble has a fault of its own: wrong password, a duplicate key, diverged ids, purged logs',
      troublesAreToldApart,
    );
  });
}
