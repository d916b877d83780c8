/** One run after the other: takes what is pending, copies it directory by directory, and keeps what failed. */
import type { Fault } from '../../core/result.ts';
import type { Instant, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { StreamProgress } from '../stream.ts';
import { type Copied, type CopyOptions, copyDirectory, type FilesDirectory } from './copy.ts';
import type { Pending, Task } from './pending.ts';

export interface RunOutcome extends Copied {
  readonly startedAt: Instant;
  readonly tookMs: Millis;
  /** All directories as a whole were part of it. */
  readonly full: boolean;
  /** The first fault; what it concerns is pending again. */
  readonly fault: Fault | null;
}

export interface RunnerOptions {
  readonly directories: readonly FilesDirectory[];
  readonly copy: CopyOptions;
  readonly timeLimitMs: Millis;
  readonly clock: Clock;
  readonly pending: Pending;
  readonly onProgress: (progress: StreamProgress) => void;
  /** Whole paths of what is written or deleted at the other side, also by a run that fails in the end. */
  readonly onChanged: (path: string) => void;
}

/** After these the other directories are tried all the same: it is this one's own matter. */
const OWN_MATTER = new Set(['files-run-failed', 'files-disk-full', 'files-path-refused', 'files-directory-unusable']);

/** One run over what is pending at its beginning. Ends at once on `signal`. */
export const runOnce = async (options: RunnerOptions, signal: AbortSignal): Promise<RunOutcome> => {
  const { directories, pending, clock, copy } = options;
  const startedAt = clock.now();
  const tasks = pending.take();
  const warnings: Fault[] = [];
  let changed = 0;
  let bytes = 0;
  let fault: Fault | null = null;
  let cut = false;

  const one = async (task: Task): Promise<void> => {
    const directory = directories.find(({ path }) => path === task.path);
    if (directory === undefined) return;
    const timeLimitMs = Math.max(1, startedAt + options.timeLimitMs - clock.now());
    const only = task.wanted === 'all' ? null : [...task.wanted];
    const { onProgress } = options;
    const onChanged = (name: string): void => options.onChanged(`${directory.path}/${name}`);
    const copied = await copyDirectory(directory, only, copy, { timeLimitMs, signal, onProgress, onChanged });
    if (copied.ok) {
      changed += copied.value.changed;
      bytes += copied.value.bytes;
      warnings.push(...copied.value.warnings);
      return;
    }
    fault ??= copied.error;
    cut = !OWN_MATTER.has(copied.error.code);
    pending.add(task.path, task.wanted, task.since);
  };

  for (const task of tasks) {
    if (cut) pending.add(task.path, task.wanted, task.since);
    else await one(task);
  }
  const full = tasks.length === directories.length && tasks.every(({ wanted }) => wanted === 'all');
  return { startedAt, tookMs: clock.now() - startedAt, full, changed, bytes, warnings, fault };
};
