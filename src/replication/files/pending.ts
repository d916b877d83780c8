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
  /** Everything, in the order of the configuration; nothing is left but what is under way until `settled`. */
  take(): readonly Task[];
  /** What was taken is copied, or added again. */
  settled(): void;
  /** All that waits, with what is under way. */
  all(): readonly Task[];
  /** Since when the oldest waits, null when nothing does. */
  since(): Instant | null;
}

const both = (a: Wanted, b: Wanted): Wanted => (a === 'all' || b === 'all' ? 'all' : new Set([...a, ...b]));

const joined = (task: Task, former: Task | undefined): Task =>
  former === undefined
    ? task
    : { path: task.path, wanted: both(former.wanted, task.wanted), since: Math.min(former.since, task.since) };

/** Gathers what is to be copied; what is wanted twice is copied once. */
export const createPending = (order: readonly string[]): Pending => {
  const taskByPath = new Map<string, Task>();
  let underWay: readonly Task[] = [];
  return {
    add: (path, wanted, since) => {
      taskByPath.set(path, joined({ path, wanted, since }, taskByPath.get(path)));
    },
    take: () => {
      underWay = order.flatMap((path) => taskByPath.get(path) ?? []);
      taskByPath.clear();
      return underWay;
    },
    settled: () => {
      underWay = [];
    },
    all: () => {
      const all = new Map(taskByPath);
      for (const task of underWay) all.set(task.path, joined(task, all.get(task.path)));
      return [...all.values()];
    },
    since: () => (taskByPath.size === 0 ? null : Math.min(...[...taskByPath.values()].map(({ since }) => since))),
  };
};
