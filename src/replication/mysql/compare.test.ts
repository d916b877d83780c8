/** What a comparison says of two servers, with tables in memory: nothing that differs is told as alike. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from '../../core/result.ts';
import { compareAll, type Side } from './compare.ts';
import { type ComparedTable, MOST_ROWS, type Span } from './rows.ts';

const tableOf = (hasOrder: boolean): ComparedTable => ({
  database: 'asterisk',
  table: hasOrder ? 'users' : 'log',
  columns: ['id'],
  key: ['id'],
  byteKey: [],
  hasOrder,
  shape: 'id',
});

/** One table of these keys, a digest that two alike leave as it was. */
const sideOf = (hasOrder: boolean, keys: readonly number[]): Side => {
  const within = ({ from, to }: Span): readonly number[] =>
    keys.filter((key) => (from === null || key > Number(from[0])) && (to === null || key <= Number(to[0])));
  return {
    tables: async () => ok([tableOf(hasOrder)]),
    end: async (_table, from, size) => {
      const end = within({ from, to: null })[size - 1];
      return ok(end === undefined ? null : [String(end)]);
    },
    digest: async (_table, span) => {
      const found = within(span);
      return ok({ count: found.length, digest: String(found.reduce((sum, key) => sum ^ key, 0)) });
    },
    rowDigests: async (_table, span) =>
      ok(
        within(span)
          .slice(0, MOST_ROWS)
          .map((key) => ({ key: [String(key)], digest: String(key) })),
      ),
    row: async (_table, key) =>
      ok(keys.includes(Number(key[0])) ? { values: { id: key[0] ?? '' }, digests: { id: key[0] ?? '' } } : null),
  };
};

const compare = async (hasOrder: boolean, here: readonly number[], there: readonly number[]) => {
  const options = { signal: new AbortController().signal, onProgress: () => undefined, settle: async () => undefined };
  const compared = await compareAll({ here: sideOf(hasOrder, here), there: sideOf(hasOrder, there) }, options);
  assert.ok(compared.ok);
  const { differing, more, notCompared } = compared.value;
  return { differing, more, notCompared };
};

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_none, index) => index + 1);

test('rows that differ are counted, and it is said where nobody looked further', async () => {
  assert.deepEqual(await compare(true, upTo(2500), upTo(2500)), { differing: 0, more: false, notCompared: [] });
  assert.deepEqual(await compare(true, upTo(2500), upTo(2490)), { differing: 10, more: false, notCompared: [] });
  for (const [here, there] of [
    [upTo(9000), []],
    [upTo(10), upTo(9000)],
  ] as const) {
    const { differing, more } = await compare(true, here, there);
    assert.ok(more && differing > 1900, `${differing}`);
  }
});

test('a table without an order is compared as a whole, rows that are there twice included', async () => {
  assert.deepEqual((await compare(false, [1, 2], [2, 1])).notCompared, []);
  assert.match(String((await compare(false, [1, 2], [1, 2, 7, 7])).notCompared), /^asterisk\.log \(differs/);
});
