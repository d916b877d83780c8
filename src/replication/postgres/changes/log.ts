/** Reads and clears the log of local changes. */
import { setTimeout as pause } from 'node:timers/promises';
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Epoch, Millis, WallTime } from '../../../core/words.ts';
import type { Database } from '../connection.ts';

/** One entry. Rows are JSON as `jsonb` wrote it, unparsed, so that no number is rounded. */
export interface ChangeEntry {
  readonly seq: number;
  readonly at: WallTime;
  /** The highest term that the node had heard of at that moment. */
  readonly epoch: Epoch;
  /** Whether it served at that moment; otherwise somebody wrote into the passive node's database. */
  readonly serving: boolean;
  readonly table: string;
  readonly op: 'insert' | 'update' | 'delete' | 'truncate';
  /** The key before the change; `{}` for a table without one; null for `truncate`. */
  readonly key: string | null;
  readonly before: string | null;
  readonly after: string | null;
  /** False: the row was too large, and only its key was kept. */
  readonly whole: boolean;
}

export interface ReadChanges {
  readonly changes: readonly ChangeEntry[];
  /** All entries up to here have been given out; the next reading begins behind it. */
  readonly untilSeq: number;
  /** There are more. */
  readonly more: boolean;
  /** Changes that could not be logged since the log was made. */
  readonly missed: number;
}

const LOOK_MS: Millis = 50;
const DEFAULT_LIMIT = 5000;

interface Mark {
  readonly last: string;
  readonly next: string;
  readonly missed: string;
  readonly [key: string]: unknown;
}

// The sequence is read before the transactions: who comes later has numbers behind it.
const MARK = `WITH l AS MATERIALIZED (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM dualtone.changes_seq_seq)
SELECT l.last::text AS last, (SELECT CASE WHEN is_called THEN last_value + 1 ELSE 0 END FROM dualtone.missed_changes)::text AS missed FROM l`;

const ENDED = 'SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8 AS ended';

/**
 * Up to where nothing is under way any more: numbers are given before their transactions end, and an entry that
 * appears late must not be passed over.
 */
const settle = async (
  db: Database,
  waitMs: Millis,
): Promise<Result<{ readonly last: number; readonly missed: number }>> => {
  const marked = await db.query<Mark>(MARK);
  if (!marked.ok) return marked;
  const bound = await db.query<{ readonly next: string }>(
    'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next',
  );
  if (!bound.ok) return bound;
  const [mark] = marked.value;
  const next = bound.value[0]?.next ?? '0';
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const ended = await db.query<{ readonly ended: boolean }>(ENDED, [next]);
    if (!ended.ok) return ended;
    if (ended.value[0]?.ended === true) return ok({ last: Number(mark?.last ?? 0), missed: Number(mark?.missed ?? 0) });
    if (waitedMs >= waitMs)
      return fail(
        'database-changes-busy',
        `On ${db.name} a transaction has been writing for more than ${Math.round(waitMs / 1000)} s, so that its log cannot be read to a sure end.`,
        'See pg_stat_activity there for the session; the next time tries again.',
      );
    await pause(LOOK_MS);
  }
};

const OPS = { I: 'insert', U: 'update', D: 'delete', T: 'truncate' } as const;

type Entry = Readonly<Record<'seq' | 'at' | 'epoch' | 'table' | 'op', string>> &
  Readonly<Record<'key' | 'before' | 'after', string | null>> & { readonly serving: boolean; readonly whole: boolean };

const READ = `SELECT seq::text AS seq, (extract(epoch FROM at) * 1000)::float8::text AS at, epoch::text AS epoch, serving, table_name AS table, op,
  key::text AS key, before::text AS before, after::text AS after, whole
FROM dualtone.changes c WHERE c.seq > $1::bigint AND c.seq <= $2::bigint ORDER BY c.seq LIMIT $3::int`;

/**
 * The entries behind `sinceSeq` (0: from the beginning), in the order of `seq`, which is that of each row's changes;
 * `limit` at once. Waits `waitMs` at most for transactions that are under way; outside a transaction block only.
 * Faults: `database-changes-busy`, those of `Database.query`.
 */
export const readChanges = async (
  db: Database,
  sinceSeq: number,
  { limit = DEFAULT_LIMIT, waitMs = 5000 }: { readonly limit?: number; readonly waitMs?: Millis } = {},
): Promise<Result<ReadChanges>> => {
  const settled = await settle(db, waitMs);
  if (!settled.ok) return settled;
  const { last, missed } = settled.value;
  const rows = await db.query<Entry>(READ, [sinceSeq, last, limit]);
  if (!rows.ok) return rows;
  const changes = rows.value.map((row) => ({
    ...row,
    seq: Number(row.seq),
    at: Math.round(Number(row.at)),
    epoch: Number(row.epoch),
    op: OPS[row.op as keyof typeof OPS],
  }));
  const more = changes.length === limit;
  const untilSeq = more ? (changes.at(-1)?.seq ?? last) : Math.max(last, sinceSeq);
  return ok({ changes, untilSeq, more, missed });
};

/**
 * Removes at most `limit` entries of a node that rests and whose terms are all home; how many. Those of the last minute stay, since a
 * takeover may be under way, unless they are of a term. Faults: those of `Database.run`.
 */
export const forgetChanges = (db: Database, limit: number): Promise<Result<number>> =>
  db.run(
    `DELETE FROM dualtone.changes WHERE seq IN (SELECT seq FROM dualtone.changes
      WHERE serving OR at < clock_timestamp() - interval '1 minute' ORDER BY seq LIMIT $1::int)`,
    [limit],
  );
