import type { Clock } from '../../ports.ts';
import { WALL } from './facts.ts';

/** A clock that a test turns; between its instants whatever was promised is done. */
export const createTestClock = () => {
  let now = 0;
  let timers: { readonly at: number; readonly fire: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    wall: () => WALL + now,
    at: (at, fire) => {
      const timer = { at, fire };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  const pass = async (ms: number): Promise<void> => {
    const end = now + ms;
    for (;;) {
      const next = timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      timers = timers.filter((each) => each !== next);
      now = Math.max(now, next.at);
      next.fire();
      await settle();
    }
    now = end;
    await settle();
  };
  return { clock, pass };
};
