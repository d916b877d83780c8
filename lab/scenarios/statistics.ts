/** What is told of a number that was measured in several runs. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * The smallest of the values that at least this share of them do not exceed (nearest rank, no interpolation): of 100 values, p99 is the
 * second largest, and p50 the fiftieth. `share` is in (0, 1]; undefined without values.
 */
export const percentile = (values: readonly number[], share: number): number | undefined => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
};

/** p50, p99 and the largest, rounded to tenths; undefined without values. */
export const spreadOf = (values: readonly number[]): Spread | undefined => {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(values, share));
  if (p50 === undefined || p99 === undefined || max === undefined) return undefined;
  return { p50: rounded(p50), p99: rounded(p99), max: rounded(max) };
};

/** To tenths: finer than that, the prober's own rhythm speaks. */
export const rounded = (ms: number): number => Math.round(ms * 10) / 10;
