/** Time that passes when a test says so. */
import type { Clock } from '../../ports.ts';

export const WALL_AT_START = 1_800_000_000_000;

export interface Time {
  readonly clock: Clock;
  /** Lets so much time pass; what is due on the way happens at its time. */
  pass(ms: number): Promise<void>;
  /** The wall clock is set by so much. */
  stepWall(ms: number): void;
  /** Timers that wait. */
  waiting(): number;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const createTime = (): Time => {
  let now = 1000;
  let wallStep = 0;
  const timers = new Set<{ readonly at: number; readonly fire: () => void }>();
  const clock: Clock = {
    now: () => now,
    wall: () => WALL_AT_START + now + wallStep,
    at: (at, fire) => {
      const timer = { at, fire };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  const pass = async (ms: number): Promise<void> => {
    const until = now + ms;
    await settle();
    for (;;) {
      const [timer] = [...timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at);
      if (timer === undefined) break;
      timers.delete(timer);
      // A timer that is due at once is fired a hair later, as in life; a test cannot stand still in it.
      now = Math.max(now + 0.01, timer.at);
      timer.fire();
      await settle();
    }
    now = Math.max(now, until);
    await settle();
  };
  return {
    clock,
    pass,
    stepWall: (ms) => {
      wallStep += ms;
    },
    waiting: () => timers.size,
  };
};
