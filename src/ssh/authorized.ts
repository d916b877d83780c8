/** Lines of authorized_keys: what the other node's key may do here, and nothing else in that file touched. */
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, fail, ok, type Result } from '../core/result.ts';
import { readText, replaceFile } from '../files/replace.ts';
import { fingerprint, type PublicKey, parsePublicKey, publicKeyLine } from './public-key.ts';

export interface Allowances {
  /** The only command that runs, whatever the client asks for: an absolute path and words. */
  readonly command: readonly string[];
  /** Ports of this node's loopback that the client may reach. */
  readonly openPorts: readonly number[];
  /** Ports of this node's loopback on which the client may listen. */
  readonly listenPorts: readonly number[];
}

/** A port that nothing uses: an empty list of permits would permit all. */
const NOWHERE = '127.0.0.1:1';

const permits = (name: string, ports: readonly number[]): readonly string[] =>
  (ports.length === 0 ? [NOWHERE] : ports.map((port) => `127.0.0.1:${port}`)).map((where) => `${name}="${where}"`);

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;

/**
 * The line for authorized_keys. Without ports no forwarding is allowed at all; with some, sshd also lets the client connect
 * to unix sockets, which no option of a line forbids. Fault: `ssh-command-unsafe`.
 */
export const authorizedLine = (key: PublicKey, allow: Allowances): Result<string> => {
  const ports = [...allow.openPorts, ...allow.listenPorts];
  if (!ports.every(isPort)) throw new Error(`no ports: ${ports.join(' ')}`);
  const command = allow.command.join(' ');
  // sshd gives the command to the login shell: nothing in it may mean anything to one.
  if (!allow.command.every((word) => /^[\w./@:=+-]+$/.test(word)) || !command.startsWith('/')) {
    return fail(
      'ssh-command-unsafe',
      `The command ${command} cannot stand in authorized_keys.`,
      'Install Dualtone under a path of letters, digits, dots, dashes and slashes.',
    );
  }
  const forwarding =
    ports.length === 0
      ? []
      : ['port-forwarding', ...permits('permitopen', allow.openPorts), ...permits('permitlisten', allow.listenPorts)];
  const options = ['restrict', ...forwarding, `command="${command}"`].join(',');
  return ok(`${options} ${publicKeyLine(key)}`);
};

const blobOf = (line: string): string | null =>
  /(?:^|\s)(?:ssh-|ecdsa-)\S+ ([A-Za-z0-9+/]{40,}={0,2})/.exec(line)?.[1] ?? null;
const commentOf = (line: string): string => / (dualtone [a-z0-9-]+)$/.exec(line)?.[1] ?? '';

/** Ours is a line with that very key, or a former key of the same node in a line that Dualtone wrote. */
const isOurs = (line: string, key: PublicKey): boolean => {
  if (line.startsWith('#')) return false;
  if (blobOf(line) === key.blob) return true;
  return line.startsWith('restrict,') && key.comment !== '' && commentOf(line) === key.comment;
};

/** The text with `line` once: in the place of a former line of the same key or node, or at the end. */
export const withAuthorized = (text: string, line: string, key: PublicKey): string => {
  const lines = text.split('\n');
  const first = lines.findIndex((candidate) => isOurs(candidate, key));
  if (first < 0) return text === '' || text.endsWith('\n') ? `${text}${line}\n` : `${text}\n${line}`;
  return lines
    .flatMap((candidate, index) => (index === first ? [line] : isOurs(candidate, key) ? [] : [candidate]))
    .join('\n');
};

/** As `authorizedLine` writes them; a line that a hand made, also with our key, is not ours to remove. */
const isWritten = (line: string): boolean => /^restrict,(?:[^"]|"[^"]*")*command="\/[^"]*" /.test(line);

/** The text without the lines that Dualtone wrote for that key or node; all else byte for byte. */
export const withoutAuthorized = (text: string, key: PublicKey): string =>
  text
    .split('\n')
    .filter((candidate) => !(isOurs(candidate, key) && isWritten(candidate)))
    .join('\n');

const keyIn = (line: string): Result<PublicKey> =>
  parsePublicKey(/(?:ssh-|ecdsa-)\S+ \S+(?: [ -~]*)?$/.exec(line)?.[0] ?? '');

const makeDirectory = (file: string): Result<void> => {
  try {
    const made = mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (made !== undefined) chmodSync(dirname(file), 0o700);
    return ok(undefined);
  } catch (error) {
    return fail(
      'ssh-directory-not-made',
      `The directory ${dirname(file)} could not be made (${codeOf(error)}).`,
      'Make it by hand with mode 0700, or run as root.',
    );
  }
};

/**
 * Puts the line into an authorized_keys file, at once; true when something was changed. `line` comes from `authorizedLine`.
 * Faults: `ssh-key-malformed`, `ssh-directory-not-made`, `file-unreadable`, `file-not-written`.
 */
export const addAuthorized = (file: string, line: string): Result<boolean> => {
  const key = keyIn(line);
  if (!key.ok) return key;
  const old = readText(file);
  if (!old.ok) return old;
  const text = withAuthorized(old.value ?? '', line, key.value);
  if (text === old.value) return ok(false);
  const made = makeDirectory(file);
  if (!made.ok) return made;
  const written = replaceFile(file, text, 0o600);
  return written.ok ? ok(true) : written;
};

export interface AuthorizedLines {
  /** Lines that Dualtone wrote for the key or its node. */
  readonly own: readonly string[];
  /** How many others let the same key in. */
  readonly others: number;
}

/** Fault: `file-unreadable`. */
export const authorizedLines = (file: string, key: PublicKey): Result<AuthorizedLines> => {
  const text = readText(file);
  if (!text.ok) return text;
  const ours = (text.value ?? '').split('\n').filter((line) => isOurs(line, key));
  const own = ours.filter(isWritten);
  return ok({ own, others: ours.length - own.length });
};

/** Takes out what Dualtone wrote for a key or its node; true when something was changed. Faults: `file-unreadable`, `file-not-written`. */
export const removeAuthorized = (file: string, key: PublicKey): Result<boolean> => {
  const old = readText(file);
  if (!old.ok) return old;
  const text = withoutAuthorized(old.value ?? '', key);
  if (old.value === null || text === old.value) return ok(false);
  const written = replaceFile(file, text, 0o600);
  return written.ok ? ok(true) : written;
};

/** Whether the key with this fingerprint is let in by the very line that `lineFor` makes. Fault: `file-unreadable`. */
export const isAuthorizedBy = (
  file: string,
  print: string,
  lineFor: (key: PublicKey) => Result<string>,
): Result<boolean> => {
  const text = readText(file);
  if (!text.ok) return text;
  const fits = (line: string): boolean => {
    const key = keyIn(line);
    if (!key.ok || fingerprint(key.value) !== print) return false;
    const wanted = lineFor(key.value);
    return wanted.ok && wanted.value === line;
  };
  return ok((text.value ?? '').split('\n').some(fits));
};
