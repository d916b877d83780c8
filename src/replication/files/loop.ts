/** Runs as long as something is pending, one after the other; after a failure again, with growing pauses. */
import type { Fault } from '../../core/result.ts';
import type { Instant, Millis, WallTime } from '../../core/words.ts';
import type { StreamProgress } from '../stream.ts';
import { type RunnerOptions, type RunOutcome, runOnce } from './runner.ts';

export interface LoopFacts {
  readonly running: boolean;
  /** Since when the oldest change waits, also while it is being copied; null when none does. */
  readonly waitingSince: Instant | null;
  readonly last: RunOutcome | null;
  readonly lastSuccess: WallTime | null;
  readonly lastError: (Fault & { readonly at: WallTime }) | null;
  readonly progress: StreamProgress | null;
}

export interface Loop {
  begin(): void;
  /** Ends a run under way; what was pending is forgotten. */
  end(): void;
  /** Something was made pending. */
  work(): void;
  /** The next run of everything that ends, or fails; null when `signal` or the end comes first. */
  nextFull(signal: AbortSignal, onProgress: (progress: StreamProgress) => void): Promise<RunOutcome | null>;
  facts(): LoopFacts;
  /** When no run is under way any more. */
  idle(): Promise<void>;
}

export interface LoopOptions extends Omit<RunnerOptions, 'onProgress'> {
  readonly backOffMs: { readonly first: Millis; readonly last: Millis };
  readonly onOutcome: (outcome: RunOutcome) => void;
}

/** What the last runs did. */
const createRecord = ({ clock }: LoopOptions) => {
  let last: RunOutcome | null = null;
  let lastSuccess: WallTime | null = null;
  let lastError: LoopFacts['lastError'] = null;
  return {
    take: (outcome: RunOutcome): void => {
      last = outcome;
      if (outcome.fault === null) lastSuccess = clock.wall();
      else lastError = { ...outcome.fault, at: clock.wall() };
    },
    facts: () => ({ last, lastSuccess, lastError }),
  };
};

/** Who waits for a run, and who hears of its progress. */
const createAudience = () => {
  const waiting = new Set<(outcome: RunOutcome | null) => void>();
  const listeners = new Set<(progress: StreamProgress) => void>();
  return {
    progress: (progress: StreamProgress): void => {
      for (const listener of listeners) listener(progress);
    },
    /** Null: there will be none. */
    outcome: (outcome: RunOutcome | null): void => {
      for (const settle of waiting) settle(outcome);
    },
    next: (signal: AbortSignal, onProgress: (progress: StreamProgress) => void): Promise<RunOutcome | null> =>
      new Promise((resolve) => {
        const settle = (outcome: RunOutcome | null): void => {
          waiting.delete(hear);
          listeners.delete(onProgress);
          signal.removeEventListener('abort', onAbort);
          resolve(outcome);
        };
        // A run of some directories that was under way is not what was asked for.
        const hear = (outcome: RunOutcome | null): void => {
          if (outcome === null || outcome.full || outcome.fault !== null) settle(outcome);
        };
        const onAbort = (): void => settle(null);
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.add(hear);
        listeners.add(onProgress);
      }),
  };
};

export const createLoop = (options: LoopOptions): Loop => {
  const { pending, clock, backOffMs } = options;
  const record = createRecord(options);
  const audience = createAudience();
  let active = false;
  let stopRun = new AbortController();
  let running: Promise<void> | null = null;
  let busySince: Instant | null = null;
  let progress: StreamProgress | null = null;
  let retryMs = backOffMs.first;
  let cancelRetry: () => void = () => undefined;

  const onProgress = (now: StreamProgress): void => {
    progress = now;
    audience.progress(now);
  };

  const finished = (outcome: RunOutcome): void => {
    progress = null;
    busySince = null;
    record.take(outcome);
    options.onOutcome(outcome);
    audience.outcome(outcome);
    if (outcome.fault === null) retryMs = backOffMs.first;
    else if (active) {
      cancelRetry = clock.at(clock.now() + retryMs, work);
      retryMs = Math.min(retryMs * 2, backOffMs.last);
    }
  };

  const runAll = async (): Promise<void> => {
    let goesOn = true;
    while (goesOn && active && pending.since() !== null) {
      cancelRetry();
      busySince = pending.since();
      const outcome = await runOnce({ ...options, onProgress }, stopRun.signal);
      finished(outcome);
      goesOn = outcome.fault === null;
    }
  };

  const work = (): void => {
    if (running !== null || !active) return;
    running = runAll().finally(() => {
      running = null;
      // Ended and begun again while a run was being stopped.
      if (active && pending.since() !== null && record.facts().last?.fault?.code === 'files-aborted') work();
    });
  };

  return {
    begin: () => {
      active = true;
      stopRun = new AbortController();
      retryMs = backOffMs.first;
    },
    end: () => {
      active = false;
      stopRun.abort();
      cancelRetry();
      pending.take();
      audience.outcome(null);
    },
    work,
    nextFull: audience.next,
    facts: () => {
      const since = pending.since();
      const waitingSince = busySince === null || since === null ? (busySince ?? since) : Math.min(busySince, since);
      return { running: running !== null, waitingSince, progress, ...record.facts() };
    },
    idle: async () => {
      await running;
    },
  };
};
