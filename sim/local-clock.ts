/** A machine's monotonic clock: off by up to `ppm` in rate, standing still while the machine is paused. */
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export interface LocalClock {
  /** Local time now, ms. */
  local(): number;
  /** Local to true time, for what is due while the machine runs. */
  trueTime(local: number): number;
  stand(): void;
  goOn(): void;
}

export const createLocalClock = (timeline: Timeline, random: Random, ppm: number): LocalClock => {
  const rate = 1 + random.between(-ppm, ppm) * 1e-6;
  let offset = random.between(1e4, 1e6);
  let stoodAt = -1;
  return {
    local: () => offset + rate * (stoodAt >= 0 ? stoodAt : timeline.now),
    trueTime: (local) => (local - offset) / rate,
    stand() {
      stoodAt = timeline.now;
    },
    goOn() {
      offset -= rate * (timeline.now - stoodAt);
      stoodAt = -1;
    },
  };
};
