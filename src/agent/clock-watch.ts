/** Finds out that a clock was set, or that the machine stood still: the clocks are compared with one another at each heartbeat. */
import { readFileSync } from 'node:fs';
import type { Instant, Millis, WallTime } from '../core/words.ts';

/** All clocks, read in one moment. */
export interface ClockReading {
  readonly monotonic: Instant;
  readonly wall: WallTime;
  /** CLOCK_BOOTTIME, which goes on while the machine is suspended; null where it cannot be read. */
  readonly boottime: Instant | null;
}

export interface ClockJump {
  /** By how much the wall clock (or the boot clock) went further than the monotonic one. */
  readonly jumpMs: Millis;
  /** The machine itself may have stood still, so that its rival may have taken over meanwhile. */
  readonly paused: boolean;
}

/** Less than this is the slewing of NTP and the noise of a busy machine. */
const THRESHOLD_MS = 150;
/** The kernel shows the boot clock in hundredths of a second. */
const BOOTTIME_THRESHOLD_MS = 60;

const bootTime = (): Instant | null => {
  try {
    const seconds = Number(readFileSync('/proc/uptime', 'latin1').split(' ', 1)[0]);
    return Number.isFinite(seconds) ? seconds * 1000 : null;
  } catch {
    return null;
  }
};

/** Reads the clocks of this machine, again where this process was held up between two of them; null when that happens thrice. */
export const readClocks = (monotonic: () => Instant, wall: () => WallTime): ClockReading | null => {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const before = monotonic();
    const reading = { wall: wall(), boottime: bootTime() };
    const after = monotonic();
    if (after - before < 5) return { monotonic: after, ...reading };
  }
  return null;
};

/**
 * Compares with the former reading. The boot clock ahead of the monotonic one: the machine was suspended. The wall clock
 * ahead: it was set, or a hypervisor paused the machine and corrected the wall clock afterwards; the two look the same
 * from inside, so both count as a pause. The wall clock set back is no pause.
 */
export const compareClocks = (before: ClockReading, now: ClockReading): ClockJump | null => {
  const passedMs = now.monotonic - before.monotonic;
  const asleepMs = now.boottime === null || before.boottime === null ? 0 : now.boottime - before.boottime - passedMs;
  if (asleepMs > BOOTTIME_THRESHOLD_MS) return { jumpMs: asleepMs, paused: true };
  const jumpMs = now.wall - before.wall - passedMs;
  if (Math.abs(jumpMs) < THRESHOLD_MS) return null;
  return { jumpMs, paused: jumpMs > 0 };
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
