/** Questions at the terminal: plain lines, so that they work over any SSH; every answer may be given as an option instead. */
import { createInterface } from 'node:readline';
import { EXIT } from './exit-codes.ts';
import { Ended } from './target.ts';

export interface Prompter {
  /** A person can be asked. */
  readonly isThere: boolean;
  /**
   * The answer, or `fallback` where it is empty or nobody is there; asked again while `check` says what is wrong with it. Throws `Ended`
   * at Ctrl-C and Ctrl-D: no question is asked after something was changed.
   */
  ask(question: string, fallback: string, check?: (answer: string) => string | null): Promise<string>;
  /** True only where `yes` or `y` was typed. */
  confirm(question: string): Promise<boolean>;
}

const write = (text: string): void => void process.stderr.write(text);

/** Lines that came with the one that was asked for, as when several are pasted. */
const typedAhead: string[] = [];

/** The line that was typed; null at Ctrl-C and Ctrl-D. */
const typed = (question: string): Promise<string | null> => {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const ahead = typedAhead.shift();
  if (ahead !== undefined) {
    write(`${question}${ahead}\n`);
    return Promise.resolve(ahead.trim());
  }
  const asked = createInterface({ input: process.stdin, output: process.stderr, prompt: question });
  let answer: string | null = null;
  asked.on('line', (line) => {
    if (answer !== null) return void typedAhead.push(line);
    answer = line.trim();
    setImmediate(() => asked.close());
  });
  asked.once('SIGINT', () => asked.close());
  asked.once('close', () => {
    if (answer === null) write('\n');
    resolve(answer);
  });
  asked.prompt();
  return promise;
};

const ended = (): Ended => {
  write('dualtone: ended by you; nothing was changed.\n');
  return new Ended(EXIT.refused);
};

/** `isWanted` false: nobody is asked, as with `--yes` or in a pipe. */
export const createPrompter = (isWanted: boolean): Prompter => {
  const isThere = isWanted && process.stdin.isTTY && process.stderr.isTTY;
  return {
    isThere,
    ask: async (question, fallback, check = () => null) => {
      if (!isThere) return fallback;
      for (;;) {
        const line = await typed(`${question}${fallback === '' ? '' : ` [${fallback}]`}: `);
        if (line === null) throw ended();
        const said = line || fallback;
        const wrong = check(said);
        if (wrong === null) return said;
        write(`  ${wrong}\n`);
      }
    },
    confirm: async (question) => isThere && /^y(es)?$/i.test((await typed(`${question} [y/N]: `)) ?? ''),
  };
};

const MOST_INPUT = 10_000;

/** A secret from standard input, or typed: never from the command line, whose words others may read. */
export const readSecret = async (question: string): Promise<string> => {
  if (process.stdin.isTTY) {
    const line = await typed(`${question}: `);
    if (line === null) throw ended();
    return line;
  }
  process.stdin.setEncoding('utf8');
  let text = '';
  for await (const part of process.stdin) {
    text += String(part);
    if (text.includes('\n') || text.length > MOST_INPUT) break;
  }
  return text.split('\n')[0]?.trim() ?? '';
};
