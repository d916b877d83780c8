import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Message } from '../core/message.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Instant, Millis, VoterName } from '../core/words.ts';
import type { Clock, PeerLink } from '../ports.ts';
import type { PairKey } from './key.ts';
import { decodeMessage, encodeMessage } from './message-codec.ts';
import { readEnvelope, VERSION } from './packet.ts';
import { createRefusals, type RefusalReason } from './refusals.ts';
import { createSession, type Limits, type Session } from './session.ts';

export interface PeerAddress {
  readonly name: VoterName;
  readonly address: string;
  readonly port: number;
  /** A key with this one alone; the key of all where it is absent. */
  readonly key?: PairKey;
}

export interface PeerLinkOptions {
  /** `main`, `standby`, or the checkpoint's name. */
  readonly self: VoterName;
  readonly listen: { readonly address: string; readonly port: number };
  readonly peers: readonly PeerAddress[];
  readonly key: PairKey;
  readonly limits: Limits;
  /** A handshake that nobody answered is begun again after this long; the heartbeat. */
  readonly retryMs: Millis;
  readonly clock: Clock;
}

/** The port's `PeerLink`, and what status and tests look at. */
export interface DatagramLink extends PeerLink {
  /** The peer has proved that it lives and has the key, since it started. */
  proven(name: VoterName): boolean;
  /** Another machine takes the place of the one of this name; the others notice nothing. */
  replace(at: PeerAddress): void;
  /** The port on which it hears, 0 before `open`. */
  port(): number;
  /** Refused datagrams, by reason and source. */
  refused(): Readonly<Record<string, number>>;
}

interface Peer {
  readonly at: PeerAddress;
  readonly session: Session;
}

/** Without it every datagram would pass the resolver; all addresses of a link are of one family. */
const numeric =
  (family: 4 | 6) =>
  (address: string, _options: unknown, done: (error: null, address: string, family: number) => void): void =>
    done(null, address, family);

/** What becomes of one datagram. */
interface Sorted {
  readonly refused: RefusalReason | null;
  readonly peer: Peer | null;
  readonly message: Message | null;
  readonly reply: Buffer | null;
}

const refusal = (refused: RefusalReason): Sorted => ({ refused, peer: null, message: null, reply: null });

const sort = (self: VoterName, peerByName: ReadonlyMap<VoterName, Peer>, bytes: Buffer, now: Instant): Sorted => {
  const envelope = readEnvelope(bytes);
  if (envelope === null) return refusal('garbage');
  if (envelope.version !== VERSION) return refusal('other-version');
  if (envelope.from === self) return refusal('own-name');
  if (envelope.to !== self) return refusal('not-for-me');
  const peer = peerByName.get(envelope.from);
  if (peer === undefined) return refusal('stranger');
  const received = peer.session.receive(bytes, envelope, now);
  if (received.kind === 'refused') return { refused: received.reason, peer, message: null, reply: received.reply };
  if (received.kind === 'handshake') return { refused: null, peer, message: null, reply: received.reply };
  const message = decodeMessage(received.body);
  return message === null ? refusal('malformed') : { refused: null, peer, message, reply: null };
};

const bind = (socket: Socket, listen: PeerLinkOptions['listen']): Promise<Result<void>> =>
  new Promise((resolve) => {
    const failed = (error: Error): void => {
      const remedy = 'see that the address is there and that nothing else has the port: `ss -lunp`';
      resolve(fail('peer-listen', `cannot hear on ${listen.address} port ${listen.port}: ${error.message}`, remedy));
    };
    socket.once('error', failed);
    socket.bind({ address: listen.address, port: listen.port, exclusive: true }, () => {
      socket.off('error', failed);
      resolve(ok(undefined));
    });
  });

