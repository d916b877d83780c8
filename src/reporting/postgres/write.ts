/** One part of a batch into the reporting database: rows, what identifies them and the position, in one transaction. */
import { fail, ok, type Result } from '../../core/result.ts';
import { inTransaction } from '../../replication/merge/session.ts';
import type { Database } from '../../replication/postgres/connection.ts';
import type { Fit } from '../core/columns.ts';
import { notCovered, type Run, runsOf, withNewRuns } from '../core/runs.ts';
import {
  type Batch,
  type Event,
  type Key,
  MOST_REFUSED,
  type SourceTable,
  type Standing,
  type Step,
  type Written,
} from '../core/words.ts';
import { manyRefused, standingAfter } from '../target.ts';
import {
  countRefused,
  dropRefused,
  insertRows,
  keepGone,
  keepRefused,
  keepRuns,
  lockStream,
  movePosition,
  moveSequence,
  nextNumber,
  readFolded,
  readPosition,
  readRuns,
} from './statements.ts';

export interface Pen {
  readonly database: Database;
  readonly schema: string;
  readonly sender: string;
  readonly fit: Fit;
  readonly onStep: (step: Step) => void;
}

interface RunRow {
  readonly [column: string]: unknown;
  readonly origin: string;
  readonly from: string;
  readonly to: string;
  readonly id: string;
}

const moved = fail(
  'reporting-position-moved',
  'Another sender of the same name has written to the reporting database.',
  'Nothing to do: the position is read again. If it stays, see that two nodes do not have one name.',
);

/** `standing` of the sender, as the transaction sees it under the lock. Null: there is none. */
export const standingIn = async (
  database: Database,
  sender: string,
  table: string,
): Promise<Result<Standing | null>> => {
  const rows = await database.query<{ readonly position: string; readonly digest: string | null }>(readPosition, [
    sender,
    table,
  ]);
  if (!rows.ok) return rows;
  const [row] = rows.value;
  return ok(row === undefined ? null : { position: Number(row.position), digest: row.digest });
};

/** Locks the table's stream, and makes sure that the target stands where the sender believes. */
const lock = async ({ database, sender }: Pen, { table, after }: Batch): Promise<Result<Standing>> => {
  const locked = await database.run(lockStream, [table.rule.table]);
  if (!locked.ok) return locked;
  const standing = await standingIn(database, sender, table.rule.table);
  if (!standing.ok) return standing;
  return standing.value?.position === after ? ok(standing.value) : moved;
};

const runsAround = async (
  { database }: Pen,
  { table, events }: Pick<Batch, 'table' | 'events'>,
): Promise<Result<readonly Run[]>> => {
  const origins = [...new Set(events.map(({ origin }) => origin))];
  const keys = events.map(({ key }) => key);
  const [lowest, highest] = [Math.min(...keys), Math.max(...keys)];
  const rows = await database.query<RunRow>(readRuns, [table.rule.table, origins, lowest, highest]);
  if (!rows.ok) return rows;
  const folded = await database.query<{ readonly origin: string; readonly folded: string }>(readFolded, [
    table.rule.table,
    origins,
  ]);
  if (!folded.ok) return folded;
  return ok([
    ...rows.value.map(({ origin, from, to, id }) => ({ origin, from: Number(from), to: Number(to), id: Number(id) })),
    // No row is told by it, so that nothing goes on with it.
    ...folded.value.map(({ origin, folded: to }) => ({ origin, from: 0, to: Number(to), id: Number.NaN })),
  ]);
};

const rowsText = (events: readonly Event[], firstId: Key): string =>
  JSON.stringify(
    events.map(({ cells }, index) => ({
      n: firstId + index,
      ...Object.fromEntries(cells.map((cell, at) => [`c${at}`, cell])),
    })),
  );

