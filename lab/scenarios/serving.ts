/** A time during which somebody was seen to serve, in ms of `monotonicMs`. A single answer is an instant: `fromMs` equals `toMs`. */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Arrivals of answers, in order, joined where no more than `joinMs` lies between two. */
export const intervalsOf = (arrivals: readonly number[], joinMs: number): readonly Interval[] => {
  const intervals: Interval[] = [];
  for (const atMs of arrivals) {
    const last = intervals.at(-1);
    if (last !== undefined && atMs - last.toMs <= joinMs) intervals[intervals.length - 1] = { ...last, toMs: atMs };
    else intervals.push({ fromMs: atMs, toMs: atMs });
  }
  return intervals;
};

/**
 * How long both served: the summed length of what the two have in common, where a lone answer of the one within the service of the
 * other counts as one period of the asker.
 */
export const overlapMs = (one: readonly Interval[], other: readonly Interval[], periodMs: number): number => {
  let sumMs = 0;
  for (const a of one) {
    for (const b of other) {
      const [fromMs, toMs] = [Math.max(a.fromMs, b.fromMs), Math.min(a.toMs, b.toMs)];
      if (toMs >= fromMs) sumMs += Math.max(periodMs, toMs - fromMs);
    }
  }
  return sumMs;
};

/** The longest time of the window in which none of the intervals runs. */
export const longestSilenceMs = (window: Interval, intervals: readonly Interval[]): number => {
  let longestMs = 0;
  let coveredMs = window.fromMs;
  for (const { fromMs, toMs } of intervals.toSorted((a, b) => a.fromMs - b.fromMs)) {
    longestMs = Math.max(longestMs, Math.min(fromMs, window.toMs) - coveredMs);
    coveredMs = Math.max(coveredMs, toMs);
  }
  return Math.max(longestMs, window.toMs - coveredMs);
};
