import type { Instant } from '../../core/words.ts';
import type { RawPath } from './raw-path.ts';

/** What still has to be copied of one directory: all, or some directories below it. */
export type Wanted = 'all' | ReadonlySet<RawPath>;

export interface Task {
  readonly path: string;
  readonly wanted: Wanted;
  readonly since: Instant;
}

export interface Pending {
  add(path: string, wanted: Wanted, since: Instant): void;
  /** Everything, in the order of the configuration; nothing is left. */
  take(): readonly Task[];
  /** Since when the oldest waits, null when nothing does. */
  since(): Instant | null;
}

const both = (a: Wanted, b: Wanted): Wanted => (a === 'all' || b === 'all' ? 'all' : new Set([...a, ...b]));

/** Gathers what is to be copied; what is wanted twice is copied once. */
export const createPending = (order: readonly string[]): Pending => {
  const taskByPath = new Map<string, Task>();
  return {
    add: (path, wanted, since) => {
      const former = taskByPath.get(path);
      taskByPath.set(path, {
        path,
        wanted: former === undefined ? wanted : both(former.wanted, wanted),
        since: Math.min(former?.since ?? since, since),
      });
    },
    take: () => {
      const tasks = order.flatMap((path) => taskByPath.get(path) ?? []);
      taskByPath.clear();
      return tasks;
    },
    since: () => (taskByPath.size === 0 ? null : Math.min(...[...taskByPath.values()].map(({ since }) => since))),
  };
};
