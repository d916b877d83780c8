/** The reporting database: exactly once, since rows and position are of one transaction there. */
import { ok, type Result } from '../../core/result.ts';
import { connectDatabase, type Database, type DatabaseAccess } from '../../replication/postgres/connection.ts';
import { sqlStateOf } from '../../replication/postgres/database-fault.ts';
import type { Fit } from '../core/columns.ts';
import type { Batch, Refused, SourceTable, Standing, Written } from '../core/words.ts';
import type { Source } from '../source.ts';
import { partOf, type SessionOptions, type Target, type TargetSession } from '../target.ts';
import { auditPostgres } from './audit.ts';
import { targetFault } from './fault.ts';
import { lookAtTarget } from './look.ts';
import { SCHEMA } from './schema-sql.ts';
import { beginPosition, foldRuns, lockStream, readRefusedKeys } from './statements.ts';
import { type Pen, refusePart, retryEvent, standingIn, writePart } from './write.ts';

export interface PostgresOptions {
  /** Secrets are read each time, so that a new one needs no restart. */
  readonly access: () => Result<DatabaseAccess>;
  readonly schema: string;
  /** Runs that are kept for each table; older ones become one number. */
  readonly mostRuns: number;
}

/** A misfit of one row, not of the database: constraint (23…), data (22…); a number that is taken is tried anew. */
const isMisfit = (state: string | null): boolean => state !== null && /^2[23]/.test(state) && state !== '23505';

const join = (one: Written, other: Written): Written => ({
  ...other,
  sent: one.sent + other.sent,
  known: one.known + other.known,
  refused: one.refused + other.refused,
});

/** Halves a part until each event that does not fit is alone. */
const write = async (pen: Pen, batch: Batch): Promise<Result<Written>> => {
  const written = await writePart(pen, batch);
  if (written.ok || !isMisfit(sqlStateOf(written.error))) return written;
  const [only, second] = batch.events;
  if (only !== undefined && second === undefined) return refusePart(pen, batch, only, written.error.message);
  const half = Math.ceil(batch.events.length / 2);
  const first = await write(pen, partOf(batch, 0, half));
  if (!first.ok) return first;
  const rest = await write(pen, partOf(batch, half, batch.events.length));
  // What came in of the first half is told; the rest is tried again by itself.
  return rest.ok ? ok(join(first.value, rest.value)) : rest;
};

interface RefusedRow {
  readonly [column: string]: unknown;
  readonly origin: string;
  readonly table: string;
  readonly key: string;
  readonly reason: string;
}

const readRefused = async (database: Database): Promise<Result<readonly Refused[]>> => {
  const rows = await database.query<RefusedRow>(
    `SELECT origin, table_name AS table, key::text, reason FROM ${SCHEMA}.refused ORDER BY at LIMIT 1000`,
  );
  return rows.ok ? ok(rows.value.map((row) => ({ ...row, key: Number(row.key) }))) : rows;
};

const retry = async (pen: Pen, source: Source, table: SourceTable): Promise<Result<number>> => {
  const keys = await pen.database.query<{ readonly key: string }>(readRefusedKeys, [pen.sender, table.rule.table]);
  if (!keys.ok) return keys;
  if (keys.value.length === 0) return ok(0);
  const events = await source.events(
    table,
    keys.value.map(({ key }) => Number(key)),
  );
  if (!events.ok) return events;
  let count = 0;
  for (const event of events.value) {
    const retried = await retryEvent(pen, table, event);
    if (!retried.ok && !isMisfit(sqlStateOf(retried.error))) return retried;
    if (retried.ok) count += 1;
  }
  return ok(count);
};

const fold = async (
  database: Database,
  { sender, tables }: SessionOptions,
  mostRuns: number,
): Promise<Result<null>> => {
  for (const { rule } of tables) {
    const folded = await database.run(foldRuns, [sender, rule.table, mostRuns]);
    if (!folded.ok) return folded;
  }
  return ok(null);
};

const fitOf = (fits: ReadonlyMap<string, Fit>, { rule }: SourceTable): Fit => {
  const fit = fits.get(rule.table);
  if (fit === undefined) throw new Error('a table was not looked at');
  return fit;
};

const sessionOf = (
  database: Database,
  { schema }: PostgresOptions,
  { sender, onStep }: SessionOptions,
  fits: ReadonlyMap<string, Fit>,
): TargetSession => ({
  standing: async ({ rule }) => {
    // Behind the lock: a transaction of a sender that died may still be on its way to its end.
    const locked = await database.run(lockStream, [rule.table]);
    if (!locked.ok) return targetFault(locked.error);
    const standing = await standingIn(database, sender, rule.table);
    return standing.ok ? standing : targetFault(standing.error);
  },
  begin: async ({ rule }, position) => {
    const begun = await database.run(beginPosition, [sender, rule.table, position]);
    return begun.ok ? ok<Standing>({ position, digest: null }) : targetFault(begun.error);
  },
  write: async (batch) => {
    const fit = fitOf(fits, batch.table);
    const written = await write({ database, schema, sender, fit, onStep }, batch);
    if (written.ok) onStep('committed');
    return written.ok ? written : targetFault(written.error);
  },
  look: ({ rule }) => standingIn(database, sender, rule.table),
  audit: async (source, table) => auditPostgres(database, schema, fitOf(fits, table), source, table),
  refused: () => readRefused(database),
  retry: async (source, table) => {
    const retried = await retry({ database, schema, sender, fit: fitOf(fits, table), onStep }, source, table);
    return retried.ok ? retried : targetFault(retried.error);
  },
  close: () => database.close(),
});

const prepare = async (
  database: Database,
  options: PostgresOptions,
  session: SessionOptions,
): Promise<Result<TargetSession>> => {
  const fits = await lookAtTarget(database, options.schema, session.tables);
  if (!fits.ok) return fits;
  const folded = await fold(database, session, options.mostRuns);
  return folded.ok ? ok(sessionOf(database, options, session, fits.value)) : folded;
};

/** Faults of all: `reporting-target-failed` with what the database says, `reporting-target-unprepared`, `reporting-table-unfit`, `reporting-many-refused`. */
export const createPostgresTarget = (options: PostgresOptions): Target => ({
  name: 'postgres',
  open: async (session) => {
    const access = options.access();
    if (!access.ok) return access;
    const opened = await connectDatabase(access.value, session.signal);
    if (!opened.ok) return targetFault(opened.error);
    const database = opened.value;
    const made = await prepare(database, options, session);
    if (made.ok) return made;
    await database.close();
    return targetFault(made.error);
  },
});
