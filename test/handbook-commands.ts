/** The commands of Dualtone that the README and the handbook name, and what the program says to their words. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { createProgram } from '../src/cli/main.ts';
import { processOutput } from '../src/cli/target.ts';

const { program } = createProgram(processOutput());

/** These have command lines of their own. */
const ELSEWHERE = new Set(['simulate', 'lab', 'xivo-command']);

/** In code: on a line of a block, after a prompt or a path, or between backquotes. */
const COMMAND = /(?:^ {4,}(?:[#$] )?(?:\S*\/)?|`(?:[#$] )?(?:\S*\/)?)dualtone ([a-z][a-z-]*(?![a-z=-])[^`\n]*)/gm;

/** What follows is another program, a remark, or an answer. */
const END = /\s*(?:\(| {2,}#|#|>|\||&&|;|:|,(?= )|…|\.\.\.).*$/;

export const commandsIn = (text: string): readonly string[] =>
  [...text.matchAll(COMMAND)].map(([, words = '']) => words.replace(END, '').trim());

const named = (parent: Command, word: string | undefined): Command | undefined =>
  parent.commands.find((each) => each.name() === word);

/** As a shell has them; brackets of what may be left out are not. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare = '']) => quoted ?? bare.replaceAll(/[[\]]/g, ''));

interface Parsed {
  readonly flags: readonly string[];
  readonly bare: readonly string[];
}

/** What follows an option that wants a value is that value. */
const parsed = (words: readonly string[], command: Command): Parsed => {
  const flags: string[] = [];
  const bare: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    // What comes in by standard input is no argument.
    if (word === '<') break;
    if (!/^--[a-z]/.test(word)) {
      bare.push(word);
      continue;
    }
    const flag = word.replace(/=.*$/, '');
    flags.push(flag);
    if (command.options.find(({ long }) => long === flag)?.required === true && !word.includes('=')) at += 1;
  }
  return { flags, bare };
};

/** Null: the program takes it so. */
export const objection = (line: string): string | null => {
  const words = wordsOf(line);
  if (ELSEWHERE.has(words[0] ?? '')) return null;
  let command: Command = program;
  let at = 0;
  for (let next = named(command, words[at]); next !== undefined; next = named(command, words[at])) {
    command = next;
    at += 1;
  }
  if (command === program) return `there is no command ${words[0]}`;
  const { flags, bare } = parsed(words.slice(at), command);
  const unknown = flags.find((flag) => flag !== '--help' && !command.options.some(({ long }) => long === flag));
  if (unknown !== undefined) return `\`${command.name()}\` has no ${unknown}`;
  const taken = command.registeredArguments.length;
  return bare.length <= taken ? null : `\`${command.name()}\` takes no ${bare[taken]}`;
};

export const pages = [
  'README.md',
  ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];

/** Each once, with a page that names it. */
export const handbookCommands = (): ReadonlyMap<string, string> =>
  new Map(pages.flatMap((page) => commandsIn(readFileSync(page, 'utf8')).map((line) => [line, page] as const)));
