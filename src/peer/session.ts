import type { Instant, Millis, VoterName } from '../core/words.ts';
import { deriveKey, type PairKey } from './key.ts';
import { createKeyRing, createSealer, type Envelope, openPacket, type Packet } from './packet.ts';
import { createReplayWindow, type ReplayWindow } from './window.ts';

/**
 * What two that talk must agree on, or the lease means nothing: my lease ends before your promise, and yours before mine.
 * A cover is `(D + g) · (1 + ρ) / (1 − ρ)`, 0 for a checkpoint; the longest of both are those of an agent's restart.
 */
export interface Limits {
  readonly promiseMs: Millis;
  readonly coverMs: Millis;
  readonly longestPromiseMs: Millis;
  readonly longestCoverMs: Millis;
}

export type Received =
  | { readonly kind: 'message'; readonly body: Buffer }
  /** Part of the handshake: `reply`, if any, goes back. */
  | { readonly kind: 'handshake'; readonly reply: Buffer | null }
  | {
      readonly kind: 'refused';
      readonly reason: 'bad-signature' | 'replay' | 'other-timing' | 'malformed';
      /** With `other-timing`: so that the other side learns it too. */
      readonly reply: Buffer | null;
    };

/** What one process knows of one peer. Pure but for chance: it sends nothing and has no clock. */
export interface Session {
  /** A message as a datagram. */
  seal(body: Buffer): Buffer;
  /** The first datagram of a handshake: prove that you live now. */
  hello(at: Instant): Buffer;
  receive(bytes: Buffer, envelope: Envelope, at: Instant): Received;
  /** The peer's present incarnation has proved itself. */
  proven(): boolean;
}

export interface SessionOptions {
  readonly self: VoterName;
  readonly peer: VoterName;
  readonly key: PairKey;
  /** 16 random bytes, new with each start of the process. */
  readonly incarnation: Buffer;
  readonly limits: Limits;
  /** Random bytes for nonces. */
  readonly random: (bytes: number) => Buffer;
}

const NONCE_BYTES = 16;
const NO_NONCE = Buffer.alloc(NONCE_BYTES);
/** How long a challenge may be answered. */
const NONCE_LIFE_MS = 5000;
/** Datagrams of an unknown incarnation are answered with a challenge at most this often. */
const CHALLENGE_GAP_MS = 15;

interface Handshake {
  /** The receiver is asked to echo it; all zero when nothing is asked. */
  readonly nonce: Buffer;
  /** The receiver's own nonce; all zero when none is answered. */
  readonly echo: Buffer;
  readonly limits: Limits;
}

/** In their order on the wire. */
const LIMIT_NAMES = ['promiseMs', 'coverMs', 'longestPromiseMs', 'longestCoverMs'] as const;
const HANDSHAKE_BYTES = 2 * NONCE_BYTES + 8 * LIMIT_NAMES.length;

const encodeHandshake = ({ nonce, echo, limits }: Handshake): Buffer => {
  const numbers = Buffer.alloc(8 * LIMIT_NAMES.length);
  for (const [i, name] of LIMIT_NAMES.entries()) numbers.writeDoubleBE(limits[name], 8 * i);
  return Buffer.concat([nonce, echo, numbers]);
};

const decodeHandshake = (body: Buffer): Handshake | null => {
  if (body.length !== HANDSHAKE_BYTES) return null;
  const at = 2 * NONCE_BYTES;
  const limits: Limits = {
    promiseMs: body.readDoubleBE(at),
    coverMs: body.readDoubleBE(at + 8),
    longestPromiseMs: body.readDoubleBE(at + 16),
    longestCoverMs: body.readDoubleBE(at + 24),
  };
  if (!LIMIT_NAMES.every((name) => Number.isFinite(limits[name]) && limits[name] >= 0) || limits.promiseMs === 0)
    return null;
  return { nonce: body.subarray(0, NONCE_BYTES), echo: body.subarray(NONCE_BYTES, at), limits };
};

