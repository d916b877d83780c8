/** One node's server, steered: read-only or not, following or not, as the right to serve and the other node say. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { Instant, Millis } from '../../core/words.ts';
import type { StreamRight, StreamStatus } from '../stream.ts';
import { linkFault } from './assess.ts';
import { connectMysql, type Mysql } from './connection.ts';
import type { LinkStatus } from './dialect.ts';
import { contains, type GtidSet, minus } from './gtid.ts';
import {
  beginLink,
  compareKinds,
  forgetLink,
  readLink,
  readPosition,
  readReadOnly,
  setReadOnly,
  startLink,
  stopApplying,
  waitFor,
  waitForApplied,
  waitWhileComing,
} from './link.ts';
import type { MysqlNodeOptions } from './node-options.ts';
import { type NodeState, newState, statusOf } from './node-status.ts';
import { pendingText, type ServerView, strayed, strayFault, viewMessage, viewOf, wantedLink } from './steer.ts';

export interface MysqlNode {
  start(): void;
  /** `unsettled`: on the standby, how many terms are not all at home. */
  setRight(right: StreamRight, unsettled: number): void;
  status(): StreamStatus;
  /** On the main: until it has all that the standby has now; how many transactions came. Faults: those that stand in the way. */
  bring(signal: AbortSignal): Promise<Result<number>>;
  /** How many transactions the standby has that this node lacks. Faults: `mysql-peer-silent`, those of the server. */
  toBring(): Promise<Result<number>>;
  /** Begins what stopped by an error again, once a person has solved it. Faults: those of the server. */
  resume(): Promise<Result<void>>;
  /** Where this server stands, as it writes it. */
  positionText(): Promise<Result<string>>;
  stop(): Promise<void>;
}

const LOOK_MS: Millis = 1000;
const ASK_MS: Millis = 1000;
/** Who begins to serve asks the other for its last word: a dead one must not hold up writes. */
const LAST_WORD_MS: Millis = 700;
const AGAIN_MS: Millis = 50;
const BRING_MS: Millis = 120_000;
const TELL_AFTER_MS: Millis = 5000;
/** Errors of the network and of a full disk pass; a thread that has stopped by one is begun again. */
const PASSING = new Set(['mysql-source-unreachable', 'mysql-source-login', 'mysql-source-tls', 'mysql-disk-full']);

const QUESTION = 'mysql-view';

const peerSilent = () =>
  fail(
    'mysql-peer-silent',
    'The other node does not tell of its database now.',
    'See `dualtone status` there; both agents must be connected and its server must run.',
  );

const open = async (state: NodeState): Promise<Result<Mysql>> => {
  const access = state.options.access();
  if (!access.ok) return access;
  const opened = await connectMysql(access.value, state.stopping);
  state.db = opened.ok ? opened.value : null;
  return opened;
};

/** One connection, whoever asks. */
const connected = async (state: NodeState): Promise<Result<Mysql>> => {
  if (state.db !== null && !state.db.isClosed()) return ok(state.db);
  state.opening ??= open(state).finally(() => {
    state.opening = null;
  });
  return state.opening;
};

const ownView = async (state: NodeState, db: Mysql): Promise<Result<ServerView>> => {
  const position = await readPosition(db);
  if (!position.ok) return position;
  const lock = await readReadOnly(db);
  if (!lock.ok) return lock;
  const { kind, title } = db.dialect;
  const { holding } = state.right;
  const { locked } = lock.value;
  const accepted = db.dialect.parse(state.options.accepted()) ?? new Map();
  const stray = state.there === null ? new Map() : strayed(position.value, state.there.position);
  const offers = stray.size > 0 && contains(accepted, stray);
  return ok({ kind, title, position: position.value, locked, holding, unsettled: state.unsettled, offers });
};

const askThere = async ({ options }: NodeState, db: Mysql, withinMs: Millis): Promise<ServerView | null> => {
  const asked = await options.talk.ask(QUESTION, null, withinMs);
  return asked.ok ? viewOf(db.dialect, asked.value) : null;
};

