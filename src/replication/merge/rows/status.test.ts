import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { foldChanges } from '../testing/fold-changes.ts';
import { type Rows, rules, startRows, steps, takeSteps } from '../testing/model.ts';
import { type LoggedChange, rowId } from './fold.ts';
import { type JsonRow, sameJson } from './json.ts';
import type { Agreed } from './rules.ts';
import { planStatus, type StatusMerge, statusRows } from './status.ts';
import { isWritten } from './three-way.ts';

/** Writes what a plan says into the main, and what both agree on now; as the part does in one transaction. */
const apply = (main: Rows, plan: readonly StatusMerge[], agreed: Map<string, JsonRow | null>, before: Agreed): void => {
  for (const merge of plan) {
    const id = rowId(merge.table, merge.key);
    const row = main.get(id);
    if (merge.columns === null || row === undefined) continue;
    const written = Object.fromEntries(merge.columns.filter(isWritten).map(({ column, theirs }) => [column, theirs]));
    main.set(id, { ...row, ...written });
    agreed.set(id, { ...before.get(id), ...agreed.get(id), ...merge.theirs });
  }
};

const ancestorsOf = (log: readonly LoggedChange[]): Map<string, JsonRow | null> =>
  new Map(foldChanges(log).map((net) => [rowId(net.table, net.key), net.before]));

const run = (main: Rows, log: readonly LoggedChange[], agreed: Map<string, JsonRow | null>) => {
  const usable = new Map([...agreed].filter(([, row]) => row !== null));
  const plan = planStatus(foldChanges(log), rules, usable, main);
  apply(main, plan, agreed, ancestorsOf(log));
  return plan;
};

const STATUS = ['dnd', 'forward'] as const;

test('each column ends where it was changed; changed on both, the node that served wins; nothing else is touched', () => {
  fc.assert(
    fc.property(startRows, steps(12), steps(6), (start, there, here) => {
      const [standby, main] = [new Map(start), new Map(start)];
      const log = takeSteps(standby, there);
      takeSteps(main, here);
      const atFailback = new Map(main);
      run(main, log, new Map());
      assert.deepEqual([...main.keys()], [...atFailback.keys()]);
      for (const [id, row] of main) {
        const [base, theirs, ours] = [start.get(id), standby.get(id), atFailback.get(id)];
        for (const column of STATUS) {
          const changedThere = base !== undefined && theirs !== undefined && !sameJson(base[column], theirs[column]);
          assert.deepEqual(row[column], changedThere ? theirs[column] : ours?.[column]);
        }
        assert.deepEqual({ ...row, dnd: 0, forward: 0 }, { ...ours, dnd: 0, forward: 0 });
      }
    }),
  );
});

test('again is nothing: a second run of the same log writes nothing', () => {
  fc.assert(
    fc.property(startRows, steps(12), steps(6), (start, there, here) => {
      const main = new Map(start);
      const log = takeSteps(new Map(start), there);
      takeSteps(main, here);
      const agreed = new Map<string, JsonRow | null>();
      run(main, log, agreed);
      const after = new Map(main);
      const again = run(main, log, agreed);
      assert.equal(again.flatMap((merge) => merge.columns ?? []).filter(isWritten).length, 0);
      assert.deepEqual(main, after);
      // Also when what was agreed is forgotten (power lost before it was kept): values are only taken as they are.
      run(main, log, new Map());
      assert.deepEqual(main, after);
    }),
  );
});

test('two passes give what one pass gives, wherever the log is cut', () => {
  fc.assert(
    fc.property(startRows, steps(14), fc.nat(14), (start, there, cut) => {
      const standby = new Map(start);
      const log = takeSteps(standby, there);
      const [once, twice] = [new Map(start), new Map(start)];
      run(once, log, new Map());
      const agreed = new Map<string, JsonRow | null>();
      run(twice, log.slice(0, cut), agreed);
      run(twice, log, agreed);
      for (const [id, row] of once)
        if (standby.has(id)) for (const column of STATUS) assert.deepEqual(twice.get(id)?.[column], row[column]);
    }),
  );
});

test('a user who changes his mind on the main after the first pass keeps that', () => {
  const start: Rows = new Map([[rowId('users', { id: 1 }), { id: 1, dnd: false, forward: '', name: '', own: '' }]]);
  const [standby, main] = [new Map(start), new Map(start)];
  const agreed = new Map<string, JsonRow | null>();
  const log = takeSteps(standby, [{ id: 1, columns: { dnd: true, forward: '200' } }]);
  run(main, log, agreed);
  takeSteps(main, [{ id: 1, columns: { dnd: false } }]);
  assert.deepEqual(run(main, log, agreed), []);
  assert.deepEqual(main.get(rowId('users', { id: 1 }))?.['dnd'], false);
  assert.deepEqual(main.get(rowId('users', { id: 1 }))?.['forward'], '200');
});

test('a row that the main deleted is not made again; the values stay in the report', () => {
  const start: Rows = new Map([[rowId('users', { id: 1 }), { id: 1, dnd: false, forward: '', name: '', own: '' }]]);
  const log = takeSteps(new Map(start), [{ id: 1, columns: { forward: '200' } }]);
  const plan = planStatus(foldChanges(log), rules, new Map(), new Map());
  assert.deepEqual(
    plan.map(({ columns, theirs }) => [columns, theirs]),
    [[null, { forward: '200' }]],
  );
});

test('what is asked about beforehand is what is needed', () => {
  fc.assert(
    fc.property(startRows, steps(12), (start, there) => {
      const net = foldChanges(takeSteps(new Map(start), there));
      const asked = statusRows(net, rules, new Map()).map(({ table, key }) => rowId(table, key));
      const planned = planStatus(net, rules, new Map(), start).map(({ table, key }) => rowId(table, key));
      assert.deepEqual(planned, asked);
    }),
  );
});
