import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { foldChanges } from '../testing/fold-changes.ts';
import { type Rows, rules, startRows, steps, takeSteps } from '../testing/model.ts';
import {
  acceptedRow,
  type ConfigurationEntry,
  configurationRows,
  type Decision,
  decisionFor,
  entryText,
  planConfiguration,
} from './configuration.ts';
import { rowId } from './fold.ts';
import { type JsonRow, sameJson } from './json.ts';

const plan = (log: Parameters<typeof foldChanges>[0], main: Rows): readonly ConfigurationEntry[] =>
  planConfiguration(foldChanges(log), rules, new Map(), main);

const accept = (main: Rows, entries: readonly ConfigurationEntry[], all: Decision): void => {
  for (const entry of entries) {
    if (decisionFor(entry, { all, byId: new Map() }) !== 'accept') continue;
    const row = acceptedRow(entry);
    const id = rowId(entry.table, entry.key);
    if (row === null) main.delete(id);
    else main.set(id, row);
  }
};

test('with an untouched main, accept brings the configuration exactly to what the standby has', () => {
  fc.assert(
    fc.property(startRows, steps(14), (start, there) => {
      const [standby, main] = [new Map(start), new Map(start)];
      const entries = plan(takeSteps(standby, there), main);
      assert.ok(entries.every((entry) => entry.standing === 'clean'));
      accept(main, entries, 'accept');
      assert.deepEqual([...main.keys()].toSorted(), [...standby.keys()].toSorted());
      for (const [id, row] of main) {
        assert.deepEqual(row['name'], standby.get(id)?.['name']);
        const former = start.get(id);
        // Status and kept columns of a row that stayed are not configuration.
        if (former !== undefined) assert.deepEqual([row['dnd'], row['own']], [former['dnd'], former['own']]);
      }
      assert.deepEqual(
        plan(takeSteps(new Map(start), there), main).filter((entry) => entry.standing !== 'same'),
        [],
      );
    }),
    { examples: [[new Map(), []]] },
  );
});

test('a general accept never overwrites or deletes a row that the main changed or made itself', () => {
  fc.assert(
    fc.property(startRows, steps(12), steps(8), (start, there, here) => {
      const main = new Map(start);
      takeSteps(main, here);
      const before = new Map(main);
      const entries = plan(takeSteps(new Map(start), there), main);
      accept(main, entries, 'accept');
      for (const [id, row] of before) {
        const base = start.get(id);
        if (base !== undefined && sameJson({ ...row, own: 0 }, { ...base, own: 0 })) continue;
        assert.ok(main.has(id), 'a row that the main changed was deleted');
        if (base === undefined) assert.deepEqual(main.get(id), row, 'a row that the main made was overwritten');
      }
    }),
  );
});

test('refused and asked change nothing, whatever there is', () => {
  fc.assert(
    fc.property(startRows, steps(12), fc.constantFrom<Decision>('ask', 'refuse'), (start, there, decision) => {
      const main = new Map(start);
      accept(main, plan(takeSteps(new Map(start), there), main), decision);
      assert.deepEqual(main, start);
    }),
  );
});

test('every changed row is in the list: none is overwritten in silence', () => {
  fc.assert(
    fc.property(startRows, steps(12), (start, there) => {
      const standby = new Map(start);
      const net = foldChanges(takeSteps(standby, there));
      const entries = planConfiguration(net, rules, new Map(), start);
      const listed = new Set(entries.map((entry) => rowId(entry.table, entry.key)));
      for (const id of new Set([...start.keys(), ...standby.keys()])) {
        const [a, b] = [start.get(id), standby.get(id)];
        if (a === undefined || b === undefined) assert.equal(listed.has(id), a !== b);
        else assert.equal(listed.has(id), !sameJson(a['name'], b['name']));
      }
      assert.deepEqual(
        configurationRows(net, rules, new Map()).map(({ table, key }) => rowId(table, key)),
        [...listed],
      );
    }),
  );
});

const change = (before: object | null, after: object | null) => ({
  seq: 1,
  at: 1,
  epoch: 1,
  table: 'extensions',
  op: 'update' as const,
  key: { id: 12 },
  whole: true,
  before: before as Readonly<Record<string, unknown>> | null,
  after: after as Readonly<Record<string, unknown>> | null,
});
const at12 = (row: object): Rows =>
  new Map([[rowId('extensions', { id: 12 }), row as Readonly<Record<string, unknown>>]]);

