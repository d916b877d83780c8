/** `dualtone sync serve`: the only command that the other node's key may run here. */
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import { childEnv, spawnFault } from '../../process/programs.ts';
import { releasePort } from '../../ssh/release-port.ts';
import { type ForcedRequest, isPlainPath, parseForcedCommand } from './forced-command.ts';
import { clearLeftovers, endReceivers, registerReceiver } from './receivers.ts';

export interface ServeOptions {
  /** What the other node may overwrite here: these directories themselves. */
  readonly receive: readonly string[];
  /** What it may fetch from here: these and all below them. */
  readonly send: readonly string[];
  /** Whether this node may be overwritten at this moment; asked again while files come in. Quick, and never throws. */
  readonly mayReceive: () => Result<void>;
  /** On tmpfs; receivers are noted there. */
  readonly runDir: string;
  /** One line for the other side. */
  readonly complain: (line: string) => void;
  readonly rsync?: string;
  /** Whether the key with this fingerprint is let in here for just what the configuration needs. */
  readonly limitsFit: (fingerprint: string) => Result<boolean>;
  /** Ports of the loopback on which the other node's tunnel may listen here: it may end its own lost session that holds one. */
  readonly listenPorts: readonly number[];
}

/** Exit codes besides rsync's own (0 to 35). */
export const REFUSED = 77;
const NOT_NOW = 75;
const LIMITS_DIFFER = 78;

const outside = (path: string) =>
  fail(
    'files-path-refused',
    `The path ${path} is none that may be replicated.`,
    'Name the same directories in streams.files.directories on both nodes.',
  );

/** The path with all links resolved, as far as it exists. */
const resolveExisting = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(resolveExisting(parent), basename(path));
  }
};

const trimmed = (path: string): string => (path === '/' ? path : path.replace(/\/+$/, ''));

const isWithin = (path: string, directory: string): boolean => path === directory || path.startsWith(`${directory}/`);

/** Where a path really leads, if that is within a directory that is allowed. Fault: `files-path-refused`. */
const allowedPath = (path: string, request: ForcedRequest['mode'], directories: readonly string[]): Result<string> => {
  const plain = trimmed(path);
  const directory = directories
    .map(trimmed)
    .find(
      (candidate) => candidate !== '/' && (request === 'receive' ? plain === candidate : isWithin(plain, candidate)),
    );
  if (directory === undefined || !isPlainPath(directory)) return outside(path);
  const real = resolveExisting(plain);
  // A link among what is replicated must not lead out of it.
  if (!isWithin(real, resolveExisting(directory)) || !isPlainPath(real)) return outside(path);
  return ok(path.endsWith('/') ? `${real}/` : real);
};

const GUARD_MS: Millis = 250;
const GRACE_MS: Millis = 200;

/** Runs rsync on the own standard input and output until it ends, or until `stillAllowed` is no more. */
const runRsync = (argv: readonly string[], stillAllowed: () => Result<void>): Promise<Result<number>> => {
  const [program = '', ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit', env: childEnv() });
    let stopped: Result<never> | null = null;
    let killer: NodeJS.Timeout | undefined;
    const guard = setInterval(() => {
      const allowed = stillAllowed();
      if (allowed.ok || stopped !== null) return;
      stopped = allowed;
      child.kill('SIGTERM');
      killer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    }, GUARD_MS);
    const end = (result: Result<number>): void => {
      clearInterval(guard);
      clearTimeout(killer);
      resolve(stopped ?? result);
    };
    child.once('error', (error) => end(spawnFault(program, error)));
    child.once('exit', (exitCode) => end(ok(exitCode ?? NOT_NOW)));
  });
};

const mayAlways = (): Result<void> => ok(undefined);

const receive = async (
  argv: readonly string[],
  directory: string,
  real: string,
  options: ServeOptions,
): Promise<Result<number>> => {
  // A former receiver of the same directory is left over from a lost connection: the other side has one run at a time.
  await endReceivers(options.runDir, directory);
  let unregister: () => void;
  try {
    // Noted before the question: who takes over changes the answer first and looks for receivers after.
    unregister = registerReceiver(options.runDir, directory);
  } catch (error) {
    return fail(
      'files-not-registered',
      `The receiver could not be noted in ${options.runDir} (${error instanceof Error ? error.message : 'unknown'}).`,
      'See to the directory and its space.',
    );
  }
  try {
    const allowed = options.mayReceive();
    if (!allowed.ok) return allowed;
    const endedWell = await clearLeftovers(options.runDir, real);
    const ended = await runRsync(argv, options.mayReceive);
    if (ended.ok && ended.value === 0) endedWell();
    return ended;
  } finally {
    unregister();
  }
};

const exitCodeOf = (fault: Fault): number =>
  fault.code === 'files-command-refused' || fault.code === 'files-path-refused' ? REFUSED : NOT_NOW;

/** What our client recognises in rsync's standard error. */
export const complaintOf = (fault: Fault): string => `dualtone: ${fault.code}: ${fault.message}`;

/** A command of ours that is not rsync's; null: it is none, or none that is allowed. */
const ownCommand = (original: string, { listenPorts, limitsFit }: ServeOptions): number | null => {
  const port = Number(/^dualtone release (\d{1,5})$/.exec(original)?.[1]);
  if (listenPorts.includes(port)) {
    releasePort(port);
    return 0;
  }
  const print = /^dualtone limits (SHA256:[\w+/]{43})$/.exec(original)?.[1];
  if (print === undefined) return null;
  const fit = limitsFit(print);
  return fit.ok && fit.value ? 0 : LIMITS_DIFFER;
};

/**
 * Carries out what the other node asked for (`SSH_ORIGINAL_COMMAND`) on the own standard input and output, with rsync and an argv made
 * here, or one of our own commands: `dualtone release PORT`, `dualtone limits FINGERPRINT`. Returns the exit code: rsync's own, 77 when
 * refused, 75 when this node may not receive now (or rsync is missing), and for limits 0 or 78.
 */
export const serveForced = async (original: string | undefined, options: ServeOptions): Promise<number> => {
  const give = (fault: Fault): number => {
    options.complain(complaintOf(fault));
    return exitCodeOf(fault);
  };
  const own = ownCommand(original ?? '', options);
  if (own !== null) return own;
  const request = parseForcedCommand(original ?? '');
  if (!request.ok) return give(request.error);
  const { mode, options: flags, paths } = request.value;
  const real: string[] = [];
  for (const path of paths) {
    const allowed = allowedPath(path, mode, mode === 'receive' ? options.receive : options.send);
    if (!allowed.ok) return give(allowed.error);
    real.push(allowed.value);
  }
  // With its parent rsync goes too.
  const program = ['setpriv', '--pdeathsig', 'KILL', '--', options.rsync ?? 'rsync', '--server'];
  const argv = [...program, ...(mode === 'send' ? ['--sender'] : []), ...flags, '.', ...real];
  const ended =
    mode === 'receive'
      ? await receive(argv, trimmed(paths[0] ?? ''), trimmed(real[0] ?? ''), options)
      : await runRsync(argv, mayAlways);
  return ended.ok ? ended.value : give(ended.error);
};
