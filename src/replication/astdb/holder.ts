import type { Epoch, Instant, Millis, WallTime } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { AstDbBase } from './base.ts';
import { type AstDbMessage, type AstDbTransport, canTravel, type FromFollower, partsOf } from './message.ts';
import type { News } from './reading.ts';
import { type Change, differenceOf, digestOf, eachInSlices, giveWay, isContact } from './rows.ts';

export interface HolderOptions {
  /** How often Asterisk is asked whether anything was written; where it cannot tell, how often at most all rows are read. */
  readonly pollMs: Millis;
  /** How often the other node compares its rows with ours. */
  readonly compareMs: Millis;
}

/** The side that serves: sends its rows, and every change of them. */
export interface Holder {
  /** The term of service, 0 when this node does not serve; then it is quiet. */
  hold(epoch: Epoch): void;
  take(message: FromFollower): void;
  /** What was known may have changed: the connection or Asterisk is new. */
  restart(): void;
  /** A contact did, Asterisk says. */
  changed(key: string, vanished: boolean): void;
  /** Rows known, whether the other has applied all that was sent, and rows that are not carried. */
  status(): HolderStatus;
  stop(): Promise<void>;
}

export interface HolderStatus {
  readonly rows: number;
  readonly sent: number;
  readonly applied: number;
  readonly refused: number;
  /** For how long something that was sent has waited for its acknowledgement. */
  readonly waitsMs: Millis;
  readonly appliedAt: WallTime | null;
  /** Rows in what was sent and is not acknowledged; null: nothing can be sent, so what changed is not known. */
  readonly unacknowledged: number | null;
}

interface State {
  readonly options: HolderOptions;
  readonly base: AstDbBase;
  readonly transport: AstDbTransport;
  readonly clock: Clock;
  epoch: Epoch;
  /** What the other was told. */
  rows: Map<string, string>;
  session: string | null;
  sessions: number;
  seq: number;
  applied: number;
  wantsSession: boolean;
  readonly dirty: Set<string>;
  /** Rows other than contacts may have vanished. */
  doubt: boolean;
  refused: number;
  waitsSince: Instant | null;
  /** How many rows each message has that is not acknowledged. */
  readonly rowsBySeq: Map<number, number>;
  appliedAt: WallTime | null;
  newsDue: Instant;
  newsSoonest: Instant;
  othersDue: Instant;
  refreshDue: Instant;
  compareDue: Instant;
  cancelWork: () => void;
  workAt: Instant;
  working: Promise<void> | null;
  stopped: boolean;
}

/** Events of one registration come in twos and threes; one read serves them all. */
const gatherMs: Millis = 10;
/** After a session that could not be begun, or a wave of requests for one. */
const pauseMs: Millis = 200;
/** A read of everything may take a two-hundredth of the time at most. */
const readShare = 200;
/** A look for what was written costs little, and a forward that ended must be known soon: they may take more of the time. */
const newsShare = 20;
/** But on a busy machine time passes without work: so long they wait at most. */
const newsWaitMs: Millis = 400;
const othersWaitMs: Millis = 1_000;
/** Rows that expire within this time are not compared: the clocks of the nodes may differ a little. */
const compareMarginMs: Millis = 30_000;

const stateOf = (options: HolderOptions, base: AstDbBase, transport: AstDbTransport, clock: Clock): State => ({
  options,
  base,
  transport,
  clock,
  epoch: 0,
  rows: new Map(),
  session: null,
  sessions: 0,
  seq: 0,
  applied: -1,
  wantsSession: false,
  dirty: new Set(),
  doubt: false,
  refused: 0,
  waitsSince: null,
  rowsBySeq: new Map(),
  appliedAt: null,
  newsDue: 0,
  newsSoonest: 0,
  othersDue: 0,
  refreshDue: 0,
  compareDue: 0,
  cancelWork: () => undefined,
  workAt: Number.POSITIVE_INFINITY,
  working: null,
  stopped: false,
});

export const createHolder = (
  options: HolderOptions,
  base: AstDbBase,
  transport: AstDbTransport,
  clock: Clock,
): Holder => {
  const state = stateOf(options, base, transport, clock);
  return {
    hold: (epoch) => hold(state, epoch),
    take: (message) => take(state, message),
    restart: () => wantSession(state, 0),
    changed: (key, vanished) => changed(state, key, vanished),
    status: () => ({
      rows: state.rows.size,
      sent: state.seq,
      applied: state.applied + 1,
      refused: state.refused + base.tooLong(),
      waitsMs: state.waitsSince === null ? 0 : clock.now() - state.waitsSince,
      appliedAt: state.appliedAt,
      unacknowledged:
        state.session === null ? null : [...state.rowsBySeq.values()].reduce((sum, rows) => sum + rows, 0),
    }),
    stop: async () => {
      state.stopped = true;
      state.epoch = 0;
      state.cancelWork();
      await state.working;
    },
  };
};

