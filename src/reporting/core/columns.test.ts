import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitTable, type TargetColumn, type TargetTable } from './columns.ts';
import type { SourceTable } from './words.ts';

const source: SourceTable = {
  rule: { table: 'cel', key: 'id', time: 't', omit: [] },
  columns: [
    { name: 't', type: 'text' },
    { name: 'x', type: 'text' },
  ],
};

const column = (name: string, changes: Partial<TargetColumn> = {}): TargetColumn => ({
  name,
  type: 'text',
  notNull: false,
  hasDefault: false,
  generated: false,
  ...changes,
});

const target = (columns: readonly TargetColumn[], changes: Partial<TargetTable> = {}): TargetTable => ({
  columns,
  mayRead: true,
  mayInsert: true,
  sequence: null,
  mayNumber: false,
  ...changes,
});

const id = column('id', { type: 'integer', notNull: true });
const whole = [id, column('t', { type: 'timestamp without time zone' }), column('x')];

const why = (table: TargetTable | null): string => {
  const fit = fitTable(source, table);
  return fit.ok ? 'fits' : fit.error.message.replace(/^.*does not fit: /, '');
};

test('a table of other types and more columns fits, and anything that would fail at the first row is told before it', () => {
  assert.equal(why(target([...whole, column('more'), column('d', { notNull: true, hasDefault: true })])), 'fits');
  assert.equal(why(null), 'it is not there.');
  assert.equal(why(target(whole.slice(1))), '`id` is no integer column there.');
  assert.equal(why(target([column('id'), ...whole.slice(1)])), '`id` is no integer column there.');
  assert.equal(why(target(whole.slice(0, 2))), 'the column `x` cannot be filled there.');
  assert.equal(
    why(target([id, column('t'), column('x', { generated: true })])),
    'the column `x` cannot be filled there.',
  );
  const zoned = column('t', { type: 'timestamp with time zone' });
  assert.match(why(target([id, zoned, column('x')])), /`t` have a zone on one side only/);
  assert.match(why(target([...whole, column('d', { notNull: true })])), /`d` must have a value/);
  assert.match(why(target(whole, { mayInsert: false })), /lacks rights/);
  assert.match(why(target(whole, { sequence: 's' })), /lacks rights/);
  const fit = fitTable(source, target(whole));
  assert.deepEqual(fit.ok && fit.value.columns[0], { name: 't', type: 'timestamp without time zone' });
});
