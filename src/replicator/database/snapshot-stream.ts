/** The database as a stream of snapshots: at its times and on request, from the main that serves to the standby. */
import { join } from 'node:path';
import { type Fault, fail, type Result } from '../../core/result.ts';
import type { Instant, WallTime } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { DatabaseRules } from '../../replication/postgres/rules.ts';
import { runSnapshot, type SnapshotReport } from '../../replication/postgres/snapshot/snapshot.ts';
import type {
  RunOptions,
  Stream,
  StreamCondition,
  StreamPending,
  StreamProgress,
  StreamReporter,
  StreamRight,
  StreamRun,
  StreamStatus,
} from '../../replication/stream.ts';
import { createSchedule } from '../../time/schedule.ts';
import type { Databases } from './databases.ts';

export interface SnapshotStreamOptions {
  readonly isMain: boolean;
  readonly databases: Pick<Databases, 'both' | 'spaceThere'>;
  readonly schema: string;
  readonly rules: DatabaseRules;
  readonly timeLimitMs: number;
  readonly schedule: { readonly at: string; readonly missed: 'run' | 'skip' };
  readonly stateDir: string;
  readonly clock: Clock;
  readonly reporter: StreamReporter;
  /** Both sides agree; what caches it there may be told. */
  readonly onChanged: (report: SnapshotReport) => void;
  /** What was written here since a moment; default: it is not counted. */
  readonly writtenSince?: (at: Instant) => StreamPending | null;
  /** For tests. */
  readonly run?: typeof runSnapshot;
}

interface State {
  right: StreamRight;
  running: Promise<Result<StreamRun>> | null;
  cancel: AbortController;
  progress: StreamProgress | null;
  last: SnapshotReport | null;
  lastSuccess: WallTime | null;
  /** When the last good run began. */
  asOf: Instant | null;
  lastError: (Fault & { readonly at: WallTime }) | null;
}

/** How far the clocks of both servers may be apart. */
export const CLOCK_TOLERANCE_MS = 2000;

const notSending = () =>
  fail(
    'database-not-sending',
    'This node does not send its database now: only the main does, and only while it serves.',
    'Run it on the main.',
  );

const conditionOf = (state: State, sending: boolean): StreamCondition => {
  if (!sending) return 'waiting';
  if (state.running !== null) return 'running';
  if (state.lastError === null) return state.lastSuccess === null ? 'waiting' : 'in-step';
  return state.lastError.code === 'database-guarded' ? 'blocked' : 'failed';
};

const textOf = (state: State, isMain: boolean, sending: boolean): string => {
  if (!sending) return isMain ? 'this node does not serve' : 'fed by the main';
  if (state.running !== null) return 'being compared and copied';
  return state.lastError?.message ?? state.last?.text ?? 'no run yet';
};

/** Told once for each change of the trouble. */
const createVoice = (reporter: StreamReporter) => {
  let last: string | null = null;
  return (fault: Fault | null): void => {
    if (fault !== null && fault.code !== last)
      reporter.say('alarm', fault.code, `The database does not follow: ${fault.message} ${fault.remedy}`);
    if (fault === null && last !== null) reporter.say('info', 'database-well', 'The database follows again.');
    last = fault?.code ?? null;
  };
};

/** As the stream's interface has it. */
export const asRun = (report: SnapshotReport): StreamRun => ({
  stream: 'database',
  startedAt: report.startedAt,
  tookMs: report.tookMs,
  changed: report.changed,
  bytes: report.bytes,
  warnings: report.warnings,
  text: report.text,
});

interface Works {
  readonly options: SnapshotStreamOptions;
  readonly state: State;
  readonly say: (fault: Fault | null) => void;
  sending(): boolean;
}

const perform = async (works: Works): ReturnType<typeof runSnapshot> => {
  const { options, state } = works;
  const { schema, rules, timeLimitMs, databases } = options;
  const both = await databases.both();
  if (!both.ok) return both;
  const { here: source, there: target } = both.value;
  const limits = { clockMs: CLOCK_TOLERANCE_MS };
  const onProgress = (progress: StreamProgress): void => {
    state.progress = progress;
  };
  return (options.run ?? runSnapshot)(
    { source, target, schema, rules, timeLimitMs, epoch: state.right.holding, limits, space: databases.spaceThere },
    { signal: state.cancel.signal, onProgress },
  );
};

