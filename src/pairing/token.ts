/** The token of a pairing: where to go, whom to expect there, and a secret; one line to copy. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isIPv4, SocketAddress } from 'node:net';
import { fail, ok, type Result } from '../core/result.ts';
import type { Pin } from '../peer/identity.ts';
import type { Kind } from './words.ts';

export interface Token {
  readonly kind: Kind;
  readonly address: string;
  readonly port: number;
  /** Of the machine that made it. */
  readonly pin: Pin;
  /** 16 random bytes. */
  readonly secret: Buffer;
  /** Wall time in whole seconds since 1970: by the clock of the machine that made it. */
  readonly untilSeconds: number;
}

const PREFIX = 'dt1-';
const SECRET_BYTES = 16;
const SUM_BYTES = 4;

export const newSecret = (): Buffer => randomBytes(SECRET_BYTES);

/** What an address is on the wire: 4 or 16 bytes. */
const bytesOf = (address: string): Buffer => {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const full = new SocketAddress({ address, family: 'ipv6' }).address;
  const [head = '', tail] = full.split('::');
  const words = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
  const mapped = (list: readonly string[]): readonly string[] =>
    list.flatMap((word) => (word.includes('.') ? (bytesOf(word).toString('hex').match(/.{4}/g) ?? []) : [word]));
  const [first, last] = [mapped(words(head)), mapped(words(tail ?? ''))];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => '0');
  return Buffer.from([...first, ...zeros, ...last].map((word) => word.padStart(4, '0')).join(''), 'hex');
};

const addressOf = (bytes: Buffer): string => {
  if (bytes.length === 4) return [...bytes].join('.');
  const words = bytes.toString('hex').match(/.{4}/g) ?? [];
  return new SocketAddress({ address: words.join(':'), family: 'ipv6' }).address;
};

const sumOf = (body: Buffer): Buffer =>
  createHash('sha256').update('dualtone token').update(body).digest().subarray(0, SUM_BYTES);

/** One word of letters, digits, `-` and `_`. */
export const printToken = (token: Token): string => {
  const head = Buffer.alloc(7);
  head.writeUInt8(token.kind === 'node' ? 0 : 1, 0);
  head.writeUInt16BE(token.port, 1);
  head.writeUInt32BE(token.untilSeconds, 3);
  const pin = Buffer.from(token.pin.slice('sha256:'.length), 'base64url');
  const body = Buffer.concat([head, token.secret, pin, bytesOf(token.address)]);
  return `${PREFIX}${Buffer.concat([body, sumOf(body)]).toString('base64url')}`;
};

const malformed = (why: string) =>
  fail(
    'pairing-token-malformed',
    `This is not a whole token: ${why}.`,
    'Copy the line that `dualtone init` printed, all of it.',
  );

/** Fails with `pairing-token-malformed`. Whether it is still good is for the machine that made it to say. */
export const parseToken = (text: string): Result<Token> => {
  const word = text.trim();
  if (word === '') return malformed('it is empty');
  if (!word.startsWith(PREFIX)) return malformed(`it does not begin with ${PREFIX}`);
  if (!/^[A-Za-z0-9_-]+$/.test(word)) return malformed('it has other characters than letters, digits, - and _');
  const all = Buffer.from(word.slice(PREFIX.length), 'base64url');
  const size = all.length - SUM_BYTES;
  const fixed = 7 + SECRET_BYTES + 32;
  if (size !== fixed + 4 && size !== fixed + 16) return malformed('its length is wrong');
  const body = all.subarray(0, size);
  if (!sumOf(body).equals(all.subarray(size))) return malformed('a letter is wrong or missing');
  return ok({
    kind: body.readUInt8(0) === 0 ? 'node' : 'checkpoint',
    port: body.readUInt16BE(1),
    untilSeconds: body.readUInt32BE(3),
    secret: Buffer.from(body.subarray(7, 7 + SECRET_BYTES)),
    pin: `sha256:${body.subarray(7 + SECRET_BYTES, fixed).toString('base64url')}`,
    address: addressOf(body.subarray(fixed)),
  });
};

/** What a token is called on the wire and in the journal: nothing of its secret can be told from it. */
export const tokenName = (secret: Buffer): string =>
  createHash('sha256').update('dualtone token name 1\0').update(secret).digest('hex').slice(0, 16);

/** What both ends of one connection know and nobody else: it binds a proof to this connection and to both keys. */
export interface Binding {
  /** Exported from TLS (RFC 9266). */
  readonly exported: Buffer;
  readonly inviter: Pin;
  readonly joiner: Pin;
}

/** Proves the secret to the other end of this very connection. */
export const proofOf = (secret: Buffer, by: 'inviter' | 'joiner', { exported, inviter, joiner }: Binding): string =>
  createHmac('sha256', secret)
    .update(`dualtone pairing 1\0${by}\0${inviter}\0${joiner}\0`)
    .update(exported)
    .digest('base64url');

/** Compares in a time that tells nothing. */
export const sameProof = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
};