/** Neither may rest a lease on promises that end first. */
const rests = (a: Limits, b: Limits): boolean => a.coverMs < b.promiseMs && a.longestCoverMs < b.longestPromiseMs;
const agree = (a: Limits, b: Limits): boolean => rests(a, b) && rests(b, a);

interface SessionState {
  counter: number;
  peerIncarnation: string | null;
  window: ReplayWindow;
  nonce: Buffer | null;
  nonceAt: Instant;
  challengedAt: Instant;
}

const openNonce = (state: SessionState, at: Instant, random: SessionOptions['random']): Buffer => {
  if (state.nonce === null || at - state.nonceAt > NONCE_LIFE_MS) {
    state.nonce = random(NONCE_BYTES);
    state.nonceAt = at;
  }
  return state.nonce;
};

export const createSession = (options: SessionOptions): Session => {
  const { self, peer, key, incarnation, limits, random } = options;
  const sealer = createSealer(self, peer, incarnation, createKeyRing(deriveKey(key, 'datagram', self, peer)));
  const keyOfPeer = createKeyRing(deriveKey(key, 'datagram', peer, self));
  const state: SessionState = {
    counter: 0,
    peerIncarnation: null,
    window: createReplayWindow(0),
    nonce: null,
    nonceAt: 0,
    challengedAt: Number.NEGATIVE_INFINITY,
  };
  const seal = (kind: Packet['kind'], body: Buffer): Buffer => {
    state.counter += 1;
    return sealer.seal(kind, state.counter, body);
  };
  const handshake = (nonce: Buffer, echo: Buffer): Buffer =>
    seal('handshake', encodeHandshake({ nonce, echo, limits }));
  const hello = (at: Instant): Buffer => handshake(openNonce(state, at, random), NO_NONCE);

  const onHandshake = (packet: Packet, at: Instant): Received => {
    const told = decodeHandshake(packet.body);
    if (told === null) return { kind: 'refused', reason: 'malformed', reply: null };
    const known = packet.incarnation === state.peerIncarnation;
    const agreed = agree(limits, told.limits);
    if (state.nonce !== null && told.echo.equals(state.nonce) && at - state.nonceAt <= NONCE_LIFE_MS && agreed) {
      // An echo proves that this incarnation lives now. The window of one that is known goes on: it is never set back.
      if (!known) {
        state.peerIncarnation = packet.incarnation;
        state.window = createReplayWindow(packet.counter);
      }
      state.nonce = null;
    }
    // Only the first datagram of a handshake is answered with a question of one's own, or two would ask for ever.
    const first = told.echo.equals(NO_NONCE);
    const proven = packet.incarnation === state.peerIncarnation;
    const question = first && !proven ? openNonce(state, at, random) : NO_NONCE;
    const reply = told.nonce.equals(NO_NONCE) ? null : handshake(question, told.nonce);
    return agreed ? { kind: 'handshake', reply } : { kind: 'refused', reason: 'other-timing', reply };
  };

  return {
    seal: (body) => seal('message', body),
    hello,
    proven: () => state.peerIncarnation !== null,
    receive: (bytes, envelope, at) => {
      const packet = openPacket(bytes, envelope.next, keyOfPeer);
      if (packet === null) return { kind: 'refused', reason: 'bad-signature', reply: null };
      if (packet.kind === 'handshake') return onHandshake(packet, at);
      if (packet.incarnation !== state.peerIncarnation) {
        if (at - state.challengedAt < CHALLENGE_GAP_MS) return { kind: 'handshake', reply: null };
        state.challengedAt = at;
        return { kind: 'handshake', reply: hello(at) };
      }
      if (!state.window.accept(packet.counter)) return { kind: 'refused', reason: 'replay', reply: null };
      return { kind: 'message', body: packet.body };
    },
  };
};