const once = async (works: Works): Promise<Result<StreamRun>> => {
  const { options, state, say, sending } = works;
  const { clock, reporter } = options;
  const { signal } = state.cancel;
  const begunAt = clock.now();
  const done = await perform(works);
  if (!done.ok) {
    // Ended by ourselves, because service moved: no news, and no fault of the next term either.
    if (!signal.aborted) state.lastError = { ...done.error, at: clock.wall() };
    if (sending() && !signal.aborted) say(done.error);
    reporter.note('database', { ok: false, ...done.error });
    return done;
  }
  const report = done.value;
  Object.assign(state, { last: report, lastSuccess: report.startedAt, asOf: begunAt, lastError: null });
  say(null);
  const { changed, bytes, tookMs, lockedMs, warnings, text } = report;
  reporter.note('database', { ok: true, changed, bytes, tookMs, lockedMs, warnings, text });
  if (changed > 0) options.onChanged(report);
  return { ok: true, value: asRun(report) };
};

const runOf =
  (works: Works) =>
  (given: RunOptions): Promise<Result<StreamRun>> => {
    const { state, options, sending } = works;
    if (!sending()) return Promise.resolve(notSending());
    state.running ??= once(works).finally(() => {
      state.running = null;
      state.progress = null;
    });
    const cancelTicks = ticking(options.clock, () => {
      if (state.progress !== null) given.onProgress(state.progress);
    });
    return state.running.finally(cancelTicks);
  };

const freshState = (): State => ({
  right: { holding: 0, highest: 0 },
  running: null,
  cancel: new AbortController(),
  progress: null,
  last: null,
  lastSuccess: null,
  asOf: null,
  lastError: null,
});

/** A run under way is waited for, never doubled; it is ended when this node no longer serves. */
export const createSnapshotStream = (options: SnapshotStreamOptions): Stream => {
  const { clock, isMain, reporter } = options;
  const state = freshState();
  const sending = (): boolean => isMain && state.right.holding > 0;
  const run = runOf({ options, state, say: createVoice(reporter), sending });
  const never = new AbortController().signal;
  const schedule = createSchedule({
    ...options.schedule,
    clock,
    stateFile: join(options.stateDir, 'database-schedule.json'),
    canRun: sending,
    onDue: () => void run({ signal: never, onProgress: () => undefined }),
    onTrouble: (text) => reporter.say('warning', 'database-schedule-not-kept', text),
  });
  return {
    name: 'database',
    start: () => schedule.start(),
    setRight: (right) => {
      const before = sending();
      state.right = right;
      if (before && !sending()) {
        state.cancel.abort();
        state.cancel = new AbortController();
      }
      if (!before && sending()) schedule.look();
    },
    status: () => ({
      ...statusOf(state, isMain, sending(), schedule.next(), clock),
      pending: sending() && state.asOf !== null ? (options.writtenSince?.(state.asOf) ?? null) : null,
    }),
    run,
    stop: async () => {
      schedule.stop();
      state.cancel.abort();
      await state.running;
    },
  };
};

/** Calls a few times a second until cancelled. */
const ticking = (clock: Clock, tick: () => void): (() => void) => {
  let cancel = (): void => undefined;
  const next = (): void => {
    tick();
    cancel = clock.at(clock.now() + 200, next);
  };
  cancel = clock.at(clock.now() + 200, next);
  return () => cancel();
};

const statusOf = (
  state: State,
  isMain: boolean,
  isSending: boolean,
  next: WallTime | null,
  clock: Clock,
): StreamStatus => ({
  name: 'database',
  direction: isSending ? 'out' : isMain ? 'none' : 'in',
  condition: conditionOf(state, isSending),
  text: textOf(state, isMain, isSending),
  lagMs: isSending && state.lastSuccess !== null ? clock.wall() - state.lastSuccess : null,
  lastSuccess: state.lastSuccess,
  lastError: state.lastError,
  nextRun: isSending ? next : null,
  rows: state.last?.rows ?? null,
  bytes: state.last?.bytes ?? null,
  tookMs: state.last === null ? null : Math.round(state.last.tookMs),
  progress: state.progress,
  warnings: isSending ? (state.last?.warnings.map(({ message }) => message) ?? []) : [],
});
