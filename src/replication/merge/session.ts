/** The two connections of a merge, and the lock that keeps a second one away. */
import { setTimeout as pause } from 'node:timers/promises';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Database } from '../postgres/connection.ts';
import { ensureMergeTables } from './schema.ts';

/** Opens a connection of its own each time; the merge closes it. */
export type Connect = (signal: AbortSignal) => Promise<Result<Database>>;

export interface Databases {
  /** The main's own. */
  readonly here: Database;
  readonly there: Database;
  /** Names the standby's database for good: numbers are its own, and begin again if it is made anew. */
  readonly node: string;
}

/** What a database is called for good, in `merged` and by those who report its events. */
export const databaseIdentitySql = `SELECT system_identifier::text || '/' || current_database() AS id FROM pg_control_system()`;

const LOCK_WAIT_MS: Millis = 20_000;
const LOCK_LOOK_MS: Millis = 100;

/** A merge that was killed holds the lock until its server process has noticed. */
const takeLock = async (here: Database, signal: AbortSignal): Promise<Result<null>> => {
  for (let waitedMs = 0; ; waitedMs += LOCK_LOOK_MS) {
    const locked = await here.query<{ readonly got: boolean }>(
      `SELECT pg_try_advisory_lock(hashtextextended('dualtone.merge', 0)) AS got`,
    );
    if (!locked.ok) return locked;
    if (locked.value[0]?.got === true) return ok(null);
    if (waitedMs >= LOCK_WAIT_MS)
      return fail(
        'merge-running',
        'Another merge is working on the database of the main.',
        'Wait for its end; `dualtone merge report` shows it.',
      );
    await pause(LOCK_LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
};

/** Triggers that log local changes stay silent for a merge; all others fire, and foreign keys hold. */
const prepareMain = async (here: Database, signal: AbortSignal): Promise<Result<null>> => {
  const locked = await takeLock(here, signal);
  if (!locked.ok) return locked;
  const ensured = await ensureMergeTables(here);
  if (!ensured.ok) return ensured;
  // The mapping is looked up by its key, and what was just written lies in memory.
  const set = await here.run(`SET dualtone.writer = 'merge'; SET random_page_cost = 1.1`);
  return set.ok ? ok(null) : set;
};

const prepare = async (here: Database, there: Database, signal: AbortSignal): Promise<Result<Databases>> => {
  const prepared = await prepareMain(here, signal);
  if (!prepared.ok) return prepared;
  const named = await there.query<{ readonly id: string }>(databaseIdentitySql);
  return named.ok ? ok({ here, there, node: named.value[0]?.id ?? '' }) : named;
};

/**
 * Opens both, does `work` under the lock, and closes both, whatever happens; what was not committed is undone.
 * Faults: `merge-running`, those of the connections, those of `work`.
 */
export const withDatabases = async <T>(
  connectHere: Connect,
  connectThere: Connect,
  signal: AbortSignal,
  work: (databases: Databases) => Promise<Result<T>>,
): Promise<Result<T>> => {
  const here = await connectHere(signal);
  if (!here.ok) return here;
  const there = await connectThere(signal);
  if (!there.ok) {
    await here.value.close();
    return there;
  }
  try {
    const prepared = await prepare(here.value, there.value, signal);
    return prepared.ok ? await work(prepared.value) : prepared;
  } finally {
    await Promise.all([here.value.close(), there.value.close()]);
  }
};

/** As `withDatabases`, at the main alone. */
export const withMain = async <T>(
  connectHere: Connect,
  signal: AbortSignal,
  work: (here: Database) => Promise<Result<T>>,
): Promise<Result<T>> => {
  const here = await connectHere(signal);
  if (!here.ok) return here;
  try {
    const prepared = await prepareMain(here.value, signal);
    return prepared.ok ? await work(here.value) : prepared;
  } finally {
    await here.value.close();
  }
};

/** Does `work` in one transaction of `database`: committed when it succeeds, otherwise undone. */
export const inTransaction = async <T>(database: Database, work: () => Promise<Result<T>>): Promise<Result<T>> => {
  const begun = await database.run('BEGIN');
  if (!begun.ok) return begun;
  const done = await work();
  if (!done.ok) {
    if (!database.isClosed()) await database.run('ROLLBACK');
    return done;
  }
  const committed = await database.run('COMMIT');
  return committed.ok ? done : committed;
};
