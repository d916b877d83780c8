import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { foldChanges } from '../testing/fold-changes.ts';
import { startRows, steps, takeSteps } from '../testing/model.ts';
import { blindChanges, kindOf, type LoggedChange, rowId } from './fold.ts';
import { canonical, parseRow, sameJson, shownValue } from './json.ts';

const shape = (changes: ReturnType<typeof foldChanges>) =>
  changes.map(({ key, before, after }) => canonical([key, before, after])).toSorted();

test('the fold is what a comparison of the standby before and after says, for every history', () => {
  fc.assert(
    fc.property(startRows, steps(20), (before, list) => {
      const now = new Map(before);
      const folded = foldChanges(takeSteps(now, list));
      for (const net of folded) {
        assert.deepEqual(net.before, before.get(rowId('users', net.key)) ?? null);
        assert.deepEqual(net.after, now.get(rowId('users', net.key)) ?? null);
      }
      const seen = new Set(folded.map((net) => rowId('users', net.key)));
      for (const id of new Set([...before.keys(), ...now.keys()]))
        if (!seen.has(id)) assert.deepEqual(now.get(id), before.get(id));
    }),
  );
});

test('the fold does not mind the order of delivery, nor entries delivered again', () => {
  fc.assert(
    fc.property(startRows, steps(12), fc.infiniteStream(fc.nat()), (before, list, order) => {
      const log = takeSteps(new Map(before), list);
      const shuffled = [...log, ...log]
        .map((change) => ({ change, at: order.next().value }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ change }) => change);
      assert.deepEqual(foldChanges(shuffled), foldChanges(log));
    }),
  );
});

test('two folds after one another are one fold of all', () => {
  fc.assert(
    fc.property(startRows, steps(12), steps(12), (before, first, second) => {
      const now = new Map(before);
      const log = takeSteps(now, first);
      const all = [...log, ...takeSteps(now, second, 100)];
      const byPasses = new Map(foldChanges(log).map((net) => [rowId(net.table, net.key), net]));
      for (const net of foldChanges(all.slice(log.length))) {
        const id = rowId(net.table, net.key);
        byPasses.set(id, { ...net, before: (byPasses.get(id) ?? net).before });
      }
      assert.deepEqual(shape([...byPasses.values()]), shape(foldChanges(all)));
    }),
  );
});

const change = (changes: Partial<LoggedChange>): LoggedChange => ({
  seq: 1,
  at: 1,
  epoch: 1,
  table: 't',
  op: 'update',
  key: { id: 1 },
  before: { id: 1 },
  after: { id: 1 },
  whole: true,
  ...changes,
});

test('a key that was changed is one row gone and another come', () => {
  const folded = foldChanges([change({ before: { id: 1, n: 'a' }, after: { id: 2, n: 'a' }, key: { id: 2 } })]);
  assert.deepEqual(
    folded.map((net) => [net.key, kindOf(net)]),
    [
      [{ id: 1 }, 'deleted'],
      [{ id: 2 }, 'inserted'],
    ],
  );
});

test('without a key the whole row is its key', () => {
  const folded = foldChanges([
    change({ seq: 1, op: 'insert', key: {}, before: null, after: { a: 1, b: 2 } }),
    change({ seq: 2, op: 'update', key: {}, before: { a: 1, b: 2 }, after: { a: 1, b: 3 } }),
  ]);
  assert.deepEqual(
    folded.map((net) => [net.key, kindOf(net)]),
    [
      [{ a: 1, b: 2 }, 'unchanged'],
      [{ a: 1, b: 3 }, 'inserted'],
    ],
  );
});

test('numbers that JavaScript would round are kept and compared exactly', () => {
  const a = parseRow('{"n": 9007199254740993, "d": 1.10, "e": [1e400]}');
  const b = parseRow('{"n": 9007199254740992, "d": 1.10, "e": [1e400]}');
  assert.equal(JSON.stringify(a), '{"n":9007199254740993,"d":1.10,"e":[1e400]}');
  assert.equal(sameJson(a, b), false);
  assert.equal(sameJson(a, parseRow('{"e": [1e400], "d": 1.10, "n": 9007199254740993}')), true);
  assert.equal(sameJson(parseRow('{"a": {"rawJSON": "1"}}'), parseRow('{"a": 1}')), false);
});

test('values are shown on one short line', () => {
  assert.equal(shownValue('a\nb\u001b[31m'), '"a b [31m"');
  assert.equal(shownValue(null), 'nothing');
  assert.equal(shownValue('x'.repeat(100)).length, 58);
});

test('what the log knows only by name is told apart, each once', () => {
  const log = [
    change({ seq: 1, op: 'truncate', key: {}, before: null, after: null }),
    change({ seq: 2, op: 'truncate', key: {}, before: null, after: null, at: 9 }),
    change({ seq: 3, whole: false, before: null, after: null }),
  ];
  assert.deepEqual(foldChanges(log), []);
  assert.deepEqual(blindChanges(log), [
    { table: 't', key: null, at: 9 },
    { table: 't', key: { id: 1 }, at: 1 },
  ]);
});
