import { spawn } from 'node:child_process';
import { type Fault, fail } from '../core/result.ts';
import { childEnv, spawnFault } from './programs.ts';

type Failure = { readonly ok: false; readonly error: Fault };

/** A running program that reads lines. */
export interface LineChild {
  write(text: string): void;
  /** End of its input: it does what it was given, then ends. */
  endInput(): void;
  kill(): void;
  /** Settles when it is gone, however that came about. */
  readonly ended: Promise<void>;
}

export interface LineChildListener {
  /** What it says on standard error. */
  said(text: string): void;
  /** It could not be started, or it ended. */
  gone(failure: Failure): void;
}

const endedFault = (program: string): Failure =>
  fail(
    'pipe-program-ended',
    `${program} ended while it had work; a fresh one takes over.`,
    'See the journal of the system for who killed it (out of memory?).',
  );

/** Starts a program whose standard input and standard error are ours; its standard output goes nowhere. */
export const startLineChild = (
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  listener: LineChildListener,
): LineChild => {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], env: childEnv(env) });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  child.on('error', (error) => {
    // Without a pid nothing runs; with one, only a signal could not be sent.
    if (child.pid !== undefined) return;
    resolve();
    listener.gone(spawnFault(program, error));
  });
  child.once('exit', () => {
    resolve();
    listener.gone(endedFault(program));
  });
  child.stdin.on('error', () => {
    // Its end is told by `exit`.
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => listener.said(text));
  return {
    write: (text) => {
      child.stdin.write(text);
    },
    endInput: () => {
      child.stdin.end();
    },
    kill: () => {
      child.kill('SIGKILL');
    },
    ended,
  };
};
