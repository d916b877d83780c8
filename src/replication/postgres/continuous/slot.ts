/**
 * The place at the source from which changes follow, made together with a picture of the moment before: what is copied from
 * that picture and what follows from the slot is everything, once.
 */
import { Client } from 'pg';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Millis } from '../../../core/words.ts';
import type { Database, DatabaseAccess } from '../connection.ts';
import { abortedFault, databaseFault } from '../database-fault.ts';
import { quoteName } from '../identifier.ts';

export interface FreshSlot {
  /** For `SET TRANSACTION SNAPSHOT` at the source, until `release`. */
  readonly snapshot: string;
  /** Where the slot begins. */
  readonly lsn: string;
  /** Ends the connection that holds the picture; the slot stays. */
  release(): Promise<void>;
}

const CLOSE_MS: Millis = 1000;

const clientFor = (access: DatabaseAccess): Client => {
  const config = {
    host: access.host,
    port: access.port,
    database: access.database,
    user: access.user,
    password: (): string => access.password,
    ssl:
      access.tls === null
        ? false
        : {
            ca: access.tls.trusted,
            rejectUnauthorized: true,
            allowPartialTrustChain: true,
            ...(access.tls.verifyName ? {} : { checkServerIdentity: () => undefined }),
          },
    application_name: 'dualtone slot',
    connectionTimeoutMillis: access.connectMs,
    keepAlive: true,
    // The picture is held by an idle transaction, for as long as the copy takes.
    options: '-c idle_in_transaction_session_timeout=0 -c statement_timeout=0',
    replication: 'database',
  };
  return new Client(config);
};

interface CreatedRow {
  readonly slot_name: string;
  readonly consistent_point: string;
  readonly snapshot_name: string | null;
}

/**
 * Makes the slot. It begins when all transactions that are under way have ended: `waitMs` at most.
 * Faults: `database-slot-busy`, those of `databaseFault`, `database-aborted`.
 */
export const createSlot = async (
  access: DatabaseAccess,
  name: string,
  waitMs: Millis,
  signal: AbortSignal,
): Promise<Result<FreshSlot>> => {
  if (signal.aborted) return abortedFault(access.name);
  const client = clientFor(access);
  let late = false;
  const destroy = (): void => {
    (
      client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }
    ).connection.stream.destroy();
  };
  const timer = setTimeout(() => {
    late = true;
    destroy();
  }, access.connectMs + waitMs);
  client.on('error', () => undefined);
  signal.addEventListener('abort', destroy, { once: true });
  const release = async (): Promise<void> => {
    signal.removeEventListener('abort', destroy);
    const ending = setTimeout(destroy, CLOSE_MS);
    await client.end().catch(() => undefined);
    clearTimeout(ending);
  };
  try {
    await client.connect();
    const made = await client.query<CreatedRow>(
      `CREATE_REPLICATION_SLOT ${quoteName(name)} LOGICAL pgoutput EXPORT_SNAPSHOT`,
    );
    const [row] = made.rows;
    if (row === undefined || row.snapshot_name === null) throw new Error('no snapshot came with the slot');
    return ok({ snapshot: row.snapshot_name, lsn: row.consistent_point, release });
  } catch (error) {
    destroy();
    signal.removeEventListener('abort', destroy);
    if (signal.aborted) return abortedFault(access.name);
    if (late)
      return fail(
        'database-slot-busy',
        `At ${access.name} changes cannot be followed yet: a transaction has been open for more than ${Math.round(waitMs / 1000)} s.`,
        'See pg_stat_activity there for the session; the next time tries again.',
      );
    return databaseFault(access.name, error);
  } finally {
    clearTimeout(timer);
  }
};

export interface SlotLook {
  readonly active: boolean;
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string;
  /** Bytes of change that it has not taken yet. */
  readonly behindBytes: number;
  /** Bytes that the source's disk keeps for it. */
  readonly keptBytes: number;
}

const LOOK = `SELECT active, coalesce(wal_status, 'lost') AS "walStatus",
  coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn), 0)::float8 AS "behindBytes",
  coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::float8 AS "keptBytes"
FROM pg_replication_slots WHERE slot_name = $1 AND database = current_database()`;

/** Null: there is none. Faults: those of `Database.query`. */
export const lookAtSlot = async (source: Database, name: string): Promise<Result<SlotLook | null>> => {
  const rows = await source.query<SlotLook & { readonly [key: string]: unknown }>(LOOK, [name]);
  return rows.ok ? ok(rows.value[0] ?? null) : rows;
};

/** Removes slots of Dualtone whose receiver is not there: all, or only `name`. How many. Faults: those of `Database.run`. */
export const dropIdleSlots = (source: Database, name: string | null): Promise<Result<number>> =>
  source.run(
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
     WHERE slot_name LIKE 'dualtone\\_%' AND ($1::text IS NULL OR slot_name = $1) AND NOT active AND database = current_database()`,
    [name],
  );
