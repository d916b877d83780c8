/** Every command of Dualtone that the README and the handbook name is one that the program has, with options that it has. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { commandsIn, objection, pages } from './handbook-commands.ts';

test('the pages name commands that there are', () => {
  const lines = pages.flatMap((page) => commandsIn(readFileSync(page, 'utf8')).map((line) => ({ page, line })));
  assert.ok(lines.length > 150, `only ${lines.length} commands were found: the pattern does not see them`);
  const wrong = lines.flatMap(({ page, line }) => {
    const text = objection(line);
    return text === null ? [] : [`${page}: dualtone ${line}: ${text}`];
  });
  assert.deepEqual(wrong, []);
});

/** Help, and words between machines: no command of a person. */
const NO_COMMANDS = /^(help|digest|release|limits)\b/;

test('what faults, checks and alarms tell people to run is there too', () => {
  const files = globSync('src/**/*.ts').filter((path) => !/\.test\.ts$|\/testing\//.test(path));
  const lines = files.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/`dualtone ([a-z][^`$]*)`/g)]
      .filter(([, line = '']) => !NO_COMMANDS.test(line))
      .map(([, line = '']) => ({ path, line })),
  );
  assert.ok(lines.length > 200, `only ${lines.length} were found`);
  // `${…}` and what is told of a form end where they begin.
  const wrong = lines.flatMap(({ path, line }) => {
    const text = objection(line.replace(/\s*(\.\.\.|…|\\).*$/, ''));
    return text === null ? [] : [`${path}: dualtone ${line}: ${text}`];
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
  assert.match(objection('check switches-could-move') ?? '', /takes no switches-could-move/);
  assert.match(objection('reporting retry') ?? '', /takes no retry/);
  for (const line of ['journal verify --json', "maintenance on --for 2h --reason 'to and fro'", 'join ADDRESS -'])
    assert.equal(objection(line), null);
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

test('the card for three in the morning is one page: as plain text, 80 columns by 60 lines', () => {
  const wrapped = readFileSync('docs/card.md', 'utf8')
    .split('\n')
    .reduce((lines, line) => lines + Math.max(1, Math.ceil(line.length / 72)), 0);
  assert.ok(wrapped <= 60, `${wrapped} lines`);
});
