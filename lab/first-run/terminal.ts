/** A program at a terminal of its own in a host of a lab, as a person has it. */
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import type { Host } from '../hosts/host.ts';

export interface Terminal {
  /** Answers what is asked, by a pattern, once it is asked; what was waited for is not waited for again. */
  answer(question: string, text: string): Promise<void>;
  /** The first match of what is shown. */
  reads(wanted: RegExp, withinMs: number): Promise<string>;
  /** All that was shown, and the exit code. */
  ended(withinMs: number): Promise<{ readonly code: number; readonly shown: string }>;
}

/** A question comes within this, also on a busy machine. */
const ASKED_MS = 60_000;

/** Throws where the host is off. */
export const openTerminal = async (host: Host, argv: readonly string[]): Promise<Terminal> => {
  const command = ['script', '-q', '-e', '-f', '-c', `exec ${argv.join(' ')}`, '/dev/null'];
  const spawned = await host.spawn(command, { stdio: ['pipe', 'pipe', 'ignore'] });
  if (!spawned.ok) throw new Error(spawned.error.message);
  const child = spawned.value;
  let text = '';
  let seen = 0;
  let look = (): void => undefined;
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    look();
  });
  const plain = (): string => stripVTControlCharacters(text).replaceAll('\r', '');
  const over = once(child, 'exit').then(([code]) => Number(code));
  const within = async <T>(work: Promise<T>, ms: number, what: string): Promise<T> => {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`${what}; there was: ${plain().slice(-600)}`)), ms);
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  };
  const reads = (wanted: RegExp, withinMs: number): Promise<string> => {
    const found = Promise.withResolvers<string>();
    look = () => {
      const match = wanted.exec(plain().slice(seen));
      if (match === null) return;
      seen += match.index + match[0].length;
      found.resolve(match[1] ?? match[0]);
    };
    look();
    return within(found.promise, withinMs, `${wanted.source} was to be shown`);
  };
  return {
    reads,
    answer: async (question, typed) => {
      await reads(new RegExp(question), ASKED_MS);
      child.stdin?.write(`${typed}\r`);
    },
    ended: async (withinMs) => {
      const code = await within(over, withinMs, 'it was to end');
      return { code, shown: plain() };
    },
  };
};
