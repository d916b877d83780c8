/** The joining side at work: dials, hands each message to the state machine, and does what it says. */
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { Identity } from '../peer/identity.ts';
import { type Call, createDialer } from './dialer.ts';
import { beginJoin, decideJoin, type JoinEffect, type JoinEvent } from './join.ts';
import type { Line } from './line.ts';
import { readInviterMessage } from './messages.ts';
import { proofOf, sameProof, type Token, tokenName } from './token.ts';
import type { Facts, Grant, InviterMessage, JoinerMessage, Offer } from './words.ts';

export interface DialOptions {
  /** Where the person said; the token’s own address else. */
  readonly address: string;
  readonly token: Token;
  readonly identity: Identity;
  /** How long it asks how it ended, after a loss of the connection; `RESUME_MS` if absent. */
  readonly resumeMs?: Millis;
  /** A person ends it: at once while nothing is written, else as soon as the other side has said how it ends. */
  readonly signal?: AbortSignal;
  /** A person and this machine look at the offer: what this machine then says of itself, or why not. */
  readonly decide: (offer: Offer) => Promise<Result<Facts>>;
  /** Writes all files, so that `rollback` can put them back; puts them back itself where it fails. */
  readonly apply: (grant: Grant) => Promise<Result<void>>;
  readonly commit: () => Promise<Result<void>>;
  readonly rollback: () => Promise<Result<void>>;
}

const AGAIN_MS: Millis = 500;

const wrongMachine = (address: string) =>
  fail(
    'pairing-wrong-machine',
    `Who answers at ${address} is not the machine that made the token.`,
    'See that the address is right, and that the token is the newest one.',
  ).error;

/** What is done for the state machine besides talking; the answers come back as events. */
const createWork = (options: DialOptions, handle: (event: JoinEvent) => void) => {
  let offered: Facts | null = null;
  /** Commit and rollback end before the word does. */
  let ending: Promise<Result<void>> = Promise.resolve(ok(undefined));
  const faultOf = (result: Result<unknown>): Fault | null => (result.ok ? null : result.error);
  return {
    offered: () => offered,
    ended: () => ending,
    decide: async (offer: Offer): Promise<void> => {
      const decided = await options.decide(offer);
      offered = decided.ok ? decided.value : null;
      handle({ type: 'decided', fault: faultOf(decided), now: performance.now() });
    },
    apply: async (grant: Grant): Promise<void> => {
      const done = await options.apply(grant);
      handle({ type: 'kept', fault: faultOf(done), now: performance.now() });
    },
    end: (how: 'commit' | 'rollback'): void => {
      ending = options[how]();
    },
  };
};

/** The connection of the moment, and the proofs that hold on it alone. */
const createTalk = (options: DialOptions, handle: (event: JoinEvent) => void, blame: (fault: Fault) => void) => {
  const { token, identity, address } = options;
  let line: Line | null = null;
  const bindingOf = ({ exported }: Line) => ({ exported, inviter: token.pin, joiner: identity.pin });
  const isProved = (from: Line, message: InviterMessage): boolean =>
    !('proof' in message) || sameProof(message.proof, proofOf(token.secret, 'inviter', bindingOf(from)));
  const closed = (why: string): void => {
    line = null;
    handle({ type: 'closed', why, now: performance.now() });
  };
  const call: Call = {
    onLine: (met) => {
      if (met.pin !== token.pin) {
        blame(wrongMachine(address));
        met.end();
        closed('it is another machine');
        return;
      }
      line = met;
      handle({ type: 'connected', now: performance.now() });
    },
    onMessage: (met, input) => {
      if (met !== line) return;
      const message = readInviterMessage(input);
      if (message !== null) {
        handle({ type: 'message', message, proved: isProved(met, message), now: performance.now() });
        return;
      }
      met.end();
      closed('it said something that is not understood');
    },
    onClosed: (met, why) => {
      if (met === line) closed(why);
    },
  };
  return {
    call,
    send: (message: JoinerMessage): void => line?.send(message),
    hello: (resume: boolean): void => {
      if (line === null) return;
      const proof = proofOf(token.secret, 'joiner', bindingOf(line));
      line.send({ type: 'hello', token: tokenName(token.secret), proof, resume });
    },
    end: (): void => line?.end(),
  };
};

type Talk = ReturnType<typeof createTalk>;
type Work = ReturnType<typeof createWork>;

const carryOut = (effect: JoinEffect, talk: Talk, work: Work, connect: () => void): void => {
  switch (effect.type) {
    case 'connect':
      return connect();
    case 'hello':
      return talk.hello(effect.resume);
    case 'accept': {
      const facts = work.offered();
      if (facts !== null) talk.send({ type: 'accept', facts });
      return;
    }
    case 'send':
      // Goodbye is said when all is done here: the other side starts after this one, where it is the standby.
      if (effect.message.type === 'bye') void work.ended().then(() => talk.send(effect.message));
      else talk.send(effect.message);
      return;
    case 'decide':
      return void work.decide(effect.offer);
    case 'apply':
      return void work.apply(effect.grant);
    case 'commit':
    case 'rollback':
      return work.end(effect.type);
    case 'end':
  }
};

/** Resolves when it is over. Faults: `pairing-…`, and those of what it is given. */
export const joinPair = async (options: DialOptions): Promise<Result<void>> => {
  const { address, token, identity } = options;
  const { promise: over, resolve: end } = Promise.withResolvers<Fault | null>();
  let blamed: Fault | null = null;
  let { state, effects } = beginJoin(options.resumeMs);
  const take = (list: readonly JoinEffect[]): void => {
    for (const effect of list) {
      carryOut(effect, talk, work, () => dialer.dial(state.phase === 'calling' ? 0 : AGAIN_MS));
      if (effect.type === 'end') end(effect.fault);
    }
  };
  const handle = (event: JoinEvent): void => {
    ({ state, effects } = decideJoin(state, event));
    take(effects);
  };
  const blame = (fault: Fault): void => {
    blamed ??= fault;
  };
  const work = createWork(options, handle);
  const talk = createTalk(options, handle, blame);
  const dialer = createDialer({ address, port: token.port, identity }, talk.call, (why, fault) => {
    if (state.phase === 'calling') blame(fault);
    handle({ type: 'closed', why, now: performance.now() });
  });
  const beat = setInterval(() => handle({ type: 'time', now: performance.now() }), 200);
  const leave = (): void => {
    const isWriting = state.phase === 'applying' || state.phase === 'applied' || state.phase === 'resuming';
    if (!isWriting) handle({ type: 'closed', why: 'it was ended here', now: performance.now() });
  };
  options.signal?.addEventListener('abort', leave, { once: true });
  take(effects);
  const fault = await over;
  options.signal?.removeEventListener('abort', leave);
  const ended = await work.ended();
  clearInterval(beat);
  talk.end();
  dialer.stop();
  return fault === null ? ended : { ok: false, error: blamed ?? fault };
};
