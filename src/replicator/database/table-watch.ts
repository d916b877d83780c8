/** Where changes follow one by one, nobody tells which tables changed: this passive node's own database counts it. */
import { ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { Database, Row } from '../../replication/postgres/connection.ts';

export interface TableWatchOptions {
  readonly connect: (signal: AbortSignal) => Promise<Result<Database>>;
  readonly schema: string;
  readonly clock: Clock;
  readonly onChanged: (tables: readonly string[]) => void;
}

export interface TableWatch {
  start(): void;
  /** While this node serves its own programs change tables, and nothing is looked at. */
  setHolding(holding: number): void;
  stop(): Promise<void>;
}

const LOOK_MS: Millis = 5000;

/** PostgreSQL's own statistics: rows written since they began, also by what is replicated; seconds late at most. */
const COUNTS = `
  select relname as name, (n_tup_ins + n_tup_upd + n_tup_del)::text as count
  from pg_catalog.pg_stat_user_tables where schemaname = $1`;

interface CountRow extends Row {
  readonly name: string;
  readonly count: string;
}

/** Rows written of each table, as text. Faults: those of `Database.query`. */
export const readCounts = async (database: Database, schema: string): Promise<Result<ReadonlyMap<string, string>>> => {
  const rows = await database.query<CountRow>(COUNTS, [schema]);
  return rows.ok ? ok(new Map(rows.value.map(({ name, count }) => [name, count]))) : rows;
};

/** Tables whose count is another one than before; a table that was not there before is none. */
const changedOf = (before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): readonly string[] =>
  [...now].flatMap(([name, count]) => ((before.get(name) ?? count) === count ? [] : [name]));

/** A database that is not reached is looked at again; that it does not follow is its stream's affair. */
export const createTableWatch = ({ connect, schema, clock, onChanged }: TableWatchOptions): TableWatch => {
  const stopping = new AbortController();
  let holding = 0;
  let before: ReadonlyMap<string, string> | null = null;
  let looking = Promise.resolve();
  let cancel = (): void => undefined;
  const look = async (): Promise<void> => {
    const opened = await connect(stopping.signal);
    if (!opened.ok) return;
    try {
      const now = await readCounts(opened.value, schema);
      if (!now.ok || holding > 0) return;
      const changed = before === null ? [] : changedOf(before, now.value);
      before = now.value;
      if (changed.length > 0) onChanged(changed);
    } finally {
      await opened.value.close();
    }
  };
  const again = async (): Promise<void> => {
    if (holding === 0) await look();
    next();
  };
  const next = (): void => {
    if (stopping.signal.aborted) return;
    cancel = clock.at(clock.now() + LOOK_MS, () => {
      looking = again();
    });
  };
  return {
    start: next,
    setHolding: (now) => {
      // What was written in between was this node's own.
      if (now > 0 || holding > 0) before = null;
      holding = now;
    },
    stop: async () => {
      stopping.abort();
      cancel();
      await looking;
    },
  };
};
