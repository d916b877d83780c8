import type { Epoch, Instant, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { ContactsBase } from './base.ts';
import { type ContactsMessage, type ContactsTransport, type FromFollower, mostRows } from './message.ts';
import { type Change, type ContactRow, differenceOf, digestOf, giveWay } from './rows.ts';

export interface HolderOptions {
  /** How often at most all rows are read again, for refreshed registrations, of which Asterisk tells nothing. */
  readonly refreshMs: Millis;
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
  changed(key: string): void;
  /** Rows known, and whether the other has applied all that was sent. */
  status(): { readonly rows: number; readonly sent: number; readonly applied: number };
  stop(): Promise<void>;
}

interface State {
  readonly options: HolderOptions;
  readonly base: ContactsBase;
  readonly transport: ContactsTransport;
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
/** Rows that expire within this time are not compared: the clocks of the nodes may differ a little. */
const compareMarginMs: Millis = 30_000;

export const createHolder = (
  options: HolderOptions,
  base: ContactsBase,
  transport: ContactsTransport,
  clock: Clock,
): Holder => {
  const state: State = {
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
    refreshDue: 0,
    compareDue: 0,
    cancelWork: () => undefined,
    workAt: Number.POSITIVE_INFINITY,
    working: null,
    stopped: false,
  };
  return {
    hold: (epoch) => hold(state, epoch),
    take: (message) => take(state, message),
    restart: () => wantSession(state, 0),
    changed: (key) => {
      if (state.epoch === 0) return;
      state.dirty.add(key);
      workIn(state, gatherMs);
    },
    status: () => ({ rows: state.rows.size, sent: state.seq, applied: state.applied + 1 }),
    stop: async () => {
      state.stopped = true;
      state.epoch = 0;
      state.cancelWork();
      await state.working;
    },
  };
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
  else if (message.session === state.session) state.applied = Math.max(state.applied, message.seq);
};

const wantSession = (state: State, ms: Millis): void => {
  if (state.epoch === 0) return;
  state.wantsSession = true;
  workIn(state, ms);
};

/** Works at the earliest time that anybody asked for. */
const workIn = (state: State, ms: Millis): void => {
  const at = state.clock.now() + ms;
  if (state.stopped || at >= state.workAt) return;
  state.cancelWork();
  state.workAt = at;
  state.cancelWork = state.clock.at(at, () => {
    state.workAt = Number.POSITIVE_INFINITY;
    // One work at a time: what comes in between is done after it.
    if (state.working !== null) return workIn(state, gatherMs);
    state.working = work(state, state.epoch).finally(() => {
      state.working = null;
      if (state.epoch > 0) workIn(state, Math.max(0, nextDue(state) - state.clock.now()));
    });
  });
};

const nextDue = (state: State): Instant =>
  state.session === null ? state.clock.now() + state.options.refreshMs : Math.min(state.refreshDue, state.compareDue);

const work = async (state: State, epoch: Epoch): Promise<void> => {
  if (epoch === 0) return;
  const now = state.clock.now();
  if (state.wantsSession || state.session === null) await beginSession(state, epoch);
  else if (now >= state.refreshDue) await refresh(state, epoch);
  else if (state.dirty.size > 0) await sendDirty(state, epoch);
  else if (now >= state.compareDue) await sendDigest(state, 'compare');
  if (state.dirty.size > 0) workIn(state, gatherMs);
};

/** Reads everything; null when Asterisk did not answer or the right is gone meanwhile. */
const readAll = async (state: State, epoch: Epoch): Promise<Map<string, string> | null> => {
  // What changes while we read may be in it or not, so it stays marked.
  const began = state.clock.now();
  const rows = await state.base.readAll();
  const tookMs = state.clock.now() - began;
  state.refreshDue = state.clock.now() + Math.max(state.options.refreshMs, tookMs * readShare);
  return rows.ok && state.epoch === epoch ? new Map(rows.value) : null;
};

const beginSession = async (state: State, epoch: Epoch): Promise<void> => {
  state.sessions += 1;
  state.session = `${epoch}.${state.sessions}.${Math.floor(state.clock.wall())}`;
  state.seq = 0;
  state.applied = -1;
  state.rows = new Map();
  // Said first, so that nothing is read for nobody.
  if (!send(state, { type: 'begin', wall: Math.floor(state.clock.wall()) })) return;
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
  await sendParts(state, differenceOf(before, after, state.clock.wall()));
};

/** Tells the difference to what was told before. */
const sendChange = async (state: State, rows: Map<string, string>): Promise<void> => {
  const change = differenceOf(state.rows, rows, state.clock.wall());
  state.rows = rows;
  await sendParts(state, change);
};

const sendParts = async (state: State, change: Change): Promise<void> => {
  const { session } = state;
  for (const part of partsOf(change)) {
    if (state.session !== session || !send(state, { type: 'change', ...part })) return;
    await giveWay();
  }
};

const partsOf = function* (change: Change): Generator<Change> {
  for (let at = 0; at < change.delete.length; at += mostRows) {
    yield { put: [], delete: change.delete.slice(at, at + mostRows) };
  }
  for (let at = 0; at < change.put.length; at += mostRows) {
    const put: readonly ContactRow[] = change.put.slice(at, at + mostRows);
    yield { put, delete: [] };
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

const send = (state: State, message: Unplaced<Exclude<ContactsMessage, FromFollower>>): boolean => {
  if (state.session === null) return false;
  const placed = { ...message, epoch: state.epoch, session: state.session, seq: state.seq };
  if (state.transport.send(placed)) {
    state.seq += 1;
    return true;
  }
  // The connection is gone: the next one begins with everything.
  state.session = null;
  return false;
};
