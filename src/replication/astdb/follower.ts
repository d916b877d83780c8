import type { Epoch, Millis, WallTime } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { AstDbBase } from './base.ts';
import { type Follows, followsBy } from './families.ts';
import type { AstDbTransport, FromHolder } from './message.ts';
import { type AstDbRow, differenceOf, digestOf, eachInSlices, expiryOf, isContact, livesAt } from './rows.ts';
import { createSipRegistrations, isSipRegistration, type SipRegistrations } from './sip-registrations.ts';
import type { RowToPut } from './writing.ts';

/** The side that is passive: makes its Asterisk's rows what the holder's are. */
export interface Follower {
  /** The highest term known. */
  follow(highest: Epoch): void;
  /** This node serves now: what had not reached its Asterisk yet still does. Resolves when that is done. */
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
  /** When that was last so. */
  readonly appliedAt: WallTime | null;
  /** The holder's wall clock less ours, when it last began a session. */
  readonly clockOffMs: Millis;
  /** Rows that Asterisk did not take. */
  readonly refused: number;
  /** Messages of an older term, or that came while this node serves. */
  readonly older: number;
}

interface State {
  readonly base: AstDbBase;
  readonly transport: AstDbTransport;
  readonly clock: Clock;
  readonly sip: SipRegistrations;
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
  /** What our Asterisk did not have yet when this node took over. */
  left: Left | null;
  queue: Promise<void>;
  /** The families that the holder sends: of others nothing is touched. */
  theirs: Follows;
  clockOffMs: Millis;
  readonly refused: Set<string>;
  appliedAt: WallTime | null;
  older: number;
  stopped: boolean;
}

interface Left {
  readonly rows: ReadonlyMap<string, string>;
  /** All that the holder had. */
  readonly complete: boolean;
  readonly theirs: Follows;
}

export const createFollower = (base: AstDbBase, transport: AstDbTransport, clock: Clock): Follower => {
  const state: State = {
    base,
    transport,
    clock,
    sip: createSipRegistrations(base.refreshSip, clock, (task) => enqueue(state, task)),
    highest: 0,
    open: false,
    following: false,
    session: null,
    expected: 0,
    complete: false,
    target: new Map(),
    behind: false,
    left: null,
    queue: Promise.resolve(),
    theirs: () => false,
    clockOffMs: 0,
    refused: new Set(),
    appliedAt: null,
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
        state.left = null;
        // Phones have registered with us since it read rows.
        state.sip.reopened();
        forget(state);
        ask(state, 'this node follows now');
      });
    },
    finish: () => finish(state),
    take: (message) => take(state, message),
    reopened: () =>
      enqueue(state, () => {
        state.sip.reopened();
        return state.following ? repaired(state) : addMissing(state);
      }),
    status: () => ({
      rows: state.target.size,
      inStep: state.complete && !state.behind,
      appliedAt: state.appliedAt,
      clockOffMs: state.clockOffMs,
      refused: state.refused.size,
      older: state.older,
    }),
    stop: async () => {
      state.stopped = true;
      state.sip.rest();
      await state.queue;
    },
  };
};

const forget = (state: State): void => {
  state.session = null;
  state.complete = false;
  state.target.clear();
  state.refused.clear();
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
    state.theirs = followsBy(message);
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
  const { theirs, target } = state;
  const gone = message.delete.filter(theirs);
  const put = message.put.filter(({ key }) => theirs(key)).map((row) => toPut(state, row, target.get(row.key)));
  for (const key of gone) target.delete(key);
  for (const { key, value } of put) target.set(key, value);
  // Until all is there nothing is taken away, and one comparison at the end is cheaper.
  if (!state.complete) return;
  await apply(state, put, gone);
  if (!state.behind && [...put.map(({ key }) => key), ...gone].some(isSipRegistration)) state.sip.hold(target);
  acknowledge(state);
};

/** A contact that has expired may have been removed by Asterisk already. */
const toPut = (state: State, row: AstDbRow, before: string | undefined): RowToPut => {
  const isThere = before !== undefined && livesAt({ key: row.key, value: before }, state.clock.wall());
  return { ...row, isNew: !isThere };
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
  await repaired(state);
};

/** Tells the holder that all that came up to now is in our Asterisk. */
const acknowledge = (state: State): void => {
  const { session, expected, highest } = state;
  if (!state.following || !state.complete || state.behind || session === null) return;
  state.appliedAt = state.clock.wall();
  state.transport.send({ type: 'applied', epoch: highest, session, seq: expected - 1 });
};

/** What came while Asterisk was not reached was not acknowledged, and nothing more may come for long. */
const repaired = async (state: State): Promise<void> => {
  await repair(state);
  acknowledge(state);
};

const apply = async (state: State, rows: readonly RowToPut[], gone: readonly string[]): Promise<void> => {
  const now = state.clock.wall();
  const put = rows.filter((row) => livesAt(row, now));
  const done = await state.base.apply({ put, delete: gone });
  if (!done.ok) {
    state.behind = true;
    return;
  }
  for (const key of [...gone, ...put.map((row) => row.key)]) state.refused.delete(key);
  for (const key of done.value.refused) state.refused.add(key);
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
  const ours = new Map<string, string>();
  await eachInSlices(own.value, ([key, value]) => {
    if (state.theirs(key)) ours.set(key, value);
  });
  const change = await differenceOf(ours, state.target, state.clock.wall());
  // This node begins to serve: a telephone may have registered here since its rows were read, and none is taken away then.
  if (!state.open) {
    state.behind = true;
    return;
  }
  const put = change.put.map((row) => ({ ...row, isNew: !ours.has(row.key) }));
  if (put.length + change.delete.length > 0) await apply(state, put, change.delete);
  if (state.behind || !state.following) return;
  state.sip.hold(state.target);
  await state.base.liven(new Map(state.target));
};

const finish = (state: State): Promise<void> => {
  if (state.open) {
    state.open = false;
    state.sip.rest();
    enqueue(state, async () => {
      state.following = false;
      state.sip.rest();
      await state.sip.settle();
      const { complete, theirs, behind } = state;
      if (!complete || behind) state.left = { rows: new Map(state.target), complete, theirs };
      forget(state);
      await addMissing(state);
    });
  }
  return state.queue;
};

/**
 * An Asterisk that starts for a takeover has the rows of its last run. Phones may have registered with it meanwhile: of contacts the
 * one that lasts longer stays, and none is taken away. Of all else the holder's is the newer.
 */
const addMissing = async (state: State): Promise<void> => {
  const { left } = state;
  if (left === null || left.rows.size === 0) return;
  const own = await state.base.readAll();
  if (!own.ok || state.following) return;
  state.left = null;
  const isBetter = (key: string, value: string): boolean => {
    const there = own.value.get(key);
    if (there === undefined || !isContact(key)) return there !== value;
    return (expiryOf(value) ?? 0) > (expiryOf(there) ?? 0);
  };
  const put: RowToPut[] = [];
  await eachInSlices(left.rows, ([key, value]) => {
    if (isBetter(key, value)) put.push({ key, value, isNew: !own.value.has(key) });
  });
  const gone: string[] = [];
  await eachInSlices(own.value.keys(), (key) => {
    if (left.complete && !isContact(key) && left.theirs(key) && !left.rows.has(key)) gone.push(key);
  });
  await apply(state, put, gone);
  // What calls hold stays loaded; a phone that is unknown then comes back with its next registration.
  if (put.some(({ key }) => isSipRegistration(key))) await state.sip.refresh();
};
