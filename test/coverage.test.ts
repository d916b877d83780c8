/** docs/coverage.md has each row of the specification, and names what there is. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { catalogue } from '../lab/catalogue/catalogue.ts';
import { chromiumPath } from '../lab/page/chromium.ts';

interface Row {
  readonly id: string;
  readonly tests: readonly string[];
  readonly scenarios: readonly string[];
}

const quoted = (cell: string | undefined): readonly string[] =>
  [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

const rowsIn = (text: string): readonly Row[] =>
  text
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, id = '']) => /^(?:[A-G]\d|[pqrx]\d+|numbers)$/.test(id))
    .map(([, id = '', , , tests, scenarios]) => ({ id, tests: quoted(tests), scenarios: quoted(scenarios) }));

const rows = rowsIn(readFileSync('docs/coverage.md', 'utf8'));

/** How many rows each letter has. */
const COUNTS = { A: 9, B: 8, C: 8, D: 4, E: 6, F: 4, G: 6 } as const;

test('each row stands there once, and something shows it', () => {
  const ids = Object.entries(COUNTS).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
  );
  assert.deepEqual(
    rows.map(({ id }) => id).filter((id) => !/^[pqrx]/.test(id)),
    [...ids, 'numbers'],
  );
  assert.deepEqual(
    rows.filter(({ tests, scenarios }) => tests.length + scenarios.length === 0).map(({ id }) => id),
    [],
  );
});

test('the tests and scenarios that it names are there', () => {
  const names = new Set(catalogue.map(({ name }) => name));
  const isThere = (name: string): boolean => names.has(name) || (name.startsWith('page-') && chromiumPath() === null);
  assert.deepEqual(
    rows.flatMap(({ id, tests, scenarios }) => [
      ...tests.filter((place) => globSync(place).length === 0).map((place) => `${id}: ${place}`),
      ...scenarios.filter((name) => !isThere(name)).map((name) => `${id}: ${name}`),
    ]),
    [],
  );
});
