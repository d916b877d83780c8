/** `dualtone replicate database` where changes follow one by one: both sides are compared, what differs is copied anew, the rest by a run. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { Epoch, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { CompareReport } from '../../replication/postgres/continuous/compare.ts';
import type { RunOptions, StreamRun } from '../../replication/stream.ts';
import { type FollowerView, waitFor } from './common.ts';

export interface CheckOptions {
  readonly epoch: Epoch;
  /** As the standby said last; null: it has not. */
  readonly follower: () => FollowerView | null;
  readonly run: RunOptions;
}

export interface CheckParts {
  readonly compare: (run: RunOptions) => Promise<Result<CompareReport>>;
  /** Asks the standby for a whole copy. */
  readonly askCopy: (why: string) => Promise<Result<unknown>>;
  /** A snapshot run of those tables alone that do not follow one by one. */
  readonly copyRest: (report: CompareReport, epoch: Epoch, run: RunOptions) => Promise<Result<StreamRun | null>>;
  readonly timeLimitMs: Millis;
  readonly clock: Clock;
}

const LOOK_MS: Millis = 200;

const named = (tables: readonly string[]): string =>
  `${tables
    .slice(0, 10)
    .map((name) => `\`${name}\``)
    .join(', ')}${tables.length > 10 ? ` and ${tables.length - 10} more` : ''}`;

/** Until the standby says that it has copied once more. */
const untilCopied = async (
  { clock, timeLimitMs }: CheckParts,
  { follower, run }: CheckOptions,
  before: number,
): Promise<Result<null>> => {
  const endsAt = clock.now() + timeLimitMs;
  for (;;) {
    if ((follower()?.copies ?? 0) > before) return ok(null);
    if (run.signal.aborted || clock.now() > endsAt)
      return fail(
        'database-copy-late',
        'What differs was to be copied anew, and that has not come to its end.',
        'See `dualtone status` on both nodes, then run it again.',
      );
    run.onProgress({ what: 'whole copy', done: 0, total: null });
    await waitFor(clock, LOOK_MS, run.signal);
  }
};

const mended = async (
  parts: CheckParts,
  options: CheckOptions,
  report: CompareReport,
): Promise<Result<CompareReport>> => {
  const copies = options.follower()?.copies ?? 0;
  const asked = await parts.askCopy(`a comparison found differences in ${named(report.differing)}`);
  if (!asked.ok) return asked;
  const copied = await untilCopied(parts, options, copies);
  if (!copied.ok) return copied;
  const again = await parts.compare(options.run);
  if (!again.ok || again.value.differing.length === 0) return again;
  return fail(
    'database-still-differs',
    `Also after a whole copy the standby does not hold the same as the main in ${named(again.value.differing)}.`,
    'Another program writes on the standby; see `dualtone status` there.',
  );
};

const textOf = (first: CompareReport, last: CompareReport): string => {
  const compared = `${last.rows} rows in ${last.tables.length} tables compared while changes follow`;
  const moving = last.moving.length === 0 ? '' : ` Too busy to be told: ${named(last.moving)}.`;
  if (first.differing.length === 0) return `${compared}; both sides were the same.${moving}`;
  return `${compared}; ${named(first.differing)} differed and was copied anew; both sides agree.${moving}`;
};

/** Faults: those of the comparison and of a copy, `database-copy-late`, `database-still-differs`, those of the talk. */
export const checkFollowed = async (parts: CheckParts, options: CheckOptions): Promise<Result<StreamRun>> => {
  const startedAt = parts.clock.wall();
  const begunAt = parts.clock.now();
  const first = await parts.compare(options.run);
  if (!first.ok) return first;
  const last = first.value.differing.length === 0 ? first : await mended(parts, options, first.value);
  if (!last.ok) return last;
  const rest =
    last.value.refused.length === 0 ? ok(null) : await parts.copyRest(last.value, options.epoch, options.run);
  if (!rest.ok) return rest;
  const wasCopied = first.value.differing.length > 0 ? options.follower() : null;
  return ok({
    stream: 'database',
    startedAt,
    tookMs: parts.clock.now() - begunAt,
    changed: (wasCopied?.rows ?? 0) + (rest.value?.changed ?? 0),
    bytes: (wasCopied?.bytes ?? 0) + (rest.value?.bytes ?? 0),
    warnings: [...last.value.refused.map(({ fault }) => fault), ...(rest.value?.warnings ?? [])],
    text: textOf(first.value, last.value),
  });
};
