/** MariaDB, 10.5 to 11 and later: positions by domain, `MASTER_USE_GTID`, and words of old that all its versions take. */
import type { Begin, Dialect, LinkStatus, MysqlRow, Position } from './dialect.ts';
import { CHANNEL, commonSettings, filterTexts, semiSyncBy, textOf, threadOf } from './dialect-common.ts';
import { NO_GTIDS, parseMariadb, union } from './gtid.ts';
import { quoteValue } from './sql-text.ts';

const status = (row: MysqlRow): LinkStatus => ({
  host: textOf(row, 'Master_Host'),
  port: Number(textOf(row, 'Master_Port')),
  byGtid: textOf(row, 'Using_Gtid') === 'Slave_Pos',
  receiving: threadOf(textOf(row, 'Slave_IO_Running'), textOf(row, 'Last_IO_Errno'), textOf(row, 'Last_IO_Error')),
  applying: threadOf(textOf(row, 'Slave_SQL_Running'), textOf(row, 'Last_SQL_Errno'), textOf(row, 'Last_SQL_Error')),
  received: parseMariadb(textOf(row, 'Gtid_IO_Pos')),
});

const position = (row: MysqlRow): Position => {
  const [log, followed] = [textOf(row, 'log'), textOf(row, 'followed')];
  // What filters left out is in `followed` alone, what was written here in `log` alone.
  return { executed: union(parseMariadb(log) ?? NO_GTIDS, parseMariadb(followed) ?? NO_GTIDS), log, followed };
};

const triplesOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split(',').flatMap((each) => (each.trim() === '' ? [] : [[each.trim().split('-')[0] ?? '', each.trim()]])),
  );

const numberOf = (triple: string): number => Number(triple.split('-')[2]);

/** Up to where this server has a domain: written, or followed. */
const reached = (domain: string, { log, followed }: Position): string | null => {
  const found = [log, followed].map((text) => triplesOf(text).get(domain)).filter((triple) => triple !== undefined);
  return found.toSorted((one, other) => numberOf(other) - numberOf(one))[0] ?? null;
};

/**
 * Where a link begins, by domain. What this server wrote itself the other's log is asked for from its end there, so for nothing:
 * a number that the other has not would be refused, and an older one be sent back here.
 */
export const beginOf = ({ own, logThere, serverId }: Begin): string =>
  [...triplesOf(logThere)]
    .map(([domain, there]) => {
      if (domain === String(serverId)) return there;
      const here = reached(domain, own);
      // Of the other's own domain all is wanted; any other is history from before the pair.
      return here ?? (domain === '1' || domain === '2' ? null : there);
    })
    .filter((triple) => triple !== null)
    .join(',');

const follow: Dialect['follow'] = ({ host, port, user, password, caFile }, filters, begin) => {
  const { databases, exclude } = filterTexts(filters);
  const tls =
    caFile === null
      ? 'MASTER_SSL = 0'
      : `MASTER_SSL = 1, MASTER_SSL_CA = ${quoteValue(caFile)}, MASTER_SSL_VERIFY_SERVER_CERT = 1`;
  return [
    // Else it refuses a beginning before its own last number, or without it: what it wrote itself and the other has not.
    'SET GLOBAL gtid_strict_mode = 0',
    `SET GLOBAL gtid_slave_pos = ${quoteValue(beginOf(begin))}`,
    'SET GLOBAL gtid_strict_mode = 1',
    `CHANGE MASTER '${CHANNEL}' TO MASTER_HOST = ${quoteValue(host)}, MASTER_PORT = ${port}, MASTER_USER = ${quoteValue(user)},
      MASTER_PASSWORD = ${quoteValue(password)}, MASTER_CONNECT_RETRY = 1, MASTER_HEARTBEAT_PERIOD = 2, MASTER_USE_GTID = slave_pos, ${tls}`,
    `SET GLOBAL ${CHANNEL}.replicate_wild_do_table = ${quoteValue(databases.join(','))}`,
    `SET GLOBAL ${CHANNEL}.replicate_ignore_table = ${quoteValue(exclude.join(','))}`,
  ];
};

/** Its semi-synchronous part is built in. */
const semiSync = semiSyncBy('master', 'slave');

/** `number`: 10.5.9 is 10005009. */
export const createMariadb = (version: string, number: number): Dialect => ({
  kind: 'mariadb',
  version,
  title: `MariaDB ${/^[\d.]+/.exec(version)?.[0] ?? version}`,
  parse: parseMariadb,
  positionQuery: 'SELECT @@global.gtid_binlog_pos AS log, @@global.gtid_slave_pos AS followed',
  position,
  statusQuery: `SHOW SLAVE '${CHANNEL}' STATUS`,
  status,
  noLinkErrno: 1617,
  start: [`START SLAVE '${CHANNEL}'`],
  stop: [`STOP SLAVE '${CHANNEL}'`],
  stopApplying: [`STOP SLAVE '${CHANNEL}' SQL_THREAD`],
  forget: [`STOP SLAVE '${CHANNEL}'`, `RESET SLAVE '${CHANNEL}' ALL`],
  follow,
  readOnly: (on) => [`SET GLOBAL read_only = ${on ? 1 : 0}`],
  readOnlyQuery: 'SELECT @@global.read_only AS locked, 0 AS strict',
  semiSync,
  settings: (serverId) => [
    ...commonSettings(serverId),
    { name: 'gtid_domain_id', value: String(serverId), dynamic: true },
    { name: 'gtid_strict_mode', value: '1', dynamic: true },
    { name: 'log_slave_updates', value: '1', dynamic: false },
    { name: 'slave_net_timeout', value: '6', dynamic: true },
  ],
  // The last is asked when the link begins, which is before anybody is told to close; by it a server of 10.6.2 or later that
  // comes up after a crash cuts off what it had not yet told the other.
  fileLines: ['skip_slave_start = 1', 'read_only = 1', 'rpl_semi_sync_slave_enabled = 1'],
  steerRights: [
    'BINLOG MONITOR',
    // To forget a link.
    'RELOAD',
    'REPLICATION SLAVE ADMIN',
    'REPLICATION MASTER ADMIN',
    'READ_ONLY ADMIN',
    // Its name has changed; before 10.5.9 `REPLICATION SLAVE ADMIN` was enough.
    ...(number >= 10_005_009 ? ['SLAVE MONITOR'] : []),
  ].join(', '),
  severalAddresses: number >= 10_011_000,
  configDirectory: '/etc/mysql/mariadb.conf.d',
});
