/** When a run is due: as in a crontab, local time, with what is done about runs that were missed. */
import { readFileSync } from 'node:fs';
import { Cron } from 'croner';
import type { Millis, WallTime } from '../core/words.ts';
import { writeWholeSync } from '../files/whole.ts';
import type { Clock } from '../ports.ts';

export interface ScheduleOptions {
  /** Minute, hour, day, month, weekday, as in a crontab. */
  readonly at: string;
  /** `run`: missed runs are made up for once; `skip`: they are left out. */
  readonly missed: 'run' | 'skip';
  /** Where the last run is remembered over restarts; its directory exists. */
  readonly stateFile: string;
  readonly clock: Clock;
  /** Whether this node could run now; what falls due while it cannot is missed. */
  readonly canRun: () => boolean;
  /** A run is due now, or made up for. */
  readonly onDue: (why: 'due' | 'missed') => void;
  /** The state could not be written: after a restart a run may be made up for twice. */
  readonly onTrouble: (text: string) => void;
  /** For tests; null: the machine's own. */
  readonly timezone?: string;
}

export interface Schedule {
  start(): void;
  /** When the next run is due; null when never. */
  next(): WallTime | null;
  /** `canRun` may have changed. */
  look(): void;
  stop(): void;
}

/** The wall clock may be set and the machine may sleep: it is looked at this often. */
const LOOK_MS: Millis = 30_000;
/** A timer rings this much late at most without its run counting as missed. */
const PUNCTUAL_MS: Millis = 60_000;

const cronOf = (at: string, timezone: string | undefined): Cron =>
  new Cron(at, { paused: true, mode: '5-part', ...(timezone === undefined ? {} : { timezone }) });

const readHandled = (file: string, now: WallTime): WallTime | null => {
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as { readonly handled?: unknown };
    // A clock that was ahead once must not silence the schedule until it is overtaken.
    if (typeof read.handled === 'number' && read.handled <= now) return read.handled;
  } catch {
    // The first start, or a damaged file: nothing was missed.
  }
  return null;
};

/**
 * A schedule that calls `onDue` once for each time that falls due while this node can run, and, with `missed: run`, once for any number
 * that fell due while it could not or the program did not run. Throws when `at` is not understood: check it first.
 */
export const createSchedule = (options: ScheduleOptions): Schedule => {
  const { clock } = options;
  const cron = cronOf(options.at, options.timezone);
  let handled = 0;
  let cancel: () => void = () => undefined;
  let running = false;

  const nextAfter = (wall: WallTime): WallTime | null => cron.nextRun(new Date(wall))?.getTime() ?? null;

  const isDue = (since: WallTime, wall: WallTime): boolean => (nextAfter(since) ?? Number.POSITIVE_INFINITY) <= wall;

  const remember = (wall: WallTime): void => {
    handled = wall;
    try {
      writeWholeSync(options.stateFile, JSON.stringify({ handled: wall }), { isDurable: false });
    } catch (error) {
      options.onTrouble(`${options.stateFile}: ${error instanceof Error ? error.message : 'not written'}`);
    }
  };

  const look = (): void => {
    if (!running) return;
    cancel();
    const wall = clock.wall();
    // Set back: what was handled in the future is so no more.
    if (handled > wall) handled = wall;
    if (isDue(handled, wall)) {
      const punctual = isDue(Math.max(handled, wall - PUNCTUAL_MS), wall);
      const runs = options.canRun() && (punctual || options.missed === 'run');
      // What is to be made up for stays due until this node can.
      if (runs || options.missed === 'skip') remember(wall);
      if (runs) options.onDue(punctual ? 'due' : 'missed');
    }
    const next = nextAfter(wall);
    const waitMs = Math.min(LOOK_MS, next === null ? LOOK_MS : Math.max(1, next - wall));
    cancel = clock.at(clock.now() + waitMs, look);
  };

  return {
    start: () => {
      running = true;
      const former = readHandled(options.stateFile, clock.wall());
      if (former === null) remember(clock.wall());
      else handled = former;
      look();
    },
    next: () => nextAfter(clock.wall()),
    look,
    stop: () => {
      running = false;
      cancel();
    },
  };
};
