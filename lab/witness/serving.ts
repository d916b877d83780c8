/** A time during which somebody was seen to serve, in ms of `monotonicMs`. A single answer is an instant: `fromMs` equals `toMs`. */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

/** An answer: read at `readMs`, and come in after `lookedMs`, when its reader had read all that was there. */
export interface Arrival {
  readonly lookedMs: number;
  readonly readMs: number;
}

/**
 * When somebody surely served: from the reading of a first answer to the last instant before which a last one cannot have come. Answers
 * are joined where no more than `joinMs` lies between two. A reader that a busy machine keeps waiting so makes no node speak longer.
 */
export const intervalsOf = (arrivals: readonly Arrival[], joinMs: number): readonly Interval[] => {
  const intervals: Interval[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const { lookedMs, readMs } of arrivals) {
    const last = intervals.at(-1);
    if (last !== undefined && lookedMs - lastMs <= joinMs) {
      intervals[intervals.length - 1] = { ...last, toMs: Math.max(last.fromMs, lookedMs) };
    } else intervals.push({ fromMs: readMs, toMs: readMs });
    lastMs = readMs;
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
