/** How old what a follower has is, under steady change: native logical replication as Dualtone sets it up and watches it. */
import { setTimeout as pause } from 'node:timers/promises';
import { percentile } from '../../lab/scenarios/statistics.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { type Pair, startPair, until } from '../../src/replication/postgres/continuous/testing/pair.ts';
import type { RunLine } from '../results.ts';

export interface ContinuousLine extends RunLine {
  /** Changes that the main really made in a second. */
  readonly changes_s: number;
  readonly changes: number;
  readonly lag_p50_ms: number;
  readonly lag_p99_ms: number;
  readonly lag_max_ms: number;
}

const PER_SECOND = 200;
const BATCH_MS = 50;
const USERS = 1000;
const EPOCH = 2;
const LIMIT_MS = 120_000;

/** The follower notes when each change arrives. Both servers read one clock. */
const noteArrivals = `
  CREATE SCHEMA bench;
  CREATE TABLE bench.arrivals (written timestamptz, arrived timestamptz);
  GRANT USAGE ON SCHEMA bench TO PUBLIC;
  GRANT INSERT ON bench.arrivals TO PUBLIC;
  CREATE FUNCTION bench.arrive() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO bench.arrivals VALUES (NEW.written, clock_timestamp()); RETURN NULL; END $$;
  CREATE TRIGGER arrive AFTER UPDATE ON public.userfeatures FOR EACH ROW EXECUTE FUNCTION bench.arrive();
  ALTER TABLE public.userfeatures ENABLE ALWAYS TRIGGER arrive`;

/** Steps until changes follow. */
const follow = async (pair: Pair): Promise<Result<void>> => {
  const offered = await pair.sender.offer(pair.main.db);
  if (!offered.ok) return offered;
  const endsAt = performance.now() + LIMIT_MS;
  let text = '';
  while (performance.now() < endsAt) {
    const beaten = await pair.sender.beat(pair.main.db);
    if (!beaten.ok) return beaten;
    const stepped = await pair.receiver.step(EPOCH);
    if (!stepped.ok) return stepped;
    // On a crowded machine the watch itself finds it behind; how far is what is measured.
    if (['in-step', 'behind'].includes(stepped.value.condition)) return ok(undefined);
    text = stepped.value.fault?.message ?? stepped.value.text;
    await pause(100);
  }
  return fail('bench-failed', `the standby did not follow: ${text}`, 'run npm test');
};

/** As in service: two beats a second, a step each second. */
const keepWatch = (pair: Pair): (() => Promise<void>) => {
  const watch = new AbortController();
  const every = async (ms: number, what: () => Promise<unknown>): Promise<void> => {
    while (!watch.signal.aborted) {
      await what();
      await pause(ms);
    }
  };
  const work = Promise.all([
    every(500, () => pair.sender.beat(pair.main.db)),
    every(1000, () => pair.receiver.step(EPOCH)),
  ]);
  return async () => {
    watch.abort();
    await work;
  };
};

/** Changes single users, each change a transaction of its own, at a steady rate. How long that took, ms. */
const change = async (pair: Pair, count: number, signal: AbortSignal): Promise<number> => {
  const client = await pair.main.cluster.connect({ database: 'asterisk' });
  const begunAt = performance.now();
  try {
    for (let done = 0; done < count && !signal.aborted; done += 1) {
      const dueAt = begunAt + Math.floor(done / ((PER_SECOND * BATCH_MS) / 1000)) * BATCH_MS;
      const earlyMs = dueAt - performance.now();
      if (earlyMs > 1) await pause(earlyMs);
      await client.query(
        'UPDATE public.userfeatures SET enablednd = 1 - enablednd, written = clock_timestamp() WHERE id = $1',
        [1 + (done % USERS)],
      );
    }
    return performance.now() - begunAt;
  } finally {
    await client.end();
  }
};

const lags = async (pair: Pair): Promise<readonly number[]> => {
  const rows = await pair.standby.sql(
    'SELECT extract(epoch FROM arrived - written)::float8 * 1000 AS ms FROM bench.arrivals WHERE written IS NOT NULL',
  );
  return rows.map((row) => Number(row['ms']));
};

const measure = async (
  pair: Pair,
  seconds: number,
  signal: AbortSignal,
): Promise<Result<Omit<ContinuousLine, keyof RunLine>>> => {
  await pair.main.sql(
    `INSERT INTO public.userfeatures (firstname) SELECT 'user ' || n FROM generate_series(1, ${USERS}) n`,
  );
  const following = await follow(pair);
  if (!following.ok) return following;
  await pair.standby.sql(noteArrivals);
  const stopWatch = keepWatch(pair);
  const changes = PER_SECOND * seconds;
  const tookMs = await change(pair, changes, signal);
  if (signal.aborted) {
    await stopWatch();
    return fail('program-aborted', 'the measurement was stopped on request', 'run it again');
  }
  await until('all changes arrived', LIMIT_MS, async () => (await lags(pair)).length >= changes);
  await stopWatch();
  const found = await lags(pair);
  const at = (part: number): number => Math.round((percentile(found, part) ?? Number.NaN) * 10) / 10;
  if (found.length !== changes)
    return fail('bench-failed', `${changes} changes were made and ${found.length} arrived`, 'run npm test');
  return ok({
    changes_s: Math.round((1000 * changes) / tookMs),
    changes,
    lag_p50_ms: at(0.5),
    lag_p99_ms: at(0.99),
    lag_max_ms: at(1),
  });
};

/** 200 changes a second for so many seconds. Faults: those of set-up and of following. */
export const measureContinuous = async (
  seconds: number,
  signal: AbortSignal,
): Promise<Result<Omit<ContinuousLine, keyof RunLine>>> => {
  const pair = await startPair(15);
  try {
    return await measure(pair, seconds, signal);
  } finally {
    await pair.stop();
  }
};
