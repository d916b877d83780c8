/** The process of one test server: started, waited for, ended, and ended with the test however the test ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { plainEnvironment } from '../../lab/process.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { asServerUser } from './server-user.ts';

const KEEPER = fileURLToPath(new URL('keeper.sh', import.meta.url));
const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 30_000;
const KEPT_LOG_CHARACTERS = 1_000_000;

/** `fast`: sessions are ended; `immediate`: as after a crash of the server; `kill`: as after a power loss, without fsync. */
export type Ending = 'fast' | 'immediate' | 'kill';

export interface ServerProcess {
  /** What the server has written so far. */
  readonly log: () => string;
  readonly stop: (ending: Ending, keepFolder: boolean) => Promise<void>;
}

const waitForReady = async (child: ChildProcess, log: () => string): Promise<Result<void>> => {
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  const { stderr } = child;
  if (stderr === null) throw new Error('the server needs a pipe');
  return await new Promise((resolve) => {
    const settle = (result: Result<void>): void => {
      stderr.off('data', look);
      stderr.off('close', gone);
      signal.removeEventListener('abort', late);
      resolve(result);
    };
    const look = (): void => {
      if (log().includes('database system is ready to accept connections')) settle(ok(undefined));
    };
    const failed = (what: string): void =>
      settle(fail('test-postgres-not-started', `PostgreSQL ${what}: ${log().slice(-2000)}`, 'See what it said.'));
    const gone = (): void => failed('ended at once');
    const late = (): void => failed(`was not ready within ${START_TIMEOUT_MS} ms`);
    stderr.on('data', look);
    stderr.on('close', gone);
    signal.addEventListener('abort', late, { once: true });
  });
};

/** Starts a server in the background; the process of the test is not held up by it. Fault: `test-postgres-not-started`. */
export const startServerProcess = async (folder: string, argv: readonly string[]): Promise<Result<ServerProcess>> => {
  const child = spawn('/bin/sh', [KEEPER, folder, ...asServerUser(argv)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    // As a client (of another server) it looks for keys at home, which must not be root's.
    env: { ...plainEnvironment, HOME: folder, LC_MESSAGES: 'C' },
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (said: string) => {
    text = (text + said).slice(-KEPT_LOG_CHARACTERS);
  });
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'exit');
  const stop = async (ending: Ending, keepFolder: boolean): Promise<void> => {
    child.ref();
    child.stdin.end(`${keepFolder ? 'keep-' : ''}${ending}\n`);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  };
  const ready = await waitForReady(child, () => text);
  if (!ready.ok) {
    await stop('immediate', true);
    return ready;
  }
  child.unref();
  for (const pipe of [child.stdin, child.stderr]) (pipe as unknown as { unref?: () => void }).unref?.();
  return ok({ log: () => text, stop });
};
