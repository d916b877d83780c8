import { chmodSync, linkSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf, fail, ok, type Result } from '../core/result.ts';
import { readText } from '../files/replace.ts';
import { run } from '../process/run.ts';
import { type PublicKey, parsePublicKey } from './public-key.ts';

const MAKE_TIMEOUT_MS = 10_000;

/** The public half beside a key. Faults: `ssh-key-missing`, `file-unreadable`, `ssh-key-malformed`. */
export const readPublicKey = (keyFile: string): Result<PublicKey> => {
  const text = readText(`${keyFile}.pub`);
  if (!text.ok) return text;
  if (text.value === null) {
    return fail('ssh-key-missing', `There is no key at ${keyFile}.`, 'Make one with `dualtone sync init` on the main.');
  }
  return parsePublicKey(text.value);
};

const place = (made: string, keyFile: string): Result<void> => {
  try {
    chmodSync(made, 0o600);
    chmodSync(`${made}.pub`, 0o644);
    // A link, other than a renaming, never replaces what is there. The private half last: with it, the key is there.
    rmSync(`${keyFile}.pub`, { force: true });
    linkSync(`${made}.pub`, `${keyFile}.pub`);
    linkSync(made, keyFile);
    return ok(undefined);
  } catch (error) {
    return notMade(keyFile, codeOf(error));
  }
};

const notMade = (keyFile: string, why: string) =>
  fail(
    'ssh-key-not-made',
    `The key ${keyFile} could not be made: ${why}.`,
    'See to its directory and the space on the disk, or run as root.',
  );

const exists = (keyFile: string): Result<boolean> => {
  const old = readText(keyFile);
  return old.ok ? ok(old.value !== null) : old;
};

/**
 * Makes an Ed25519 key without passphrase, mode 0600, with its `.pub` beside it; its comment is `dualtone NODE`. At once, and
 * never over an old one. Faults: `ssh-key-exists`, `ssh-key-not-made`, `file-unreadable`, those of `run`.
 */
export const createKey = async (keyFile: string, node: string): Promise<Result<PublicKey>> => {
  const old = exists(keyFile);
  if (!old.ok) return old;
  if (old.value) {
    return fail('ssh-key-exists', `${keyFile} exists already.`, 'Use it, or move it away to make a new one.');
  }
  let folder: string;
  try {
    folder = mkdtempSync(join(dirname(keyFile), '.dualtone-key-'));
  } catch (error) {
    return notMade(keyFile, codeOf(error));
  }
  try {
    const made = join(folder, 'key');
    const argv = ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', `dualtone ${node}`, '-f', made];
    const ended = await run(argv, { timeoutMs: MAKE_TIMEOUT_MS });
    if (!ended.ok) return ended;
    if (ended.value.exitCode !== 0) return notMade(keyFile, ended.value.stderr.trim().slice(0, 200));
    const placed = place(made, keyFile);
    return placed.ok ? readPublicKey(keyFile) : placed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
