/** The standby's side of the continuous stream: it follows while it does not serve, and lets go at once when it does. */
import type { Fault, Result } from '../../core/result.ts';
import { fail } from '../../core/result.ts';
import type { Epoch, Instant, WallTime } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { ContinuousReceiver, CopyOutcome, ReceiverState } from '../../replication/postgres/continuous/receiver.ts';
import type { Stream, StreamProgress, StreamReporter, StreamRight, StreamStatus } from '../../replication/stream.ts';
import { createTroubles, type FollowerView, type Troubles, waitFor, withinStop } from './common.ts';

export interface StandbyStreamOptions {
  /** Read anew for each beginning: passwords and certificates may change. `onProgress` is told of a whole copy. */
  readonly open: (
    signal: AbortSignal,
    onProgress: (progress: StreamProgress) => void,
    epoch: () => Epoch,
  ) => Promise<Result<ContinuousReceiver>>;
  /** Nothing comes in any more, whether or not there is a receiver. */
  readonly disable: () => Promise<Result<void>>;
  /** The main asks how this side stands, and may ask for a whole copy. */
  readonly answer: (view: () => FollowerView, copy: (why: string) => Result<null>) => void;
  readonly clock: Clock;
  readonly reporter: StreamReporter;
}

const STEP_MS = 1000;

/** A password or certificate may have changed: both are read anew. */
const REOPENS: ReadonlySet<string> = new Set(['database-tls', 'database-login-refused']);

interface State {
  right: StreamRight;
  /** Null until it was told. */
  told: boolean;
  receiver: ContinuousReceiver | null;
  /** To be opened anew. */
  stale: boolean;
  seen: ReceiverState | null;
  /** The moment of which this node's data are, as far as is known. */
  asOf: Instant | null;
  lastSuccess: WallTime | null;
  copies: number;
  copied: CopyOutcome | null;
  progress: StreamProgress | null;
  /** Ends what is under way; anew for each time of following. */
  cancel: AbortController;
  working: Promise<void>;
  stopped: boolean;
}

type Works = StandbyStreamOptions & { readonly state: State; readonly troubles: Troubles };

const lagOf = ({ state, clock }: Works): number | null => {
  if (state.asOf === null || state.right.holding > 0) return null;
  const lag = state.seen?.lag?.ms ?? null;
  // Between two steps what was measured holds.
  const since = clock.now() - state.asOf;
  return Math.round(state.seen?.condition === 'in-step' && lag !== null && since < lag + 2 * STEP_MS ? lag : since);
};

const take = ({ state, clock, reporter, troubles }: Works, result: Result<ReceiverState>): void => {
  if (!result.ok) {
    troubles.note(result.error);
    state.seen = null;
    if (REOPENS.has(result.error.code)) state.stale = true;
    return;
  }
  const seen = result.value;
  if (seen.fault !== null && REOPENS.has(seen.fault.code)) state.stale = true;
  state.seen = seen;
  troubles.note(seen.fault);
  if (seen.lag !== null && seen.lag.ms !== null) state.asOf = clock.now() - seen.lag.ms;
  if (seen.condition === 'in-step') state.lastSuccess = clock.wall();
  if (seen.copied === null) return;
  state.copies += 1;
  state.copied = seen.copied;
  reporter.note('database', { ok: true, ...seen.copied, text: seen.text });
};

const close = async ({ state }: Works): Promise<void> => {
  const { receiver } = state;
  state.receiver = null;
  state.stale = false;
  await receiver?.close();
};

const step = async (works: Works, signal: AbortSignal): Promise<void> => {
  const { state, open } = works;
  if (state.stale) await close(works);
  if (state.receiver === null) {
    const onProgress = (progress: StreamProgress): void => {
      state.progress = progress;
    };
    const opened = await open(signal, onProgress, () => state.right.highest);
    if (signal.aborted) return void (opened.ok && (await opened.value.close()));
    if (!opened.ok) return take(works, opened);
    state.receiver = opened.value;
  }
  const result = await state.receiver.step(state.right.highest);
  state.progress = null;
  // Ended by ourselves, because service moved: no news.
  if (!signal.aborted) take(works, result);
};

