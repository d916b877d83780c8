/** What both dialects need to read what servers say. */
import type { Dialect, Filters, MysqlRow, ServerId, Setting, ThreadStatus } from './dialect.ts';
import { wildName } from './sql-text.ts';

/** Our name for the link between the nodes, beside any other that a server may have. */
export const CHANNEL = 'dualtone';

export const textOf = (row: MysqlRow, name: string): string => {
  const value = row[name];
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
};

/** A thread says `Yes`, `No`, `Connecting` or `Preparing`. */
export const threadOf = (said: string, errno: string, error: string): ThreadStatus => ({
  state: said === 'Yes' ? 'running' : said === 'No' ? 'stopped' : 'connecting',
  errno: Number(errno),
  error,
});

/**
 * As the servers take them: patterns of `replicate_wild_do_table`, and whole names of `replicate_ignore_table`, which is asked first
 * (a pattern of what is left out would be asked last, and never). Throws on a comma, which MariaDB's list cannot hold.
 */
export const filterTexts = ({ databases, exclude }: Filters): Filters => {
  const all = { databases: databases.map((name) => `${wildName(name)}.%`), exclude };
  if ([...all.databases, ...exclude].some((text) => text.includes(','))) throw new Error('a filter holds a comma');
  return all;
};

/** Rows, not statements; numbers that the server gives itself never meet those of the other. */
export const commonSettings = (serverId: ServerId): readonly Setting[] => [
  { name: 'server_id', value: String(serverId), dynamic: true },
  { name: 'log_bin', value: '1', dynamic: false },
  { name: 'binlog_format', value: 'ROW', dynamic: true },
  { name: 'binlog_row_image', value: 'FULL', dynamic: true },
  { name: 'auto_increment_increment', value: '2', dynamic: true },
  { name: 'auto_increment_offset', value: String(serverId), dynamic: true },
];

/** Both servers do it alike, and call the two sides differently. */
export const semiSyncBy =
  (source: string, receiver: string): Dialect['semiSync'] =>
  (side, waitMs) => {
    const on = waitMs === null ? 'OFF' : 'ON';
    if (side === 'receiver')
      return [
        `SET GLOBAL rpl_semi_sync_${source}_enabled = OFF`,
        `SET GLOBAL rpl_semi_sync_${receiver}_enabled = ${on}`,
      ];
    return [
      ...(waitMs === null ? [] : [`SET GLOBAL rpl_semi_sync_${source}_timeout = ${Math.round(waitMs)}`]),
      `SET GLOBAL rpl_semi_sync_${source}_wait_point = AFTER_SYNC`,
      `SET GLOBAL rpl_semi_sync_${source}_enabled = ${on}`,
    ];
  };