/** Hello to those who have not proved themselves: each heartbeat for 5 s, then each second (their own datagrams also begin one). */
const createGreeter = (options: PeerLinkOptions, peers: readonly Peer[], post: (peer: Peer, bytes: Buffer) => void) => {
  const { clock, retryMs } = options;
  let cancel = (): void => undefined;
  const begunAt = clock.now();
  const greet = (): void => {
    const now = clock.now();
    const waiting = peers.filter((peer) => !peer.session.proven());
    for (const peer of waiting) post(peer, peer.session.hello(now));
    const gap = now - begunAt < 5000 ? retryMs : Math.max(retryMs, 1000);
    cancel = waiting.length === 0 ? () => undefined : clock.at(now + gap, greet);
  };
  greet();
  return { stop: (): void => cancel() };
};

const peerAt = ({ self, key, limits }: PeerLinkOptions, incarnation: Buffer, at: PeerAddress): Peer => ({
  at,
  session: createSession({ self, peer: at.name, key: at.key ?? key, incarnation, limits, random: randomBytes }),
});

/** Encrypted, replay-proof datagrams: see `packet.ts` for their form, `session.ts` for what is believed. */
export const createPeerLink = (options: PeerLinkOptions): DatagramLink => {
  const { self, listen, clock } = options;
  const incarnation = randomBytes(16);
  const peerByName = new Map(options.peers.map((at) => [at.name, peerAt(options, incarnation, at)]));
  const refusals = createRefusals();
  const hearers: ((from: VoterName, message: Message) => void)[] = [];
  const refusers: ((reason: string, source: string) => void)[] = [];
  let socket: Socket | null = null;
  let greeter: { stop(): void } | null = null;

  const post = (peer: Peer, bytes: Buffer): void => {
    // Without a callback, which would cost half as much again: what cannot be sent is lost, as on its way.
    socket?.send(bytes, peer.at.port, peer.at.address);
  };

  const onDatagram = (bytes: Buffer, source: string): void => {
    const now = clock.now();
    const { refused, peer, message, reply } = sort(self, peerByName, bytes, now);
    if (refused !== null && refusals.note(refused, source, now)) for (const tell of refusers) tell(refused, source);
    if (peer !== null && reply !== null) post(peer, reply);
    if (peer !== null && message !== null) for (const hear of hearers) hear(peer.at.name, message);
  };

  const open = async (): Promise<Result<void>> => {
    const fresh = isIPv6(listen.address)
      ? createSocket({ type: 'udp6', lookup: numeric(6) })
      : createSocket({ type: 'udp4', lookup: numeric(4) });
    const bound = await bind(fresh, listen);
    if (!bound.ok) {
      fresh.close();
      return bound;
    }
    fresh.on('message', (bytes, { address }) => onDatagram(bytes, address));
    // What cannot be sent, and an ICMP error that comes back, are no reason to stop hearing the others.
    fresh.on('error', () => undefined);
    socket = fresh;
    greeter = createGreeter(options, [...peerByName.values()], post);
    return bound;
  };

  return {
    open,
    send: (to, message) => {
      const peer = peerByName.get(to);
      if (peer === undefined) throw new Error(`no peer is called ${to}`);
      post(peer, peer.session.seal(encodeMessage(message)));
    },
    onMessage: (listener) => void hearers.push(listener),
    onRefused: (listener) => void refusers.push(listener),
    close: async () => {
      greeter?.stop();
      const open = socket;
      socket = null;
      if (open !== null) await new Promise<void>((resolve) => open.close(() => resolve()));
    },
    replace: (at) => {
      // Its own incarnation too: counters begin anew, and no datagram of the former one is ever believed.
      peerByName.set(at.name, peerAt(options, randomBytes(16), at));
      if (socket === null) return;
      greeter?.stop();
      greeter = createGreeter(options, [...peerByName.values()], post);
    },
    proven: (name) => peerByName.get(name)?.session.proven() ?? false,
    port: () => socket?.address().port ?? 0,
    refused: () => refusals.counts(),
  };
};
