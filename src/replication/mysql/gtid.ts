/**
 * Sets of transactions by their global ids, of both dialects, as one kind of value. MariaDB writes `domain-server-number`, which stands
 * for all numbers of that domain up to it; MySQL writes `uuid:1-5:7`, with tags from 8.3 on.
 */

interface Interval {
  readonly from: number;
  readonly to: number;
}

/** By origin (MariaDB: the domain; MySQL: server's UUID, with tag): ascending intervals that do not touch. */
export type GtidSet = ReadonlyMap<string, readonly Interval[]>;

export const NO_GTIDS: GtidSet = new Map();

const isNumber = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;

const normal = (intervals: readonly Interval[]): readonly Interval[] => {
  const merged: Interval[] = [];
  for (const next of intervals.toSorted((one, other) => one.from - other.from)) {
    const last = merged.at(-1);
    if (last !== undefined && next.from <= last.to + 1)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, next.to) };
    else merged.push(next);
  }
  return merged;
};

const add = (into: Map<string, Interval[]>, origin: string, interval: Interval): void => {
  into.set(origin, [...(into.get(origin) ?? []), interval]);
};

const finish = (found: Map<string, Interval[]>): GtidSet =>
  new Map([...found].map(([origin, intervals]) => [origin, normal(intervals)]));

const TRIPLE = /^(\d{1,10})-(\d{1,10})-(\d{1,20})$/;

/** A position of MariaDB; null where it is none. */
export const parseMariadb = (text: string): GtidSet | null => {
  const found = new Map<string, Interval[]>();
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue;
    const [, domain, , number] = TRIPLE.exec(part) ?? [];
    if (domain === undefined || !isNumber(Number(number))) return null;
    add(found, domain, { from: 1, to: Number(number) });
  }
  return finish(found);
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TAG = /^[a-z_][a-z0-9_]{0,31}$/i;

/** A set of MySQL; null where it is none. */
export const parseMysql = (text: string): GtidSet | null => {
  const found = new Map<string, Interval[]>();
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue;
    const [uuid = '', ...rest] = part.split(':').map((each) => each.trim());
    if (!UUID.test(uuid) || rest.length === 0) return null;
    let origin = uuid.toLowerCase();
    for (const piece of rest) {
      const [, from, to] = /^(\d+)(?:-(\d+))?$/.exec(piece) ?? [];
      if (from === undefined) {
        if (!TAG.test(piece)) return null;
        origin = `${uuid.toLowerCase()}:${piece.toLowerCase()}`;
        continue;
      }
      const interval = { from: Number(from), to: Number(to ?? from) };
      if (!isNumber(interval.from) || !isNumber(interval.to) || interval.from > interval.to) return null;
      add(found, origin, interval);
    }
  }
  return finish(found);
};

const without = (from: readonly Interval[], taken: readonly Interval[]): readonly Interval[] => {
  let left = from;
  for (const gone of taken)
    left = left.flatMap((each) => {
      if (gone.to < each.from || gone.from > each.to) return [each];
      const before = gone.from > each.from ? [{ from: each.from, to: gone.from - 1 }] : [];
      const after = gone.to < each.to ? [{ from: gone.to + 1, to: each.to }] : [];
      return [...before, ...after];
    });
  return left;
};

/** What `set` has and `other` has not. */
export const minus = (set: GtidSet, other: GtidSet): GtidSet => {
  const left = [...set].map(([origin, intervals]) => [origin, without(intervals, other.get(origin) ?? [])] as const);
  return new Map(left.filter(([, intervals]) => intervals.length > 0));
};

export const union = (set: GtidSet, other: GtidSet): GtidSet => {
  const found = new Map<string, Interval[]>();
  for (const [origin, intervals] of [...set, ...other]) for (const interval of intervals) add(found, origin, interval);
  return finish(found);
};

/** True where `set` has all of `other`. */
export const contains = (set: GtidSet, other: GtidSet): boolean => minus(other, set).size === 0;

/** How many transactions it holds. */
export const countOf = (set: GtidSet): number =>
  [...set.values()].flat().reduce((sum, { from, to }) => sum + to - from + 1, 0);

/** For people, and to be kept: `1:5-7`. */
export const showGtids = (set: GtidSet): string =>
  [...set]
    .map(([origin, intervals]) => [origin, ...intervals.map(({ from, to }) => (from === to ? from : `${from}-${to}`))])
    .map((parts) => parts.join(':'))
    .join(', ');
