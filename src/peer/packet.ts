import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { VoterName } from '../core/words.ts';

/**
 * A datagram: `DT`, version, kind, length and text of the sender's name, of the receiver's name, incarnation of the sender (16 bytes),
 * counter (8), body, HMAC-SHA-256 over all before it (32). The first three fields and the names stay in every version.
 */
export const VERSION = 2;

const MAGIC_D = 0x44;
const MAGIC_T = 0x54;
const NAMES_AT = 4;
const INCARNATION_BYTES = 16;
const COUNTER_BYTES = 8;
const MAC_BYTES = 32;
const TWO_TO_32 = 2 ** 32;

/** The largest datagram that is read or sent: well below what any path fragments into many pieces. */
export const MAX_PACKET = 2048;

export type PacketKind = 'message' | 'handshake';
const KIND_BY_CODE: Readonly<Record<number, PacketKind>> = { 1: 'message', 2: 'handshake' };

/** Who a datagram says it is from; believed by nobody before `openPacket`. */
export interface Envelope {
  readonly version: number;
  readonly from: VoterName;
  readonly to: VoterName;
  /** Where the incarnation begins. */
  readonly next: number;
}

export interface Packet {
  readonly kind: PacketKind;
  /** Hexadecimal. */
  readonly incarnation: string;
  readonly counter: number;
  readonly body: Buffer;
}

const nameAt = (bytes: Buffer, at: number): string | null => {
  const length = bytes[at] ?? 0;
  if (length === 0 || length > 32 || at + 1 + length > bytes.length) return null;
  return bytes.toString('latin1', at + 1, at + 1 + length);
};

/** Null for what is not a Dualtone datagram at all. */
export const readEnvelope = (bytes: Buffer): Envelope | null => {
  if (bytes.length > MAX_PACKET || bytes[0] !== MAGIC_D || bytes[1] !== MAGIC_T) return null;
  const from = nameAt(bytes, NAMES_AT);
  if (from === null) return null;
  const toAt = NAMES_AT + 1 + from.length;
  const to = nameAt(bytes, toAt);
  if (to === null) return null;
  return { version: bytes[2] ?? 0, from, to, next: toAt + 1 + to.length };
};

/** What signs with one key: HMAC-SHA-256 (RFC 2104). */
export type Signer = (bytes: Buffer) => Buffer;

export const createSigner = (key: Buffer): Signer => {
  const secret = createSecretKey(key);
  return (bytes) => createHmac('sha256', secret).update(bytes).digest();
};

/** The packet, or null where the signature is wrong or something is cut off. Version and names were looked at before. */
export const openPacket = (bytes: Buffer, next: number, sign: Signer): Packet | null => {
  const end = bytes.length - MAC_BYTES;
  const bodyAt = next + INCARNATION_BYTES + COUNTER_BYTES;
  if (bodyAt > end) return null;
  if (!timingSafeEqual(sign(bytes.subarray(0, end)), bytes.subarray(end))) return null;
  const kind = KIND_BY_CODE[bytes[3] ?? 0];
  if (kind === undefined) return null;
  const counterAt = next + INCARNATION_BYTES;
  return {
    kind,
    incarnation: bytes.toString('hex', next, counterAt),
    counter: bytes.readUInt32BE(counterAt) * TWO_TO_32 + bytes.readUInt32BE(counterAt + 4),
    body: bytes.subarray(bodyAt, end),
  };
};

/** What never changes in the datagrams of one sender to one receiver. */
export interface Sealer {
  seal(kind: PacketKind, counter: number, body: Buffer): Buffer;
}

export const createSealer = (from: VoterName, to: VoterName, incarnation: Buffer, sign: Signer): Sealer => {
  const names = Buffer.from(`\0${from}\0${to}`, 'latin1');
  names[0] = from.length;
  names[from.length + 1] = to.length;
  return {
    seal: (kind, counter, body) => {
      const head = Buffer.from([MAGIC_D, MAGIC_T, VERSION, kind === 'message' ? 1 : 2]);
      const count = Buffer.alloc(COUNTER_BYTES);
      count.writeUInt32BE(Math.floor(counter / TWO_TO_32), 0);
      count.writeUInt32BE(counter % TWO_TO_32, 4);
      const signed = Buffer.concat([head, names, incarnation, count, body]);
      return Buffer.concat([signed, sign(signed)]);
    },
  };
};
