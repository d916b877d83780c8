/** The link between both servers as this node's server has it: looked at, set up, begun, ended. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Mysql } from './connection.ts';
import type { Begin, Filters, LinkStatus, MysqlRow, Position, Source } from './dialect.ts';
import { contains, countOf, type GtidSet, minus } from './gtid.ts';

/** What this server has. Faults: those of `Mysql.query`. */
export const readPosition = async (db: Mysql): Promise<Result<Position>> => {
  const rows = await db.query(db.dialect.positionQuery);
  return rows.ok ? ok(db.dialect.position(rows.value[0] ?? {})) : rows;
};

const isNoLink = (db: Mysql, error: object): boolean => 'errno' in error && error.errno === db.dialect.noLinkErrno;

/** Null: this server fetches from nowhere. Faults: those of `Mysql.query`. */
export const readLink = async (db: Mysql): Promise<Result<LinkStatus | null>> => {
  const rows = await db.query<MysqlRow>(db.dialect.statusQuery);
  if (!rows.ok) return isNoLink(db, rows.error) ? ok(null) : rows;
  const [row] = rows.value;
  return ok(row === undefined ? null : db.dialect.status(row));
};

const unlessNone = async (db: Mysql, statements: readonly string[]): Promise<Result<void>> => {
  const done = await db.runAll(statements);
  return done.ok || !isNoLink(db, done.error) ? done : ok(undefined);
};

/** What comes from now on changes nothing. At once, where the end of a whole link waits until a connection to a dead server is given up. */
export const stopApplying = (db: Mysql): Promise<Result<void>> => unlessNone(db, db.dialect.stopApplying);

export const startLink = (db: Mysql): Promise<Result<void>> => db.runAll(db.dialect.start);

/** The link is gone, with what has come by it and is not applied. */
export const forgetLink = (db: Mysql): Promise<Result<void>> => unlessNone(db, db.dialect.forget);

/** Set up anew, and begun. The password goes in a statement over the server's own socket, which servers hide in their logs. */
export const beginLink = async (
  db: Mysql,
  source: Source,
  filters: Filters,
  begin: Omit<Begin, 'own'>,
): Promise<Result<void>> => {
  const gone = await forgetLink(db);
  if (!gone.ok) return gone;
  const own = await readPosition(db);
  if (!own.ok) return own;
  return db.runAll([...db.dialect.follow(source, filters, { ...begin, own: own.value }), ...db.dialect.start]);
};

/** Whether it refuses writes; `strict`: those of administrators too (MySQL only). */
export const readReadOnly = async (
  db: Mysql,
): Promise<Result<{ readonly locked: boolean; readonly strict: boolean }>> => {
  const rows = await db.query<{ readonly locked: unknown; readonly strict: unknown }>(db.dialect.readOnlyQuery);
  const row = rows.ok ? rows.value[0] : undefined;
  return rows.ok ? ok({ locked: Number(row?.locked) === 1, strict: Number(row?.strict) === 1 }) : rows;
};

/** Waits for what is being committed, 5 s at most. Faults: `mysql-too-slow`, those of `Mysql.query`. */
export const setReadOnly = (db: Mysql, on: boolean): Promise<Result<void>> => db.runAll(db.dialect.readOnly(on));

const STEP_MS: Millis = 20;

/**
 * Until this server has all of `wanted`; `ended` may call it off (the link has stopped by an error). False where it has not in time.
 * Faults: those of `Mysql.query`.
 */
export const waitFor = async (
  db: Mysql,
  wanted: GtidSet,
  withinMs: Millis,
  signal: AbortSignal,
): Promise<Result<boolean>> => {
  const limit = performance.now() + withinMs;
  for (;;) {
    const here = await readPosition(db);
    if (!here.ok) return here;
    if (contains(here.value.executed, wanted)) return ok(true);
    if (performance.now() > limit || signal.aborted) return ok(false);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
};

export interface Coming {
  /** Nothing has come for so long: the end. */
  readonly stallMs: Millis;
  /** The end, also while some still comes. */
  readonly mostMs: Millis;
  readonly signal: AbortSignal;
  readonly isWanted: () => boolean;
}

/** As `waitFor`, as long as something comes. False where all has not. Faults: those of `Mysql.query`. */
export const waitWhileComing = async (
  db: Mysql,
  wanted: GtidSet,
  { stallMs, mostMs, signal, isWanted }: Coming,
): Promise<Result<boolean>> => {
  const limit = performance.now() + mostMs;
  for (let left = Number.POSITIVE_INFINITY; ; ) {
    const came = await waitFor(db, wanted, stallMs, signal);
    if (!came.ok || came.value) return came;
    const here = await readPosition(db);
    if (!here.ok) return here;
    const now = countOf(minus(wanted, here.value.executed));
    if (now >= left || performance.now() > limit || signal.aborted || !isWanted()) return ok(false);
    left = now;
  }
};

/** Until all that has come is applied. False where it is not in time, or an error stands in the way. */
export const waitForApplied = async (db: Mysql, withinMs: Millis, signal: AbortSignal): Promise<Result<boolean>> => {
  const link = await readLink(db);
  if (!link.ok) return link;
  if (link.value === null) return ok(true);
  if (link.value.applying.state !== 'running') return ok(false);
  return link.value.received === null ? ok(true) : waitFor(db, link.value.received, withinMs, signal);
};

/** That both can be made a pair at all. Fault: `mysql-unlike`. */
export const compareKinds = (
  here: { readonly kind: string; readonly title: string },
  there: { readonly kind: string; readonly title: string },
): Result<void> =>
  here.kind === there.kind
    ? ok(undefined)
    : fail(
        'mysql-unlike',
        `This node runs ${here.title}, the other one ${there.title}; neither follows the other.`,
        'Run MariaDB on both nodes, or MySQL on both.',
      );