const insert = async (
  pen: Pen,
  table: string,
  runs: readonly Run[],
  fresh: readonly Event[],
): Promise<Result<null>> => {
  const { database, schema, fit, onStep } = pen;
  const next = await database.query<{ readonly next: string }>(
    nextNumber(schema, table, fit),
    fit.sequence === null ? [] : [fit.sequence],
  );
  if (!next.ok) return next;
  const firstId = Number(next.value[0]?.next);
  const inserted = await database.run(insertRows(schema, table, fit), [rowsText(fresh, firstId)]);
  if (!inserted.ok) return inserted;
  if (fit.sequence !== null) {
    const set = await database.run(moveSequence, [fit.sequence, firstId + fresh.length - 1]);
    if (!set.ok) return set;
  }
  onStep('inserted');
  const { lengthened, added } = withNewRuns(runs, runsOf(fresh, firstId));
  const kept = await database.run(keepRuns, [table, JSON.stringify([...lengthened, ...added])]);
  return kept.ok ? ok(null) : kept;
};

/** What holds for all outcomes of a part: where it ends, and what was gone before it. */
const note = async (pen: Pen, batch: Batch, before: Standing): Promise<Result<Standing>> => {
  const { database, sender, onStep } = pen;
  const { table } = batch.table.rule;
  if (batch.gone !== null) {
    const kept = await database.run(keepGone, [sender, table, batch.gone.from, batch.gone.to]);
    if (!kept.ok) return kept;
  }
  const standing = standingAfter(batch.events, before);
  const set = await database.run(movePosition, [sender, table, standing.position, standing.digest]);
  onStep('noted');
  return set.ok ? ok(standing) : set;
};

/** All of the part, or nothing. Faults: `reporting-position-moved`, those of `Database.query`. */
export const writePart = (pen: Pen, batch: Batch): Promise<Result<Written>> =>
  inTransaction(pen.database, async () => {
    pen.onStep('begun');
    const before = await lock(pen, batch);
    if (!before.ok) return before;
    const runs = await runsAround(pen, batch);
    if (!runs.ok) return runs;
    const fresh = notCovered(batch.events, runs.value);
    if (fresh.length > 0) {
      const inserted = await insert(pen, batch.table.rule.table, runs.value, fresh);
      if (!inserted.ok) return inserted;
    }
    const standing = await note(pen, batch, before.value);
    if (!standing.ok) return standing;
    const sent = fresh.length;
    return ok({ ...standing.value, sent, known: batch.events.length - sent, refused: 0 });
  });

/** The one event of the part does not fit: it is kept aside there, and what comes after it goes on. Fault: `reporting-many-refused`. */
export const refusePart = (pen: Pen, batch: Batch, event: Event, reason: string): Promise<Result<Written>> =>
  inTransaction(pen.database, async () => {
    const { table } = batch.table.rule;
    const before = await lock(pen, batch);
    if (!before.ok) return before;
    const counted = await pen.database.query<{ readonly n: number }>(countRefused, [table]);
    if (!counted.ok) return counted;
    if ((counted.value[0]?.n ?? 0) >= MOST_REFUSED) return manyRefused(table, reason);
    const kept = await pen.database.run(keepRefused, [
      event.origin,
      table,
      event.key,
      reason,
      JSON.stringify(event.cells),
    ]);
    if (!kept.ok) return kept;
    const standing = await note(pen, batch, before.value);
    return standing.ok ? ok({ ...standing.value, sent: 0, known: 0, refused: 1 }) : standing;
  });

/** An event that was refused before, again; the position stays where it is. Faults: those of `Database.query`, also that it does not fit. */
export const retryEvent = (pen: Pen, table: SourceTable, event: Event): Promise<Result<null>> =>
  inTransaction(pen.database, async () => {
    const name = table.rule.table;
    const locked = await pen.database.run(lockStream, [name]);
    if (!locked.ok) return locked;
    const runs = await runsAround(pen, { table, events: [event] });
    if (!runs.ok) return runs;
    const fresh = notCovered([event], runs.value);
    const inserted = fresh.length === 0 ? ok(null) : await insert(pen, name, runs.value, fresh);
    if (!inserted.ok) return inserted;
    const dropped = await pen.database.run(dropRefused, [event.origin, name, event.key]);
    return dropped.ok ? ok(null) : dropped;
  });
