/** The other node's host key: fetched or sent, shown to a person, pinned in a file of our own. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { readText, replaceFile } from '../files/replace.ts';
import { run } from '../process/run.ts';
import { sshEnded } from './faults.ts';
import { type PublicKey, parsePublicKey, publicKeyLine } from './public-key.ts';
import type { SshTarget } from './target.ts';

/** Best first. */
const TYPES = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'ssh-rsa'];

const byType = (keys: readonly PublicKey[]): readonly PublicKey[] =>
  keys.toSorted((a, b) => TYPES.indexOf(a.type) - TYPES.indexOf(b.type));

const noKeys = (where: string) =>
  fail('ssh-host-key-missing', `There is no host key at ${where}.`, 'Install openssh-server there and let it run.');

/** This node's own host keys, to be sent to the other over a trusted way. Faults: `ssh-host-key-missing`, `file-unreadable`. */
export const readHostKeys = (directory = '/etc/ssh'): Result<readonly PublicKey[]> => {
  let names: readonly string[];
  try {
    names = readdirSync(directory).filter((name) => /^ssh_host_\w+_key\.pub$/.test(name));
  } catch (error) {
    return codeOf(error) === 'ENOENT'
      ? noKeys(directory)
      : fail(
          'ssh-host-keys-unreadable',
          `The directory ${directory} could not be read (${codeOf(error)}).`,
          'Run as root.',
        );
  }
  const keys: PublicKey[] = [];
  for (const name of names) {
    const text = readText(join(directory, name));
    if (!text.ok) return text;
    const key = parsePublicKey(text.value ?? '');
    // Kinds that are not known here (a token's) are of no use for pinning.
    if (key.ok) keys.push({ ...key.value, comment: '' });
  }
  return keys.length === 0 ? noKeys(directory) : ok(byType(keys));
};

/**
 * Asks a server for its host keys. Nothing proves that it is the right one: a person compares the fingerprints.
 * Faults: `ssh-unreachable`, those of `run`.
 */
export const scanHostKeys = async (
  target: Pick<SshTarget, 'address' | 'port'>,
  timeoutMs: Millis,
): Promise<Result<readonly PublicKey[]>> => {
  const seconds = Math.max(1, Math.floor(timeoutMs / 1000));
  const argv = ['ssh-keyscan', '-T', String(seconds), '-p', String(target.port), '-t', 'ed25519,ecdsa,rsa', '--'];
  const ended = await run([...argv, target.address], { timeoutMs: timeoutMs + 1000 });
  if (!ended.ok) return ended.error.code === 'program-timeout' ? sshEnded('timed out') : ended;
  const keys = ended.value.stdout
    .split('\n')
    .map((line) => parsePublicKey(line.replace(/^\S+ /, '')))
    .flatMap((key) => (key.ok ? [key.value] : []));
  return keys.length === 0 ? sshEnded(ended.value.stderr || 'timed out') : ok(byType(keys));
};

const linesFor = (alias: string, keys: readonly PublicKey[]): readonly string[] =>
  keys.map((key) => `${alias} ${publicKeyLine({ ...key, comment: '' })}`);

/** The keys that are pinned under that name. Fault: `file-unreadable`. */
export const pinnedKeys = (file: string, alias: string): Result<readonly PublicKey[]> => {
  const text = readText(file);
  if (!text.ok) return text;
  const own = (text.value ?? '').split('\n').filter((line) => line.startsWith(`${alias} `));
  const keys = own.map((line) => parsePublicKey(line.slice(alias.length + 1)));
  return ok(keys.flatMap((key) => (key.ok ? [key.value] : [])));
};

/** Forgets what is pinned under that name; a file that is empty then goes. True when something was. Faults: those of `pinHost`. */
export const unpinHost = (file: string, alias: string): Result<boolean> => {
  const old = readText(file);
  if (!old.ok || old.value === null) return old.ok ? ok(false) : old;
  const lines = old.value.split('\n').filter((line) => line !== '');
  const others = lines.filter((line) => !line.startsWith(`${alias} `));
  if (others.length === lines.length) return ok(false);
  if (others.length === 0) {
    rmSync(file, { force: true });
    return ok(true);
  }
  const written = replaceFile(file, `${others.join('\n')}\n`, 0o600);
  return written.ok ? ok(true) : written;
};

const differs = (pinned: readonly PublicKey[], keys: readonly PublicKey[]): boolean =>
  pinned.some((old) => keys.some((key) => key.type === old.type && key.blob !== old.blob)) ||
  (pinned.length > 0 && !pinned.some((old) => keys.some((key) => key.blob === old.blob)));

/**
 * Pins host keys under a name, at once; true when something was changed. Who calls it has shown the fingerprints, or got the keys
 * over a trusted way. Other keys than the pinned ones are refused unless `replace`. Faults: `ssh-pinned-key-differs`,
 * `file-unreadable`, `file-not-written`.
 */
export const pinHost = (file: string, alias: string, keys: readonly PublicKey[], replace = false): Result<boolean> => {
  if (keys.length === 0) throw new Error('no keys to pin');
  const pinned = pinnedKeys(file, alias);
  if (!pinned.ok) return pinned;
  if (!replace && differs(pinned.value, keys)) {
    return fail(
      'ssh-pinned-key-differs',
      `Another host key is pinned for ${alias} in ${file}.`,
      'If the other node was installed anew, confirm that its key is replaced; if not, someone is in between.',
    );
  }
  const old = readText(file);
  if (!old.ok) return old;
  const others = (old.value ?? '').split('\n').filter((line) => line !== '' && !line.startsWith(`${alias} `));
  const text = `${[...others, ...linesFor(alias, byType(keys))].join('\n')}\n`;
  if (text === old.value) return ok(false);
  const written = replaceFile(file, text, 0o600);
  return written.ok ? ok(true) : written;
};
