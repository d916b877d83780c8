/** The joining side of a pairing, as a pure state machine: it changes nothing before it has asked, and takes back what was not confirmed. */
import { type Fault, fail } from '../core/result.ts';
import type { Instant, Millis } from '../core/words.ts';
import type { Grant, InviterMessage, JoinerMessage, Offer } from './words.ts';

export type JoinPhase =
  | 'calling'
  /** Said hello. */
  | 'asking'
  /** A person and this machine look at the offer. */
  | 'deciding'
  | 'accepted'
  /** Writes its files. */
  | 'applying'
  /** Has written them and waits for the other. */
  | 'applied'
  /** The connection was lost then: it asks how it ended. */
  | 'resuming'
  | 'over';

export interface JoinState {
  readonly phase: JoinPhase;
  readonly connected: boolean;
  /** After a loss of the connection: until when it asks, and how long that is. */
  readonly until: Instant;
  readonly resumeMs: Millis;
}

export type JoinEvent = { readonly now: Instant } & (
  | { readonly type: 'connected' }
  /** `proved`: the message’s proof fits this connection and the secret; true where it carries none. */
  | { readonly type: 'message'; readonly message: InviterMessage; readonly proved: boolean }
  | { readonly type: 'closed'; readonly why: string }
  /** Null: accepted. */
  | { readonly type: 'decided'; readonly fault: Fault | null }
  | { readonly type: 'kept'; readonly fault: Fault | null }
  | { readonly type: 'time' }
);

export type JoinEffect =
  | { readonly type: 'hello'; readonly resume: boolean }
  /** What is sent with `accept` is known outside. */
  | { readonly type: 'accept' }
  | { readonly type: 'send'; readonly message: Extract<JoinerMessage, { type: 'applied' | 'refuse' | 'bye' }> }
  | { readonly type: 'decide'; readonly offer: Offer }
  | { readonly type: 'apply'; readonly grant: Grant }
  /** What was written stays. */
  | { readonly type: 'commit' }
  /** What was written is put back as it was. */
  | { readonly type: 'rollback' }
  | { readonly type: 'connect' }
  | { readonly type: 'end'; readonly fault: Fault | null };

export interface Joined {
  readonly state: JoinState;
  readonly effects: readonly JoinEffect[];
}

/** After a loss of the connection it asks for so long how it ended; less than the other side remembers. */
export const RESUME_MS: Millis = 20_000;

const faults = {
  stranger: fail(
    'pairing-proof-wrong',
    'Who answers there does not know the secret of the token.',
    'See that the address is right and that nothing stands between; begin again with `dualtone init`.',
  ).error,
  order: fail(
    'pairing-out-of-order',
    'The other machine said something that it may not say now.',
    'Run the same version on both machines.',
  ).error,
  unconfirmed: fail(
    'pairing-unconfirmed',
    'The other machine was lost before it confirmed; everything here is as it was.',
    'See `dualtone init` there, and begin again; it knows this machine.',
  ).error,
} as const;

const lost = (why: string): Fault =>
  fail(
    'pairing-connection-lost',
    `The connection ended: ${why}; nothing was changed here.`,
    'See what `dualtone init` says there, and join again.',
  ).error;

export const beginJoin = (resumeMs: Millis = RESUME_MS): Joined => ({
  state: { phase: 'calling', connected: false, until: 0, resumeMs },
  effects: [{ type: 'connect' }],
});

const over = (state: JoinState, fault: Fault | null, ...before: readonly JoinEffect[]): Joined => ({
  state: { ...state, phase: 'over' },
  effects: [...before, { type: 'end', fault }],
});

const stay = (state: JoinState, ...effects: readonly JoinEffect[]): Joined => ({ state, effects });
const to = (state: JoinState, phase: JoinPhase, ...effects: readonly JoinEffect[]): Joined => ({
  state: { ...state, phase },
  effects,
});

const message = (state: JoinState, said: InviterMessage, proved: boolean): Joined => {
  const { phase } = state;
  const holds = phase === 'applied' || phase === 'resuming';
  if (said.type === 'refuse') {
    // While it writes, what it wrote is put back by who wrote it.
    if (phase === 'applying') return stay({ ...state, connected: false });
    return holds ? over(state, said.fault, { type: 'rollback' }) : over(state, said.fault);
  }
  if (!proved) return holds ? stay(state) : over(state, faults.stranger);
  if (said.type === 'offer' && phase === 'asking') return to(state, 'deciding', { type: 'decide', offer: said.offer });
  if (said.type === 'grant' && phase === 'accepted') return to(state, 'applying', { type: 'apply', grant: said.grant });
  if (said.type === 'resumed' && phase === 'resuming') return to(state, 'applied');
  if (said.type === 'done' && phase === 'applied')
    return over(state, null, { type: 'commit' }, { type: 'send', message: { type: 'bye' } });
  return holds
    ? over(state, faults.order, { type: 'rollback' })
    : phase === 'applying'
      ? stay(state)
      : over(state, faults.order);
};

const closed = (state: JoinState, why: string, now: Instant): Joined => {
  const away = { ...state, connected: false };
  const { phase } = state;
  if (phase === 'applying') return stay(away);
  if (phase === 'applied') return to({ ...away, until: now + state.resumeMs }, 'resuming', { type: 'connect' });
  if (phase !== 'resuming') return over(away, lost(why));
  return now < state.until ? stay(away, { type: 'connect' }) : over(away, faults.unconfirmed, { type: 'rollback' });
};

const kept = (state: JoinState, fault: Fault | null, now: Instant): Joined => {
  // Who writes puts back what it could not finish: there is nothing to roll back.
  if (fault !== null)
    return over(
      state,
      fault,
      ...(state.connected ? [{ type: 'send', message: { type: 'refuse', fault } } as const] : []),
    );
  if (state.connected) return to(state, 'applied', { type: 'send', message: { type: 'applied' } });
  return to({ ...state, until: now + state.resumeMs }, 'resuming', { type: 'connect' });
};

/** One event; what is to be done is in the effects, in order. */
export const decideJoin = (state: JoinState, event: JoinEvent): Joined => {
  if (state.phase === 'over') return stay(state);
  switch (event.type) {
    case 'connected':
      if (state.phase === 'calling')
        return to({ ...state, connected: true }, 'asking', { type: 'hello', resume: false });
      return stay(
        { ...state, connected: true },
        ...(state.phase === 'resuming' ? [{ type: 'hello', resume: true } as const] : []),
      );
    case 'message':
      return message(state, event.message, event.proved);
    case 'closed':
      return closed(state, event.why, event.now);
    case 'decided':
      if (state.phase !== 'deciding') return stay(state);
      if (event.fault === null) return to(state, 'accepted', { type: 'accept' });
      return over(state, event.fault, { type: 'send', message: { type: 'refuse', fault: event.fault } });
    case 'kept':
      return state.phase === 'applying' ? kept(state, event.fault, event.now) : stay(state);
    case 'time':
      return state.phase === 'resuming' && event.now >= state.until
        ? over(state, faults.unconfirmed, { type: 'rollback' })
        : stay(state);
  }
};
