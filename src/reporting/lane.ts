/** One target's work, for ever: passes over the tables, opened anew after each fault. */
import { type Fault, fail } from '../core/result.ts';
import type { Instant, Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { addCounts, type Counts, noCounts, openPass, type Pass, type PassOptions } from './pass.ts';
import type { Target } from './target.ts';

export interface LaneView {
  readonly target: Target['name'];
  /** Why nothing goes; null while all is well. */
  readonly fault: Fault | null;
  /** Since this process began. */
  readonly counts: Counts;
}

export interface LaneListener {
  onFault(fault: Fault): void;
  /** After a fault. */
  onWell(): void;
  /** Some were refused, or gone. */
  onLost(counts: Counts): void;
  /** It has not been well for `ms`. */
  onBehind(ms: Millis, fault: Fault): void;
}

export interface LaneOptions extends PassOptions {
  readonly behindMs: Millis;
}

export interface Lane {
  start(): void;
  view(): LaneView;
  /** Ends its connections, and waits for its end. */
  stop(): Promise<void>;
}

const waiting = fail(
  'reporting-waits',
  'A transaction of this node’s database that writes events has been open for long: later events wait for its end.',
  'See pg_stat_activity there for a session that is idle in transaction.',
);

const BACKOFF_MS: Millis = 1000;
const BACKOFF_MOST_MS: Millis = 60_000;
/** A session is opened anew this often. */
const ANEW_MS: Millis = 3_600_000;

const wait = (clock: Clock, ms: Millis, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.at(clock.now() + ms, done);
    signal.addEventListener('abort', done);
  });

interface State {
  readonly options: LaneOptions;
  readonly clock: Clock;
  readonly listener: LaneListener;
  readonly signal: AbortSignal;
  view: LaneView;
  wellAt: Instant;
  isBehindTold: boolean;
}

const well = (state: State): void => {
  state.wellAt = state.clock.now();
  state.isBehindTold = false;
  if (state.view.fault !== null) state.listener.onWell();
  state.view = { ...state.view, fault: null };
};

const late = (state: State, fault: Fault): void => {
  const ms = state.clock.now() - state.wellAt;
  if (ms < state.options.behindMs || state.isBehindTold) return;
  state.isBehindTold = true;
  state.listener.onBehind(ms, fault);
};

/** Told once, until it is another. */
const unwell = (state: State, fault: Fault): void => {
  if (state.view.fault?.code !== fault.code) state.listener.onFault(fault);
  state.view = { ...state.view, fault };
  late(state, fault);
};

/** Until a fault, or until it is time to look at all anew (rights, columns, secrets, what was refused); how many passes went well before. */
const passes = async (state: State, pass: Pass): Promise<{ readonly fault: Fault | null; readonly good: number }> => {
  const { options, clock, listener, signal } = state;
  const openedAt = clock.now();
  for (let good = 0; ; good += 1) {
    if (signal.aborted || clock.now() - openedAt > ANEW_MS) return { fault: null, good };
    const done = await pass.run();
    if (!done.ok) return { fault: done.error, good };
    const { counts, isMore, isWaiting } = done.value;
    if (isWaiting && counts === noCounts) late(state, waiting.error);
    else well(state);
    state.view = { ...state.view, counts: addCounts(state.view.counts, counts) };
    if (counts.refused + counts.gone > 0) listener.onLost(counts);
    if (!isMore) await wait(clock, options.pace.everyMs, signal);
  }
};

const loop = async (state: State): Promise<void> => {
  const { options, clock, signal } = state;
  let backoffMs = BACKOFF_MS;
  while (!signal.aborted) {
    const opened = await openPass(options, signal);
    const { fault, good } = opened.ok ? await passes(state, opened.value) : { fault: opened.error, good: 0 };
    if (opened.ok) await opened.value.close();
    if (isAborted(signal)) return;
    if (fault === null) continue;
    unwell(state, fault);
    if (good > 0) backoffMs = BACKOFF_MS;
    await wait(clock, backoffMs, signal);
    backoffMs = Math.min(2 * backoffMs, BACKOFF_MOST_MS);
  }
};

/** The compiler believes that nothing changes while one waits. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** Runs from `start` to `stop`; each fault is told once, and tried again after 1 s to 1 min. */
export const createLane = (options: LaneOptions, clock: Clock, listener: LaneListener): Lane => {
  const ending = new AbortController();
  let over: Promise<void> = Promise.resolve();
  const state: State = {
    options,
    clock,
    listener,
    signal: ending.signal,
    view: { target: options.target.name, fault: null, counts: noCounts },
    wellAt: clock.now(),
    isBehindTold: false,
  };
  return {
    start: () => {
      over = loop(state);
    },
    view: () => state.view,
    stop: async () => {
      ending.abort();
      await over;
    },
  };
};
