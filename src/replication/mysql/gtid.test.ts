import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { contains, countOf, type GtidSet, minus, parseMariadb, parseMysql, showGtids, union } from './gtid.ts';

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562';

test('both ways of writing are read, and nothing else', () => {
  assert.equal(showGtids(parseMariadb('0-1-5, 2-2-7') ?? new Map()), '0:1-5, 2:1-7');
  assert.equal(showGtids(parseMysql(`${UUID.toUpperCase()}:1-3:5:4,\n${UUID}:9`) ?? new Map()), `${UUID}:1-5:9`);
  assert.equal(showGtids(parseMysql(`${UUID}:1:blue:2-3`) ?? new Map()), `${UUID}:1, ${UUID}:blue:2-3`);
  assert.equal(parseMariadb('')?.size, 0);
  for (const odd of ['1-1', '1-1-0', 'a-1-1', '1-1-99999999999999999999', '1-1-1;'])
    assert.equal(parseMariadb(odd), null, odd);
  for (const odd of [UUID, `${UUID}:`, `${UUID}:3-1`, `${UUID}:0`, 'x:1', `${UUID}:1-2-3`])
    assert.equal(parseMysql(odd), null, odd);
});

const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 20 });
const sets = fc.record({ a: numbers, b: numbers });
const text = ({ a, b }: { readonly a: readonly number[]; readonly b: readonly number[] }): string =>
  [...a.map((number) => `${UUID}:${number}`), ...b.map((number) => `${UUID}:tag:${number}`)].join(',');
const setOf = (from: { readonly a: readonly number[]; readonly b: readonly number[] }): GtidSet =>
  parseMysql(text(from)) ?? assert.fail(text(from));

test('sets behave as sets, whatever the intervals', () => {
  fc.assert(
    fc.property(sets, sets, (one, other) => {
      const [x, y] = [setOf(one), setOf(other)];
      const expected = {
        a: one.a.filter((number) => !other.a.includes(number)),
        b: one.b.filter((number) => !other.b.includes(number)),
      };
      assert.equal(countOf(x), one.a.length + one.b.length);
      assert.equal(countOf(minus(x, y)), expected.a.length + expected.b.length);
      assert.ok(contains(minus(x, y), setOf(expected)));
      assert.equal(contains(x, y), minus(y, x).size === 0);
      assert.ok(contains(union(x, y), x) && contains(union(x, y), y));
      assert.equal(countOf(union(x, y)), countOf(y) + countOf(minus(x, y)));
    }),
    { numRuns: 100 },
  );
});
