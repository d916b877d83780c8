/** What this node's PostgreSQL says of itself, to be compared with the other's. */
import type { Result } from '../core/result.ts';
import { ok } from '../core/result.ts';
import type { Database } from '../replication/postgres/connection.ts';

const FACTS = `SELECT current_setting('server_version') AS version, pg_encoding_to_char(d.encoding) AS encoding,
  d.datcollate AS collate, d.datctype AS ctype, pg_is_in_recovery()::text AS recovery,
  current_setting('wal_level') AS "wal level" FROM pg_database d WHERE d.datname = current_database()`;

/** One row of texts. Faults: those of `Database.query`. */
export const readDatabaseFacts = async (database: Database): Promise<Result<Readonly<Record<string, string>>>> => {
  const rows = await database.query<Readonly<Record<string, string>>>(FACTS);
  return rows.ok ? ok(rows.value[0] ?? {}) : rows;
};
