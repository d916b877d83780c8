/** From this node's tables to one target, once over all of them. What is not sent yet waits where it was written: nothing is kept in between. */
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import type { Database } from '../replication/postgres/connection.ts';
import { type Doubt, oddityOf, planBatch, settle } from './core/plan.ts';
import { lengthOf } from './core/runs.ts';
import type { Batch, Pace, SourceTable, Standing, Step } from './core/words.ts';
import { openSource, type Source, type SourceOptions } from './source.ts';
import type { Target, TargetSession } from './target.ts';

export interface PassOptions {
  readonly target: Target;
  readonly source: SourceOptions;
  /** Of its own each time, closed by the lane. */
  readonly connect: (signal: AbortSignal) => Promise<Result<Database>>;
  readonly pace: Pace;
  /** Where there is nothing known of a table: what is there already goes too, or only what comes. */
  readonly begin: 'now' | 'all';
  readonly onStep: (step: Step) => void;
}

export interface Counts {
  readonly sent: number;
  readonly known: number;
  readonly refused: number;
  /** Numbers whose rows were deleted before they were sent. */
  readonly gone: number;
}

export interface Passed {
  /** There may be more at once. */
  readonly isMore: boolean;
  /** A transaction that is under way may still bring an earlier event. */
  readonly isWaiting: boolean;
  readonly counts: Counts;
}

/** An open source and an open target, and what is known of each table in between. */
export interface Pass {
  /** Each table once. Faults: those of both sides. */
  run(): Promise<Result<Passed>>;
  close(): Promise<void>;
}

interface TableState {
  readonly table: SourceTable;
  standing: Standing;
  doubt: Doubt | null;
}

const changed = (table: string, why: string) =>
  fail(
    'reporting-source-changed',
    `The events of \`${table}\` are not those that were sent before: ${why}.`,
    'Was the database restored? Merge what is left, then raise `reporting.era` on both nodes: it begins anew, and says from where.',
  );

/** Nothing is known of the table at the target: where it begins. */
const beginningOf = async (source: Source, table: SourceTable, begin: 'now' | 'all'): Promise<Result<number>> => {
  const ends = await source.ends(table);
  if (!ends.ok) return ends;
  const last = await source.last(table);
  if (!last.ok) return last;
  if (begin === 'all') return ok(ends.value === null ? 0 : ends.value.from - 1);
  return ok(Math.max(ends.value?.to ?? 0, ends.value === null ? (last.value ?? 0) : 0));
};

const standingOf = async (
  { begin }: PassOptions,
  source: Source,
  session: TargetSession,
  table: SourceTable,
): Promise<Result<Standing>> => {
  const known = await session.standing(table);
  if (!known.ok) return known;
  if (known.value === null) {
    const position = await beginningOf(source, table, begin);
    return position.ok ? session.begin(table, position.value) : position;
  }
  const last = await source.last(table);
  if (!last.ok) return last;
  const digest = await source.digest(table, known.value.position);
  if (!digest.ok) return digest;
  const oddity = oddityOf(known.value, last.value, digest.value);
  if (oddity === null) return ok(known.value);
  const { position } = known.value;
  return changed(
    table.rule.table,
    oddity === 'went-back' ? `number ${position} is not drawn yet` : `number ${position} is another event`,
  );
};

/** Nothing, and told as nothing by being this very one. */
export const noCounts: Counts = { sent: 0, known: 0, refused: 0, gone: 0 };

const passTable = async (
  { pace, onStep }: PassOptions,
  source: Source,
  session: TargetSession,
  state: TableState,
): Promise<Result<Passed>> => {
  const { table } = state;
  const before = state.doubt === null ? ok([]) : await source.writers(table);
  if (!before.ok) return before;
  const settled = settle(state.doubt, before.value);
  const page = await source.page(table, state.standing.position, { rows: pace.batchRows, bytes: pace.batchBytes });
  if (!page.ok) return page;
  onStep('read');
  const { events, lowest } = page.value;
  const keys = events.map(({ readKey }) => readKey);
  const plan = planBatch(state.standing, keys, lowest, settled.settledTo);
  state.doubt = settled.doubt;
  let isMore = false;
  if (plan.doubtUpTo !== null && state.doubt === null) {
    const writers = await source.writers(table);
    if (!writers.ok) return writers;
    state.doubt = { upTo: plan.doubtUpTo, writers: writers.value };
    isMore = writers.value.length === 0;
  }
  const isWaiting = state.doubt !== null && state.doubt.writers.length > 0;
  if (plan.take === 0) return ok({ isMore, isWaiting, counts: noCounts });
  const { gone } = plan;
  const batch: Batch = { table, after: state.standing.position, events: events.slice(0, plan.take), gone };
  const written = await session.write(batch);
  if (!written.ok) return written;
  const { position, digest, sent, known, refused } = written.value;
  state.standing = { position, digest };
  return ok({ isMore: true, isWaiting, counts: { sent, known, refused, gone: gone === null ? 0 : lengthOf(gone) } });
};

export const addCounts = (one: Counts, other: Counts): Counts =>
  other === noCounts
    ? one
    : {
        sent: one.sent + other.sent,
        known: one.known + other.known,
        refused: one.refused + other.refused,
        gone: one.gone + other.gone,
      };

/** Opens both sides. Faults: those of both, `reporting-source-changed`. */
export const openPass = async (options: PassOptions, signal: AbortSignal): Promise<Result<Pass>> => {
  const connected = await options.connect(signal);
  if (!connected.ok) return connected;
  const database = connected.value;
  let session: TargetSession | null = null;
  const close = async (): Promise<void> => {
    await Promise.all([session?.close(), database.close()]);
  };
  const failing = async (error: Fault): Promise<Result<Pass>> => {
    await close();
    return { ok: false, error };
  };
  const source = await openSource(database, options.source);
  if (!source.ok) return failing(source.error);
  const { origin: sender, tables } = source.value;
  const opened = await options.target.open({ sender, tables, signal, onStep: options.onStep });
  if (!opened.ok) return failing(opened.error);
  session = opened.value;
  const states: TableState[] = [];
  for (const table of tables) {
    const standing = await standingOf(options, source.value, session, table);
    if (!standing.ok) return failing(standing.error);
    const retried = await session.retry(source.value, table);
    if (!retried.ok) return failing(retried.error);
    states.push({ table, standing: standing.value, doubt: null });
  }
  const run: Pass['run'] = async () => {
    let counts = noCounts;
    let isMore = false;
    let isWaiting = false;
    for (const state of states) {
      const passed = await passTable(options, source.value, opened.value, state);
      if (!passed.ok) return passed;
      counts = addCounts(counts, passed.value.counts);
      isMore ||= passed.value.isMore;
      isWaiting ||= passed.value.isWaiting;
    }
    return ok({ isMore, isWaiting, counts });
  };
  return ok({ run, close });
};
