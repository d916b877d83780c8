/** Finds out that a clock was set, or that the machine stood still: the clocks are compared with one another at each heartbeat. */
import type { Instant, Millis, WallTime } from '../core/words.ts';
import type { Clock } from '../ports.ts';

/** The clocks, read in one moment. */
export interface ClockReading {
  readonly monotonic: Instant;
  readonly wall: WallTime;
}

export interface ClockJump {
  /** By how much the wall clock went further than the monotonic one. */
  readonly jumpMs: Millis;
  /** The machine itself may have stood still, so that its rival may have taken over meanwhile. */
  readonly paused: boolean;
}

/** Less than this is the slewing of NTP and the noise of a busy machine. */
const THRESHOLD_MS = 150;

/** Reads the clocks of this machine, again where this process was held up between two of them; null when that happens thrice. */
export const readClocks = (clock: Pick<Clock, 'now' | 'wall'>): ClockReading | null => {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const before = clock.now();
    const reading = { wall: clock.wall(), monotonic: clock.now() };
    if (reading.monotonic - before < 5) return reading;
  }
  return null;
};

/**
 * Compares with the former reading. The wall clock ahead: it was set, or the machine was suspended, or a hypervisor paused
 * it and corrected the wall clock afterwards; all look the same from inside, so all count as a pause. Set back is no pause.
 */
export const compareClocks = (before: ClockReading, now: ClockReading): ClockJump | null => {
  const jumpMs = now.wall - before.wall - (now.monotonic - before.monotonic);
  return Math.abs(jumpMs) < THRESHOLD_MS ? null : { jumpMs, paused: jumpMs > 0 };
};

/** Looks at the clocks each time it is called, and tells what it finds. */
export const createClockWatch = (read: () => ClockReading | null, onJump: (jump: ClockJump) => void) => {
  let last = read();
  return {
    look: (): void => {
      const now = read();
      if (now === null) return;
      const jump = last === null ? null : compareClocks(last, now);
      last = now;
      if (jump !== null) onJump(jump);
    },
  };
};
