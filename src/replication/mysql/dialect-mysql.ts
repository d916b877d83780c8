/** MySQL, 8.0.23 and later: sets of ids by server, `SOURCE_AUTO_POSITION`, a channel of our own. */
import type { Dialect, LinkStatus, MysqlRow, Position } from './dialect.ts';
import { CHANNEL, commonSettings, filterTexts, semiSyncBy, textOf, threadOf } from './dialect-common.ts';
import { NO_GTIDS, parseMysql } from './gtid.ts';
import { qualify, quoteValue, splitTable } from './sql-text.ts';

const status = (row: MysqlRow): LinkStatus => ({
  host: textOf(row, 'Source_Host'),
  port: Number(textOf(row, 'Source_Port')),
  byGtid: textOf(row, 'Auto_Position') === '1',
  receiving: threadOf(textOf(row, 'Replica_IO_Running'), textOf(row, 'Last_IO_Errno'), textOf(row, 'Last_IO_Error')),
  applying: threadOf(textOf(row, 'Replica_SQL_Running'), textOf(row, 'Last_SQL_Errno'), textOf(row, 'Last_SQL_Error')),
  received: parseMysql(textOf(row, 'Retrieved_Gtid_Set')),
});

const position = (row: MysqlRow): Position => {
  const log = textOf(row, 'log');
  return { executed: parseMysql(log) ?? NO_GTIDS, log, followed: log };
};

const follow: Dialect['follow'] = ({ host, port, user, password, caFile }, filters) => {
  const { databases, exclude } = filterTexts(filters);
  const list = (texts: readonly string[]): string => texts.map(quoteValue).join(', ');
  const tls =
    caFile === null
      ? 'SOURCE_SSL = 0, GET_SOURCE_PUBLIC_KEY = 1'
      : `SOURCE_SSL = 1, SOURCE_SSL_CA = ${quoteValue(caFile)}, SOURCE_SSL_VERIFY_SERVER_CERT = 1`;
  return [
    `CHANGE REPLICATION SOURCE TO SOURCE_HOST = ${quoteValue(host)}, SOURCE_PORT = ${port}, SOURCE_USER = ${quoteValue(user)},
      SOURCE_PASSWORD = ${quoteValue(password)}, SOURCE_CONNECT_RETRY = 1, SOURCE_HEARTBEAT_PERIOD = 2, SOURCE_AUTO_POSITION = 1,
      ${tls} FOR CHANNEL '${CHANNEL}'`,
    `CHANGE REPLICATION FILTER REPLICATE_WILD_DO_TABLE = (${list(databases)}), REPLICATE_IGNORE_TABLE = (${exclude.map((each) => qualify(...splitTable(each))).join(', ')}) FOR CHANNEL '${CHANNEL}'`,
  ];
};

/** Since then its plugins have the new names, and only those are loaded by set-up. */
const SEMI_SYNC_RENAMED = 8_000_026;

const semiSync = semiSyncBy('source', 'replica');

/** `number`: 8.0.26 is 8000026. */
export const createMysqlDialect = (version: string, number: number): Dialect => ({
  kind: 'mysql',
  version,
  title: `MySQL ${/^[\d.]+/.exec(version)?.[0] ?? version}`,
  parse: parseMysql,
  positionQuery: `SELECT REPLACE(@@global.gtid_executed, '\\n', '') AS log`,
  position,
  statusQuery: `SHOW REPLICA STATUS FOR CHANNEL '${CHANNEL}'`,
  status,
  noLinkErrno: 3074,
  start: [`START REPLICA FOR CHANNEL '${CHANNEL}'`],
  stop: [`STOP REPLICA FOR CHANNEL '${CHANNEL}'`],
  stopApplying: [`STOP REPLICA SQL_THREAD FOR CHANNEL '${CHANNEL}'`],
  forget: [`STOP REPLICA FOR CHANNEL '${CHANNEL}'`, `RESET REPLICA ALL FOR CHANNEL '${CHANNEL}'`],
  follow,
  // The first switches the second off too, the second the first on.
  readOnly: (on) => [on ? 'SET GLOBAL super_read_only = 1' : 'SET GLOBAL read_only = 0'],
  readOnlyQuery: 'SELECT @@global.read_only AS locked, @@global.super_read_only AS strict',
  semiSync: number >= SEMI_SYNC_RENAMED ? semiSync : () => [],
  settings: (serverId) => [
    ...commonSettings(serverId),
    {
      name: 'enforce_gtid_consistency',
      value: 'ON',
      dynamic: false,
      accepts: (value) => value === 'ON' || value === '1',
    },
    { name: 'gtid_mode', value: 'ON', dynamic: false },
    { name: 'log_replica_updates', value: '1', dynamic: false },
    { name: 'replica_net_timeout', value: '6', dynamic: true },
  ],
  fileLines: [
    'skip_replica_start = 1',
    'super_read_only = 1',
    ...(number >= SEMI_SYNC_RENAMED
      ? [
          'plugin_load_add = semisync_source.so',
          'plugin_load_add = semisync_replica.so',
          // It is asked when the link begins, which is before anybody is told to close.
          'loose_rpl_semi_sync_replica_enabled = 1',
        ]
      : []),
  ],
  steerRights: 'REPLICATION CLIENT, RELOAD, REPLICATION_SLAVE_ADMIN, SYSTEM_VARIABLES_ADMIN',
  severalAddresses: true,
  configDirectory: '/etc/mysql/mysql.conf.d',
});
