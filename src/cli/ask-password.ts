/** A password from the terminal without echo, or the first line of standard input; never from arguments, which everybody can see. */
import { createInterface } from 'node:readline';
import { fail, ok, type Result } from '../core/result.ts';

const LONGEST = 1024;
const CTRL_C = '\u0003';
const BACKSPACES = ['\u0008', '\u007f'];

const gone = (): Result<never> =>
  fail('password-not-given', 'No password was given; nothing was changed.', 'Try again.');

const hidden = (prompt: string): Promise<Result<string>> =>
  new Promise((resolve) => {
    const { stdin, stderr } = process;
    let typed = '';
    stderr.write(prompt);
    stdin.setRawMode(true);
    stdin.setEncoding('utf8').resume();
    const end = (result: Result<string>): void => {
      stdin.off('data', take);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      resolve(result);
    };
    const take = (text: string | Buffer): void => {
      for (const character of String(text)) {
        if (character === CTRL_C || character === '\u0004') return end(gone());
        if (character === '\r' || character === '\n') return end(ok(typed));
        if (BACKSPACES.includes(character)) typed = Array.from(typed).slice(0, -1).join('');
        else if (typed.length < LONGEST) typed += character;
      }
    };
    stdin.on('data', take);
  });

const firstLine = async (): Promise<Result<string>> => {
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    lines.close();
    return ok(line.slice(0, LONGEST));
  }
  return gone();
};

/** Faults: `password-not-given`, `passwords-differ`. */
export const askNewPassword = async (who: string): Promise<Result<string>> => {
  if (!process.stdin.isTTY) return firstLine();
  const first = await hidden(`Password of ${who}: `);
  if (!first.ok) return first;
  const second = await hidden('The same again: ');
  if (!second.ok || second.value === first.value) return second;
  return fail('passwords-differ', 'The two passwords differ; nothing was changed.', 'Try again.');
};
