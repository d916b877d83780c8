/** Checks of MySQL and MariaDB: made ready here, alike on both nodes, and its tables fit to follow. */
import { dirname } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Result } from '../../core/result.ts';
import type { Mysql } from '../../replication/mysql/connection.ts';
import { readTables } from '../../replication/mysql/rows.ts';
import { localMysql, serverIdOf } from '../../replicator/mysql/access.ts';
import { type Definition, failed, failedBy, notApplicable, PACE, passed, type Said } from '../check.ts';
import { connectOnce } from '../connect-once.ts';
import { spaceTroubles } from './machine.ts';

const connect = async (config: Config, signal: AbortSignal): Promise<Result<Mysql>> => {
  const access = localMysql(config);
  if (!access.ok) return access;
  const { connectMysql } = await import('../../replication/mysql/connection.ts');
  return connectMysql(access.value, signal);
};

const withServer = async (config: Config, signal: AbortSignal, look: (db: Mysql) => Promise<Said>): Promise<Said> => {
  if (!config.streams.mysql.enabled) return notApplicable('MySQL is not configured to follow');
  const opened = await connect(config, signal);
  if (!opened.ok) return failedBy(opened.error);
  try {
    return await look(opened.value);
  } finally {
    opened.value.destroy();
  }
};

const ready: Definition = {
  id: 'mysql-ready',
  about:
    "This node's MySQL or MariaDB lets Dualtone in, is of a version that can follow by GTID, and has the settings for it: log of changes by rows, a number of its own.",
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Run `dualtone mysql setup`, and restart the server at a quiet time where it says so.',
  try: ({ config }, signal) =>
    withServer(config, signal, async (db) => {
      const { lookAtSettings } = await import('../../replication/mysql/setup.ts');
      const items = await lookAtSettings(db, serverIdOf(config));
      if (!items.ok) return failedBy(items.error);
      const wrong = items.value.filter(({ condition }) => condition !== 'right');
      return wrong.length === 0 ? passed(db.dialect.title) : failed(wrong.map(({ text }) => text).join(' '));
    }),
};

const keys: Definition = {
  id: 'mysql-tables-have-keys',
  about:
    'Every table of MySQL that follows has a primary key: without one each changed row is looked for in the whole table, and differences cannot be told by row.',
  severity: 'warning',
  scope: 'node',
  ...PACE.rare,
  remedy: 'Give the tables a primary key, or leave them out by `streams.mysql.exclude`.',
  try: ({ config }, signal) =>
    withServer(config, signal, async (db) => {
      const { databases, exclude } = config.streams.mysql;
      const tables = await readTables(db, databases, exclude);
      if (!tables.ok) return failedBy(tables.error);
      const without = tables.value.filter(({ key }) => key.length === 0).map(({ table }) => table);
      if (without.length === 0) return passed(`${tables.value.length} tables`);
      const more = without.length > 10 ? ` and ${without.length - 10} more` : '';
      return failed(`without a primary key: ${without.slice(0, 10).join(', ')}${more}`);
    }),
};

const port: Definition = {
  id: 'mysql-port-open',
  about: "From here, the other node's MySQL answers.",
  severity: 'warning',
  scope: 'pair',
  ...PACE.usual,
  remedy:
    'Open TCP port 3306 both ways (or set `streams.mysql.via: ssh`), and run `dualtone mysql setup` on the other node.',
  try: async ({ config }, signal) => {
    const { mysql } = config.streams;
    if (!mysql.enabled || mysql.via !== 'tls') return notApplicable('no MySQL goes that way');
    const { address } = config.peer;
    const answered = await connectOnce({ address, port: mysql.port, wantsGreeting: true }, signal);
    return answered.ok ? passed(`${address} port ${mysql.port} answers`) : failedBy(answered.error);
  },
};

const space: Definition = {
  id: 'mysql-disk-space',
  about:
    'There is space where MySQL or MariaDB keeps its data and its log of changes: a full disk stops writes here, or what comes from the other node.',
  severity: 'warning',
  scope: 'node',
  ...PACE.usual,
  remedy: 'Make space there; the log of changes is kept shorter by `binlog_expire_logs_seconds`.',
  try: ({ config }, signal) =>
    withServer(config, signal, async (db) => {
      const told = await db.query<{ readonly data: unknown; readonly log: unknown }>(
        'SELECT @@global.datadir AS data, @@global.log_bin_basename AS log',
      );
      if (!told.ok) return failedBy(told.error);
      const { data, log } = told.value[0] ?? {};
      const places = [
        ...(typeof data === 'string' ? [[data, "MySQL's data"] as const] : []),
        ...(typeof log === 'string' ? [[dirname(log), "MySQL's log of changes"] as const] : []),
      ];
      const troubles = spaceTroubles(places);
      return troubles.length === 0 ? passed(`${places.length} places have space`) : failed(troubles.join(', '));
    }),
};

export const mysqlChecks: readonly Definition[] = [ready, port, keys, space];
