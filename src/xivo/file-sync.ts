/** `xivo-sync [-i]` on a node without agent: the original's key and its one run of rsync, with its waits bounded. */

import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fail, ok, type Result } from '../core/result.ts';
import type { Run } from '../process/run.ts';

export interface SyncWay {
  readonly keyFile: string;
  /** Of this command alone: the standby's host key is kept at the first login, which a person sees, and must be the same ever after. */
  readonly knownHostsFile: string;
  readonly user: string;
  readonly address: string;
  readonly port: number;
}

const KEY_MS = 60_000;
const RUN_MS = 3_000_000;
const PLAIN = /^\/[\w./@+,:=-]*$/;

const sshOptions = (way: SyncWay, newHosts: 'ask' | 'yes'): readonly string[] => [
  '-o',
  `StrictHostKeyChecking=${newHosts}`,
  '-o',
  `UserKnownHostsFile=${way.knownHostsFile}`,
  '-o',
  'ConnectTimeout=10',
  '-o',
  'ServerAliveInterval=5',
  '-o',
  'ServerAliveCountMax=6',
];

/** What rsync runs. Words without spaces: rsync splits at them. */
const shellOf = (way: SyncWay): string =>
  [
    'ssh',
    '-F',
    'none',
    '-p',
    String(way.port),
    '-i',
    way.keyFile,
    ...sshOptions(way, 'yes'),
    '-o',
    'BatchMode=yes',
    '-o',
    'IdentitiesOnly=yes',
    '-o',
    'PreferredAuthentications=publickey',
  ].join(' ');

/** As the original's: quiet, archive, relative paths, what is gone is deleted after the rest; silence of a minute ends it. */
export const rsyncOf = (way: SyncWay, directories: readonly string[], root = '/'): readonly string[] => [
  'rsync',
  '--quiet',
  '--archive',
  '--relative',
  '--delete-after',
  '--timeout=60',
  '-e',
  shellOf(way),
  '--',
  ...directories,
  `${way.user}@${way.address}:${root}`,
];

/** By the original's name and comment, though not RSA; never over an old one. Faults: `xivo-key-exists`, `xivo-key-not-made`, of `run`. */
export const makeKey = async (run: Run, keyFile: string): Promise<Result<void>> => {
  if (existsSync(keyFile)) {
    return fail('xivo-key-exists', `${keyFile} exists already.`, 'Use it, or move it away to make a new one.');
  }
  mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 });
  const argv = ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'XiVO HA', '-f', keyFile];
  const ended = await run(argv, { timeoutMs: KEY_MS });
  if (!ended.ok) return ended;
  if (ended.value.exitCode === 0) {
    chmodSync(keyFile, 0o600);
    return ok(undefined);
  }
  return fail(
    'xivo-key-not-made',
    `${keyFile} could not be made: ${ended.value.stderr.trim()}.`,
    'See to its directory, and run as root.',
  );
};

/** Asks for the standby's password on the terminal, once; puts a prompt for the host key before it. The exit code of ssh-copy-id. */
export type LetIn = (argv: readonly string[]) => Promise<number>;

export const letInByPerson: LetIn = (argv) =>
  new Promise((resolve) => {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, { stdio: 'inherit' });
    child.once('error', () => resolve(127));
    child.once('close', (code) => resolve(code ?? 1));
  });

export const copyIdArgv = (way: SyncWay): readonly string[] => [
  'ssh-copy-id',
  '-i',
  `${way.keyFile}.pub`,
  '-p',
  String(way.port),
  ...sshOptions(way, 'ask'),
  `${way.user}@${way.address}`,
];

const notRun = (why: string) =>
  fail(
    'xivo-sync-failed',
    `The files were not synchronised: ${why}.`,
    'See whether the standby is reached by SSH with the key, and its disk.',
  );

export interface Synced {
  readonly directories: number;
  /** Listed and not there. */
  readonly missing: readonly string[];
}

/** One run of what there is; a directory that is missing here is told and hurts nothing. Faults: `xivo-sync-failed`, of `run`. */
export const syncFiles = async (
  run: Run,
  way: SyncWay,
  wanted: readonly string[],
  root = '/',
): Promise<Result<Synced>> => {
  const odd = [way.keyFile, way.knownHostsFile, ...wanted].find((path) => !PLAIN.test(path));
  if (odd !== undefined) return notRun(`the path ${JSON.stringify(odd)} is not plain`);
  const directories = wanted.filter((path) => existsSync(path));
  const missing = wanted.filter((path) => !directories.includes(path));
  if (directories.length === 0) return ok({ directories: 0, missing });
  const ended = await run(rsyncOf(way, directories, root), { timeoutMs: RUN_MS });
  if (!ended.ok) return ended;
  if (ended.value.exitCode === 0) return ok({ directories: directories.length, missing });
  const said = ended.value.stderr.trim().split('\n').at(0) ?? '';
  return notRun(`rsync ended with ${ended.value.exitCode}${said === '' ? '' : ` (${said})`}`);
};
