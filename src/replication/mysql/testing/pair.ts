/** Two real MariaDB or MySQL servers that are set up as a pair, in memory; and what tests must say differently to them. */
import { join } from 'node:path';
import type { Edition, Make } from '../../../../test/mysql/makes.ts';
import { startServer, type TestServer } from '../../../../test/mysql/server.ts';
import type { Result } from '../../../core/result.ts';
import { run } from '../../../process/run.ts';
import { fetchPassword, fetchUser } from '../accounts.ts';
import { connectMysql, type Mysql } from '../connection.ts';
import type { MysqlRow, ServerId, Source } from '../dialect.ts';
import { createMysqlSetup, type MysqlSetup } from '../setup.ts';

export const PASSWORD = 'the password of the pair';

export interface TestNode {
  readonly server: TestServer;
  readonly serverId: ServerId;
  /** As its administrator, opened anew after a restart. */
  readonly root: () => Promise<Mysql>;
  /** As Dualtone's own account. */
  readonly own: () => Promise<Mysql>;
  /** As an account of the telephone system, with no special right. */
  readonly telephony: () => Promise<Mysql>;
  readonly setup: (db: Mysql) => MysqlSetup;
  /** How the other's server fetches from this one. */
  readonly source: () => Source;
}

export const must = async <T>(result: Promise<Result<T>> | Result<T>): Promise<T> => {
  const settled = await result;
  if (!settled.ok) throw new Error(`${settled.error.code}: ${settled.error.message}`);
  return settled.value;
};

/** Rows of one statement. */
export const rows = async (db: Mysql, text: string): Promise<readonly MysqlRow[]> => must(db.query(text));

const nodeOf = (server: TestServer, serverId: ServerId, signal: AbortSignal): TestNode => {
  const open = (user: string, password: string) =>
    must(
      connectMysql(
        {
          name: serverId === 1 ? 'MAIN' : 'STANDBY',
          socket: server.socket,
          user,
          password,
          connectMs: 5000,
          statementMs: 10_000,
        },
        signal,
      ),
    );
  const certificate = {
    certificate: join(server.folder, 'tls', 'server.crt'),
    key: join(server.folder, 'tls', 'server.key'),
    owner: null,
  };
  return {
    server,
    serverId,
    root: () => open('root', ''),
    own: () => open('dualtone', PASSWORD),
    telephony: () => open('asteriskuser', 'amp'),
    setup: (db) =>
      createMysqlSetup(
        db,
        {
          serverId,
          accounts: {
            user: 'dualtone',
            password: PASSWORD,
            fetchedFrom: ['127.0.0.1', 'localhost'],
            encrypted: true,
            databases: ['asterisk'],
          },
          configFile: server.configFile,
          listenOn: '127.0.0.1',
          reachedAt: '127.0.0.1',
          certificate,
          recordFile: join(server.folder, 'record.json'),
        },
        run,
      ),
    source: () => ({
      host: '127.0.0.1',
      port: server.port,
      user: fetchUser('dualtone'),
      password: fetchPassword(PASSWORD),
      caFile: certificate.certificate,
    }),
  };
};

/** Statements and names that differ; what a test knows of the position of a server. */
export interface Words {
  /** Before an administrator can write to a passive node. */
  readonly lift: readonly string[];
  /** As if a server had followed `domain 1` or the server with this number of itself so far. */
  readonly pretend: (sourceUuid: string, number: number) => readonly string[];
  /** It has followed nothing, and written nothing. */
  readonly forgetAll: readonly string[];
  readonly position: string;
  readonly semiSyncClients: string;
  readonly sourceUuid: string;
}

export const wordsOf: Readonly<Record<Make, Words>> = {
  mariadb: {
    lift: [],
    pretend: (_sourceUuid, number) => [
      'SET GLOBAL gtid_strict_mode = 0',
      `SET GLOBAL gtid_slave_pos = '1-1-${number}'`,
      'SET GLOBAL gtid_strict_mode = 1',
    ],
    forgetAll: ['RESET MASTER', "SET GLOBAL gtid_slave_pos = '1-1-2'"],
    position: "SELECT CONCAT_WS(',', @@gtid_binlog_pos, NULLIF(@@gtid_slave_pos, '')) AS text",
    semiSyncClients: 'Rpl_semi_sync_master_clients',
    sourceUuid: "SELECT '' AS text",
  },
  mysql: {
    lift: ['SET GLOBAL super_read_only = 0'],
    pretend: (sourceUuid, number) => [
      'SET SESSION sql_log_bin = 1',
      `SET SESSION gtid_next = '${sourceUuid}:${number}'`,
      'BEGIN',
      'COMMIT',
      "SET SESSION gtid_next = 'AUTOMATIC'",
    ],
    forgetAll: ['RESET BINARY LOGS AND GTIDS'],
    position: 'SELECT @@global.gtid_executed AS text',
    semiSyncClients: 'Rpl_semi_sync_source_clients',
    sourceUuid: 'SELECT @@global.server_uuid AS text',
  },
};

export const textOf = async (db: Mysql, query: string): Promise<string> => String((await rows(db, query))[0]?.['text']);

export interface TestPair {
  readonly main: TestNode;
  readonly standby: TestNode;
  readonly stop: () => Promise<void>;
}

const ACCOUNT = [
  'SET SESSION sql_log_bin = 0',
  "CREATE USER asteriskuser@localhost IDENTIFIED BY 'amp'",
  'GRANT ALL ON asterisk.* TO asteriskuser@localhost',
  'SET SESSION sql_log_bin = 1',
];

const prepare = async (node: TestNode): Promise<void> => {
  const db = await node.root();
  await must(node.setup(db).apply());
  await must(db.runAll(ACCOUNT));
  db.destroy();
  await node.server.kill();
  await node.server.startAgain();
};

/** Both set up and restarted: about 4 s, of MySQL 10 s. */
export const startPair = async (edition: Edition): Promise<TestPair> => {
  const stopping = new AbortController();
  const servers = await Promise.all([startServer(edition), startServer(edition)]);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    const nodes = ([1, 2] as const).map((serverId) =>
      nodeOf(servers[serverId - 1] as TestServer, serverId, stopping.signal),
    );
    await Promise.all(nodes.map(prepare));
    const [main, standby] = nodes as [TestNode, TestNode];
    return { main, standby, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
