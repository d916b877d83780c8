/** Who a machine is to the other: an Ed25519 key of its own, its pin, and certificates that carry it. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  type X509Certificate,
} from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { codeOf, fail, ok, type Result } from '../core/result.ts';
import type { Instant, Millis } from '../core/words.ts';

/** `sha256:` and the digest of a public key (SPKI) in base64url: what the other side is known by. */
export type Pin = string;

export interface Identity {
  readonly key: KeyObject;
  readonly pin: Pin;
}

export const PIN = /^sha256:[A-Za-z0-9_-]{43}$/;

const pinOf = (publicKey: KeyObject): Pin =>
  `sha256:${createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')}`;

/** The pin of who is at the other end of a connection; null where it showed no certificate. */
export const pinOfCertificate = (certificate: X509Certificate | undefined): Pin | null =>
  certificate === undefined ? null : pinOf(certificate.publicKey);

/** A new key as the text of its file (PKCS #8, PEM). */
export const generateIdentity = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Fails with `identity-malformed`. */
export const parseIdentity = (text: string): Result<Identity> => {
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'ed25519') return ok({ key, pin: pinOf(createPublicKey(key)) });
  } catch {
    // Said below.
  }
  return fail(
    'identity-malformed',
    'The file of this machine’s own key does not hold one.',
    'Move it away and pair the machine again: `dualtone rejoin` on the other node, `dualtone join` here.',
  );
};

/** Reads the own key: nobody else may read it. Fails with `identity-missing`, `identity-exposed`, `identity-malformed`. */
export const loadIdentity = (path: string): Result<Identity> => {
  let file: number;
  try {
    // Without O_NONBLOCK a named pipe in its place would hang the start.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return fail(
      'identity-missing',
      `This machine’s own key ${path} cannot be read (${codeOf(error)}).`,
      'Pair the machine: `dualtone init` on one node, `dualtone join` on the other.',
    );
  }
  try {
    const found = fstatSync(file);
    if (!found.isFile() || (found.mode & 0o077) !== 0) {
      return fail(
        'identity-exposed',
        `Others than its owner may read ${path}.`,
        `Run chmod 0600 ${path}, and pair the machine again if others had access.`,
      );
    }
    const buffer = Buffer.alloc(4096);
    return parseIdentity(buffer.toString('latin1', 0, readSync(file, buffer)));
  } finally {
    closeSync(file);
  }
};

/** DER: a tag, a length, a content. */
const der = (tag: number, ...contents: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length =
    size < 128
      ? Buffer.from([size])
      : size < 256
        ? Buffer.from([0x81, size])
        : Buffer.from([0x82, size >> 8, size & 255]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
};

const SEQUENCE = 0x30;
const ED25519 = der(SEQUENCE, Buffer.from('06032b6570', 'hex'));
const COMMON_NAME = Buffer.from('0603550403', 'hex');

const named = (name: string): Buffer =>
  der(SEQUENCE, der(0x31, der(SEQUENCE, COMMON_NAME, der(0x0c, Buffer.from(name, 'utf8')))));

/** GeneralizedTime, in seconds. */
const timed = (wall: Instant): Buffer =>
  der(0x18, Buffer.from(new Date(wall).toISOString().replaceAll(/[-:T]|\.\d{3}/g, ''), 'latin1'));

/**
 * A self-signed certificate (X.509 v3, PEM) of this key, valid between two wall times in milliseconds since 1970. It says nothing but the key:
 * who reads it compares the pin.
 */
export const certificateOf = (identity: Identity, from: number, until: number): string => {
  const serial = randomBytes(16);
  // Positive, and never shorter than it looks.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const name = named('dualtone');
  const body = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ED25519,
    name,
    der(SEQUENCE, timed(from), timed(until)),
    name,
    createPublicKey(identity.key).export({ type: 'spki', format: 'der' }),
  );
  const signature = der(0x03, Buffer.from([0]), sign(null, body, identity.key));
  const lines =
    der(SEQUENCE, body, ED25519, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
};

const DAY_MS = 86_400_000;
const LIFE_MS: Millis = 30 * DAY_MS;
/** A clock of the other that is behind by less sees a valid one. */
const BEFORE_MS: Millis = DAY_MS;

/** What TLS wants of a machine. */
export interface Papers {
  readonly key: string;
  readonly cert: string;
}

/** Certificates for each new connection, made anew when a third of their life is over: nobody ever has to renew one. */
export const createPapers = (identity: Identity, wall: () => number = Date.now): (() => Papers) => {
  const key = identity.key.export({ type: 'pkcs8', format: 'pem' }).toString();
  let madeAt = Number.NEGATIVE_INFINITY;
  let cert = '';
  return () => {
    const now = wall();
    // Also when the clock was set back.
    if (Math.abs(now - madeAt) > LIFE_MS / 3) {
      cert = certificateOf(identity, now - BEFORE_MS, now + LIFE_MS);
      madeAt = now;
    }
    return { key, cert };
  };
};