const changed = (state: State, key: string, vanished: boolean): void => {
  if (state.epoch === 0) return;
  if (vanished || !state.base.tellsNews()) state.dirty.add(key);
  else state.newsDue = Math.max(state.newsSoonest, Math.min(state.newsDue, state.clock.now() + gatherMs));
  workIn(state, vanished ? gatherMs : Math.max(gatherMs, state.newsDue - state.clock.now()));
};

const hold = (state: State, epoch: Epoch): void => {
  if (epoch === state.epoch) return;
  state.epoch = epoch;
  state.session = null;
  state.dirty.clear();
  state.cancelWork();
  state.workAt = Number.POSITIVE_INFINITY;
  if (epoch > 0) wantSession(state, 0);
};

const take = (state: State, message: FromFollower): void => {
  if (message.type === 'resync') wantSession(state, state.session === null ? 0 : pauseMs);
  else if (message.session === state.session) {
    state.applied = Math.max(state.applied, message.seq);
    for (const seq of state.rowsBySeq.keys()) if (seq <= state.applied) state.rowsBySeq.delete(seq);
    if (state.applied + 1 === state.seq) state.waitsSince = null;
    state.appliedAt = state.clock.wall();
  }
};

const wantSession = (state: State, ms: Millis): void => {
  if (state.epoch === 0) return;
  state.wantsSession = true;
  workIn(state, ms);
};

/** Works at the earliest time that anybody asked for. */
const workIn = (state: State, ms: Millis): void => workWhen(state, state.clock.now() + ms, state.clock.at);

const workWhen = (state: State, at: Instant, ring: Clock['at']): void => {
  if (state.stopped || at >= state.workAt) return;
  state.cancelWork();
  state.workAt = at;
  state.cancelWork = ring(at, () => {
    state.workAt = Number.POSITIVE_INFINITY;
    // One work at a time: what comes in between is done after it.
    if (state.working !== null) return workIn(state, gatherMs);
    // What rides on another awakening may come before its time, and counts as due.
    state.working = work(state, state.epoch, Math.max(at, state.clock.now())).finally(() => {
      state.working = null;
      if (state.epoch > 0) workWhen(state, nextDue(state), state.clock.about ?? state.clock.at);
    });
  });
};

const nextDue = (state: State): Instant => {
  if (state.session === null) return state.clock.now() + state.options.pollMs;
  const due = Math.min(state.refreshDue, state.compareDue);
  return state.base.tellsNews() ? Math.min(due, state.newsDue) : due;
};

const work = async (state: State, epoch: Epoch, now: Instant): Promise<void> => {
  if (epoch === 0) return;
  if (state.wantsSession || state.session === null) await beginSession(state, epoch);
  else if (now >= state.refreshDue) await refresh(state, epoch);
  else if (state.dirty.size > 0) await sendDirty(state, epoch);
  else if (state.base.tellsNews() && now >= state.newsDue) await sendNews(state, epoch);
  else if (now >= state.compareDue) await sendDigest(state, 'compare');
  if (state.dirty.size > 0) workIn(state, gatherMs);
};

/** Reads everything; null when Asterisk did not answer or the right is gone meanwhile. */
const readAll = async (state: State, epoch: Epoch): Promise<Map<string, string> | null> => {
  // What changes while we read may be in it or not, so it stays marked.
  const began = state.clock.now();
  const rows = await state.base.readAll();
  const tookMs = state.clock.now() - began;
  const now = state.clock.now();
  if (!rows.ok) {
    // What vanished is still in doubt, and nothing that was written is forgotten.
    state.refreshDue = now + Math.max(state.options.pollMs, tookMs);
    return null;
  }
  // Where Asterisk tells what was written this is only for what was written behind its back.
  const everyMs = state.base.tellsNews() ? state.options.compareMs : state.options.pollMs;
  state.refreshDue = now + Math.max(everyMs, tookMs * readShare);
  state.newsDue = now + state.options.pollMs;
  state.doubt = false;
  const travelling = await carried(state, rows.value);
  return state.epoch === epoch ? travelling : null;
};

/** Without the rows that no message takes. */
const carried = async (state: State, rows: ReadonlyMap<string, string>): Promise<Map<string, string>> => {
  const travels = new Map<string, string>();
  await eachInSlices(rows, ([key, value]) => {
    if (canTravel({ key, value })) travels.set(key, value);
  });
  state.refused = rows.size - travels.size;
  return travels;
};

const beginSession = async (state: State, epoch: Epoch): Promise<void> => {
  state.sessions += 1;
  state.session = `${epoch}.${state.sessions}.${Math.floor(state.clock.wall())}`;
  state.seq = 0;
  state.applied = -1;
  state.rows = new Map();
  state.rowsBySeq.clear();
  // Said first, so that nothing is read for nobody.
  const { include, exclude } = state.base.rules;
  if (!send(state, { type: 'begin', wall: Math.floor(state.clock.wall()), include, exclude })) return;
  state.wantsSession = false;
  const rows = await readAll(state, epoch);
  if (rows === null) {
    state.session = null;
    return;
  }
  await sendChange(state, rows);
  await sendDigest(state, 'complete');
};