/** After a handover: who handed over has all, and takes no writes; an hour of them is waited for as long as it comes. */
const takeIn = (state: NodeState, db: Mysql, there: ServerView): Promise<Result<boolean>> =>
  waitWhileComing(db, there.position.executed, {
    stallMs: state.options.catchUpMs,
    mostMs: BRING_MS,
    signal: state.stopping,
    isWanted: () => state.right.holding > 0,
  });

/**
 * Who begins to serve: what the other wrote last is taken in first, as far as it comes within the time; then writes are let in. An
 * other node that is silent is not waited for.
 */
const openUp = async (state: NodeState, db: Mysql): Promise<Result<void>> => {
  const { catchUpMs, semiSyncWaitMs, serverId, clock } = state.options;
  const limit = clock.now() + catchUpMs;
  const left = (): Millis => Math.max(1, limit - clock.now());
  const link = await readLink(db);
  if (!link.ok) return link;
  if (link.value !== null) {
    const ask = () => askThere(state, db, Math.min(LAST_WORD_MS, left()));
    let there = await ask();
    while (there !== null && !there.locked && left() > 1 && state.right.holding > 0) {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      there = await ask();
    }
    if (there?.locked === true) await takeIn(state, db, there);
    else if (there !== null) await waitFor(db, there.position.executed, left(), state.stopping);
    else await waitForApplied(db, left(), state.stopping);
    // The main keeps it: the standby's last words may come after all. That of a silent main is forgotten after writes are let in.
    const end = there === null ? stopApplying : forgetLink;
    const ended = serverId === 2 ? await end(db) : ok(undefined);
    if (!ended.ok) return ended;
  }
  // A term may have ended meanwhile.
  if (state.right.holding === 0) return ok(undefined);
  const opened = await setReadOnly(db, false);
  if (!opened.ok) return opened;
  state.age.forget();
  state.options.reporter.note('mysql', { opened: state.right.holding });
  return db.runAll(db.dialect.semiSync('source', semiSyncWaitMs));
};

const closeDown = async (state: NodeState, db: Mysql): Promise<Result<void>> => {
  const closed = await setReadOnly(db, true);
  if (!closed.ok) return closed;
  state.options.reporter.note('mysql', { closed: true });
  return db.runAll(db.dialect.semiSync('receiver', state.options.semiSyncWaitMs));
};

/** Whether the lock binds administrators too, where the server can do that: one may have lifted it. */
const isWhole = async (db: Mysql): Promise<boolean> => {
  if (db.dialect.kind === 'mariadb') return true;
  const lock = await readReadOnly(db);
  return !lock.ok || lock.value.strict;
};

/** What a node that serves has ahead of the other is on its way there; only a passive one has what it should not. */
const strayOf = ({ options }: NodeState, db: Mysql, own: ServerView, there: ServerView): Result<void> => {
  if (own.holding > 0 || own.kind !== there.kind) return ok(undefined);
  const stray = strayFault(own.position, there.position, db.dialect.parse(options.accepted()) ?? new Map());
  return stray === null ? ok(undefined) : { ok: false, error: stray };
};

const begin = async (state: NodeState, db: Mysql, own: ServerView, there: ServerView): Promise<Result<void>> => {
  const { options } = state;
  const alike = compareKinds(own, there);
  if (!alike.ok) return alike;
  const stray = strayOf(state, db, own, there);
  if (!stray.ok) return stray;
  const source = await options.source();
  if (!source.ok) return source;
  const begun = await beginLink(db, source.value, options.filters, {
    logThere: there.position.log,
    serverId: options.serverId,
  });
  if (begun.ok) options.reporter.note('mysql', { follows: source.value.host });
  return begun;
};

