/** Every command of Dualtone that the README and the handbook name is one that the program has, with options that it has. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
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

const commandsIn = (text: string): readonly string[] =>
  [...text.matchAll(COMMAND)].map(([, words = '']) => words.replace(END, '').trim());

const named = (parent: Command, word: string | undefined): Command | undefined =>
  parent.commands.find((each) => each.name() === word);

/** Null: the program takes it so. */
const objection = (line: string): string | null => {
  const words = line.split(/\s+/);
  if (ELSEWHERE.has(words[0] ?? '')) return null;
  let command: Command = program;
  let at = 0;
  for (let next = named(command, words[at]); next !== undefined; next = named(command, words[at])) {
    command = next;
    at += 1;
  }
  if (command === program) return `there is no command ${words[0]}`;
  const options = words.slice(at).filter((word) => /^\[?--[a-z]/.test(word));
  const unknown = options
    .map((word) => word.replace(/^\[/, '').replace(/[\]=.].*$/, ''))
    .find((flag) => flag !== '--help' && !command.options.some(({ long }) => long === flag));
  return unknown === undefined ? null : `\`${command.name()}\` has no ${unknown}`;
};

const pages = ['README.md', ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []))];

test('the pages name commands that there are', () => {
  const lines = pages.flatMap((page) => commandsIn(readFileSync(page, 'utf8')).map((line) => ({ page, line })));
  assert.ok(lines.length > 150, `only ${lines.length} commands were found: the pattern does not see them`);
  const wrong = lines.flatMap(({ page, line }) => {
    const text = objection(line);
    return text === null ? [] : [`${page}: dualtone ${line}: ${text}`];
  });
  assert.deepEqual(wrong, []);
});

test('a command or an option that does not exist is seen', () => {
  assert.deepEqual(commandsIn('    # dualtone statsu\nSee `dualtone journal --sinec 1h`.'), [
    'statsu',
    'journal --sinec 1h',
  ]);
  assert.match(objection('statsu') ?? '', /no command statsu/);
  assert.match(objection('journal --sinec 1h') ?? '', /has no --sinec/);
  assert.equal(objection('journal verify --json'), null);
});

test('the handbook’s reading order has every page', () => {
  const index = readFileSync('docs/README.md', 'utf8');
  for (const page of pages.filter((each) => each !== 'README.md' && each !== 'docs/README.md'))
    assert.ok(index.includes(`(${page.slice('docs/'.length)})`), page);
});

/** A file or folder of the repository that a page names as what shows something: between backquotes, patterns allowed. */
const PLACE = /`((?:src|test|lab|sim|bench|packaging|examples|scripts|monitoring)\/[\w./*-]+)`/g;

test('the files that pages name are there', () => {
  const named = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(PLACE)].map(([, place = '']) => ({ page, place })),
  );
  assert.ok(named.length > 100, `only ${named.length} places were found: the pattern does not see them`);
  // What a build makes is not there before it.
  const missing = named.filter(({ place }) => !place.endsWith('/dist') && globSync(place).length === 0);
  assert.deepEqual(missing, []);
  assert.deepEqual(globSync('src/nowhere/*.test.ts'), []);
});

test('links between pages lead somewhere', () => {
  const links = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#\s]+)/g)]
      .map(([, target = '']) => ({ page, target }))
      .filter(({ target }) => !/^[a-z]+:/.test(target)),
  );
  assert.ok(links.length > 100, `only ${links.length} links were found`);
  assert.deepEqual(
    links.filter(({ page, target }) => !existsSync(join(dirname(page), target))),
    [],
  );
});
