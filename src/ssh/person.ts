import { spawn } from 'node:child_process';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { spawnFault } from '../process/programs.ts';
import { checkTarget, personArgv, type SshTarget } from './target.ts';

const MOST_ANSWER = 64 * 1024;

const notDone = (exitCode: number | null) =>
  fail(
    'ssh-person-refused',
    `The other node did not do what was asked over SSH (exit ${exitCode ?? 'by a signal'}); its words stand above.`,
    'Log in there by another way and run `dualtone sync authorize` with the key shown here.',
  );

/**
 * Runs one command of plain words at the other node as a person: ssh asks on the terminal for a password where it needs one, once.
 * `input` goes to the command, its answer (64 KiB at most) comes back. Faults: `ssh-target-unusable`, `ssh-person-refused`,
 * `ssh-person-timeout`, `program-missing`.
 */
export const askAsPerson = (
  target: SshTarget,
  command: readonly string[],
  input: string,
  timeoutMs: Millis,
): Promise<Result<string>> => {
  const checked = checkTarget(target);
  if (!checked.ok) return Promise.resolve(checked);
  const [program = '', ...args] = personArgv(target, command);
  return new Promise((resolve) => {
    // In the terminal's own process group: ssh reads the password from it. The person's agent and keys are wanted here.
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve(fail('ssh-person-timeout', 'The other node was not reached in time.', 'Try again.'));
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve(spawnFault(program, error));
    });
    let answer = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      answer = (answer + text).slice(0, MOST_ANSWER);
    });
    child.stdin.on('error', () => {
      // It ended early; its exit says so.
    });
    child.stdin.end(input);
    child.once('close', (exitCode) => {
      clearTimeout(timer);
      resolve(exitCode === 0 ? ok(answer) : notDone(exitCode));
    });
  });
};