const tend = async (db: Mysql, link: LinkStatus): Promise<Result<void>> => {
  const fault = linkFault(link);
  const stopped = link.receiving.state === 'stopped' || link.applying.state === 'stopped';
  if (stopped && (fault === null || PASSING.has(fault.code))) {
    const started = await startLink(db);
    if (!started.ok) return started;
  }
  return fault === null ? ok(undefined) : { ok: false, error: fault };
};

/** Whose server is silent is forgotten once it is heard: the end of a connection that is being made is waited for, and all else behind it. */
const leave = async (db: Mysql, { receiving, applying }: LinkStatus): Promise<Result<void>> => {
  if (receiving.state !== 'connecting') return forgetLink(db);
  return applying.state === 'stopped' ? ok(undefined) : stopApplying(db);
};

const linkUp = async (state: NodeState, db: Mysql, own: ServerView): Promise<Result<void>> => {
  const found = await readLink(db);
  if (!found.ok) return found;
  const [there, link] = [state.there, found.value];
  state.link = link;
  const wanted = wantedLink({ serverId: state.options.serverId, own, there, link });
  if (wanted === 'alone') return link === null ? ok(undefined) : leave(db, link);
  const { host, port } = state.options.place();
  if (link?.byGtid === true && link.host === host && link.port === port) return tend(db, link);
  if (wanted === 'stay') return ok(undefined);
  return there === null ? peerSilent() : begin(state, db, own, there);
};

/** Which of both is the copy, and whether it has all of the original. */
const noteAge = (state: NodeState, own: ServerView, askedAt: Instant): void => {
  const { there, age, options } = state;
  if (there === null) return;
  const [original, copy] = own.locked ? [there, own] : [own, there];
  const whole = contains(copy.position.executed, original.position.executed);
  age.note(askedAt, whole);
  if (whole) state.lastSuccess = options.clock.wall();
};

const strayNow = (state: NodeState, db: Mysql, own: ServerView): Result<void> =>
  state.there === null || state.link === null ? ok(undefined) : strayOf(state, db, own, state.there);

const askUnlessTurned = (state: NodeState, db: Mysql): Promise<ServerView | null> =>
  new Promise((resolve) => {
    state.onTurn = () => resolve(null);
    void askThere(state, db, ASK_MS).then(resolve);
  });

/** Null: the right to serve changed meanwhile, and a look by the new one is due. */
const look = async (state: NodeState): Promise<Result<void> | null> => {
  const { holding } = state.right;
  const opened = await connected(state);
  if (!opened.ok) return opened;
  const db = opened.value;
  const first = await ownView(state, db);
  if (!first.ok) return first;
  const serves = holding > 0;
  if (serves && first.value.locked) {
    const done = await openUp(state, db);
    if (!done.ok) return done;
  } else if (!serves && !(first.value.locked && (await isWhole(db)))) {
    const done = await closeDown(state, db);
    if (!done.ok) return done;
  }
  // The copy's position must be read after the original's, so the other is asked between.
  const askedAt = state.options.clock.now();
  const before = await ownView(state, db);
  if (!before.ok) return before;
  const there = await askUnlessTurned(state, db);
  if (state.right.holding !== holding) return null;
  state.there = there;
  const after = before.value.locked ? await ownView(state, db) : before;
  if (!after.ok) return after;
  state.own = after.value;
  noteAge(state, after.value, askedAt);
  const linked = await linkUp(state, db, after.value);
  return linked.ok ? strayNow(state, db, after.value) : linked;
};

/** Tells people once of each trouble that lasts, and of its end. */
const judge = (state: NodeState, done: Result<void> | null): void => {
  if (done === null) return;
  const { clock, reporter } = state.options;
  if (done.ok) {
    if (state.told !== null) reporter.say('info', 'mysql-well', 'The database (MySQL) follows again.');
    state.fault = null;
    state.told = null;
    return;
  }
  const since = state.fault?.code === done.error.code ? state.fault.since : clock.now();
  state.fault = { ...done.error, at: clock.wall(), since };
  if (state.told === done.error.code || clock.now() - since < TELL_AFTER_MS) return;
  state.told = done.error.code;
  reporter.say(
    'alarm',
    done.error.code,
    `The database (MySQL) does not follow: ${done.error.message} ${done.error.remedy}`,
  );
};

