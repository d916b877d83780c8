/** The inviting side at work: listens, hands each message to the state machine, and does what it says. */
import type { Socket } from 'node:net';
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

/** Who is on the line, and what the state machine decides about it. */
const createHost = (options: InvitationOptions, onOver: (state: InviteState) => void) => {
  const ticketByToken = new Map(options.tickets.map((ticket) => [tokenName(ticket.secret), ticket]));
  const callerByNumber = new Map<number, Caller>();
  const guests = [...ticketByToken].map(([token, { kind, as }]) => ({ token, kind, as }));
  let state = beginInvite(guests, performance.now(), options.lifeMs);
  let last = 0;
  const ticketOf = (token: string): Ticket => {
    const ticket = ticketByToken.get(token);
    if (ticket === undefined) throw new Error('a token that was never made');
    return ticket;
  };
  const objecting: Objecting = ({ token, pin }, facts) => options.objecting(ticketOf(token), facts, pin ?? '');
  const bindingOf = ({ line }: Caller) => ({
    exported: line.exported,
    inviter: options.identity.pin,
    joiner: line.pin,
  });
  const send = (connection: number, message: InviterMessage): void =>
    callerByNumber.get(connection)?.line.send(message);
  const proof = (connection: number, token: string): string => {
    const caller = callerByNumber.get(connection);
    return caller === undefined ? '' : proofOf(ticketOf(token).secret, 'inviter', bindingOf(caller));
  };
  const write = async (token: string, facts: Facts): Promise<void> => {
    const pin = state.guests.find((each) => each.token === token)?.pin ?? '';
    const done = await options.apply(ticketOf(token), facts, pin);
    handle({ type: 'kept', token, fault: done.ok ? null : done.error, now: performance.now() });
  };
  const carryOut = (effect: InviteEffect): void => {
    switch (effect.type) {
      case 'offer':
        send(effect.connection, {
          type: 'offer',
          proof: proof(effect.connection, effect.token),
          offer: options.offerFor(ticketOf(effect.token)),
        });
        return;
      case 'resumed':
        send(effect.connection, { type: 'resumed', proof: proof(effect.connection, effect.token) });
        return;
      case 'grant':
        send(effect.connection, { type: 'grant', grant: options.grantFor(ticketOf(effect.token)) });
        return;
      case 'send': {
        const { message, connection } = effect;
        if (message.type === 'refuse')
          options.tell(`${callerByNumber.get(connection)?.from ?? 'Somebody'} was refused: ${message.fault.message}`);
        send(connection, message);
        return;
      }
      case 'close':
        callerByNumber.get(effect.connection)?.line.end();
        callerByNumber.delete(effect.connection);
        return;
      case 'apply':
        void write(effect.token, effect.facts);
    }
  };
  const handle = (event: InviteEvent): void => {
    const decided = decideInvite(state, event, objecting);
    state = decided.state;
    for (const effect of decided.effects) carryOut(effect);
    if (isOver(state, performance.now())) onOver(state);
  };
  const hear = (connection: number, caller: Caller, input: unknown): void => {
    if (!callerByNumber.has(connection)) return;
    const now = performance.now();
    const message = readJoinerMessage(input);
    if (message === null) {
      caller.line.end();
      return;
    }
    if (message.type !== 'hello') return handle({ type: 'message', connection, message, now });
    caller.greeted = true;
    const ticket = ticketByToken.get(message.token);
    const proved =
      ticket !== undefined && sameProof(message.proof, proofOf(ticket.secret, 'joiner', bindingOf(caller)));
    handle({
      type: 'hello',
      connection,
      pin: caller.line.pin,
      token: message.token,
      proved,
      resume: message.resume,
      now,
    });
  };
  return {
    take: (socket: TLSSocket): void => {
      last += 1;
      const connection = last;
      const late = setTimeout(() => {
        if (callerByNumber.get(connection)?.greeted !== true) socket.destroy();
      }, HELLO_MS);
      const line = createLine(socket, {
        onMessage: (input) => {
          const caller = callerByNumber.get(connection);
          if (caller !== undefined) hear(connection, caller, input);
        },
        onClosed: () => {
          clearTimeout(late);
          callerByNumber.delete(connection);
          handle({ type: 'closed', connection, now: performance.now() });
        },
      });
      if (line === null) clearTimeout(late);
      else callerByNumber.set(connection, { line, from: socket.remoteAddress ?? 'somebody', greeted: false });
    },
    tick: (): void => handle({ type: 'time', now: performance.now() }),
    state: () => state,
  };
};

/** Begins to listen. Fails with `pairing-listen`. */
export const openInvitation = async (options: InvitationOptions): Promise<Result<Invitation>> => {
  const papers = createPapers(options.identity)();
  const { promise: ended, resolve } = Promise.withResolvers<InviteState>();
  const host = createHost(options, resolve);
  const isInPace = createPace();
  const server = createServer({ ...TLS, ...papers, requestCert: true, handshakeTimeout: HANDSHAKE_MS });
  const sockets = new Set<Socket>();
  server.maxConnections = MOST_CONNECTIONS;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    if (!isInPace()) socket.destroy();
  });
  server.on('tlsClientError', (_, socket) => socket.destroy());
  server.on('secureConnection', host.take);
  const { address, port } = options.listen;
  const listening = await new Promise<Result<void>>((done) => {
    server.once('error', (error) => {
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
    server.listen(port, address, () => done(ok(undefined)));
  });
  if (!listening.ok) return listening;
  const beat = setInterval(host.tick, 200);
  const bound = server.address();
  return ok({
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    ended,
    close: async () => {
      clearInterval(beat);
      const over = new Promise<void>((done) => server.close(() => done()));
      for (const socket of sockets) socket.destroy();
      await over;
      resolve(host.state());
    },
  });
};