test('entries in words, with both versions and without secrets', () => {
  const text = (before: object | null, after: object | null, main: Rows) =>
    plan([change(before, after)], main).map(entryText);
  const base = { id: 12, context: 'default', secret: 'abc' };
  assert.deepEqual(text(base, { ...base, context: 'outside', secret: 'def' }, at12(base)), [
    'extensions (id 12): context "default" → "outside", secret (hidden) → (hidden).',
  ]);
  assert.deepEqual(text(base, { ...base, context: 'outside' }, at12({ ...base, context: 'inside' })), [
    'extensions (id 12): context "default" → "outside" (on the main: "inside"). The main changed it too.',
  ]);
  assert.deepEqual(text(null, base, new Map()), [
    'extensions (id 12): new, id 12, context "default", secret (hidden).',
  ]);
  assert.deepEqual(text(null, base, at12({ ...base, context: 'x' })), [
    'extensions (id 12): new, id 12, context "default", secret (hidden). The main has another row there.',
  ]);
  assert.deepEqual(text(base, null, at12(base)), ['extensions (id 12): deleted.']);
  assert.deepEqual(text(base, null, new Map()), ['extensions (id 12): deleted. The main has it already.']);
});

test('a decision of its own goes before the general one, and lets the standby win over a whole row', () => {
  const base = { id: 12, context: 'default' };
  const [entry] = plan([change(null, base)], at12({ id: 12, context: 'x' }));
  assert.ok(entry !== undefined);
  const decide = (all: Decision, own?: Decision) =>
    decisionFor(entry, { all, byId: new Map(own === undefined ? [] : [[entry.id, own]]) });
  assert.deepEqual(
    [decide('accept'), decide('refuse'), decide('ask'), decide('ask', 'accept'), decide('accept', 'refuse')],
    ['ask', 'refuse', 'ask', 'accept', 'refuse'],
  );
  assert.deepEqual(acceptedRow(entry), base);
});

test('a row of a user’s own that came or went is taken unasked, unless the main has another one there', () => {
  const login = { agent: 7, phone: 'PJSIP/1005' };
  const key = { agent: 7 };
  const decided = (before: JsonRow | null, after: JsonRow | null, ours: JsonRow | null): string => {
    const main = new Map(ours === null ? [] : [[rowId('logins', key), ours] as const]);
    const [entry] = plan([{ ...change(before, after), table: 'logins', key }], main);
    return entry === undefined ? 'none' : decisionFor(entry, { all: 'ask', byId: new Map() });
  };
  assert.equal(decided(null, login, null), 'accept');
  assert.equal(decided(login, null, login), 'accept');
  assert.equal(decided(null, login, { ...login, phone: 'PJSIP/1006' }), 'ask');
  assert.equal(decided(login, null, { ...login, phone: 'PJSIP/1006' }), 'ask');
  // At another telephone now: a status column like any other.
  assert.equal(decided(login, { ...login, phone: 'PJSIP/1007' }, login), 'none');
});

test('a row changed once more is another entry, so that an old decision does not fit it', () => {
  const base = { id: 12, context: 'default' };
  const [first] = plan([change(base, { ...base, context: 'a' })], at12(base));
  const [second] = plan([change(base, { ...base, context: 'b' })], at12(base));
  assert.notEqual(first?.id, second?.id);
  assert.match(first?.id ?? '', /^[0-9a-f]{10}$/);
});

test('tables and rows that are each node’s own are no configuration', () => {
  const own = (table: string, key: object, row: object) =>
    plan([{ ...change(null, row), table, key: key as Readonly<Record<string, unknown>> }], new Map()).length;
  assert.equal(own('mail', { id: 1 }, { id: 1 }), 0);
  assert.equal(own('cel', { id: 1 }, { id: 1 }), 0);
  assert.equal(own('settings', { name: 'address' }, { name: 'address', value: 'x' }), 0);
  assert.equal(own('settings', { name: 'colour' }, { name: 'colour', value: 'x' }), 1);
});
