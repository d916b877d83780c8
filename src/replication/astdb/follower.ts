import type { Epoch, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { ContactsBase } from './base.ts';
import type { ContactsTransport, FromHolder } from './message.ts';
import { type Change, differenceOf, digestOf, livesAt } from './rows.ts';

/** The side that is passive: makes its Asterisk's rows what the holder's are. */
export interface Follower {
  /** The highest term known. */
  follow(highest: Epoch): void;
  /** This node serves now: what had not reached its Asterisk yet is added, nothing is taken away. Resolves when that is done. */
  finish(): Promise<void>;
  take(message: FromHolder): void;
  /** Asterisk is reached again. */
  reopened(): void;
  status(): FollowerStatus;
  stop(): Promise<void>;
}

export interface FollowerStatus {
  readonly rows: number;
  /** All that came was applied, and was complete. */
  readonly inStep: boolean;
  /** The holder's wall clock less ours, when it last began a session. */
  readonly clockOffMs: Millis;
  /** Rows that Asterisk did not take. */
  readonly refused: number;
  /** Messages of an older term, or that came while this node serves. */
  readonly older: number;
}

interface State {
  readonly base: ContactsBase;
  readonly transport: ContactsTransport;
  readonly clock: Clock;
  highest: Epoch;
  /** Messages are let in; what was let in before is still done after the right has come to us. */
  open: boolean;
  /** As `open`, in the order of the work. */
  following: boolean;
  session: string | null;
  expected: number;
  complete: boolean;
  /** What the holder has, as far as it told. */
  readonly target: Map<string, string>;
  /** Our Asterisk may not have what `target` says. */
  behind: boolean;
  /** Rows still to be added to our Asterisk, when this node took over before it had them. */
  left: ReadonlyMap<string, string>;
  queue: Promise<void>;
  clockOffMs: Millis;
  refused: number;
  older: number;
  stopped: boolean;
}

export const createFollower = (base: ContactsBase, transport: ContactsTransport, clock: Clock): Follower => {
  const state: State = {
    base,
    transport,
    clock,
    highest: 0,
    open: false,
    following: false,
    session: null,
    expected: 0,
    complete: false,
    target: new Map(),
    behind: false,
    left: new Map(),
    queue: Promise.resolve(),
    clockOffMs: 0,
    refused: 0,
    older: 0,
    stopped: false,
  };
  return {
    follow: (highest) => {
      state.highest = Math.max(state.highest, highest);
      if (state.open) return;
      state.open = true;
      enqueue(state, async () => {
        state.following = true;
        state.left = new Map();
        forget(state);
        ask(state, 'this node follows now');
      });
    },
    finish: () => finish(state),
    take: (message) => take(state, message),
    reopened: () => enqueue(state, () => (state.following ? repair(state) : addMissing(state))),
    status: () => ({
      rows: state.target.size,
      inStep: state.complete && !state.behind,
      clockOffMs: state.clockOffMs,
      refused: state.refused,
      older: state.older,
    }),
    stop: async () => {
      state.stopped = true;
      await state.queue;
    },
  };
};

const forget = (state: State): void => {
  state.session = null;
  state.complete = false;
  state.target.clear();
};

const ask = (state: State, reason: string): void => {
  state.session = null;
  state.complete = false;
  state.transport.send({ type: 'resync', epoch: state.highest, reason });
};

/** What touches Asterisk happens one after another, in the order in which it came. */
const enqueue = (state: State, task: () => Promise<void>): void => {
  state.queue = state.queue.then(() => (state.stopped ? undefined : task()));
};

const take = (state: State, message: FromHolder): void => {
  if (!state.open || message.epoch < state.highest) {
    state.older += 1;
    return;
  }
  state.highest = message.epoch;
  enqueue(state, () => takeInTurn(state, message));
};

const takeInTurn = async (state: State, message: FromHolder): Promise<void> => {
  // Meanwhile a newer term may have begun.
  if (message.epoch < state.highest) return;
  if (message.type === 'begin') {
    forget(state);
    state.session = message.session;
    state.expected = message.seq + 1;
    state.clockOffMs = message.wall - state.clock.wall();
    return;
  }
  // The rest of a session that we gave up; a new one was asked for.
  if (message.session !== state.session) return;
  if (message.seq !== state.expected) {
    ask(state, `message ${state.expected} is missing`);
    return;
  }
  state.expected += 1;
  if (message.type === 'change') await takeChange(state, message);
  else await takeDigest(state, message);
};

const takeChange = async (state: State, message: Extract<FromHolder, { type: 'change' }>): Promise<void> => {
  for (const key of message.delete) state.target.delete(key);
  for (const { key, value } of message.put) state.target.set(key, value);
  // Until all is there nothing is taken away, and one comparison at the end is cheaper.
  if (!state.complete) return;
  await apply(state, message);
  applied(state, message);
};

const takeDigest = async (state: State, message: Extract<FromHolder, { cut: number }>): Promise<void> => {
  const ours = await digestOf(state.target, message.cut);
  if (message.session !== state.session) return;
  if (ours.count !== message.count || ours.digest !== message.digest) {
    ask(state, 'the rows differ');
    return;
  }
  state.complete = true;
  state.behind = true;
  await repair(state);
  applied(state, message);
};

const applied = (state: State, { epoch, session, seq }: FromHolder): void => {
  if (state.following && !state.behind && session === state.session) {
    state.transport.send({ type: 'applied', epoch, session, seq });
  }
};

const apply = async (state: State, change: Change): Promise<void> => {
  const now = state.clock.wall();
  const put = change.put.filter(({ value }) => livesAt(value, now));
  const done = await state.base.apply({ put, delete: change.delete });
  if (done.ok) state.refused = done.value.refused;
  else state.behind = true;
};

/** Compares all of our Asterisk's rows with the holder's and makes them equal. */
const repair = async (state: State): Promise<void> => {
  if (!state.following || !state.complete) return;
  const own = await state.base.readAll();
  if (!own.ok || !state.following || !state.complete) {
    state.behind = true;
    return;
  }
  state.behind = false;
  const change = differenceOf(own.value, state.target, state.clock.wall());
  if (change.put.length + change.delete.length > 0) await apply(state, change);
};

const finish = (state: State): Promise<void> => {
  if (state.open) {
    state.open = false;
    enqueue(state, async () => {
      state.following = false;
      if (!state.complete || state.behind) state.left = new Map(state.target);
      forget(state);
      await addMissing(state);
    });
  }
  return state.queue;
};

/** Phones that have registered here meanwhile have newer rows than the holder's: these are left alone. */
const addMissing = async (state: State): Promise<void> => {
  if (state.left.size === 0) return;
  const own = await state.base.readAll();
  if (!own.ok || state.following) return;
  const put = [...state.left].filter(([key]) => !own.value.has(key)).map(([key, value]) => ({ key, value }));
  state.left = new Map();
  await apply(state, { put, delete: [] });
};
