/** The inviting side of a pairing, as a pure state machine: who may come in, how far each is, and when it is over. */
import { type Fault, fail } from '../core/result.ts';
import type { Instant, Millis } from '../core/words.ts';
import type { Facts, InviterMessage, JoinerMessage, Kind } from './words.ts';

/** One token and who uses it. */
export interface Guest {
  /** `tokenName` of its secret. */
  readonly token: string;
  readonly kind: Kind;
  /** The role, or the checkpoint’s name. */
  readonly as: string;
  /**
   * `waiting` for whoever proves the secret; `offered`; `granted`: it has the keys and writes its files; `applying`: this machine writes
   * its own; `done`; `left`: it knows that it is done.
   */
  readonly phase: 'waiting' | 'offered' | 'granted' | 'applying' | 'done' | 'left';
  readonly pin: string | null;
  readonly connection: number | null;
  readonly facts: Facts | null;
  /** When its phase began. */
  readonly since: Instant;
}

export interface InviteState {
  readonly guests: readonly Guest[];
  /** No token begins anything from then on. */
  readonly until: Instant;
  /** How many wrong secrets there were. */
  readonly wrong: number;
  /** This machine could not write its own files, or too many secrets were wrong. */
  readonly failed: Fault | null;
}

export type InviteEvent = { readonly now: Instant } & (
  | {
      readonly type: 'hello';
      readonly connection: number;
      readonly pin: string;
      readonly token: string;
      /** The proof fits this connection and the token’s secret. */
      readonly proved: boolean;
      readonly resume: boolean;
    }
  | {
      readonly type: 'message';
      readonly connection: number;
      readonly message: Exclude<JoinerMessage, { type: 'hello' }>;
    }
  | { readonly type: 'closed'; readonly connection: number }
  /** This machine’s own files are written, or were put back as they were. */
  | { readonly type: 'kept'; readonly token: string; readonly fault: Fault | null }
  | { readonly type: 'time' }
);

export type InviteEffect =
  | { readonly type: 'offer'; readonly connection: number; readonly token: string }
  | { readonly type: 'resumed'; readonly connection: number; readonly token: string }
  | { readonly type: 'grant'; readonly connection: number; readonly token: string }
  | {
      readonly type: 'send';
      readonly connection: number;
      readonly message: Extract<InviterMessage, { type: 'done' | 'refuse' }>;
    }
  | { readonly type: 'close'; readonly connection: number }
  /** Write this machine’s own files for this guest; answered by `kept`. */
  | { readonly type: 'apply'; readonly token: string; readonly facts: Facts };

export interface Invited {
  readonly state: InviteState;
  readonly effects: readonly InviteEffect[];
}

/** So many wrong secrets end it: nobody mistypes a token so often, and nobody may guess. */
export const MOST_WRONG = 5;
/** A guest that has its keys may take so long to write its files, also past the token’s end. */
export const WRITE_MS: Millis = 120_000;
/** A guest that does not say goodbye may still ask again how it ended. */
export const ASK_AGAIN_MS: Millis = 25_000;

/** `objection` says what speaks against a guest; it is pure. */
export type Objecting = (guest: Guest, facts: Facts) => Fault | null;

export const beginInvite = (
  guests: readonly Pick<Guest, 'token' | 'kind' | 'as'>[],
  now: Instant,
  lifeMs: Millis,
): InviteState => ({
  guests: guests.map((each) => ({ ...each, phase: 'waiting', pin: null, connection: null, facts: null, since: now })),
  until: now + lifeMs,
  wrong: 0,
  failed: null,
});

