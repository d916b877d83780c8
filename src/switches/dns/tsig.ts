/** Signatures of DNS messages with a shared key (RFC 8945). Pure: the time is given. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { fail, ok, type Result } from '../../core/result.ts';
import { CLASS, encodeRecord, readRecord } from './message.ts';
import { decodeName, encodeName, fullName, isName } from './name.ts';

export interface TsigKey {
  readonly name: string;
  /** As the DNS calls it: `hmac-sha256`. */
  readonly algorithm: string;
  readonly secret: Buffer;
}

/** What the last record of an answer says. */
export interface Signature {
  readonly error: number;
  readonly signedAt: number;
  readonly fudge: number;
  readonly mac: Buffer;
  readonly other: Buffer;
}

const TSIG = 250;
/** Seconds by which the two clocks may differ. */
const FUDGE = 300;
const HASH_BY_ALGORITHM: Readonly<Record<string, string>> = {
  'hmac-sha1': 'sha1',
  'hmac-sha224': 'sha224',
  'hmac-sha256': 'sha256',
  'hmac-sha384': 'sha384',
  'hmac-sha512': 'sha512',
};

const odd = (what: string) =>
  fail(
    'dns-key-odd',
    `The file of the DNS key ${what}.`,
    'Make it with `tsig-keygen NAME`, mode 0600, and give the same text to the name server.',
  );

/** The text of a key file as `tsig-keygen` and BIND write it. Fault: `dns-key-odd`. */
export const parseKey = (text: string): Result<TsigKey> => {
  const whole = /^\s*key\s+"?([^\s"{]+)"?\s*\{([^}]*)\}\s*;?\s*$/.exec(text.replaceAll(/(?:#|\/\/).*$/gm, ''));
  if (whole === null) return odd('holds no `key "NAME" { algorithm …; secret "…"; };`');
  const [, name = '', body = ''] = whole;
  const algorithm = /\balgorithm\s+"?([\w.-]+)"?\s*;/.exec(body)?.[1]?.toLowerCase() ?? '';
  const secret = /\bsecret\s+"([A-Za-z0-9+/]+={0,2})"\s*;/.exec(body)?.[1] ?? '';
  if (!isName(name)) return odd('has a name that is none');
  if (HASH_BY_ALGORITHM[algorithm] === undefined) return odd(`has the algorithm "${algorithm}", which is not known`);
  const bytes = Buffer.from(secret, 'base64');
  if (bytes.length < 8) return odd('holds no secret of at least 8 bytes in base64');
  return ok({ name: fullName(name), algorithm, secret: bytes });
};

const number = (value: number, bytes: 2 | 6): Buffer => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
};

const sized = (bytes: Buffer): Buffer => Buffer.concat([number(bytes.length, 2), bytes]);

const macOf = (
  key: TsigKey,
  message: Buffer,
  requestMac: Buffer | null,
  { signedAt, fudge, error, other }: Omit<Signature, 'mac'>,
): Buffer => {
  const variables = [
    encodeName(key.name),
    number(CLASS.ANY, 2),
    Buffer.alloc(4),
    encodeName(key.algorithm),
    number(signedAt, 6),
    number(fudge, 2),
    number(error, 2),
    sized(other),
  ];
  const signed = [...(requestMac === null ? [] : [sized(requestMac)]), message, ...variables];
  return createHmac(HASH_BY_ALGORITHM[key.algorithm] ?? 'sha256', key.secret)
    .update(Buffer.concat(signed))
    .digest();
};

const append = (message: Buffer, key: TsigKey, { mac, signedAt, fudge, error, other }: Signature): Buffer => {
  const id = message.readUInt16BE(0);
  const data = Buffer.concat([
    encodeName(key.algorithm),
    number(signedAt, 6),
    number(fudge, 2),
    sized(mac),
    number(id, 2),
    number(error, 2),
    sized(other),
  ]);
  const whole = Buffer.concat([message, encodeRecord(key.name, TSIG, CLASS.ANY, 0, data)]);
  whole.writeUInt16BE(message.readUInt16BE(10) + 1, 10);
  return whole;
};

/** The message with its signature, and the MAC that the answer is signed over. `now` in seconds since 1970. */
export const sign = (
  message: Buffer,
  key: TsigKey,
  now: number,
  requestMac: Buffer | null = null,
  error = 0,
  other: Buffer = Buffer.alloc(0),
): { readonly bytes: Buffer; readonly mac: Buffer } => {
  const fields = { signedAt: Math.floor(now), fudge: FUDGE, error, other };
  const mac = macOf(key, message, requestMac, fields);
  return { bytes: append(message, key, { ...fields, mac }), mac };
};

/** What the signature at `at` says; null where it is malformed or of another key or algorithm. */
export const readSignature = (message: Buffer, at: number, key: TsigKey): Signature | null => {
  const record = readRecord(message, at);
  if (record === null || record.type !== TSIG || record.klass !== CLASS.ANY || record.ttl !== 0) return null;
  if (record.next !== message.length) return null;
  const algorithm = decodeName(message, record.dataAt);
  if (record.name !== key.name || algorithm === null || algorithm.name !== fullName(key.algorithm)) return null;
  const from = algorithm.next;
  if (from + 10 > record.next) return null;
  const macAt = from + 10;
  const afterMac = macAt + message.readUInt16BE(from + 8);
  if (afterMac + 6 > record.next) return null;
  // Where a server in between has given it another number, it is not what was signed.
  if (message.readUInt16BE(afterMac) !== message.readUInt16BE(0)) return null;
  const other = message.subarray(afterMac + 6, record.next);
  if (other.length !== message.readUInt16BE(afterMac + 4)) return null;
  return {
    signedAt: message.readUIntBE(from, 6),
    fudge: message.readUInt16BE(from + 6),
    mac: message.subarray(macAt, afterMac),
    error: message.readUInt16BE(afterMac + 2),
    other,
  };
};

/** Whether the answer, whose signature begins at `at`, was made by who has the key, for the request with `requestMac`. */
export const isGenuine = (
  message: Buffer,
  at: number,
  signature: Signature,
  key: TsigKey,
  requestMac: Buffer,
): boolean => {
  const unsigned = Buffer.from(message.subarray(0, at));
  unsigned.writeUInt16BE(message.readUInt16BE(10) - 1, 10);
  const expected = macOf(key, unsigned, requestMac, signature);
  return expected.length === signature.mac.length && timingSafeEqual(expected, signature.mac);
};
