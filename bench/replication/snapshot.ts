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

interface Timed extends Onlooking {
  readonly tookMs: number;
  readonly changed: number;
}

type Runner = (pair: BenchPair, signal: AbortSignal) => Promise<Result<Timed>>;

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
  const [run, seen] = await lookedAt(place(pair), () => runSnapshot(options, { signal, onProgress: () => undefined }));
  if (!run.ok) return run;
  return ok({ ...seen, tookMs: run.value.tookMs, changed: run.value.changed });
};

const original: Runner = async (pair, signal) => {
  const { main, standby } = pair;
  const [run, seen] = await lookedAt(place(pair), () =>
    runOriginal({ source: main, target: standby, database: DATABASE, signal }),
  );
  return run.ok ? ok({ ...seen, tookMs: run.value, changed: 0 }) : run;
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

/** Both ways in one run, in turns the one first and the other. Faults: those of either. */
export const measureSnapshot = async (
  pair: BenchPair,
  kind: SnapshotCase,
  run: number,
  signal: AbortSignal,
): Promise<Result<Omit<SnapshotLine, keyof RunLine>>> => {
  const order: readonly Runner[] = run % 2 === 0 ? [original, ours] : [ours, original];
  const dataDirs = [pair.main.dataDir, pair.standby.dataDir];
  const timed = new Map<Runner, Timed>();
  for (const [turn, runner] of order.entries()) {
    await before(pair, kind, run * 2 + turn);
    const usedBefore = await measuredProcessorMs(dataDirs);
    const done = await runner(pair, signal);
    if (!done.ok) return done;
    const usedMs = (await measuredProcessorMs(dataDirs)) - usedBefore - done.value.usedMs;
    timed.set(runner, { ...done.value, usedMs });
  }
  const mine = timed.get(ours);
  const rival = timed.get(original);
  if (mine === undefined || rival === undefined) throw new Error('both run');
  return ok({
    ours_ms: rounded(mine.tookMs),
    original_ms: rounded(rival.tookMs),
    ratio: Math.round((1000 * mine.tookMs) / rival.tookMs) / 1000,
    ours_processor_ms: Math.round(mine.usedMs),
    original_processor_ms: Math.round(rival.usedMs),
    ours_reader_ms: rounded(mine.readerMs),
    original_reader_ms: rounded(rival.readerMs),
    ours_exclusive_ms: rounded(mine.exclusiveMs),
    original_exclusive_ms: rounded(rival.exclusiveMs),
    rows_written: mine.changed,
  });
};
