import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Catalog } from './catalog.ts';
import { compareSchemas, fingerprint, type Side } from './fingerprint.ts';
import { type DatabaseRules, planCopy } from './rules.ts';
import { catalogOf, column, table } from './testing/catalog.ts';

const none: DatabaseRules = { exclude: ['away'], keepColumns: [], keepRows: [], status: [], events: [] };
const side = (name: string, catalog: Catalog): Side => ({ name, catalog, plan: planCopy(catalog, none) });
const words = (one: Catalog, other: Catalog): readonly string[] =>
  compareSchemas(side('here', one), side('there', other)).map((fault) => fault.message);
const same = (one: Catalog, other: Catalog): boolean => fingerprint(side('', one)) === fingerprint(side('', other));

test('the order of columns, defaults, and excluded tables make no difference', () => {
  const one = catalogOf([table('a', ['x', 'y']), table('away', ['x'])]);
  const reversed = [...table('a', ['x', 'y']).columns].toReversed().map((entry) => ({ ...entry, hasDefault: true }));
  const other = catalogOf([table('a', [], { columns: reversed }), table('away', ['other'])]);
  assert.deepEqual(words(one, other), []);
  assert.ok(same(one, other));
});

test('each difference is a sentence, and changes the fingerprint', () => {
  const one = catalogOf([table('a', ['x'])]);
  const differences: readonly (readonly [Catalog, string])[] = [
    [catalogOf([table('a', ['y'])]), 'In the table `a` the column `x` exists only in here.'],
    [catalogOf([table('a', ['x', 'z'])]), 'In the table `a` the column `z` exists only in there.'],
    [
      catalogOf([table('a', [], { columns: [column('id', 'bigint', { notNull: true }), column('x')] })]),
      'In the table `a` the column `id` is integer, never null in here, and bigint, never null in there.',
    ],
    [catalogOf([table('a', ['x'], { key: null })]), 'In the table `a` the key is `id` in here, and no key in there.'],
    [
      catalogOf([table('a', ['x'], { kind: 'partitioned' })]),
      'In the table `a` the kind is plain in here, and partitioned in there.',
    ],
    [catalogOf([]), 'The table `a` exists only in here.'],
  ];
  for (const [other, sentence] of differences) {
    assert.equal(words(one, other)[0], sentence);
    assert.ok(!same(one, other), sentence);
  }
});

test('labels of an enum count where a copied column uses it, in an array too', () => {
  const typed = table('a', [], { columns: [column('id'), column('m', 'public.mood[]')] });
  const mood = (...labels: string[]) => ({ enums: [{ type: 'public.mood', labels }] });
  assert.deepEqual(words(catalogOf([typed], mood('x', 'y')), catalogOf([typed], mood('y', 'z'))), [
    'In the type `public.mood` the label `x` exists only in here.',
    'In the type `public.mood` the label `z` exists only in there.',
  ]);
  assert.deepEqual(words(catalogOf([table('a')], mood('x')), catalogOf([table('a')], mood('y'))), []);
});

test('what only the target has is no difference', () => {
  assert.deepEqual(words(catalogOf([table('a')]), catalogOf([table('a'), table('plugin')])), []);
});
