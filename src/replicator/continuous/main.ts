/** The main's side of the continuous stream: while it serves it offers its changes and beats; it asks the standby how far it is. */
import { fail, type Result } from '../../core/result.ts';
import type { Instant, WallTime } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { Database } from '../../replication/postgres/connection.ts';
import type { ContinuousSender, Offer } from '../../replication/postgres/continuous/sender.ts';
import type {
  RunOptions,
  Stream,
  StreamPending,
  StreamProgress,
  StreamReporter,
  StreamRight,
  StreamRun,
  StreamStatus,
} from '../../replication/stream.ts';
import type { CheckOptions } from './check.ts';
import { createTroubles, type FollowerView, followerViewOf, type Troubles, waitFor, withinStop } from './common.ts';
import { createMeanwhile, type Meanwhile } from './meanwhile.ts';

export interface MainStreamOptions {
  readonly openSender: () => Promise<Result<ContinuousSender>>;
  /** This node's own database, for beats and offers. */
  readonly openDatabase: (signal: AbortSignal) => Promise<Result<Database>>;
  readonly askFollower: () => Promise<Result<unknown>>;
  /** Compares both sides, and has mended what differs. */
  readonly check: (options: CheckOptions) => Promise<Result<StreamRun>>;
  /** Does the work as long as PostgreSQL is not ready for single changes; null: nothing does. */
  readonly snapshots: Stream | null;
  /** What was written here since a moment; default: it is not counted. */
  readonly writtenSince?: (at: Instant) => StreamPending | null;
  readonly clock: Clock;
  readonly reporter: StreamReporter;
}

const BEAT_MS = 500;
const OFFER_MS = 30_000;
/** After a trouble of its own. */
const AGAIN_MS = 2000;
const ASK_MS = 1000;
/** What the standby said holds so long. */
const VIEW_HOLDS_MS = 5000;
/** How often, and how many times, the place of a standby that serves now is looked for. */
const REST_MS = 5000;
const REST_TIMES = 12;

interface State {
  right: StreamRight;
  offer: Offer | null;
  offeredAt: Instant;
  view: { readonly is: FollowerView; readonly at: Instant } | null;
  asOf: Instant | null;
  lastSuccess: WallTime | null;
  last: StreamRun | null;
  progress: StreamProgress | null;
  checking: Promise<Result<StreamRun>> | null;
  cancel: AbortController;
  working: Promise<void>;
  stopped: boolean;
}

type Works = MainStreamOptions & {
  readonly state: State;
  readonly troubles: Troubles;
  readonly meanwhile: Meanwhile;
};

interface Open {
  readonly sender: ContinuousSender;
  readonly db: Database;
}

const open = async ({ openSender, openDatabase }: Works, signal: AbortSignal): Promise<Result<Open>> => {
  const sender = await openSender();
  if (!sender.ok) return sender;
  const db = await openDatabase(signal);
  return db.ok ? { ok: true, value: { sender: sender.value, db: db.value } } : db;
};

const offer = async ({ state, clock, reporter }: Works, { sender, db }: Open): Promise<Result<unknown>> => {
  if (state.offer !== null && clock.now() - state.offeredAt < OFFER_MS) return { ok: true, value: null };
  const offered = await sender.offer(db);
  if (!offered.ok) return offered;
  const said = ({ tables, refused }: Offer): string => JSON.stringify([tables, refused.map(({ message }) => message)]);
  if (state.offer === null || said(state.offer) !== said(offered.value)) reporter.note('database-offer', offered.value);
  state.offer = offered.value;
  state.offeredAt = clock.now();
  return offered;
};

/** The beat first: it fails where set-up is undone, and then nothing is offered. */
const feedOnce = async (works: Works, at: Open): Promise<Result<unknown>> => {
  const beaten = await at.sender.beat(at.db);
  return beaten.ok ? offer(works, at) : beaten;
};

const feed = async (works: Works, signal: AbortSignal): Promise<void> => {
  const { state, clock, troubles, meanwhile } = works;
  let at: Open | null = null;
  state.offer = null;
  while (!signal.aborted) {
    const opened: Result<Open> = at === null || at.db.isClosed() ? await open(works, signal) : { ok: true, value: at };
    at = opened.ok ? opened.value : null;
    const fed = opened.ok ? await feedOnce(works, opened.value) : opened;
    if (!signal.aborted) troubles.note(meanwhile.note(fed.ok ? null : fed.error, state.right));
    await waitFor(clock, fed.ok ? BEAT_MS : AGAIN_MS, signal);
  }
  await at?.db.close();
};

const look = async (works: Works): Promise<void> => {
  const { state, clock, askFollower } = works;
  const asked = await askFollower();
  const view = asked.ok ? followerViewOf(asked.value) : null;
  if (view === null) return;
  state.view = { is: view, at: clock.now() };
  if (view.lagMs !== null) state.asOf = clock.now() - view.lagMs;
  if (view.condition === 'in-step') state.lastSuccess = clock.wall();
};

const watch = async (works: Works, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await look(works);
    await waitFor(works.clock, ASK_MS, signal);
  }
};

