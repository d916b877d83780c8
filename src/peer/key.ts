import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { codeOf, fail, ok, type Result } from '../core/result.ts';
import type { VoterName } from '../core/words.ts';

/** The secret that both nodes and all checkpoints share. */
export type PairKey = KeyObject;

const PREFIX = 'dualtone-key-1 ';
const BYTES = 32;

/** A new key as the text of a key file. */
export const generateKey = (): string => `${PREFIX}${randomBytes(BYTES).toString('base64url')}\n`;

/** Fails with `key-malformed`. */
export const parseKey = (text: string): Result<PairKey> => {
  const body = text.startsWith(PREFIX) ? text.slice(PREFIX.length).trimEnd() : '';
  if (!/^[A-Za-z0-9_-]{43}$/.test(body)) {
    return fail(
      'key-malformed',
      'the key file does not hold a Dualtone key',
      'make one with `dualtone key generate`, and copy it unchanged',
    );
  }
  return ok(createSecretKey(Buffer.from(body, 'base64url')));
};

/** Writes a new key, mode 0600; never over an existing file. Fails with `key-exists` or `key-not-written`. */
export const writeKey = (path: string): Result<void> => {
  try {
    const file = openSync(path, 'wx', 0o600);
    try {
      writeSync(file, generateKey());
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return ok(undefined);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      return fail('key-exists', `${path} exists already`, 'copy it to the others, or move it away to make a new one');
    }
    return fail(
      'key-not-written',
      `${path} cannot be written (${codeOf(error)})`,
      'make the directory, or run as root',
    );
  }
};

/** Reads the key of an open file, so that what is checked is what is read. */
const readChecked = (path: string, file: number, ownUid: number): Result<PairKey> => {
  const found = fstatSync(file);
  if (!found.isFile()) return fail('key-not-a-file', `${path} is not a file`, 'give the path of the key file');
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
    return fail(
      'key-readable-by-others',
      `${path} has mode ${mode}`,
      `chmod 0600 ${path}, and make a new key if others had access`,
    );
  }
  if (found.uid !== 0 && found.uid !== ownUid) {
    return fail('key-foreign', `${path} belongs to user ${found.uid}`, `chown root ${path}`);
  }
  const buffer = Buffer.alloc(256);
  return parseKey(buffer.toString('latin1', 0, readSync(file, buffer)));
};

/** Reads the pair's key: mode 0600 or 0400, owner root or the own user. Fails with a `key-…` code. */
export const loadKey = (path: string, ownUid: number = process.getuid?.() ?? 0): Result<PairKey> => {
  let file: number;
  try {
    // Without O_NONBLOCK a named pipe in its place would hang the start.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const remedy = 'make it on one node with `dualtone key generate`, and copy it to the others';
    return fail('key-missing', `${path} cannot be read (${codeOf(error)})`, remedy);
  }
  try {
    return readChecked(path, file, ownUid);
  } finally {
    closeSync(file);
  }
};

/** A key for one purpose and one direction: what `from` sends to `to` can be neither reflected nor sent on to a third. */
export const deriveKey = (key: PairKey, purpose: 'datagram' | 'stream', from: VoterName, to: VoterName): Buffer =>
  createHmac('sha256', key).update(`dualtone ${purpose} 1\0${from}\0${to}`).digest();

/** A password for something else that both nodes share, never the key itself: 43 letters of base64url. */
export const derivePassword = (key: PairKey, purpose: string): string =>
  createHmac('sha256', key).update(`dualtone password 1\0${purpose}`).digest('base64url');
