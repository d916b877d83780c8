/** Bringing home the events of a standby that served: channel events, queue events and calls with their parts. */
import { randomUUID } from 'node:crypto';
import { addEvents } from '../../lab/telephone-system/install.ts';
import { ok, type Result } from '../../src/core/result.ts';
import { createEventsPart, EVENTS_DEFAULTS } from '../../src/replication/merge/events/part.ts';
import type { MergeIdentity, PartRunOptions } from '../../src/replication/merge/part.ts';
import { connectDatabase } from '../../src/replication/postgres/connection.ts';
import type { RunLine } from '../results.ts';
import { type BenchPair, DATABASE } from './pair.ts';

export interface EventMergeLine extends RunLine {
  /** Rows that came. */
  readonly rows: number;
  readonly ours_ms: number;
  /** Rows that a second merge of the same would bring. */
  readonly again_rows: number;
}

/** One channel and one queue event each, a tenth as many calls, each with two parts, and some recordings. */
const ROWS_OF_TEN_EVENTS = 23.1;
/** Far behind what both nodes have from before. */
const FIRST = 2_000_000;
const START = Date.parse('2026-01-01T00:00:00Z');

const countEvents = async (pair: BenchPair, side: 'main' | 'standby'): Promise<number> => {
  const tables = pair.rules.events.map(({ table }) => `(SELECT count(*) FROM ${table})`);
  const { rows } = await pair[side].query(`SELECT (${tables.join(' + ')})::int AS n`, undefined, DATABASE);
  return Number((rows[0] as Readonly<Record<string, unknown>>)['n']);
};

/** Leaves about `rows` events on the standby, all from one term of service. How many it were. */
export const leaveEvents = async (pair: BenchPair, rows: number): Promise<number> => {
  const before = await countEvents(pair, 'standby');
  const db = await pair.standby.connect({ database: DATABASE });
  try {
    await addEvents(db, { ...pair.content, node: 'standby' }, FIRST, Math.ceil((rows * 10) / ROWS_OF_TEN_EVENTS));
  } finally {
    await db.end();
  }
  return (await countEvents(pair, 'standby')) - before;
};

/** Merges what `leaveEvents` left. Faults: those of the merge. */
export const measureEventMerge = async (
  pair: BenchPair,
  signal: AbortSignal,
): Promise<Result<Omit<EventMergeLine, keyof RunLine>>> => {
  const part = createEventsPart({
    ...EVENTS_DEFAULTS,
    connectHere: (given) => connectDatabase(pair.access('main'), given),
    connectThere: (given) => connectDatabase(pair.access('standby'), given),
    schema: 'public',
    events: pair.rules.events,
    zone: 'UTC',
    now: () => START + 10 * FIRST * 1000,
  });
  const merge: MergeIdentity = {
    mergeKey: randomUUID(),
    directory: '/nonexistent',
    terms: [{ epoch: 2, from: START + (FIRST - 3600) * 1000, to: START + 10 * FIRST * 1000 }],
    settled: false,
  };
  const run: PartRunOptions = {
    pass: 'second',
    decisions: { all: 'ask', byId: {} },
    signal,
    onProgress: () => undefined,
  };
  const before = await countEvents(pair, 'main');
  const begunAt = performance.now();
  const done = await part.run(merge, run);
  const tookMs = performance.now() - begunAt;
  if (!done.ok) return done;
  const rows = (await countEvents(pair, 'main')) - before;
  const again = await part.preview(merge, run);
  if (!again.ok) return again;
  return ok({ rows, ours_ms: Math.round(tookMs), again_rows: again.value.count });
};
