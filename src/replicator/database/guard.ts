/** The database's own guard on this node: while it serves, or has collected what is not at home yet, nothing may overwrite it. */
import type { Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import { forgetChanges } from '../../replication/postgres/changes/log.ts';
import { connectDatabase, type Database, type DatabaseAccess } from '../../replication/postgres/connection.ts';
import type { StreamReporter, StreamRight } from '../../replication/stream.ts';
import type { Term } from '../protocol.ts';

export interface DatabaseGuard {
  /** Told at every change; the last word counts, and is repeated until the database has heard it. */
  set(right: StreamRight, terms: readonly Term[]): void;
  stop(): Promise<void>;
}

export interface DatabaseGuardOptions {
  /** The standby collects what must come home; it keeps a log of local changes. */
  readonly collects: boolean;
  readonly access: () => Result<DatabaseAccess>;
  readonly clock: Clock;
  readonly reporter: StreamReporter;
  readonly connect?: typeof connectDatabase;
}

const AGAIN_MS = 1000;
/** How often the log of a node that rests is emptied: what programs write there is of no use, and must not fill it before a term. */
const TIDY_MS: Millis = 600_000;
/** Entries removed at once, so that nobody who takes service waits for it. */
const FEW = 2000;

interface Wanted {
  readonly right: StreamRight;
  readonly terms: readonly Term[];
}

const openTerms = ({ terms }: Wanted) => terms.filter(({ settled }) => !settled).map(({ epoch }) => epoch);

/** All that was collected is at home: the log of it is of no use any more. */
const isHome = (want: Wanted): boolean => want.right.holding === 0 && openTerms(want).length === 0;

const apply = async (db: Database, want: Wanted, collects: boolean): Promise<Result<unknown>> => {
  const { holding, highest } = want.right;
  const told =
    holding > 0
      ? await db.query('SELECT dualtone.serve($1, $2)', [holding, collects])
      : await db.query('SELECT dualtone.rest($1)', [highest]);
  if (!told.ok || !collects) return told;
  const logs = await db.query('SELECT dualtone.keep_log(true)');
  if (!logs.ok || holding > 0) return logs;
  const open = openTerms(want);
  return db.query('SELECT dualtone.set_unmerged($1)', [open.length === 0 ? null : Math.min(...open)]);
};

/** A connection for one act. */
const openerOf =
  ({ access, connect = connectDatabase }: DatabaseGuardOptions, signal: AbortSignal) =>
  async (act: (db: Database) => Promise<Result<unknown>>): Promise<Result<unknown>> => {
    const found = access();
    if (!found.ok) return found;
    const opened = await connect(found.value, signal);
    if (!opened.ok) return opened;
    try {
      return await act(opened.value);
    } finally {
      await opened.value.close();
    }
  };

/** All of the log, as long as nothing else is wanted; what fails is done the next time. */
const empty = async (db: Database, isStill: () => boolean): Promise<Result<unknown>> => {
  for (;;) {
    const gone = await forgetChanges(db, FEW);
    if (!gone.ok || gone.value < FEW || !isStill()) return gone;
  }
};

/** Never delays a takeover: it is told beside it. */
export const createDatabaseGuard = (options: DatabaseGuardOptions): DatabaseGuard => {
  const { clock, reporter, collects } = options;
  const stopping = new AbortController();
  const onDatabase = openerOf(options, stopping.signal);
  const said: { wanted: Wanted | null; applied: Wanted | null } = { wanted: null, applied: null };
  let working: Promise<void> | null = null;
  let cancelAgain = (): void => undefined;
  let cancelTidy = (): void => undefined;
  let trouble = '';

  const tidy = async (want: Wanted): Promise<void> => {
    if (!collects || !isHome(want)) return;
    const isStill = (): boolean => said.wanted === want && !stopping.signal.aborted;
    await onDatabase((db) => empty(db, isStill));
    if (isStill()) cancelTidy = clock.at(clock.now() + TIDY_MS, begin);
  };
  const work = async (): Promise<void> => {
    while (said.wanted !== null && said.wanted !== said.applied && !stopping.signal.aborted) {
      const want = said.wanted;
      const done = await onDatabase((db) => apply(db, want, collects));
      if (done.ok) {
        said.applied = want;
        trouble = '';
        continue;
      }
      if (done.error.code !== trouble && !stopping.signal.aborted)
        reporter.say('alarm', 'database-guard', `The database has not heard who serves: ${done.error.message}`);
      trouble = done.error.code;
      cancelAgain = clock.at(clock.now() + AGAIN_MS, begin);
      return;
    }
    if (said.applied !== null) await tidy(said.applied);
  };
  const begin = (): void => {
    if (working !== null || stopping.signal.aborted) return;
    cancelAgain();
    cancelTidy();
    working = work().finally(() => {
      working = null;
      if (said.wanted !== said.applied && trouble === '') begin();
    });
  };
  return {
    set: (right, terms) => {
      said.wanted = { right, terms };
      begin();
    },
    stop: async () => {
      stopping.abort();
      cancelAgain();
      cancelTidy();
      await working;
    },
  };
};
