import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { plainEnvironment } from '../process.ts';

/**
 * Waits for an exclusive lock on a file, and returns what gives it back. The kernel holds it for `flock`, whose program is a
 * `cat` on our pipe: when we die, the pipe closes and the lock is free, whatever killed us.
 */
export const lockFile = async (path: string): Promise<Result<() => Promise<void>>> => {
  const child = spawn('flock', ['--exclusive', path, 'cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...plainEnvironment },
  });
  const gone = new Promise<'gone'>((resolve) => {
    child.once('error', () => resolve('gone'));
    child.once('close', () => resolve('gone'));
  });
  child.stdin.on('error', () => undefined);
  child.stdin.write('locked\n');
  const first = await Promise.race([once(child.stdout, 'data'), gone]);
  if (first === 'gone')
    return fail('lock-failed', `${path} cannot be locked`, 'check that the folder is writable and flock is installed');
  return ok(async () => {
    child.stdin.end();
    await gone;
  });
};
