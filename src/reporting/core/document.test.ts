import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { documentOf, instantOf } from './document.ts';
import type { SourceTable } from './words.ts';

test('times as PostgreSQL and Asterisk write them', () => {
  assert.equal(instantOf('2026-03-01 10:00:00+01'), '2026-03-01T09:00:00.000Z');
  assert.equal(instantOf('2026-03-01 10:00:00.123456+05:30'), '2026-03-01T04:30:00.123Z');
  assert.equal(instantOf('2026-03-01T10:00:00Z'), '2026-03-01T10:00:00.000Z');
  assert.equal(instantOf('2026-03-01 10:00:00.5'), new Date(2026, 2, 1, 10, 0, 0, 500).toISOString());
  assert.equal(instantOf('1772359200.25'), new Date(1_772_359_200_250).toISOString());
  for (const odd of [null, '', 'NONE', '2026-13-01 10:00:00', 'infinity', '2026-03-01'])
    assert.equal(instantOf(odd), null);
});

const table: SourceTable = {
  rule: { table: 'cel', key: 'id', time: 'at', omit: [] },
  columns: [
    { name: 'at', type: 'text' },
    { name: 'n', type: 'bigint' },
    { name: 'j', type: 'jsonb' },
    { name: 'b', type: 'boolean' },
    { name: 'q"uote', type: 'text' },
  ],
};

test('a document is one line of JSON with every digit, whatever a cell holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.bigInt(), fc.jsonValue(), fc.boolean(), (text, n, json, flag) => {
      const cells = [null, String(n), JSON.stringify(json, null, 1), flag ? 't' : 'f', text];
      const line = documentOf(table, { origin: 'o', key: 1, readKey: 2, cells, digest: '' }, 's', 'a');
      assert.ok(!line.includes('\n'));
      assert.ok(line.includes(`"n":${n},`));
      const document = JSON.parse(line) as Readonly<Record<string, unknown>>;
      assert.deepEqual(
        [document['j'], document['b'], document['q"uote'], document['at']],
        [JSON.parse(JSON.stringify(json)), flag, text, null],
      );
    }),
    { numRuns: 30 },
  );
  const odd = documentOf(
    table,
    { origin: 'o', key: 1, readKey: 1, cells: [null, 'NaN', null, null, null], digest: '' },
    's',
    'a',
  );
  assert.equal((JSON.parse(odd) as Readonly<Record<string, unknown>>)['n'], 'NaN');
});
