/** A standby and a main as maps of rows, with a log of what is changed on the standby: what the pure merges are tested with. */
import * as fc from 'fast-check';
import type { DatabaseRules } from '../../postgres/rules.ts';
import { type LoggedChange, rowId } from '../rows/fold.ts';
import { type JsonRow, sameJson } from '../rows/json.ts';
import { mergeRules } from '../rows/rules.ts';

export type Rows = Map<string, JsonRow>;

export const databaseRules: DatabaseRules = {
  exclude: ['mail'],
  keepColumns: [{ table: 'users', columns: ['own'] }],
  keepRows: [{ table: 'settings', where: { name: 'address' } }],
  status: [
    { table: 'users', columns: ['dnd', 'forward'] },
    { table: 'logins', columns: ['*'] },
  ],
  events: [{ table: 'cel', key: 'id', time: 'eventtime', parent: null }],
};

export const rules = mergeRules(databaseRules);

export interface Step {
  readonly id: number;
  /** Null deletes the row. */
  readonly columns: JsonRow | null;
}

const value = fc.constantFrom<unknown>(null, '', 'a', 'b', 7);

export const steps = (maxLength: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.record({
      id: fc.integer({ min: 1, max: 4 }),
      columns: fc.option(
        fc
          .record({ dnd: fc.boolean(), forward: value, name: value, own: value }, { requiredKeys: [] })
          .map((columns) => ({ ...columns })),
        { nil: null, freq: 8 },
      ),
    }),
    { maxLength },
  );

export const startRows = fc
  .uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 4 })
  .map(
    (ids): Rows =>
      new Map(ids.map((id) => [rowId('users', { id }), { id, dnd: false, forward: '', name: 'n', own: 'x' }])),
  );

/** Does a step; answers its entry of the log, or null when it changed nothing. */
export const step = (rows: Rows, { id, columns }: Step, seq: number): LoggedChange | null => {
  const key = { id };
  const name = rowId('users', key);
  const before = rows.get(name) ?? null;
  const after =
    columns === null ? null : { ...(before ?? { id, dnd: false, forward: '', name: '', own: '' }), ...columns };
  if (sameJson(before, after)) return null;
  if (after === null) rows.delete(name);
  else rows.set(name, after);
  const op = before === null ? 'insert' : after === null ? 'delete' : 'update';
  return { seq, at: seq * 1000, epoch: 1, table: 'users', op, key, before, after, whole: true };
};

export const takeSteps = (rows: Rows, list: readonly Step[], firstSeq = 1): readonly LoggedChange[] =>
  list.map((one, index) => step(rows, one, firstSeq + index)).filter((change) => change !== null);