/** The standby serves now and follows no more: its place here must not hold this disk. It begins anew in any case. */
const clear = async (works: Works, signal: AbortSignal): Promise<void> => {
  for (let times = 0; times < REST_TIMES && !signal.aborted; times += 1) {
    await waitFor(works.clock, REST_MS, signal);
    const opened = signal.aborted ? null : await open(works, signal);
    if (opened?.ok !== true) continue;
    const { sender, db } = opened.value;
    const dropped = await sender.rest(db);
    await db.close();
    if (dropped.ok && dropped.value > 0) return;
  }
};

const setRight = (works: Works, right: StreamRight): void => {
  const { state } = works;
  const before = state.right;
  state.right = right;
  const begins = right.holding > 0 && before.holding === 0;
  const ends = right.holding === 0 && before.holding > 0;
  const otherServes = right.holding === 0 && right.highest > before.highest;
  if (state.stopped || !(begins || ends || otherServes)) return;
  state.cancel.abort();
  const cancel = new AbortController();
  state.cancel = cancel;
  if (ends) {
    works.meanwhile.end();
    works.troubles.note(null);
  }
  const { signal } = cancel;
  const next = (): Promise<unknown> =>
    begins
      ? Promise.all([feed(works, signal), watch(works, signal)])
      : otherServes
        ? clear(works, signal)
        : Promise.resolve();
  const former = state.working;
  state.working = (async () => {
    await former;
    await next();
  })();
};

const notServing = 'this node does not serve; what the standby collects comes home by merges';

const shown = ({ state, troubles, clock }: Works): Pick<StreamStatus, 'condition' | 'text' | 'lagMs'> => {
  if (state.right.holding === 0) return { condition: 'waiting', text: notServing, lagMs: null };
  const lagMs = state.asOf === null ? null : Math.round(clock.now() - state.asOf);
  const fault = troubles.last();
  if (fault !== null) return { condition: 'failed', text: fault.message, lagMs };
  if (state.checking !== null) return { condition: 'running', text: 'both sides are being compared', lagMs };
  const { view } = state;
  if (view === null || clock.now() - view.at > VIEW_HOLDS_MS)
    return { condition: 'behind', text: 'the standby does not say how far it is', lagMs };
  const left = state.offer?.refused.length ?? 0;
  const text =
    left === 0 ? view.is.text : `${view.is.text} ${left} tables do not follow one by one; see \`dualtone replicate\`.`;
  return { condition: view.is.condition, text, lagMs: view.is.condition === 'in-step' ? view.is.lagMs : lagMs };
};

const statusOf = (works: Works): StreamStatus => {
  const { state, troubles, meanwhile } = works;
  const bySnapshots = troubles.last() === null ? meanwhile.status() : null;
  if (bySnapshots !== null) return bySnapshots;
  return {
    name: 'database',
    direction: state.right.holding > 0 ? 'out' : 'none',
    ...shown(works),
    lastSuccess: state.lastSuccess,
    lastError: troubles.last(),
    nextRun: null,
    rows: state.last?.changed ?? state.view?.is.rows ?? null,
    bytes: state.last?.bytes ?? state.view?.is.bytes ?? null,
    tookMs: state.last === null ? null : Math.round(state.last.tookMs),
    progress: state.progress,
    pending: state.right.holding > 0 && state.asOf !== null ? (works.writtenSince?.(state.asOf) ?? null) : null,
  };
};

const notSending = () =>
  fail(
    'database-not-sending',
    'This node does not send its database now: only the main does, and only while it serves.',
    'Run it on the main.',
  );

/** A check under way is waited for, never doubled. */
const runOf =
  (works: Works) =>
  (given: RunOptions): Promise<Result<StreamRun>> => {
    const { state, check, reporter } = works;
    if (state.right.holding === 0) return Promise.resolve(notSending());
    const bySnapshots = works.meanwhile.snapshots()?.run ?? null;
    if (bySnapshots !== null) return bySnapshots(given);
    const { signal } = state.cancel;
    const onProgress = (progress: StreamProgress): void => {
      state.progress = progress;
      given.onProgress(progress);
    };
    state.checking ??= check({
      epoch: state.right.holding,
      follower: () => state.view?.is ?? null,
      run: { signal: AbortSignal.any([signal, given.signal]), onProgress },
    })
      .then((done) => {
        if (done.ok) state.last = done.value;
        reporter.note('database', done.ok ? { ok: true, ...done.value } : { ok: false, ...done.error });
        return done;
      })
      .finally(() => {
        state.checking = null;
        state.progress = null;
      });
    return state.checking;
  };

/** It offers to nobody in particular: the standby comes and takes. */
export const createMainStream = (options: MainStreamOptions): Stream => {
  const { clock, reporter } = options;
  const state: State = {
    right: { holding: 0, highest: 0 },
    offer: null,
    offeredAt: Number.NEGATIVE_INFINITY,
    view: null,
    asOf: null,
    lastSuccess: null,
    last: null,
    progress: null,
    checking: null,
    cancel: new AbortController(),
    working: Promise.resolve(),
    stopped: false,
  };
  const { snapshots } = options;
  const meanwhile = createMeanwhile(snapshots, reporter);
  const works: Works = { ...options, state, troubles: createTroubles(clock, reporter), meanwhile };
  return {
    name: 'database',
    start: () => snapshots?.start(),
    setRight: (right) => setRight(works, right),
    status: () => statusOf(works),
    run: runOf(works),
    stop: async () => {
      state.stopped = true;
      state.cancel.abort();
      meanwhile.end();
      await withinStop(clock, Promise.all([state.working, state.checking, snapshots?.stop()]));
    },
  };
};
