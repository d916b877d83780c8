import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesPattern } from '../pattern.ts';
import { type DatabaseRules, planCopy } from './rules.ts';
import { catalogOf, column, table } from './testing/catalog.ts';

const none: DatabaseRules = { exclude: [], keepColumns: [], keepRows: [], status: [], events: [] };
const event = (name: string, parent: string | null = null) => ({
  table: name,
  key: 'id',
  time: null,
  parent: parent === null ? null : { table: parent, column: 'parent_id' },
});

test('a pattern fits whole names, case counts, and nothing but * is special', () => {
  assert.ok(matchesPattern('stat_*', 'stat_queue'));
  assert.ok(matchesPattern('*', 'x'));
  assert.ok(matchesPattern('a*c*', 'abcd'));
  assert.ok(!matchesPattern('stat', 'stat_queue'));
  assert.ok(!matchesPattern('Queue', 'queue'));
  assert.ok(!matchesPattern('q.eue', 'queue'));
  assert.ok(matchesPattern('a[b', 'a[b'));
});

test('excluded and event tables stay at home, and the sequences that only they use', () => {
  const catalog = catalogOf([table('cel'), table('queue'), table('stat_a'), table('call', ['parent_id'])], {
    sequences: [
      { name: 'cel_id_seq', usedBy: [{ table: 'cel', column: 'id' }], ascending: true },
      {
        name: 'shared',
        usedBy: [
          { table: 'cel', column: 'id' },
          { table: 'queue', column: 'id' },
        ],
        ascending: true,
      },
      { name: 'lonely', usedBy: [], ascending: true },
      { name: 'stat_seq', usedBy: [], ascending: true },
    ],
  });
  const plan = planCopy(catalog, { ...none, exclude: ['stat_*'], events: [event('call', 'cel'), event('cel')] });
  assert.deepEqual(
    plan.tables.map((one) => one.table.name),
    ['queue'],
  );
  assert.deepEqual(plan.sequences, ['shared', 'lonely']);
  assert.deepEqual(plan.leftOut, [
    { table: 'cel', why: 'event' },
    { table: 'stat_a', why: 'excluded' },
    { table: 'call', why: 'event' },
  ]);
  assert.deepEqual(
    plan.events.map((one) => one.table),
    ['cel', 'call'],
  );
  assert.deepEqual(plan.warnings, []);
});

test('columns: kept ones apart, generated ones never, a key is never kept', () => {
  const made = table('u', ['name', 'mine'], {
    columns: [column('id'), column('name'), column('mine'), column('made', 'text', { generated: true })],
  });
  const plan = planCopy(catalogOf([made]), {
    ...none,
    keepColumns: [{ table: 'u', columns: ['mine', 'id'] }],
    status: [{ table: 'u', columns: ['name'] }],
  });
  const [only] = plan.tables;
  assert.deepEqual(only?.columns, ['id', 'name']);
  assert.deepEqual(only.keptColumns, ['mine']);
  assert.deepEqual(only.statusColumns, ['name']);
  assert.deepEqual(
    plan.warnings.map((warning) => warning.code),
    ['database-rule-key-kept'],
  );
});

test('what a rule names and the database lacks is a warning, under a pattern not even that', () => {
  const plan = planCopy(catalogOf([table('a', ['x'])]), {
    exclude: ['gone', 'gone_*'],
    keepColumns: [{ table: 'a', columns: ['y'] }],
    keepRows: [
      { table: 'a', where: { z: '1' } },
      { table: '*', where: { node: 'own' } },
      { table: 'b', where: { z: '1' } },
    ],
    status: [{ table: 'c', columns: ['y'] }],
    events: [event('d')],
  });
  assert.deepEqual(plan.tables[0]?.ownRows, []);
  assert.deepEqual(plan.events, []);
  assert.deepEqual(plan.warnings.map(({ code, message }) => `${code} ${message}`).toSorted(), [
    'database-rule-no-column `keep-columns` names the column `y`, which the table `a` does not have.',
    'database-rule-no-column `keep-rows` names the column `z`, which the table `a` does not have.',
    'database-rule-no-table `events` names the table `d`, which the database does not have.',
    'database-rule-no-table `exclude` names the table `gone`, which the database does not have.',
    'database-rule-no-table `keep-rows` names the table `b`, which the database does not have.',
    'database-rule-no-table `status` names the table `c`, which the database does not have.',
  ]);
});
