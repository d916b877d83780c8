/** Runs as long as something is pending, one after the other; after a failure again, with growing pauses. */
import type { Fault } from '../../core/result.ts';
import type { Instant, Millis, WallTime } from '../../core/words.ts';
import type { StreamProgress } from '../stream.ts';
import { type RunnerOptions, type RunOutcome, runOnce } from './runner.ts';

export interface LoopFacts {
  readonly running: boolean;
  /** Since when the oldest change waits, also while it is being copied; null when none does. */
  readonly waitingSince: Instant | null;
  /** Since the beginning. */
  readonly last: RunOutcome | null;
  readonly lastSuccess: WallTime | null;
  readonly lastError: (Fault & { readonly at: WallTime }) | null;
  /** Of the last run of everything: one of some directories says nothing about the others. */
  readonly warnings: readonly string[];
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
const createRecord = ({ clock, onOutcome }: LoopOptions) => {
  let last: RunOutcome | null = null;
  let lastSuccess: WallTime | null = null;
  let lastError: LoopFacts['lastError'] = null;
  let warnings: LoopFacts['warnings'] = [];
  return {
    take: (outcome: RunOutcome): void => {
      last = outcome;
      if (outcome.full) warnings = outcome.warnings.map(({ message }) => message);
      if (outcome.fault === null) lastSuccess = clock.wall();
      else lastError = { ...outcome.fault, at: clock.wall() };
      onOutcome(outcome);
    },
    /** What was before says nothing about now. */
    begin: (): void => {
      last = null;
      warnings = [];
    },
    facts: () => ({ last, lastSuccess, lastError, warnings }),
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

const earlier = (a: Instant | null, b: Instant | null): Instant | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

/** Pauses that grow until a success. */
const createPause = ({ clock, backOffMs }: LoopOptions) => {
  let pauseMs = backOffMs.first;
  let cancel: () => void = () => undefined;
  return {
    after: (fire: () => void): void => {
      cancel = clock.at(clock.now() + pauseMs, fire);
      pauseMs = Math.min(pauseMs * 2, backOffMs.last);
    },
    cancel: () => cancel(),
    reset: () => {
      pauseMs = backOffMs.first;
    },
  };
};

export const createLoop = (options: LoopOptions): Loop => {
  const { pending } = options;
  const record = createRecord(options);
  const audience = createAudience();
  const pause = createPause(options);
  /** Null while the loop is not to work. */
  let stopper: AbortController | null = null;
  let running: Promise<void> | null = null;
  let busySince: Instant | null = null;
  let progress: StreamProgress | null = null;

  const onProgress = (now: StreamProgress): void => {
    progress = now;
    audience.progress(now);
  };

  const runAll = async (signal: AbortSignal): Promise<void> => {
    for (busySince = pending.since(); busySince !== null && !signal.aborted; busySince = pending.since()) {
      pause.cancel();
      const outcome = await runOnce({ ...options, onProgress }, signal);
      pending.settled();
      progress = null;
      record.take(outcome);
      audience.outcome(outcome);
      if (outcome.fault === null) pause.reset();
      else if (!signal.aborted) pause.after(work);
      if (outcome.fault !== null) break;
    }
    busySince = null;
  };

  const work = (): void => {
    if (running !== null || stopper === null) return;
    const { signal } = stopper;
    running = runAll(signal).finally(() => {
      running = null;
      // Ended and begun again while a run was being stopped.
      if (signal.aborted) work();
    });
  };

  return {
    begin: () => {
      stopper = new AbortController();
      record.begin();
      pause.reset();
    },
    end: () => {
      stopper?.abort();
      stopper = null;
      pause.cancel();
      pending.take();
      pending.settled();
      audience.outcome(null);
    },
    work,
    nextFull: audience.next,
    facts: () => {
      const waitingSince = earlier(busySince, pending.since());
      return { running: running !== null, waitingSince, progress, ...record.facts() };
    },
    idle: async () => {
      await running;
    },
  };
};
