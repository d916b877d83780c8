import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Catalog } from '../catalog.ts';
import { SEQUENCE_MARGIN, sequencesTooNear } from './sequences.ts';

const catalog = (ascending: boolean): Catalog => ({
  schema: 'public',
  tables: [],
  foreignKeys: [],
  enums: [],
  sequences: [{ name: 's', usedBy: [], ascending }],
});

test('afterwards the passive node is ahead by half the margin at least, whatever the direction, and it does not hunt', () => {
  fc.assert(
    fc.property(fc.bigInt(-100_000n, 100_000n), fc.bigInt(-100_000n, 100_000n), fc.boolean(), (source, target, up) => {
      const at = (last: bigint) => new Map([['s', { last, isCalled: true }]]);
      const [set] = sequencesTooNear(catalog(up), at(source), at(target));
      const now = set?.[1].last ?? target;
      const ahead = up ? now - source : source - now;
      assert.ok(ahead >= SEQUENCE_MARGIN / 2n);
      assert.deepEqual(sequencesTooNear(catalog(up), at(source), at(now)), []);
    }),
  );
});

test('what the passive node does not have is left alone', () => {
  assert.deepEqual(sequencesTooNear(catalog(true), new Map([['s', { last: 5n, isCalled: true }]]), new Map()), []);
});