const faults = {
  wrong: fail(
    'pairing-token-refused',
    'The other machine does not know this token.',
    'Copy the newest one that `dualtone init` printed there.',
  ).error,
  locked: fail(
    'pairing-locked',
    'Too many wrong tokens were tried: nobody may join any more.',
    'Begin again with `dualtone init`; see who tried.',
  ).error,
  expired: fail(
    'pairing-token-expired',
    'The token is too old.',
    'Begin again there with `dualtone init`, and join within its time.',
  ).error,
  inUse: fail(
    'pairing-token-in-use',
    'Another machine is joining with this token.',
    'Wait for its end; if it is not yours, end `dualtone init` there.',
  ).error,
  used: fail('pairing-token-used', 'The token was used already.', 'Begin again there with `dualtone init`.').error,
  forgotten: fail(
    'pairing-forgotten',
    'The other machine has not taken this one in.',
    'Begin again with `dualtone init` there.',
  ).error,
  order: fail(
    'pairing-out-of-order',
    'The other machine said something that it may not say now.',
    'Run the same version on both machines.',
  ).error,
  nodeFirst: fail(
    'pairing-node-first',
    'The other node has not joined yet.',
    'Join with the node first, then with the checkpoint.',
  ).error,
} as const;

const wait = (guest: Guest, now: Instant): Guest => ({
  ...guest,
  phase: 'waiting',
  pin: null,
  connection: null,
  facts: null,
  since: now,
});

const put = (state: InviteState, guest: Guest): InviteState => ({
  ...state,
  guests: state.guests.map((each) => (each.token === guest.token ? guest : each)),
});

const turnAway = (state: InviteState, connection: number, fault: Fault): Invited => ({
  state,
  effects: [
    { type: 'send', connection, message: { type: 'refuse', fault } },
    { type: 'close', connection },
  ],
});

type Hello = Extract<InviteEvent, { type: 'hello' }>;

const wrongSecret = (state: InviteState, { connection }: Hello): Invited => {
  const wrong = state.wrong + 1;
  if (wrong < MOST_WRONG) return turnAway({ ...state, wrong }, connection, faults.wrong);
  return turnAway({ ...state, wrong, failed: state.failed ?? faults.locked }, connection, faults.locked);
};

/** Who went away after writing its files asks how it ended. */
const resume = (state: InviteState, guest: Guest, { connection, pin, now }: Hello): Invited => {
  const isKnown =
    guest.pin === pin && (guest.phase === 'granted' || guest.phase === 'applying' || guest.phase === 'done');
  if (!isKnown) return turnAway(state, connection, faults.forgotten);
  const { token, facts } = guest;
  const again: InviteEffect[] = [{ type: 'resumed', connection, token }];
  if (guest.connection !== null) again.push({ type: 'close', connection: guest.connection });
  if (guest.phase === 'done') again.push({ type: 'send', connection, message: { type: 'done' } });
  if (guest.phase !== 'granted' || facts === null)
    return { state: put(state, { ...guest, connection }), effects: again };
  return {
    state: put(state, { ...guest, connection, phase: 'applying', since: now }),
    effects: [...again, { type: 'apply', token, facts }],
  };
};

const hello = (state: InviteState, event: Hello): Invited => {
  const { connection, now, pin } = event;
  if (state.guests.some((each) => each.connection === connection)) return outOfOrder(state, connection, now);
  const guest = state.guests.find((each) => each.token === event.token);
  // Also after too many wrong ones: who has the keys already may ask how it ended.
  if (guest !== undefined && event.proved && event.resume) return resume(state, guest, event);
  if (state.failed !== null) return turnAway(state, connection, state.failed);
  if (guest === undefined || !event.proved) return wrongSecret(state, event);
  if (guest.phase === 'done' || guest.phase === 'left') return turnAway(state, connection, faults.used);
  if (now >= state.until) return turnAway(state, connection, faults.expired);
  if (guest.phase === 'applying' || (guest.phase !== 'waiting' && guest.pin !== pin))
    return turnAway(state, connection, faults.inUse);
  const isBeforeNode =
    guest.kind === 'checkpoint' &&
    state.guests.some((each) => each.kind === 'node' && each.phase !== 'done' && each.phase !== 'left');
  if (isBeforeNode) return turnAway(state, connection, faults.nodeFirst);
  const former: readonly InviteEffect[] =
    guest.connection === null ? [] : [{ type: 'close', connection: guest.connection }];
  return {
    state: put(state, { ...wait(guest, now), phase: 'offered', pin, connection }),
    effects: [...former, { type: 'offer', connection, token: guest.token }],
  };
};

