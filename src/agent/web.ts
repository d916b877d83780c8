/** The process that guards the web server (`src/web`), as the agent has it: started, and started again when it dies. It speaks by the control socket. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock, Notifier } from '../ports.ts';
import { childEnv } from '../process/programs.ts';

export interface WebProcess {
  start(): void;
  /** Nobody waits for its end: an agent that is restarted has one lease for all of it. */
  stop(): void;
}

/** After a death; doubles up to a minute. */
const RESTART_MS = 1000;
const RESTART_MOST_MS = 60_000;
const WELL_MS = 60_000;

/** `argv` runs `dualtone web`, below ordinary priority. It ends when its input does, so that it never outlives the agent. */
export const createWebProcess = (argv: readonly string[], clock: Clock, notifier: Notifier): WebProcess => {
  let child: ChildProcess | null = null;
  let waitMs = RESTART_MS;
  let startedAt = 0;
  let stopped = false;
  let cancelRestart = (): void => undefined;
  const gone = (why: string): void => {
    child = null;
    if (stopped) return;
    if (clock.now() - startedAt > WELL_MS) waitMs = RESTART_MS;
    const text = `The web server ended (${why}); it is started again. Telephony does not need it.`;
    notifier.notify({ kind: 'notify', level: 'warning', code: 'web-ended', text });
    cancelRestart = clock.at(clock.now() + waitMs, begin);
    waitMs = Math.min(2 * waitMs, RESTART_MOST_MS);
  };
  const begin = (): void => {
    const [program = '', ...args] = argv;
    startedAt = clock.now();
    const begun = spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'], env: childEnv(), detached: false });
    child = begun;
    begun.stdin.on('error', () => {
      // Its end is told by `exit`.
    });
    begun.once('error', (error) => {
      if (begun.pid === undefined) gone(error.message);
    });
    begun.once('exit', (code, signal) => gone(signal ?? `exit code ${code ?? '?'}`));
  };
  return {
    start: begin,
    stop: () => {
      stopped = true;
      cancelRestart();
      child?.stdin?.end();
      child?.unref();
    },
  };
};
