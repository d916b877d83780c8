/** The joining side at work: dials, hands each message to the state machine, and does what it says. */
import { connect, type TLSSocket } from 'node:tls';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { createPapers, type Identity } from '../peer/identity.ts';
import { beginJoin, decideJoin, type JoinEffect, type JoinEvent, type Joined } from './join.ts';
import { createLine, type Line, TLS } from './line.ts';
import { readInviterMessage } from './messages.ts';
import { proofOf, sameProof, type Token, tokenName } from './token.ts';
import type { Facts, Grant, InviterMessage, Offer } from './words.ts';

export interface DialOptions {
  /** Where the person said; the token’s own address else. */
  readonly address: string;
  readonly token: Token;
  readonly identity: Identity;
  /** A person and this machine look at the offer: what this machine then says of itself, or why not. */
  readonly decide: (offer: Offer) => Promise<Result<Facts>>;
  /** Writes all files, so that `rollback` can put them back; puts them back itself where it fails. */
  readonly apply: (grant: Grant) => Promise<Result<void>>;
  readonly commit: () => Promise<Result<void>>;
  readonly rollback: () => Promise<Result<void>>;
}

const CONNECT_MS: Millis = 10_000;
const AGAIN_MS: Millis = 500;

const unreachable = (address: string, port: number, why: string) =>
  fail(
    'pairing-unreachable',
    `The other machine is not reached at ${address} port ${port}: ${why}.`,
    'See that `dualtone init` still waits there, and that TCP port is open to this machine.',
  );

const wrongMachine = (address: string) =>
  fail(
    'pairing-wrong-machine',
    `Who answers at ${address} is not the machine that made the token.`,
    'See that the address is right, and that the token is the newest one.',
  );

/** Resolves when it is over. Faults: `pairing-…`, and those of what it is given. */
export const joinPair = (options: DialOptions): Promise<Result<void>> =>
  new Promise((resolve) => {
    const { address, token, identity } = options;
    const papers = createPapers(identity);
    let line: Line | null = null;
    let socket: TLSSocket | null = null;
    let offered: Facts | null = null;
    let timer: NodeJS.Timeout | null = null;
    let isFirst = true;
    let trouble: Fault | null = null;
    let joined: Joined = beginJoin();
    /** Commit and rollback end before the word does. */
    let ending: Promise<Result<void>> = Promise.resolve(ok(undefined));
    const bindingOf = (each: Line) => ({ exported: each.exported, inviter: token.pin, joiner: identity.pin });

    const finish = async (fault: Fault | null): Promise<void> => {
      clearInterval(beat);
      if (timer !== null) clearTimeout(timer);
      const ended = await ending;
      line?.end();
      socket?.unref();
      if (line === null) socket?.destroy();
      if (fault !== null) resolve({ ok: false, error: trouble ?? fault });
      else resolve(ended);
    };
    const dial = (): void => {
      const to = connect({ ...TLS, ...papers(), host: address, port: token.port });
      socket = to;
      const late = setTimeout(() => to.destroy(new Error('no answer')), CONNECT_MS);
      let why = 'closed by the other side';
      const whenFailed = (): void => {
        clearTimeout(late);
        if (isFirst) trouble ??= unreachable(address, token.port, why).error;
        handle({ type: 'closed', why, now: performance.now() });
      };
      to.on('error', (error) => {
        why = error.message;
      });
      to.once('close', whenFailed);
      to.once('secureConnect', () => {
        to.off('close', whenFailed);
        clearTimeout(late);
        isFirst = false;
        meet(to);
      });
    };
    const meet = (to: TLSSocket): void => {
      const met = createLine(to, {
        onMessage: (input) => {
          if (met !== null && met === line) hear(met, input);
        },
        onClosed: (why) => {
          if (met !== line) return;
          line = null;
          handle({ type: 'closed', why, now: performance.now() });
        },
      });
      if (met === null || met.pin !== token.pin) {
        trouble = wrongMachine(address).error;
        met?.end();
        handle({ type: 'closed', why: 'it is another machine', now: performance.now() });
        return;
      }
      line = met;
      handle({ type: 'connected', now: performance.now() });
    };
    const hear = (from: Line, input: unknown): void => {
      const message = readInviterMessage(input);
      if (message === null) {
        from.end();
        line = null;
        handle({ type: 'closed', why: 'it said something that is not understood', now: performance.now() });
        return;
      }
      handle({ type: 'message', message, proved: isProved(from, message), now: performance.now() });
    };
    const isProved = (from: Line, message: InviterMessage): boolean =>
      !('proof' in message) || sameProof(message.proof, proofOf(token.secret, 'inviter', bindingOf(from)));
    const decide = async (offer: Offer): Promise<void> => {
      const decided = await options.decide(offer);
      offered = decided.ok ? decided.value : null;
      handle({ type: 'decided', fault: decided.ok ? null : decided.error, now: performance.now() });
    };
    const apply = async (grant: Grant): Promise<void> => {
      const done = await options.apply(grant);
      handle({ type: 'kept', fault: done.ok ? null : done.error, now: performance.now() });
    };
    const carryOut = (effect: JoinEffect): void => {
      switch (effect.type) {
        case 'connect':
          timer = setTimeout(dial, isFirst ? 0 : AGAIN_MS);
          return;
        case 'hello':
          if (line !== null) {
            const proof = proofOf(token.secret, 'joiner', bindingOf(line));
            line.send({ type: 'hello', token: tokenName(token.secret), proof, resume: effect.resume });
          }
          return;
        case 'accept':
          line?.send({ type: 'accept', facts: offered });
          return;
        case 'send':
          // Goodbye is said when all is done here: the other side starts after this one, where it is the standby.
          if (effect.message.type === 'bye') void ending.then(() => line?.send(effect.message));
          else line?.send(effect.message);
          return;
        case 'decide':
          void decide(effect.offer);
          return;
        case 'apply':
          void apply(effect.grant);
          return;
        case 'commit':
          ending = options.commit();
          return;
        case 'rollback':
          ending = options.rollback();
          return;
        case 'end':
          void finish(effect.fault);
      }
    };
    const handle = (event: JoinEvent): void => {
      joined = decideJoin(joined.state, event);
      for (const effect of joined.effects) carryOut(effect);
    };
    const beat = setInterval(() => handle({ type: 'time', now: performance.now() }), 200);
    for (const effect of joined.effects) carryOut(effect);
  });
