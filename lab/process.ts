import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fail, ok, type Result } from '../src/core/result.ts';

/** What a program left behind. `code` is null when a signal ended it. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
}

export interface RunOptions {
  /** The program and its whole process group are killed after this; default 30 000. */
  readonly timeoutMs?: number;
  readonly input?: string | Uint8Array;
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  /** The whole environment; default: a plain PATH and the C.UTF-8 locale, nothing of ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** Output beyond this is dropped from the front; default 4 MiB. */
  readonly maxOutputBytes?: number;
}

/** The environment that lab programs get: nothing of the caller's leaks into it. */
export const plainEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  HOME: '/root',
};

const collect = (stream: NodeJS.ReadableStream | null, maxBytes: number): (() => string) => {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    while (size > maxBytes && chunks.length > 1) size -= chunks.shift()?.length ?? 0;
  });
  return () => Buffer.concat(chunks).toString('utf8');
};

/** Kills a process group that we started; one that is already gone is no error. */
const killGroup = (child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

const nameOf = (argv: readonly string[]): string => argv.slice(0, 6).join(' ');

/**
 * Runs a program to its end, without a shell, in a process group of its own. An exit code other than 0 is an outcome,
 * not a fault; faults are `program-missing`, `program-timeout` and `program-aborted`.
 */
export const run = async (argv: readonly string[], options: RunOptions = {}): Promise<Result<Outcome>> => {
  const [program, ...parameters] = argv;
  if (program === undefined) throw new Error('run() needs a program');
  const startedMs = performance.now();
  const timeoutMs = options.timeoutMs ?? 30_000;
  const child = spawn(program, parameters, {
    detached: true,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...(options.env ?? plainEnvironment) },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const maxBytes = options.maxOutputBytes ?? 4 * 1024 * 1024;
  const stdout = collect(child.stdout, maxBytes);
  const stderr = collect(child.stderr, maxBytes);
  let stopped: 'timeout' | 'aborted' | undefined;
  const stop = (why: 'timeout' | 'aborted'): void => {
    stopped ??= why;
    killGroup(child);
  };
  const onAbort = (): void => stop('aborted');
  const timer = setTimeout(() => stop('timeout'), timeoutMs);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  // A program that ends without reading its input closes the pipe first; its exit code says more than our EPIPE.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (stopped === 'timeout') {
      return fail(
        'program-timeout',
        `${nameOf(argv)} did not end within ${timeoutMs} ms`,
        'look at the lab host with `dualtone lab shell`',
      );
    }
    if (stopped === 'aborted') return fail('program-aborted', `${nameOf(argv)} was stopped on request`, 'run it again');
    return ok({ code, signal, stdout: stdout(), stderr: stderr(), elapsedMs: performance.now() - startedMs });
  } catch (error) {
    return fail(
      'program-missing',
      `${program} cannot be started: ${(error as Error).message}`,
      'install it, or run the lab as root',
    );
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
};

/** As `run`, and an exit code other than 0 is the fault `program-failed`, with the last line that the program said. */
export const runChecked = async (argv: readonly string[], options: RunOptions = {}): Promise<Result<Outcome>> => {
  const result = await run(argv, options);
  if (!result.ok || result.value.code === 0) return result;
  const { code, signal, stderr, stdout } = result.value;
  const said = (stderr.trim() || stdout.trim()).split('\n').slice(-3).join(' | ');
  return fail('program-failed', `${nameOf(argv)} ended with ${code ?? signal}: ${said}`, 'the program said why');
};

/** Runs several in order and stops at the first fault. */
export const runEach = async (
  commands: readonly (readonly string[])[],
  options: RunOptions = {},
): Promise<Result<void>> => {
  for (const argv of commands) {
    const result = await runChecked(argv, options);
    if (!result.ok) return result;
  }
  return ok(undefined);
};
