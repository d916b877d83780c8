/** The database's own guard on this node: while it serves, or has collected what is not at home yet, nothing may overwrite it. */
import type { Result } from '../../core/result.ts';
import type { Clock } from '../../ports.ts';
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

interface Wanted {
  readonly right: StreamRight;
  readonly terms: readonly Term[];
}

const apply = async (db: Database, { right, terms }: Wanted, collects: boolean): Promise<Result<unknown>> => {
  const { holding, highest } = right;
  const told =
    holding > 0
      ? await db.query('SELECT dualtone.serve($1, $2)', [holding, collects])
      : await db.query('SELECT dualtone.rest($1)', [highest]);
  if (!told.ok || !collects) return told;
  const logs = await db.query('SELECT dualtone.keep_log(true)');
  if (!logs.ok || holding > 0) return logs;
  const open = terms.filter(({ settled }) => !settled).map(({ epoch }) => epoch);
  return db.query('SELECT dualtone.set_unmerged($1)', [open.length === 0 ? null : Math.min(...open)]);
};

/** Never delays a takeover: it is told beside it. */
export const createDatabaseGuard = (options: DatabaseGuardOptions): DatabaseGuard => {
  const { clock, reporter, collects } = options;
  const stopping = new AbortController();
  const said: { wanted: Wanted | null; applied: Wanted | null } = { wanted: null, applied: null };
  let working: Promise<void> | null = null;
  let cancelAgain = (): void => undefined;
  let trouble = '';

  const once = async (want: Wanted): Promise<Result<unknown>> => {
    const access = options.access();
    if (!access.ok) return access;
    const opened = await (options.connect ?? connectDatabase)(access.value, stopping.signal);
    if (!opened.ok) return opened;
    try {
      return await apply(opened.value, want, collects);
    } finally {
      await opened.value.close();
    }
  };
  const work = async (): Promise<void> => {
    while (said.wanted !== null && said.wanted !== said.applied && !stopping.signal.aborted) {
      const want = said.wanted;
      const done = await once(want);
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
  };
  const begin = (): void => {
    if (working !== null || stopping.signal.aborted) return;
    cancelAgain();
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
      await working;
    },
  };
};