const missingHere = async (
  state: NodeState,
): Promise<Result<{ readonly db: Mysql; readonly wanted: GtidSet; readonly count: number }>> => {
  const opened = await connected(state);
  if (!opened.ok) return opened;
  const there = await askThere(state, opened.value, ASK_MS);
  if (there === null) return peerSilent();
  const here = await readPosition(opened.value);
  if (!here.ok) return here;
  const wanted = there.position.executed;
  return ok({ db: opened.value, wanted, count: pendingText(minus(wanted, here.value.executed)).count });
};

const bringAll = async (state: NodeState, signal: AbortSignal, again: () => void): Promise<Result<number>> => {
  const asked = await missingHere(state);
  if (!asked.ok) return asked;
  again();
  const { db, wanted, count } = asked.value;
  const limit = performance.now() + BRING_MS;
  for (;;) {
    const came = await waitFor(db, wanted, LOOK_MS, signal);
    if (!came.ok) return came;
    if (came.value) return ok(count);
    if (state.fault !== null) return { ok: false, error: state.fault };
    if (signal.aborted || performance.now() > limit)
      return fail(
        'mysql-not-brought',
        `Of ${pendingText(wanted).text} of the standby not all have come.`,
        'See `dualtone status`; the merge tries again by itself.',
      );
  }
};

/** Looks each second, and at once when asked; never two looks at a time. */
const createTurns = (state: NodeState) => {
  const { clock } = state.options;
  let working: Promise<void> | null = null;
  let due = false;
  let cancel = (): void => undefined;
  const once = async (): Promise<void> => {
    due = false;
    judge(state, await look(state));
    if (!state.stopping.aborted) cancel = clock.at(clock.now() + (due ? 0 : LOOK_MS), again);
  };
  const again = (): void => {
    due = true;
    if (working !== null || state.stopping.aborted) return;
    cancel();
    working = once().finally(() => {
      working = null;
    });
  };
  const ended = async (): Promise<void> => {
    cancel();
    await working;
  };
  return { again, ended };
};

const answerView = (state: NodeState): void =>
  state.options.talk.answer(QUESTION, async () => {
    const opened = await connected(state);
    const view = opened.ok ? await ownView(state, opened.value) : opened;
    return view.ok ? ok(viewMessage(view.value)) : view;
  });

const positionText = async (state: NodeState): Promise<Result<string>> => {
  const opened = await connected(state);
  const here = opened.ok ? await readPosition(opened.value) : opened;
  if (!here.ok) return here;
  const { log, followed } = here.value;
  return ok([...new Set([log, followed])].filter((text) => text !== '').join(','));
};

/** Never holds up a takeover, which does not wait for it. */
export const createMysqlNode = (options: MysqlNodeOptions): MysqlNode => {
  const stopping = new AbortController();
  const state = newState(options, stopping.signal);
  const { again, ended } = createTurns(state);
  return {
    start: () => {
      answerView(state);
      again();
    },
    setRight: (right, unsettled) => {
      const turned = right.holding !== state.right.holding;
      state.right = right;
      state.unsettled = unsettled;
      if (turned) state.onTurn();
      again();
    },
    status: () => statusOf(state),
    bring: (signal) => bringAll(state, signal, again),
    toBring: async () => {
      const asked = await missingHere(state);
      return asked.ok ? ok(asked.value.count) : asked;
    },
    resume: async () => {
      const opened = await connected(state);
      const started = opened.ok ? await startLink(opened.value) : opened;
      again();
      return started;
    },
    positionText: () => positionText(state),
    stop: async () => {
      stopping.abort();
      state.db?.destroy();
      await ended();
    },
  };
};
