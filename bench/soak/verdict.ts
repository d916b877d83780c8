/** What a soak's samples say. Pure. */
import { type Growth, growthOf, longestLife, type Point } from './growth.ts';

/** What was counted at a moment, between two moves. */
export interface SoakSample {
  readonly at_s: number;
  /** By `host/program what` or `host what`, as in `main/agent MiB` and `standby mounts`. */
  readonly values: Readonly<Record<string, number>>;
  /** Which process it was, by `host/program`. */
  readonly lives: Readonly<Record<string, number>>;
}

/** What may grow an hour without being called a leak; what is not named is told and not judged. */
const limits: Readonly<Record<string, number>> = {
  MiB: 1,
  descriptors: 0.5,
  threads: 0.5,
  processes: 0.5,
  mounts: 0.5,
  nftables: 0.5,
  'state files': 0.5,
  'state KiB': 64,
  'run files': 0.5,
};

/** V8 collects what has become old only when much of it has: until then a heap grows, whatever is still held. */
const heapWarmUpHours = 1;

export interface Judged {
  readonly key: string;
  readonly kind: string;
  readonly points: number;
  readonly hours: number;
  readonly growth: Growth;
}

const kindOf = (key: string): string => key.slice(key.indexOf(' ') + 1);
const ownerOf = (key: string): string => key.slice(0, key.indexOf(' '));

/** Of a program, its longest life; of a host, all the time. */
const pointsOf = (samples: readonly SoakSample[], key: string): readonly Point[] => {
  const points = samples.flatMap(({ at_s: atS, values, lives }) => {
    const value = values[key];
    return value === undefined ? [] : [{ atHours: atS / 3600, value, life: lives[ownerOf(key)] ?? 0 }];
  });
  return longestLife(points);
};

/** A program that was met in fewer samples than this comes and goes: it counts among its host's processes. */
const metLeast = 3;

/** Each thing that was counted and has a limit, whatever grows first. */
export const judgeSoak = (samples: readonly SoakSample[]): readonly Judged[] => {
  const keys = [...new Set(samples.flatMap(({ values }) => Object.keys(values)))];
  const rank = { grows: 0, unknown: 1, steady: 2 } as const;
  return keys
    .flatMap((key): readonly Judged[] => {
      const kind = kindOf(key);
      const limit = limits[kind];
      const points = pointsOf(samples, key);
      if (limit === undefined || points.length < metLeast || /\/ast(erisk|canary)/.test(key)) return [];
      const hours = (points.at(-1)?.atHours ?? 0) - (points[0]?.atHours ?? 0);
      return [
        {
          key,
          kind,
          points: points.length,
          hours,
          growth: growthOf(points, limit, kind === 'MiB' ? heapWarmUpHours : 0),
        },
      ];
    })
    .toSorted((a, b) => rank[a.growth.verdict] - rank[b.growth.verdict] || a.key.localeCompare(b.key));
};

/** A line for a person: `main/agent MiB: grows, 95.1 to 140.2, at least 12.1 an hour`. */
export const judgedText = ({ key, growth }: Judged): string => {
  const { verdict, first, last, least, most } = growth;
  const span = `${first.toFixed(1)} to ${last.toFixed(1)}`;
  if (verdict === 'grows') return `${key}: GROWS, ${span}, at least ${least.toFixed(2)} an hour`;
  if (verdict === 'steady') return `${key}: steady, ${span}, at most ${most.toFixed(2)} an hour`;
  const bounds = Number.isFinite(most) ? `, between ${least.toFixed(1)} and ${most.toFixed(1)} an hour` : '';
  return `${key}: the run is too short to tell, ${span}${bounds}`;
};