/** Steps until it is ended. */
const follow = async (works: Works, signal: AbortSignal): Promise<void> => {
  const { clock } = works;
  while (!signal.aborted) {
    await step(works, signal);
    await waitFor(clock, STEP_MS, signal);
  }
  await close(works);
};

const letGo = async ({ disable, reporter }: Works): Promise<void> => {
  const done = await disable();
  // The guard says the same to the database, again and again until it was heard.
  if (!done.ok) reporter.note('database', done.error);
};

const setRight = (works: Works, right: StreamRight): void => {
  const { state, troubles } = works;
  const followed = state.told && state.right.holding === 0;
  const served = state.told && state.right.holding > 0;
  state.right = right;
  state.told = true;
  if (right.holding > 0 && followed) {
    state.cancel.abort();
    state.seen = null;
    troubles.note(null);
  }
  if (right.holding > 0) return void (served || letGo(works));
  if (followed || state.stopped) return;
  const cancel = new AbortController();
  state.cancel = cancel;
  // One after the other: what was ended closes its connections first.
  state.working = state.working.then(() => follow(works, cancel.signal));
};

const shown = ({
  state,
  troubles,
}: Works): { readonly condition: StreamStatus['condition']; readonly text: string } => {
  if (state.right.holding > 0) return { condition: 'waiting', text: 'this node serves and takes nothing in' };
  if (state.progress !== null) return { condition: 'running', text: 'being copied whole; changes follow from there' };
  if (state.seen !== null) return { condition: state.seen.condition, text: state.seen.text };
  const fault: Fault | null = troubles.last();
  return fault === null
    ? { condition: 'waiting', text: 'looks at both nodes' }
    : { condition: 'failed', text: fault.message };
};

const statusOf = (works: Works): StreamStatus => {
  const { state, troubles } = works;
  return {
    name: 'database',
    direction: state.right.holding > 0 ? 'none' : 'in',
    ...shown(works),
    lagMs: lagOf(works),
    lastSuccess: state.lastSuccess,
    lastError: troubles.last(),
    nextRun: null,
    rows: state.copied?.changed ?? null,
    bytes: state.copied?.bytes ?? null,
    tookMs: null,
    progress: state.progress,
  };
};

const viewOf = (works: Works): FollowerView => {
  const { condition, text, lagMs, rows, bytes } = statusOf(works);
  return { condition, text: text.slice(0, 1000), lagMs, copies: works.state.copies, rows, bytes };
};

const notFollowing = () =>
  fail(
    'database-not-following',
    'The standby does not follow now, so it can copy nothing.',
    'See `dualtone status` on the standby for the reason.',
  );

/** Never delays a takeover: it is told that it serves, and ends what it does beside it. */
export const createStandbyStream = (options: StandbyStreamOptions): Stream => {
  const { clock, reporter } = options;
  const state: State = {
    right: { holding: 0, highest: 0 },
    told: false,
    receiver: null,
    stale: false,
    seen: null,
    asOf: null,
    lastSuccess: null,
    copies: 0,
    copied: null,
    progress: null,
    cancel: new AbortController(),
    working: Promise.resolve(),
    stopped: false,
  };
  const works: Works = { ...options, state, troubles: createTroubles(clock, reporter) };
  return {
    name: 'database',
    start: () =>
      options.answer(
        () => viewOf(works),
        (why) => {
          if (state.receiver === null || state.right.holding > 0) return notFollowing();
          state.receiver.again(why);
          return { ok: true, value: null };
        },
      ),
    setRight: (right) => setRight(works, right),
    status: () => statusOf(works),
    run: null,
    stop: async () => {
      state.stopped = true;
      state.cancel.abort();
      await withinStop(clock, state.working);
    },
  };
};
