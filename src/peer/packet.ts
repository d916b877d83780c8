import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { VoterName } from '../core/words.ts';

/**
 * A datagram: `DT`, version, kind, length and text of the sender's name, of the receiver's name, incarnation of the sender (16 bytes),
 * counter (8), body by AES-256-GCM, its tag (16), which covers all before it. The first three fields and the names stay in every version.
 */
export const VERSION = 3;

const MAGIC_D = 0x44;
const MAGIC_T = 0x54;
const NAMES_AT = 4;
const INCARNATION_BYTES = 16;
const COUNTER_BYTES = 8;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
const TWO_TO_32 = 2 ** 32;

/** The largest datagram that is read or sent: well below what any path fragments into many pieces. */
const MAX_PACKET = 2048;

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

/** The key of one direction, as the keys of its incarnations. */
export type KeyRing = (incarnation: Buffer) => KeyObject;

/**
 * A key for each incarnation (HMAC-SHA-256), so that a counter that begins anew never meets a key it was used with: the nonce of
 * AES-GCM is the counter alone (RFC 5116, 3.2). The last one is kept.
 */
export const createKeyRing = (key: Buffer): KeyRing => {
  const secret = createSecretKey(key);
  let last: { readonly incarnation: Buffer; readonly key: KeyObject } | null = null;
  return (incarnation) => {
    if (last?.incarnation.equals(incarnation) !== true) {
      const derived = createHmac('sha256', secret).update(incarnation).digest();
      last = { incarnation: Buffer.from(incarnation), key: createSecretKey(derived) };
    }
    return last.key;
  };
};

const nonceOf = (count: Buffer): Buffer => Buffer.concat([Buffer.alloc(4), count]);

/** The body, or null where the key is another or anything was changed. */
const decrypted = (bytes: Buffer, bodyAt: number, end: number, key: KeyObject): Buffer | null => {
  const count = bytes.subarray(bodyAt - COUNTER_BYTES, bodyAt);
  const decipher = createDecipheriv(CIPHER, key, nonceOf(count), { authTagLength: TAG_BYTES });
  decipher.setAAD(bytes.subarray(0, bodyAt)).setAuthTag(bytes.subarray(end));
  const body = decipher.update(bytes.subarray(bodyAt, end));
  try {
    decipher.final();
    return body;
  } catch {
    // The only thing it throws for: the tag does not fit.
    return null;
  }
};

/** The packet, or null where the key is another or something was changed or cut off. Version and names were looked at before. */
export const openPacket = (bytes: Buffer, next: number, keyOf: KeyRing): Packet | null => {
  const end = bytes.length - TAG_BYTES;
  const counterAt = next + INCARNATION_BYTES;
  const bodyAt = counterAt + COUNTER_BYTES;
  if (bodyAt > end) return null;
  const body = decrypted(bytes, bodyAt, end, keyOf(bytes.subarray(next, counterAt)));
  const kind = KIND_BY_CODE[bytes[3] ?? 0];
  if (body === null || kind === undefined) return null;
  return {
    kind,
    incarnation: bytes.toString('hex', next, counterAt),
    counter: bytes.readUInt32BE(counterAt) * TWO_TO_32 + bytes.readUInt32BE(counterAt + 4),
    body,
  };
};

/** What never changes in the datagrams of one sender to one receiver. */
export interface Sealer {
  /** No counter twice. */
  seal(kind: PacketKind, counter: number, body: Buffer): Buffer;
}

export const createSealer = (from: VoterName, to: VoterName, incarnation: Buffer, keyOf: KeyRing): Sealer => {
  const names = Buffer.from(`\0${from}\0${to}`, 'latin1');
  names[0] = from.length;
  names[from.length + 1] = to.length;
  const key = keyOf(incarnation);
  return {
    seal: (kind, counter, body) => {
      const head = Buffer.from([MAGIC_D, MAGIC_T, VERSION, kind === 'message' ? 1 : 2]);
      const count = Buffer.alloc(COUNTER_BYTES);
      count.writeUInt32BE(Math.floor(counter / TWO_TO_32), 0);
      count.writeUInt32BE(counter % TWO_TO_32, 4);
      const open = Buffer.concat([head, names, incarnation, count]);
      const cipher = createCipheriv(CIPHER, key, nonceOf(count), { authTagLength: TAG_BYTES }).setAAD(open);
      return Buffer.concat([open, cipher.update(body), cipher.final(), cipher.getAuthTag()]);
    },
  };
};
