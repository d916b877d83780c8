/** One run of Dualtone's snapshot and one of the original's way, on the same servers, one after the other. */
import { changeSome } from '../../lab/telephone-system/install.ts';
import { ok, type Result } from '../../src/core/result.ts';
import { runSnapshot } from '../../src/replication/postgres/snapshot/snapshot.ts';
import type { RunLine } from '../results.ts';
import { lookedAt, type Onlooking } from './onlooker.ts';
import { runOriginal } from './original.ts';
import { type BenchPair, DATABASE } from './pair.ts';
import { measuredProcessorMs } from './processor.ts';

/** `same`: nothing has changed since; `changed`: one percent of the configuration has; `empty`: the standby has nothing yet. */
export const snapshotCases = ['same', 'changed', 'empty'] as const;
export type SnapshotCase = (typeof snapshotCases)[number];

export interface SnapshotLine extends RunLine {
  readonly ours_ms: number;
  readonly original_ms: number;
  /** Ours by the original's. */
  readonly ratio: number;
  /** Processor time of all programs and servers: it depends little on what else runs on the machine. */
  readonly ours_processor_ms: number;
  readonly original_processor_ms: number;
  /** The longest wait of a reader at the standby. */
  readonly ours_reader_ms: number;
  readonly original_reader_ms: number;
  /** The longest time that a table was locked against readers. */
  readonly ours_exclusive_ms: number;
  readonly original_exclusive_ms: number;
  /** Rows that ours wrote. */
  readonly rows_written: number;
}

interface Ran {
  readonly tookMs: number;
  readonly changed: number;
}

type Runner = (pair: BenchPair, signal: AbortSignal) => Promise<Result<Ran>>;

const place = ({ standby }: BenchPair) => ({ host: standby.socketDir, port: standby.port, database: DATABASE });

const ours: Runner = async (pair, signal) => {
  const options = {
    source: pair.access('main'),
    target: pair.access('standby'),
    schema: 'public',
    rules: pair.rules,
    epoch: 1,
    timeLimitMs: 600_000,
    limits: { clockMs: 5000 },
  };
  const run = await runSnapshot(options, { signal, onProgress: () => undefined });
  return run.ok ? ok({ tookMs: run.value.tookMs, changed: run.value.changed }) : run;
};

const original: Runner = async (pair, signal) => {
  const { main, standby } = pair;
  const run = await runOriginal({ source: main, target: standby, database: DATABASE, signal });
  return run.ok ? ok({ tookMs: run.value, changed: 0 }) : run;
};

const emptyAll = `DO $$ DECLARE names text; BEGIN
  SELECT string_agg(quote_ident(tablename), ', ') INTO names FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%alembic%';
  EXECUTE 'TRUNCATE ' || names; END $$`;

const before = async (pair: BenchPair, kind: SnapshotCase, round: number): Promise<void> => {
  if (kind === 'empty') await pair.standby.query(emptyAll, undefined, DATABASE);
  if (kind !== 'changed') return;
  const db = await pair.main.connect({ database: DATABASE });
  try {
    await changeSome(db, 1, round);
  } finally {
    await db.end();
  }
};

const rounded = (ms: number): number => Math.round(ms * 10) / 10;

interface Timed extends Ran {
  readonly usedMs: number;
}

/** Alone: onlookers would take processor time from the one way, and wait at the locks of the other. */
const timeOf = async (runner: Runner, pair: BenchPair, signal: AbortSignal): Promise<Result<Timed>> => {
  const dataDirs = [pair.main.dataDir, pair.standby.dataDir];
  const usedBefore = await measuredProcessorMs(dataDirs);
  const done = await runner(pair, signal);
  if (!done.ok) return done;
  return ok({ ...done.value, usedMs: (await measuredProcessorMs(dataDirs)) - usedBefore });
};

const locksOf = async (runner: Runner, pair: BenchPair, signal: AbortSignal): Promise<Result<Onlooking>> => {
  const [done, seen] = await lookedAt(place(pair), () => runner(pair, signal));
  return done.ok ? ok(seen) : done;
};

/** Both ways in one run, in turns the one first and the other; first their times, then their locks. Faults: those of either. */
export const measureSnapshot = async (
  pair: BenchPair,
  kind: SnapshotCase,
  run: number,
  signal: AbortSignal,
): Promise<Result<Omit<SnapshotLine, keyof RunLine>>> => {
  const order: readonly Runner[] = run % 2 === 0 ? [original, ours] : [ours, original];
  const inTurns = async <T>(round: number, measure: (runner: Runner) => Promise<Result<T>>) => {
    const found = new Map<Runner, T>();
    for (const [turn, runner] of order.entries()) {
      await before(pair, kind, (run * 2 + round) * 2 + turn);
      const measured = await measure(runner);
      if (!measured.ok) return measured;
      found.set(runner, measured.value);
    }
    const [mine, rival] = [found.get(ours), found.get(original)];
    if (mine === undefined || rival === undefined) throw new Error('both run');
    return ok([mine, rival] as const);
  };
  const times = await inTurns(0, (runner) => timeOf(runner, pair, signal));
  if (!times.ok) return times;
  const locks = await inTurns(1, (runner) => locksOf(runner, pair, signal));
  if (!locks.ok) return locks;
  const [[mine, rival], [seenMine, seenRival]] = [times.value, locks.value];
  return ok({
    ours_ms: rounded(mine.tookMs),
    original_ms: rounded(rival.tookMs),
    ratio: Math.round((1000 * mine.tookMs) / rival.tookMs) / 1000,
    ours_processor_ms: Math.round(mine.usedMs),
    original_processor_ms: Math.round(rival.usedMs),
    ours_reader_ms: rounded(seenMine.readerMs),
    original_reader_ms: rounded(seenRival.readerMs),
    ours_exclusive_ms: rounded(seenMine.exclusiveMs),
    original_exclusive_ms: rounded(seenRival.exclusiveMs),
    rows_written: mine.changed,
  });
};
