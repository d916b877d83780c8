/** Questions at the terminal: plain lines, so that they work over any SSH; every answer may be given as an option instead. */
import { createInterface } from 'node:readline/promises';

export interface Prompter {
  /** A person can be asked. */
  readonly isThere: boolean;
  /** The answer, or `fallback` where it is empty or nobody is there; asked again while `check` says what is wrong with it. */
  ask(question: string, fallback: string, check?: (answer: string) => string | null): Promise<string>;
  /** True only where `yes` or `y` was typed. */
  confirm(question: string): Promise<boolean>;
}

const write = (text: string): void => void process.stderr.write(text);

const typed = async (question: string): Promise<string> => {
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asked.question(question).catch(() => '');
  asked.close();
  return answer.trim();
};

/** `isWanted` false: nobody is asked, as with `--yes` or in a pipe. */
export const createPrompter = (isWanted: boolean): Prompter => {
  const isThere = isWanted && process.stdin.isTTY && process.stderr.isTTY;
  return {
    isThere,
    ask: async (question, fallback, check = () => null) => {
      if (!isThere) return fallback;
      for (;;) {
        const said = (await typed(`${question}${fallback === '' ? '' : ` [${fallback}]`}: `)) || fallback;
        const wrong = check(said);
        if (wrong === null) return said;
        write(`  ${wrong}\n`);
        // The terminal is gone: nobody will answer better.
        if (process.stdin.destroyed || process.stdin.readableEnded) return fallback;
      }
    },
    confirm: async (question) => isThere && /^y(es)?$/i.test(await typed(`${question} [y/N]: `)),
  };
};

const MOST_INPUT = 10_000;

/** A secret from standard input, or typed: never from the command line, whose words others may read. */
export const readSecret = async (question: string): Promise<string> => {
  if (process.stdin.isTTY) return typed(`${question}: `);
  process.stdin.setEncoding('utf8');
  let text = '';
  for await (const part of process.stdin) {
    text += String(part);
    if (text.includes('\n') || text.length > MOST_INPUT) break;
  }
  return text.split('\n')[0]?.trim() ?? '';
};
