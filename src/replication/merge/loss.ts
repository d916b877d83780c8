/** What would be lost, or be missing for now, if service moved at this moment. Told to persons only; an automatic takeover never asks. */
import type { Millis, WallTime } from '../../core/words.ts';
import type { StreamStatus } from '../stream.ts';

/** What the standby collected and the main does not have yet. */
export interface Uncollected {
  /** `voicemail`, `events`, `status`, `configuration`, `files`. */
  readonly part: string;
  readonly count: number;
  /** For people: `12 voicemail messages`. */
  readonly what: string;
}

export interface LossInput {
  /** `takeover`: the standby begins to serve. `failback`: the main does again. */
  readonly move: 'takeover' | 'failback';
  readonly now: WallTime;
  /** Of the node that is to serve. Streams that are off are passed over. */
  readonly streams: readonly StreamStatus[];
  /** Null: the standby could not be asked; an empty list: all is home. */
  readonly uncollected: readonly Uncollected[] | null;
  /** False when the standby has not served since the last merge, so that there is nothing to collect. */
  readonly mergeDue: boolean;
  readonly limitMs: Millis;
}

export interface LossItem {
  readonly stream: string;
  /** A whole sentence. */
  readonly text: string;
}

export interface Loss {
  /** Of the streams whose lag is known; null when none is. */
  readonly maxLagMs: Millis | null;
  readonly items: readonly LossItem[];
  /** True: `--accept-loss` is needed. */
  readonly exceedsLimit: boolean;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span for people, rounded up so that it never says less than it is: `40 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. */
export const spanText = (ms: Millis): string => {
  if (ms <= MINUTE) return `${Math.max(1, Math.ceil(ms / SECOND))} s`;
  if (ms <= HOUR) return `${Math.ceil(ms / MINUTE)} min`;
  const inHours = ms <= DAY;
  const [bigUnit, smallUnit] = inHours ? ['h', 'min'] : ['d', 'h'];
  const parts = Math.ceil(ms / (inHours ? MINUTE : HOUR));
  const perBig = inHours ? 60 : 24;
  const rest = parts % perBig;
  const whole = `${Math.floor(parts / perBig)} ${bigUnit}`;
  return rest === 0 ? whole : `${whole} ${rest} ${smallUnit}`;
};

const capitalised = (name: string): string => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;

interface Judged {
  readonly item: LossItem | null;
  readonly over: boolean;
  readonly lagMs: Millis | null;
}

const NOTHING: Judged = { item: null, over: false, lagMs: null };

/** A copy that is in step and a second old at most is as good as the original for a person who decides. */
const FRESH_MS = SECOND;

/** Counts are as late as this: what was written since is not in them. */
const COUNT_LATE_MS = 15 * SECOND;

/** Where nothing was written since the copy, as far as it is counted, only the last seconds can be missing. */
const youngest = (lagMs: Millis, { pending }: StreamStatus): Millis =>
  pending?.count === 0 ? Math.min(lagMs, COUNT_LATE_MS) : lagMs;

const missingText = (status: StreamStatus, lagMs: Millis, from: string, to: string): string => {
  const pending = status.pending ?? null;
  const name = capitalised(status.name);
  if (pending === null || pending.count === 0)
    return `${name}: what changed on ${from} in the last ${spanText(lagMs)} is not on ${to}.`;
  return `${name}: ${pending.text} of the last ${spanText(lagMs)} on ${from} would be missing on ${to}.`;
};

const judgeStream = (status: StreamStatus, input: LossInput): Judged => {
  if (status.condition === 'off') return NOTHING;
  const from = input.move === 'takeover' ? 'the main' : 'the standby';
  const to = input.move === 'takeover' ? 'the standby' : 'the main';
  const name = capitalised(status.name);
  // A lag that its stream cannot tell any more is at least as old as its last success.
  const knownMs = status.lagMs ?? (status.lastSuccess === null ? null : Math.max(0, input.now - status.lastSuccess));
  const lagMs = knownMs === null ? null : youngest(knownMs, status);
  const { lastError, lastSuccess } = status;
  // One that is over explains nothing any more.
  const isOver = lastError !== null && lastSuccess !== null && lastError.at <= lastSuccess;
  const why = lastError === null || isOver ? '' : ` The last error: ${lastError.message}`;
  if (lagMs === null) {
    const text = `${name}: nothing has ever been copied from ${from} to ${to}; all of it would be missing there.${why}`;
    return { item: { stream: status.name, text }, over: true, lagMs };
  }
  if (lagMs <= FRESH_MS && status.condition !== 'failed') return { item: null, over: lagMs > input.limitMs, lagMs };
  const text = `${missingText(status, lagMs, from, to)}${why}`;
  return { item: { stream: status.name, text }, over: lagMs > input.limitMs, lagMs };
};

const judgeUncollected = (input: LossInput): readonly LossItem[] => {
  if (input.move === 'takeover' || !input.mergeDue) return [];
  if (input.uncollected === null)
    return [
      {
        stream: 'merge',
        text: 'The standby has served, and cannot be asked now what it collected; none of that would be on the main until a merge brings it.',
      },
    ];
  return input.uncollected
    .filter((entry) => entry.count > 0)
    .map((entry) => ({
      stream: entry.part,
      text: `${capitalised(entry.what)} collected by the standby would not be on the main; they stay on the standby until \`dualtone merge run\` brings them home.`,
    }));
};

/**
 * What a takeover or failback would lose now, from the streams' statuses and the counts of a pending merge.
 * Lags in ms. Anything uncollected, and any stream without a single success, exceeds the limit, whatever it is.
 */
export const lossNow = (input: LossInput): Loss => {
  const judged = input.streams.map((status) => judgeStream(status, input));
  const uncollected = judgeUncollected(input);
  const lags = judged.map((one) => one.lagMs).filter((lag) => lag !== null);
  return {
    maxLagMs: lags.length === 0 ? null : Math.max(...lags),
    items: [...judged.map((one) => one.item).filter((item) => item !== null), ...uncollected],
    exceedsLimit: judged.some((one) => one.over) || uncollected.length > 0,
  };
};

/** The lines that the command line prints before it asks for `--accept-loss`. */
export const lossLines = (loss: Loss): readonly string[] =>
  loss.items.length === 0 ? ['Nothing would be lost now.'] : loss.items.map((item) => item.text);
