import type { Instant } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';

/** Real time. */
export const realClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  at: (at, fire) => {
    const timer = setTimeout(fire, Math.max(0, at - performance.now()));
    return () => clearTimeout(timer);
  },
};

/** Time that passes when a test says so. */
export interface HandClock extends Clock {
  /** Fires what is due on the way, each at its time. */
  pass(ms: number): Promise<void>;
  /** Time goes by with nothing fired, as while the process is stopped; then all that is due fires late. */
  freeze(ms: number): Promise<void>;
  /** Timers not yet fired. */
  waiting(): number;
}

export const createHandClock = (): HandClock => {
  let now: Instant = 1_000;
  const timers = new Set<{ readonly at: Instant; readonly fire: () => void }>();
  const nextBy = (until: Instant) => [...timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0];
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const fireUntil = async (until: Instant, jump: boolean): Promise<void> => {
    for (let timer = nextBy(until); timer !== undefined; timer = nextBy(until)) {
      timers.delete(timer);
      if (!jump) now = Math.max(now, timer.at);
      timer.fire();
      await settle();
    }
  };
  return {
    now: () => now,
    wall: () => 1_800_000_000_000 + now,
    at: (at, fire) => {
      const timer = { at, fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    pass: async (ms) => {
      const until = now + ms;
      await settle();
      await fireUntil(until, false);
      now = until;
      await settle();
    },
    freeze: async (ms) => {
      now += ms;
      await fireUntil(now, true);
    },
    waiting: () => timers.size,
  };
};