const refresh = async (state: State, epoch: Epoch): Promise<void> => {
  const rows = await readAll(state, epoch);
  if (rows !== null) await sendChange(state, rows);
};

const sendDirty = async (state: State, epoch: Epoch): Promise<void> => {
  const keys = [...state.dirty];
  state.dirty.clear();
  const values = await Promise.all(keys.map((key) => state.base.read(key)));
  if (state.epoch !== epoch) return;
  // Only these rows are compared: in a storm of registrations all of them would be too much.
  const before = new Map<string, string>();
  const after = new Map<string, string>();
  for (const [index, key] of keys.entries()) {
    const value = values[index];
    if (value?.ok !== true) continue;
    const told = state.rows.get(key);
    if (told !== undefined) before.set(key, told);
    if (value.value === null) state.rows.delete(key);
    else {
      after.set(key, value.value);
      state.rows.set(key, value.value);
    }
  }
  await sendDifference(state, before, after);
};

/** What was written since the last look, and now and then what vanished. */
const sendNews = async (state: State, epoch: Epoch): Promise<void> => {
  const began = state.clock.now();
  const news = await state.base.news();
  const now = state.clock.now();
  state.newsSoonest = now + Math.min((now - began) * newsShare, newsWaitMs);
  state.newsDue = Math.max(now + state.options.pollMs, state.newsSoonest);
  if (state.epoch !== epoch) return;
  if (!news.ok) {
    // What was written meanwhile is found by reading all.
    state.refreshDue = Math.max(now + state.options.pollMs, Math.min(state.refreshDue, state.newsDue));
    return;
  }
  if (news.value !== null) await sendWritten(state, news.value);
  if (state.doubt && now >= state.othersDue) await sendOthers(state, epoch);
};

const sendWritten = async (state: State, { put, doubt }: News): Promise<void> => {
  state.doubt ||= doubt;
  const before = new Map<string, string>();
  const after = new Map<string, string>();
  for (const row of put.filter(canTravel)) {
    const told = state.rows.get(row.key);
    if (told !== undefined) before.set(row.key, told);
    after.set(row.key, row.value);
    state.rows.set(row.key, row.value);
  }
  await sendDifference(state, before, after);
};

const sendOthers = async (state: State, epoch: Epoch): Promise<void> => {
  const began = state.clock.now();
  const read = await state.base.readOthers();
  const now = state.clock.now();
  state.othersDue = now + Math.min((now - began) * newsShare, othersWaitMs);
  if (!read.ok || state.epoch !== epoch) return;
  state.doubt = false;
  const rows = new Map<string, string>();
  await eachInSlices(state.rows, ([key, value]) => {
    if (isContact(key)) rows.set(key, value);
  });
  await eachInSlices(read.value, ([key, value]) => {
    if (canTravel({ key, value })) rows.set(key, value);
  });
  if (state.epoch === epoch) await sendChange(state, rows);
};

/** Tells the difference to what was told before. */
const sendChange = async (state: State, rows: Map<string, string>): Promise<void> => {
  const before = state.rows;
  state.rows = rows;
  await sendDifference(state, before, rows);
};

const sendDifference = async (
  state: State,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): Promise<void> => {
  const { session } = state;
  const change = await differenceOf(before, after, state.clock.wall());
  // The right or the connection may be gone meanwhile.
  if (state.session === session) await sendParts(state, change);
};

const sendParts = async (state: State, change: Change): Promise<void> => {
  const { session } = state;
  for (const part of partsOf(change)) {
    if (state.session !== session) return;
    state.rowsBySeq.set(state.seq, part.put.length + part.delete.length);
    if (!send(state, { type: 'change', ...part })) return;
    await giveWay();
  }
};

const sendDigest = async (state: State, type: 'complete' | 'compare'): Promise<void> => {
  const { session } = state;
  const cut = Math.floor(state.clock.wall()) + compareMarginMs;
  const digest = await digestOf(state.rows, cut);
  // The right or the connection may be gone meanwhile.
  if (state.session !== session) return;
  send(state, { type, cut, ...digest });
  state.compareDue = state.clock.now() + state.options.compareMs;
};

type Unplaced<T> = T extends unknown ? Omit<T, 'epoch' | 'session' | 'seq'> : never;

const send = (state: State, message: Unplaced<Exclude<AstDbMessage, FromFollower>>): boolean => {
  if (state.session === null) return false;
  const placed = { ...message, epoch: state.epoch, session: state.session, seq: state.seq };
  if (state.transport.send(placed)) {
    state.seq += 1;
    state.waitsSince ??= state.clock.now();
    return true;
  }
  // The connection is gone: the next one begins with everything.
  state.session = null;
  return false;
};
