import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkFault } from './assess.ts';
import type { Dialect, LinkStatus } from './dialect.ts';
import { beginOf } from './dialect-mariadb.ts';
import { showGtids } from './gtid.ts';
import { dialectOf } from './server-version.ts';

const dialect = (version: string): Dialect => {
  const found = dialectOf(version);
  return found.ok ? found.value : assert.fail(found.error.message);
};

test('the server is known by its version, and too old ones are refused', () => {
  assert.equal(dialect('10.5.29-MariaDB-0+deb11u1').kind, 'mariadb');
  assert.equal(dialect('5.5.5-10.11.19-MariaDB-0+deb12u1-log').title, 'MariaDB 10.11.19');
  assert.equal(dialect('11.8.6-MariaDB-5 from Debian').kind, 'mariadb');
  assert.equal(dialect('8.0.46-0debian').title, 'MySQL 8.0.46');
  assert.equal(dialect('8.4.7').kind, 'mysql');
  for (const old of ['10.4.34-MariaDB', '5.7.44', '8.0.22', '', 'garbage']) {
    const found = dialectOf(old);
    assert.equal(found.ok ? null : found.error.code, 'mysql-version', old);
  }
});

const SOURCE = { host: '192.0.2.1', port: 3306, user: "o'neil", password: String.raw`a\'b`, caFile: '/x/peer.pem' };
const FILTERS = { databases: ['asterisk', 'a_b'], exclude: ['asterisk.cache'] };
const NOTHING = { own: { executed: new Map(), log: '', followed: '' }, logThere: '', serverId: 2 } as const;

test('each dialect sets the link up in its own words, with values escaped', () => {
  const mariadb = dialect('10.11.19-MariaDB').follow(SOURCE, FILTERS, NOTHING).join(';\n');
  assert.match(mariadb, /CHANGE MASTER 'dualtone' TO .*MASTER_USER = 'o''neil'/);
  assert.match(mariadb, /MASTER_PASSWORD = 'a\\\\''b'/);
  assert.match(
    mariadb,
    /MASTER_USE_GTID = slave_pos, MASTER_SSL = 1, MASTER_SSL_CA = '\/x\/peer.pem', MASTER_SSL_VERIFY_SERVER_CERT = 1/,
  );
  assert.match(mariadb, /dualtone.replicate_wild_do_table = 'asterisk.%,a\\\\_b.%'/);
  const mysql = dialect('8.4.7')
    .follow({ ...SOURCE, caFile: null }, FILTERS, NOTHING)
    .join(';\n');
  assert.match(
    mysql,
    /CHANGE REPLICATION SOURCE TO SOURCE_HOST = '192.0.2.1'[\s\S]*SOURCE_AUTO_POSITION = 1,[\s\S]*GET_SOURCE_PUBLIC_KEY = 1 FOR CHANNEL 'dualtone'/,
  );
  assert.match(
    mysql,
    /REPLICATE_WILD_DO_TABLE = \('asterisk.%', 'a\\\\_b.%'\), REPLICATE_IGNORE_TABLE = \(`asterisk`.`cache`\)/,
  );
  assert.throws(() => dialect('8.4.7').follow(SOURCE, { ...FILTERS, databases: ['a,b'] }, NOTHING));
});

test('who starts can say at once that it has what was sent, with every version', () => {
  for (const version of ['10.5.23-MariaDB', '10.11.18-MariaDB', '11.8.6-MariaDB', '8.0.46', '9.7.1']) {
    const { fileLines } = dialect(version);
    assert.ok(
      fileLines.some((line) => /rpl_semi_sync_(slave|replica)_enabled = 1$/.test(line)),
      version,
    );
  }
});

/** As MySQL 8 answers SHOW REPLICA STATUS (the columns that are read). */
const MYSQL_ROW = {
  Replica_IO_State: 'Waiting for source to send event',
  Source_Host: '192.0.2.1',
  Source_User: 'dualtone_fetch',
  Source_Port: 3306,
  Replica_IO_Running: 'Yes',
  Replica_SQL_Running: 'No',
  Last_IO_Errno: 0,
  Last_IO_Error: '',
  Last_SQL_Errno: 1062,
  Last_SQL_Error:
    "Coordinator stopped because there were error(s) in the worker(s). The most recent failure being: Worker 1 failed executing transaction '3e11fa47-71ca-11e1-9e33-c80aa9429562:24'",
  Retrieved_Gtid_Set: '3e11fa47-71ca-11e1-9e33-c80aa9429562:21-24',
  Auto_Position: 1,
} as const;

test('what MySQL 8 says of a link is read as what MariaDB says', () => {
  const status = dialect('8.0.46').status(MYSQL_ROW);
  assert.deepEqual(
    [status.host, status.port, status.byGtid, status.receiving.state, status.applying.state],
    ['192.0.2.1', 3306, true, 'running', 'stopped'],
  );
  assert.equal(showGtids(status.received ?? new Map()), '3e11fa47-71ca-11e1-9e33-c80aa9429562:21-24');
  assert.equal(linkFault(status)?.code, 'mysql-duplicate');
});

test('where a link of MariaDB begins: what this server wrote itself from the end of it there, the rest from where it is here', () => {
  const begin = (log: string, followed: string, logThere: string, serverId: 1 | 2): string =>
    beginOf({ own: { executed: new Map(), log, followed }, logThere, serverId });
  assert.equal(begin('1-1-9,2-2-3', '2-2-4', '1-1-7,2-2-6', 1), '1-1-7,2-2-4');
  assert.equal(begin('1-1-9', '', '1-1-7,2-2-6', 1), '1-1-7');
  assert.equal(begin('', '1-1-7', '0-1-40,1-1-9', 2), '0-1-40,1-1-7');
  assert.equal(begin('', '', '', 2), '');
});

const HEALTHY = { state: 'running', errno: 0, error: '' } as const;
const receiving = (errno: number, error: string): LinkStatus => ({
  host: '',
  port: 0,
  byGtid: true,
  received: null,
  applying: HEALTHY,
  receiving: { state: 'stopped', errno, error },
});

test('errors of both dialects become the same faults', () => {
  const code = (errno: number, error: string) => linkFault(receiving(errno, error))?.code;
  assert.equal(
    code(1236, "Got fatal error 1236 from master: 'Cannot replicate because the source purged required binary logs.'"),
    'mysql-logs-purged',
  );
  assert.equal(
    code(
      1236,
      'Could not find GTID state requested by slave in any binlog files. Probably the slave state is too old and required binlog files have been purged.',
    ),
    'mysql-logs-purged',
  );
  assert.equal(
    code(1236, "Error: connecting slave requested to start from GTID 1-1-5, which is not in the master's binlog"),
    'mysql-diverged',
  );
  assert.equal(
    code(13114, "Slave has more GTIDs than the master has, using the master's SERVER_UUID."),
    'mysql-diverged',
  );
  assert.equal(
    code(1593, 'Fatal error: The slave I/O thread stops because master and slave have equal MySQL server ids'),
    'mysql-same-server',
  );
  assert.equal(code(1045, 'Access denied'), 'mysql-source-login');
  assert.equal(code(2026, 'SSL connection error: certificate is not yet valid'), 'mysql-source-tls');
  assert.equal(code(2003, "Can't connect to server"), 'mysql-source-unreachable');
  assert.equal(
    linkFault({ ...receiving(0, ''), applying: { state: 'stopped', errno: 1032, error: "Can't find record" } })?.code,
    'mysql-row-missing',
  );
});
