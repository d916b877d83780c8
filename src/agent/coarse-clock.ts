/** Timers that may be a little late ride on whatever wakes the process: each awakening costs more than what is done in it. */
import type { Instant, Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';

export interface CoarseClock extends Required<Clock> {
  /** The process is awake: what is due happens now. */
  awake(): void;
}

interface Timer {
  readonly from: Instant;
  /** It rings by itself then. */
  readonly until: Instant;
  readonly fire: () => void;
}

/**
 * `at`: never before its time, and at most `slackMs` (and what the machine adds) after it. `about`: up to half of that before it too, so that
 * what recurs, each turn counted from the last, falls in with what wakes the process as often, and stays with it.
 */
export const createCoarseClock = (clock: Clock, slackMs: Millis): CoarseClock => {
  const timers = new Set<Timer>();
  let cancel = (): void => undefined;
  let ringsAt = Number.POSITIVE_INFINITY;
  let firing = false;

  const arm = (): void => {
    let first = Number.POSITIVE_INFINITY;
    for (const { until } of timers) if (until < first) first = until;
    if (first === ringsAt) return;
    cancel();
    ringsAt = first;
    cancel = first === Number.POSITIVE_INFINITY ? () => undefined : clock.at(ringsAt, ring);
  };
  const ring = (): void => {
    ringsAt = Number.POSITIVE_INFINITY;
    awake();
  };
  const awake = (): void => {
    if (firing) return;
    firing = true;
    try {
      const now = clock.now();
      // What a timer sets anew waits for the next awakening, even where it is due at once.
      const due = [...timers].filter(({ from }) => from <= now);
      for (const timer of due) if (timers.delete(timer)) timer.fire();
    } finally {
      firing = false;
      arm();
    }
  };
  const set = (timer: Timer): (() => void) => {
    timers.add(timer);
    if (!firing && timer.until < ringsAt) arm();
    return () => {
      if (timers.delete(timer) && timers.size === 0) arm();
    };
  };
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    at: (at, fire) => set({ from: at, until: at + slackMs, fire }),
    about: (at, fire) => set({ from: at - slackMs / 2, until: at + slackMs, fire }),
    awake,
  };
};
