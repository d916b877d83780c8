/** Timers that may be a little late ride on whatever wakes the process: each awakening costs more than what is done in it. */
import type { Instant, Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';

export interface CoarseClock extends Clock {
  /** The process is awake: what is due happens now. */
  awake(): void;
}

interface Timer {
  readonly at: Instant;
  readonly fire: () => void;
}

/** Never before its time, and at most `slackMs` (and what the machine adds) after it. */
export const createCoarseClock = (clock: Clock, slackMs: Millis): CoarseClock => {
  const timers = new Set<Timer>();
  let cancel = (): void => undefined;
  let ringsAt = Number.POSITIVE_INFINITY;
  let firing = false;

  const arm = (): void => {
    let first = Number.POSITIVE_INFINITY;
    for (const { at } of timers) if (at < first) first = at;
    if (first + slackMs === ringsAt) return;
    cancel();
    ringsAt = first + slackMs;
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
      const due = [...timers].filter(({ at }) => at <= now);
      for (const timer of due) if (timers.delete(timer)) timer.fire();
    } finally {
      firing = false;
      arm();
    }
  };
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    at: (at, fire) => {
      const timer = { at, fire };
      timers.add(timer);
      if (!firing && at + slackMs < ringsAt) arm();
      return () => {
        if (timers.delete(timer) && timers.size === 0) arm();
      };
    },
    awake,
  };
};
