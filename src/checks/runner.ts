/** Runs checks in their turns, a few at a time, each under its time limit. */
import type { Instant, Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import type { Check } from './check.ts';
import type { CheckResult, Finding } from './report.ts';
import { beginning, firstTurns, nextDue, type Turn, wakeAt } from './schedule.ts';

export interface Runner {
  start(): void;
  /** Tries these now (all: null), besides their turns; resolves when each has a new result. */
  runNow(ids: readonly string[] | null): Promise<void>;
  /** In the order of the checks; those that were never tried are not in it. */
  results(): readonly CheckResult[];
  /** Calls off what is under way. */
  stop(): Promise<void>;
}

export interface RunnerOptions {
  readonly checks: readonly Check[];
  /** Ids of checks that do not count (`checks.accept`). */
  readonly accepted: readonly string[];
  readonly clock: Clock;
  /** In [0, 1). */
  readonly chance: () => number;
  /** As known from the history: since when each outcome has been what it was. */
  readonly since: (id: string, finding: Finding) => number | null;
  readonly onResult: (result: CheckResult, before: CheckResult | null) => void;
}

/** So many at once: what a check waits for is mostly the network. */
const MOST = 4;
/** What heeds its signal ends within it. */
const STOP_MS: Millis = 1000;

interface Entry {
  readonly check: Check;
  dueAt: Instant;
  /** Under way, also when its time is over and it has not ended yet. */
  running: Promise<void> | null;
  cancel: AbortController | null;
  /** Its time is over and it heeds no signal: it takes no place, and no second one is begun beside it. */
  stuck: boolean;
  result: CheckResult | null;
  /** Asked for: they want a run that begins after they asked. */
  waiting: (() => void)[];
}

interface State {
  readonly options: RunnerOptions;
  readonly entries: readonly Entry[];
  cancelWake: () => void;
  started: boolean;
  stopped: boolean;
}

const turnsOf = ({ entries }: State): readonly Turn[] =>
  entries
    .filter(({ stuck }) => !stuck)
    .map(({ check, dueAt, running }) => ({ id: check.id, dueAt, running: running !== null }));

const release = (waiting: readonly (() => void)[]): void => {
  for (const done of waiting) done();
};

const late = ({ timeoutMs }: Check): Finding => ({
  outcome: 'unknown',
  why: `it had not ended after ${Math.round(timeoutMs / 1000)} s`,
});

/** The finding comes at the time limit at the latest; `over` when the check itself has ended. */
const tryOnce = ({ options: { clock } }: State, check: Check, cancel: AbortController) => {
  const { promise: found, resolve } = Promise.withResolvers<Finding>();
  const attempt = { found, over: Promise.resolve(), hasEnded: false };
  const end = clock.at(clock.now() + check.timeoutMs, () => {
    resolve(late(check));
    cancel.abort();
  });
  const run = async (): Promise<void> => {
    const finding = await check.run(cancel.signal);
    attempt.hasEnded = true;
    end();
    resolve(finding);
  };
  attempt.over = run();
  return attempt;
};

const keep = (state: State, entry: Entry, finding: Finding, begunAt: Instant): void => {
  const { options } = state;
  const { id, about, severity, scope } = entry.check;
  const at = options.clock.wall();
  const before = entry.result;
  const same = before?.finding.outcome === finding.outcome;
  const since = same ? before.since : ((before === null ? options.since(id, finding) : null) ?? at);
  const tookMs = Math.round(options.clock.now() - begunAt);
  const accepted = options.accepted.includes(id);
  entry.result = { id, about, severity, scope, finding, accepted, at, since, tookMs };
  options.onResult(entry.result, before);
};

const begin = (state: State, entry: Entry): void => {
  const { clock, chance } = state.options;
  const cancel = new AbortController();
  const begunAt = clock.now();
  entry.cancel = cancel;
  const asked = entry.waiting.splice(0);
  const attempt = tryOnce(state, entry.check, cancel);
  entry.running = (async () => {
    const finding = await attempt.found;
    entry.stuck = !attempt.hasEnded;
    if (!state.stopped) {
      keep(state, entry, finding, begunAt);
      const now = clock.now();
      entry.dueAt = entry.waiting.length > 0 ? now : nextDue(entry.check, finding.outcome, now, chance());
    }
    release(entry.stuck ? [...asked, ...entry.waiting.splice(0)] : asked);
    if (entry.stuck) look(state);
    await attempt.over;
    entry.stuck = false;
    entry.running = null;
    entry.cancel = null;
    look(state);
  })();
};

const look = (state: State): void => {
  if (state.stopped || !state.started) return;
  const { clock } = state.options;
  state.cancelWake();
  for (const id of beginning(turnsOf(state), clock.now(), MOST)) {
    const entry = state.entries.find(({ check }) => check.id === id);
    if (entry !== undefined) begin(state, entry);
  }
  const next = wakeAt(turnsOf(state), MOST);
  if (next !== null) state.cancelWake = clock.at(next, () => look(state));
};

export const createRunner = (options: RunnerOptions): Runner => {
  const dueAtById = new Map(firstTurns(options.checks, options.clock.now()).map(({ id, dueAt }) => [id, dueAt]));
  const state: State = {
    options,
    entries: options.checks.map((check) => ({
      check,
      dueAt: dueAtById.get(check.id) ?? options.clock.now(),
      running: null,
      cancel: null,
      stuck: false,
      result: null,
      waiting: [],
    })),
    cancelWake: () => undefined,
    started: false,
    stopped: false,
  };
  return {
    start: () => {
      state.started = true;
      look(state);
    },
    runNow: async (ids) => {
      const now = options.clock.now();
      const chosen = state.entries.filter(({ check, stuck }) => !stuck && (ids === null || ids.includes(check.id)));
      const all = chosen.map(
        (entry) =>
          new Promise<void>((resolve) => {
            entry.waiting.push(resolve);
            entry.dueAt = Math.min(entry.dueAt, now);
          }),
      );
      look(state);
      await Promise.all(all);
    },
    results: () => state.entries.flatMap(({ result }) => (result === null ? [] : [result])),
    stop: async () => {
      state.stopped = true;
      state.cancelWake();
      for (const { cancel } of state.entries) cancel?.abort();
      // Whoever waits for a result is let go; what heeds no signal is left behind.
      for (const entry of state.entries) release(entry.waiting.splice(0));
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const cancel = options.clock.at(options.clock.now() + STOP_MS, resolve);
      const all = state.entries.flatMap(({ running }) => (running === null ? [] : [running]));
      await Promise.race([Promise.all(all), late]);
      cancel();
    },
  };
};
