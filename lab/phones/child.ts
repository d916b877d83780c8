import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { type Fault, fail, ok, type Result } from '../../src/core/result.ts';
import { type CommandMap, createLinesClient, type LinesClient } from './lines.ts';

export interface ChildOptions {
  /** Gives the argv that runs another argv where the program shall live; default: here. */
  readonly enter?: ((argv: readonly string[]) => Promise<Result<readonly string[]>>) | undefined;
  /** The program, a TypeScript file. */
  readonly program: string;
  readonly args?: readonly string[];
  readonly onEvent?: (event: unknown) => void;
  /** Ends the program. */
  readonly signal: AbortSignal;
}

export interface LinesChild<C extends CommandMap<C>> {
  readonly call: LinesClient<C>['call'];
  readonly pid: number | undefined;
  /** Closes the program's input, at which it ends; settles when it is gone. After two seconds it is killed. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts one of the lab's programs that is spoken to in lines. Faults: those of `enter`. Commands to a program that is gone
 * fail with `lab-gone`.
 */
export async function startLinesChild<C extends CommandMap<C>>(options: ChildOptions): Promise<Result<LinesChild<C>>> {
  const argv = [process.execPath, options.program, ...(options.args ?? [])];
  const entered = options.enter === undefined ? ok(argv) : await options.enter(argv);
  if (!entered.ok) return entered;
  const [command = process.execPath, ...args] = entered.value;
  return ok(keepChild<C>(spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] }), options));
}

function keepChild<C extends CommandMap<C>>(
  child: ChildProcessWithoutNullStreams,
  options: ChildOptions,
): LinesChild<C> {
  const client = createLinesClient<C>(child.stdin, child.stdout, options.onEvent);
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = `${complaint}${chunk.toString()}`.slice(-2000);
  });
  // A write to a program that has just ended; its end is told below.
  child.stdin.on('error', () => undefined);
  const gone = new Promise<void>((resolve) => {
    const end = (why: string): void => {
      client.end(goneFault(options.program, `${why} ${complaint}`.trim()));
      options.signal.removeEventListener('abort', stop);
      resolve();
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (code, signal) => end(`it ended with ${signal ?? `code ${code}`}.`));
  });
  const stop = (): void => {
    child.stdin.end();
    const killer = setTimeout(() => child.kill('SIGKILL'), 2000);
    void gone.then(() => clearTimeout(killer));
  };
  if (options.signal.aborted) stop();
  else options.signal.addEventListener('abort', stop, { once: true });
  return {
    call: client.call,
    pid: child.pid,
    stop: () => {
      stop();
      return gone;
    },
  };
}

const goneFault = (program: string, why: string): Fault =>
  fail('lab-gone', `${program} is gone: ${why}`, 'Read what it said last.').error;