const outOfOrder = (state: InviteState, connection: number, now: Instant): Invited => {
  const left = closed(state, connection, now);
  return turnAway(left.state, connection, faults.order);
};

const closed = (state: InviteState, connection: number, now: Instant): Invited => {
  const guest = state.guests.find((each) => each.connection === connection);
  if (guest === undefined) return { state, effects: [] };
  return {
    state: put(state, guest.phase === 'offered' ? wait(guest, now) : { ...guest, connection: null }),
    effects: [],
  };
};

type Said = Extract<InviteEvent, { type: 'message' }>;

const message = (state: InviteState, { connection, message: said, now }: Said, objecting: Objecting): Invited => {
  const guest = state.guests.find((each) => each.connection === connection);
  if (guest === undefined) return outOfOrder(state, connection, now);
  if (said.type === 'bye' && guest.phase === 'done')
    return {
      state: put(state, { ...guest, phase: 'left', connection: null, since: now }),
      effects: [{ type: 'close', connection }],
    };
  if (said.type === 'refuse' && (guest.phase === 'offered' || guest.phase === 'granted'))
    return { state: put(state, wait(guest, now)), effects: [{ type: 'close', connection }] };
  if (said.type === 'accept' && guest.phase === 'offered') {
    const objection = objecting(guest, said.facts);
    if (objection !== null) return turnAway(put(state, wait(guest, now)), connection, objection);
    return {
      state: put(state, { ...guest, phase: 'granted', facts: said.facts, since: now }),
      effects: [{ type: 'grant', connection, token: guest.token }],
    };
  }
  if (said.type === 'applied' && guest.phase === 'granted' && guest.facts !== null) {
    const { token, facts } = guest;
    return {
      state: put(state, { ...guest, phase: 'applying', since: now }),
      effects: [{ type: 'apply', token, facts }],
    };
  }
  return outOfOrder(state, connection, now);
};

const kept = (state: InviteState, token: string, fault: Fault | null, now: Instant): Invited => {
  const guest = state.guests.find((each) => each.token === token);
  if (guest?.phase !== 'applying') return { state, effects: [] };
  const { connection } = guest;
  if (fault === null) {
    const effects: readonly InviteEffect[] =
      connection === null ? [] : [{ type: 'send', connection, message: { type: 'done' } }];
    return { state: put(state, { ...guest, phase: 'done', since: now }), effects };
  }
  const failed = { ...put(state, wait(guest, now)), failed: state.failed ?? fault };
  return connection === null ? { state: failed, effects: [] } : turnAway(failed, connection, fault);
};

/** Offers that nobody took up end with the tokens, and grants some time later. */
const time = (state: InviteState, now: Instant): Invited => {
  const isStale = (guest: Guest): boolean =>
    (guest.phase === 'offered' && now >= state.until) ||
    (guest.phase === 'granted' && now >= Math.max(state.until, guest.since + WRITE_MS));
  const stale = state.guests.filter(isStale);
  return {
    state: { ...state, guests: state.guests.map((guest) => (isStale(guest) ? wait(guest, now) : guest)) },
    effects: stale.flatMap(({ connection }): readonly InviteEffect[] =>
      connection === null ? [] : turnAway(state, connection, faults.expired).effects,
    ),
  };
};

/** One event; what is to be done is in the effects, in order. */
export const decideInvite = (state: InviteState, event: InviteEvent, objecting: Objecting): Invited => {
  switch (event.type) {
    case 'hello':
      return hello(state, event);
    case 'message':
      return message(state, event, objecting);
    case 'closed':
      return closed(state, event.connection, event.now);
    case 'kept':
      return kept(state, event.token, event.fault, event.now);
    case 'time':
      return time(state, event.now);
  }
};

/** True where nobody can join any more, and nobody waits for a word. */
export const isOver = ({ guests, until, failed }: InviteState, now: Instant): boolean =>
  guests.every(({ phase, since }) => {
    if (phase === 'left') return true;
    if (phase === 'done') return now >= since + ASK_AGAIN_MS;
    return phase === 'waiting' && (failed !== null || now >= until);
  });
