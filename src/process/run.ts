import { type ChildProcess, spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import type { Readable } from 'node:stream';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { childEnv, signalGroup, spawnFault } from './programs.ts';

export interface RunOptions {
  /** The call returns by then, whatever the program and its children do. */
  readonly timeoutMs: Millis;
  readonly signal?: AbortSignal;
  /** Written to its standard input. */
  readonly input?: string;
  /** Added to the whitelisted environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Of each stream; what comes after it is read and dropped. Default 64 KiB. */
  readonly maxOutputBytes?: number;
}

/** A program that ended by itself. */
export interface Finished {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly endedBy: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: Millis;
}

/**
 * Runs a program, `argv[0]` found on the path; no shell. A non-zero exit is a value, not a fault.
 * Faults: `program-missing`, `program-not-allowed`, `program-not-started`, `program-timeout`, `program-aborted`.
 */
export type Run = (argv: readonly string[], options: RunOptions) => Promise<Result<Finished>>;

const DEFAULT_MAX_OUTPUT_BYTES = 64 * 1024;
/** After the program's own end its output is still read for so long; a daemon that it left may hold the pipe for ever. */
const DRAIN_MS = 50;
/** Between TERM and KILL, at most; both lie within the deadline. */
const MAX_GRACE_MS = 150;

const collect = (stream: Readable | null, maxBytes: number): (() => string) => {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (size < maxBytes) chunks.push(chunk.subarray(0, maxBytes - size));
    size += chunk.length;
  });
  stream?.on('error', () => {
    // A pipe that breaks ends the output; the exit says the rest.
  });
  return () => Buffer.concat(chunks).toString('utf8');
};

const timedOut = (program: string, timeoutMs: Millis): { readonly ok: false; readonly error: Fault } =>
  fail(
    'program-timeout',
    `The program ${program} did not end within ${timeoutMs} ms and was stopped.`,
    'Run it by hand to see what it waits for, or give the step a longer timeout.',
  );

const wasAborted = (program: string): { readonly ok: false; readonly error: Fault } =>
  fail('program-aborted', `The program ${program} was stopped before its end.`, 'Nothing: its step was called off.');

const release = (child: ChildProcess): void => {
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
};

const feed = (child: ChildProcess, input: string | undefined): void => {
  child.stdin?.on('error', () => {
    // The program closed its input early: its exit code tells whether that was right.
  });
  child.stdin?.end(input ?? '');
};

interface Ending {
  readonly settle: (result: Result<Finished>) => void;
  readonly finished: (exitCode: number | null, endedBy: NodeJS.Signals | null) => Result<Finished>;
}

/** Watches one child until it ended, was stopped, or would not stop: settles exactly once and leaves no timer behind. */
const supervise = (child: ChildProcess, pid: number, program: string, options: RunOptions, ending: Ending): void => {
  const graceMs = Math.min(MAX_GRACE_MS, options.timeoutMs / 4);
  let verdict: Result<Finished> | null = null;
  const timers: NodeJS.Timeout[] = [];
  const finish = (result: Result<Finished>): void => {
    for (const timer of timers) clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    release(child);
    ending.settle(result);
  };
  const stop = (why: Result<Finished>): void => {
    if (verdict !== null) return;
    verdict = why;
    signalGroup(pid, 'SIGTERM');
    timers.push(
      setTimeout(() => {
        signalGroup(pid, 'SIGKILL');
        finish(why);
      }, graceMs),
    );
  };
  const onAbort = (): void => stop(wasAborted(program));
  timers.push(setTimeout(() => stop(timedOut(program, options.timeoutMs)), options.timeoutMs - graceMs));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  child.once('exit', (exitCode, endedBy) => {
    if (verdict !== null) {
      // The leader went; what it started and what ignores TERM goes with it.
      signalGroup(pid, 'SIGKILL');
      finish(verdict);
      return;
    }
    verdict = ending.finished(exitCode, endedBy);
    const end = (): void => finish(ending.finished(exitCode, endedBy));
    timers.push(setTimeout(end, DRAIN_MS));
    child.once('close', end);
  });
};

/** The process runner: own process group, deadline with TERM then KILL of the group, output cap, whitelisted environment. */
export const run: Run = (argv, options) => {
  const [program = '', ...args] = argv;
  if (options.signal?.aborted === true) return Promise.resolve(wasAborted(program));
  const startedAt = performance.now();
  const maxBytes = options.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: childEnv(options.env),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const stdout = collect(child.stdout, maxBytes);
    const stderr = collect(child.stderr, maxBytes);
    child.on('error', (error) => resolve(spawnFault(program, error)));
    if (child.pid === undefined) return;
    feed(child, options.input);
    supervise(child, child.pid, program, options, {
      settle: resolve,
      finished: (exitCode, endedBy) =>
        ok({ exitCode, endedBy, stdout: stdout(), stderr: stderr(), tookMs: performance.now() - startedAt }),
    });
  });
};
