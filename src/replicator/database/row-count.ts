/** How many rows the main's database has written since a moment: what a copy of that moment lacks at most, in rows. */
import type { Result } from '../../core/result.ts';
import type { Instant, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { Database } from '../../replication/postgres/connection.ts';
import type { StreamPending } from '../../replication/stream.ts';
import { readCounts } from './table-watch.ts';

export interface RowCountOptions {
  readonly connect: (signal: AbortSignal) => Promise<Result<Database>>;
  readonly schema: string;
  /** Tables that are not copied. */
  readonly isLeftOut: (table: string) => boolean;
  readonly clock: Clock;
}

export interface RowCount {
  /** While this node serves and sends. */
  setCounting(on: boolean): void;
  /** Null: nothing is known of that moment, or the counters began anew since. */
  since(at: Instant): StreamPending | null;
  stop(): Promise<void>;
}

interface Sample {
  readonly at: Instant;
  readonly total: number;
}

const LOOK_MS: Millis = 5000;
const MOST_SAMPLES = 2000;

/** Up to: a row that was written twice counts twice, and one that was rolled back counts. */
const textOf = (count: number): string => `up to ${count.toLocaleString('en-US')} ${count === 1 ? 'row' : 'rows'}`;

/** A database that is not reached leaves a gap; the next look closes it. */
export const createRowCount = ({ connect, schema, isLeftOut, clock }: RowCountOptions): RowCount => {
  const stopping = new AbortController();
  let counting = false;
  let samples: readonly Sample[] = [];
  let looking = Promise.resolve();
  let cancel = (): void => undefined;
  const look = async (): Promise<void> => {
    const at = clock.now();
    const opened = await connect(stopping.signal);
    if (!opened.ok) return;
    const counts = await readCounts(opened.value, schema);
    await opened.value.close();
    if (!counts.ok || !counting) return;
    const total = [...counts.value].reduce((sum, [name, count]) => (isLeftOut(name) ? sum : sum + Number(count)), 0);
    // Thinned, what is left is older: more is counted than was, never less.
    const kept = samples.length < MOST_SAMPLES ? samples : samples.filter((_, index) => index % 2 === 0);
    samples = [...kept, { at, total }];
  };
  const again = async (): Promise<void> => {
    await look();
    if (!stopping.signal.aborted && counting)
      cancel = clock.at(clock.now() + LOOK_MS, () => {
        looking = again();
      });
  };
  return {
    setCounting: (on) => {
      if (on === counting) return;
      counting = on;
      cancel();
      samples = [];
      if (on) looking = looking.then(again);
    },
    since: (at) => {
      const base = samples.findLastIndex((sample) => sample.at <= at);
      const before = samples[base];
      const last = samples.at(-1);
      if (before === undefined || last === undefined) return null;
      // Copies only grow younger.
      samples = samples.slice(base);
      const count = last.total - before.total;
      return count < 0 ? null : { count, text: textOf(count) };
    },
    stop: async () => {
      counting = false;
      stopping.abort();
      cancel();
      await looking;
    },
  };
};
