import type { Instant } from '../core/words.ts';
import type { Clock } from '../ports.ts';

/** CLOCK_MONOTONIC in ms with fraction: Node's own high-resolution clock is the same for all processes of one boot. */
const monotonic = (): Instant => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
};

/** The longest span that a timer of Node can take. */
const LONGEST_MS = 2 ** 31 - 1;

const at = (due: Instant, fire: () => void): (() => void) => {
  // Timers count whole milliseconds from the beginning of the turn; one more, and they do not come early and twice.
  const left = (): number => Math.min(Math.max(Math.ceil(due - monotonic()) + 1, 0), LONGEST_MS);
  const ring = (): void => {
    // Nothing may happen before its time.
    if (monotonic() >= due) fire();
    else timer = setTimeout(ring, left());
  };
  let timer = setTimeout(ring, left());
  return () => clearTimeout(timer);
};

/** The clock of this machine. */
export const systemClock: Clock = { now: monotonic, wall: () => Date.now(), at };
