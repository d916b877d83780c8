import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { childEnv, spawnFault } from '../process/programs.ts';
import type { LineListeners, LineProgram } from './program.ts';

const killAfterMs = 500;
/** A line longer than this is not from the program that we meant to start. */
const longestLine = 4_096;

/** Starts a program that is listened to line by line. It has no input, and a bare environment in the C locale. */
export const spawnLines = (argv: readonly string[], listeners: LineListeners): LineProgram => {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: childEnv(),
  });
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  let told = false;
  const end = (why: string): void => {
    resolve();
    if (told) return;
    told = true;
    listeners.onEnd(why);
  };
  child.on('error', (error: NodeJS.ErrnoException) => {
    if (child.pid === undefined) end(spawnFault(program, error).error.message);
  });
  child.on('close', (code, signal) => end(signal === null ? `exit code ${code}` : signal));
  eachLine(child.stdout, listeners.onLine);
  eachLine(child.stderr, listeners.onErrorLine);
  return {
    stop: async () => {
      told = true;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      await gone;
      clearTimeout(timer);
    },
  };
};

/** By hand: a readline interface costs as much as all that is done with a line. */
const eachLine = (stream: Readable, tell: (line: string) => void): void => {
  let begun = '';
  stream.setEncoding('latin1').on('data', (text: string) => {
    const lines = (begun + text).split('\n');
    // Without an end in sight it is no line of ours, and its rest will not be one either.
    begun = (lines.pop() ?? '').slice(0, longestLine + 1);
    for (const line of lines) if (line.length <= longestLine) tell(line);
  });
};
