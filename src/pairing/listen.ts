/** The inviting side at work: listens, hands each message to the state machine, and does what it says. */
import { createServer as createDoor, type Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { createPapers, type Identity } from '../peer/identity.ts';
import {
  beginInvite,
  decideInvite,
  type Guest,
  type InviteEffect,
  type InviteEvent,
  type InviteState,
  isOver,
  type Objecting,
} from './invite.ts';
import { createLine, type Line, TLS } from './line.ts';
import { readJoinerMessage } from './messages.ts';
import { proofOf, sameProof, tokenName } from './token.ts';
import type { Facts, Grant, InviterMessage, Offer } from './words.ts';

export interface Ticket {
  readonly kind: Guest['kind'];
  readonly as: string;
  readonly secret: Buffer;
}

export interface InvitationOptions {
  readonly listen: { readonly address: string; readonly port: number };
  readonly identity: Identity;
  readonly tickets: readonly Ticket[];
  readonly lifeMs: Millis;
  readonly objecting: (ticket: Ticket, facts: Facts, pin: string) => Fault | null;
  readonly offerFor: (ticket: Ticket) => Offer;
  readonly grantFor: (ticket: Ticket) => Grant;
  /** Writes this machine’s own files for one that has joined; puts them back itself where it fails. */
  readonly apply: (ticket: Ticket, facts: Facts, pin: string) => Promise<Result<void>>;
  /** What a person should know: who came, who was refused. Never a secret. */
  readonly tell: (line: string) => void;
}

export interface Invitation {
  readonly port: number;
  /** Resolves when nobody can join any more: who has, and what failed. */
  readonly ended: Promise<InviteState>;
  close(): Promise<void>;
}

const HANDSHAKE_MS = 5000;
const HELLO_MS = 10_000;
/** More than a person needs, and too little to keep the machine busy. */
const MOST_CONNECTIONS = 8;
const MOST_A_MINUTE = 60;

interface Caller {
  readonly line: Line;
  readonly from: string;
  greeted: boolean;
}

/** At most so many connections a minute, from all together. */
const createPace = (): (() => boolean) => {
  let times: readonly number[] = [];
  return () => {
    const now = performance.now();
    times = [...times.filter((each) => each > now - 60_000), now];
    return times.length <= MOST_A_MINUTE;
  };
};

type Callers = Map<number, Caller>;

/** What is said on the lines, and the proofs that hold on each alone. */
const createSpeech = (options: InvitationOptions, callers: Callers) => {
  const ticketByToken = new Map(options.tickets.map((ticket) => [tokenName(ticket.secret), ticket]));
  const ticketOf = (token: string): Ticket => {
    const ticket = ticketByToken.get(token);
    if (ticket === undefined) throw new Error('a token that was never made');
    return ticket;
  };
  const bindingOf = ({ line }: Caller) => ({
    exported: line.exported,
    inviter: options.identity.pin,
    joiner: line.pin,
  });
  const send = (connection: number, message: InviterMessage): void => callers.get(connection)?.line.send(message);
  const proof = (connection: number, token: string): string => {
    const caller = callers.get(connection);
    return caller === undefined ? '' : proofOf(ticketOf(token).secret, 'inviter', bindingOf(caller));
  };
  return {
    ticketOf,
    guests: [...ticketByToken].map(([token, { kind, as }]) => ({ token, kind, as })),
    isProved: (caller: Caller, token: string, given: string): boolean => {
      const ticket = ticketByToken.get(token);
      return ticket !== undefined && sameProof(given, proofOf(ticket.secret, 'joiner', bindingOf(caller)));
    },
    carryOut: (effect: Exclude<InviteEffect, { type: 'apply' }>): void => {
      const { connection } = effect;
      switch (effect.type) {
        case 'offer': {
          const { token } = effect;
          const offer = options.offerFor(ticketOf(token));
          return send(connection, { type: 'offer', proof: proof(connection, token), offer });
        }
        case 'resumed':
          return send(connection, { type: 'resumed', proof: proof(connection, effect.token) });
        case 'grant':
          return send(connection, { type: 'grant', grant: options.grantFor(ticketOf(effect.token)) });
        case 'send': {
          const { message } = effect;
          const from = callers.get(connection)?.from ?? 'Somebody';
          if (message.type === 'refuse') options.tell(`${from} was refused: ${message.fault.message}`);
          return send(connection, message);
        }
        case 'close':
          callers.get(connection)?.line.end();
          callers.delete(connection);
      }
    },
  };
};

/** Who is on the line, and what the state machine decides about it. */
const createHost = (options: InvitationOptions, onOver: (state: InviteState) => void) => {
  const callers: Callers = new Map();
  const speech = createSpeech(options, callers);
  let state = beginInvite(speech.guests, performance.now(), options.lifeMs);
  let last = 0;
  const objecting: Objecting = ({ token, pin }, facts) => options.objecting(speech.ticketOf(token), facts, pin ?? '');
  const write = async (token: string, facts: Facts): Promise<void> => {
    const pin = state.guests.find((each) => each.token === token)?.pin ?? '';
    const done = await options.apply(speech.ticketOf(token), facts, pin);
    handle({ type: 'kept', token, fault: done.ok ? null : done.error, now: performance.now() });
  };
  const handle = (event: InviteEvent): void => {
    const decided = decideInvite(state, event, objecting);
    state = decided.state;
    for (const effect of decided.effects) {
      if (effect.type === 'apply') void write(effect.token, effect.facts);
      else speech.carryOut(effect);
    }
    if (isOver(state, performance.now())) onOver(state);
  };
  const hear = (connection: number, caller: Caller, input: unknown): void => {
    const now = performance.now();
    const message = readJoinerMessage(input);
    if (message === null) return caller.line.end();
    if (message.type !== 'hello') return handle({ type: 'message', connection, message, now });
    caller.greeted = true;
    const { token, resume } = message;
    const proved = speech.isProved(caller, token, message.proof);
    handle({ type: 'hello', connection, pin: caller.line.pin, token, proved, resume, now });
  };
  const take = (socket: TLSSocket): void => {
    last += 1;
    const connection = last;
    const late = setTimeout(() => {
      if (callers.get(connection)?.greeted !== true) socket.destroy();
    }, HELLO_MS);
    const line = createLine(socket, {
      onMessage: (input) => {
        const caller = callers.get(connection);
        if (caller !== undefined) hear(connection, caller, input);
      },
      onClosed: () => {
        clearTimeout(late);
        callers.delete(connection);
        handle({ type: 'closed', connection, now: performance.now() });
      },
    });
    if (line === null) clearTimeout(late);
    else callers.set(connection, { line, from: socket.remoteAddress ?? 'somebody', greeted: false });
  };
  return { take, tick: (): void => handle({ type: 'time', now: performance.now() }), state: () => state };
};

/** Begins to listen. Fails with `pairing-listen`. */
export const openInvitation = async (options: InvitationOptions): Promise<Result<Invitation>> => {
  const papers = createPapers(options.identity)();
  const { promise: ended, resolve } = Promise.withResolvers<InviteState>();
  const host = createHost(options, resolve);
  const isInPace = createPace();
  const server = createServer({ ...TLS, ...papers, requestCert: true, handshakeTimeout: HANDSHAKE_MS });
  const sockets = new Set<Socket>();
  // Whoever comes too fast is refused before TLS begins: a connection ended beneath TLS breaks Node's own memory.
  const door = createDoor((socket) => {
    if (!isInPace()) return void socket.destroy();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    server.emit('connection', socket);
  });
  door.maxConnections = MOST_CONNECTIONS;
  server.on('tlsClientError', (_, socket) => socket.destroy());
  const secured = new Set<TLSSocket>();
  server.on('secureConnection', (socket) => {
    if (!door.listening) return void socket.destroy();
    secured.add(socket);
    socket.once('close', () => secured.delete(socket));
    host.take(socket);
  });
  const { address, port } = options.listen;
  const listening = await new Promise<Result<void>>((done) => {
    door.once('error', (error) => {
      const remedy =
        'See that the address is there and that nothing else has the port, or give another with --pairing-port.';
      done(
        fail(
          'pairing-listen',
          `Cannot wait for the other machine on ${address} port ${port}: ${error.message}.`,
          remedy,
        ),
      );
    });
    door.listen(port, address, () => done(ok(undefined)));
  });
  if (!listening.ok) return listening;
  const beat = setInterval(host.tick, 200);
  const bound = door.address();
  return ok({
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    ended,
    close: async () => {
      clearInterval(beat);
      door.close();
      const ends = [...secured].map((socket) => new Promise<void>((done) => socket.once('close', () => done())));
      // Never the connection beneath. A handshake that is under way ends by its time limit, and keeps nobody.
      for (const socket of secured) socket.destroy();
      for (const socket of sockets) socket.unref();
      await Promise.all(ends);
      resolve(host.state());
    },
  });
};
