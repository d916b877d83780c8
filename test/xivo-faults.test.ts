/** The pages about XiVO name scenarios and tests that there are. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { catalogue } from '../lab/catalogue/catalogue.ts';

const page = readFileSync('docs/xivo-faults.md', 'utf8');
const scenarios = new Set(catalogue.map(({ name }) => name));

/** The last cell of each row of a table that has content. */
const proofsIn = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (?:the original|limit of)/.test(line))
    .map((line) => line.split('|').at(-2)?.trim() ?? '');

/** What is wrong with one cell; empty: nothing. */
const offencesIn = (cell: string): readonly string[] => {
  const named = [...cell.matchAll(/`([^`]+)`((?:,? “[^”]+”)*)/g)];
  if (named.length === 0) return [`it names nothing: ${cell}`];
  return named.flatMap(([, name = '', quotes = '']) => {
    if (!name.endsWith('.ts')) return scenarios.has(name) ? [] : [`there is no scenario ${name}`];
    if (!existsSync(name)) return [`there is no test ${name}`];
    const text = readFileSync(name, 'utf8');
    const titles = [...quotes.matchAll(/“([^”]+)”/g)].map(([, title = '']) => title);
    if (titles.length === 0) return [`no test of ${name} is named`];
    return titles.filter((title) => !text.includes(title)).map((title) => `${name} has no “${title}”`);
  });
};

test('each of the original’s faults is shown absent by a scenario or a test that exists', () => {
  const proofs = proofsIn(page);
  assert.ok(proofs.length > 70, `only ${proofs.length} rows were found`);
  assert.deepEqual(proofs.flatMap(offencesIn), []);
});

test('a scenario, a file or a name that does not exist is seen', () => {
  assert.deepEqual(offencesIn('`xivo-takeovr`'), ['there is no scenario xivo-takeovr']);
  assert.deepEqual(offencesIn('`src/xivo/none.test.ts` “x”'), ['there is no test src/xivo/none.test.ts']);
  assert.deepEqual(offencesIn('`src/xivo/import.test.ts` “ha.conf”, “no such name”'), [
    'src/xivo/import.test.ts has no “no such name”',
  ]);
  assert.equal(offencesIn('by hand').length, 1);
});
