/** Whether something grows: a slope with its uncertainty, so that a short or noisy run says that it cannot tell. Pure. */

export interface Point {
  readonly atHours: number;
  readonly value: number;
}

/** `grows`: by more than the limit, for certain. `steady`: by no more, for certain. `unknown`: the run was too short to tell. */
export type Verdict = 'grows' | 'steady' | 'unknown';

export interface Growth {
  readonly verdict: Verdict;
  readonly first: number;
  readonly last: number;
  /** An hour: the median slope of all pairs (Theil and Sen), and its bounds. */
  readonly slope: number;
  readonly least: number;
  readonly most: number;
}

/** Start, compilation and caches: this part of the time, and at least so many points, say nothing about growth. */
const warmUpShare = 0.25;
const warmUpPoints = 3;
/** With fewer points the bounds are no bounds. */
const pointsLeast = 8;
/** Two-sided 98 per cent: of a hundred steady series, one is called growing by mistake. */
const z = 2.33;

const afterWarmUp = (points: readonly Point[], leastHours: number): readonly Point[] => {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const from = first.atHours + Math.max(leastHours, (last.atHours - first.atHours) * warmUpShare);
  return points.filter(({ atHours }, index) => index >= warmUpPoints && atHours >= from);
};

const slopesOf = (points: readonly Point[]): readonly number[] =>
  points
    .flatMap((one, index) =>
      points.slice(index + 1).map((other) => (other.value - one.value) / (other.atHours - one.atHours)),
    )
    .toSorted((a, b) => a - b);

/** `limit`: what it may grow an hour; `warmUpHours`: what its warm-up takes at least. Points in the order of their time, no two at once. */
export const growthOf = (points: readonly Point[], limit: number, warmUpHours = 0): Growth => {
  const seen = afterWarmUp(points, warmUpHours);
  const ends = { first: points[0]?.value ?? Number.NaN, last: points.at(-1)?.value ?? Number.NaN };
  const count = seen.length;
  if (count < pointsLeast) {
    return { verdict: 'unknown', ...ends, slope: 0, least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY };
  }
  const slopes = slopesOf(seen);
  const middle = slopes[Math.floor(slopes.length / 2)] ?? 0;
  const spread = z * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const at = (rank: number): number => slopes[Math.min(slopes.length - 1, Math.max(0, rank))] ?? 0;
  const least = at(Math.floor((slopes.length - spread) / 2));
  const most = at(Math.ceil((slopes.length + spread) / 2));
  const verdict = least > limit ? 'grows' : most <= limit ? 'steady' : 'unknown';
  return { verdict, ...ends, slope: middle, least, most };
};

/** The longest row of points that belong to one life of a process. */
export const longestLife = <P extends Point & { readonly life: number }>(points: readonly P[]): readonly P[] => {
  let best: readonly P[] = [];
  let current: P[] = [];
  for (const point of points) {
    if (current.at(-1)?.life !== point.life) current = [];
    current.push(point);
    if (current.length > best.length) best = current;
  }
  return best;
};
