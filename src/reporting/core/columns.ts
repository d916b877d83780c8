/** Whether rows of this node fit into a table of the reporting database; asked before anything is written. Pure. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { SourceTable } from './words.ts';

export interface TargetColumn {
  readonly name: string;
  /** Without a length, so that a cast never cuts a text silently. */
  readonly type: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  readonly generated: boolean;
}

export interface TargetTable {
  readonly columns: readonly TargetColumn[];
  readonly mayRead: boolean;
  readonly mayInsert: boolean;
  /** Gives the key its numbers; null: none. */
  readonly sequence: string | null;
  readonly mayNumber: boolean;
}

/** Where each cell goes: the columns of the source's rows, as the target types them. */
export interface Fit {
  readonly key: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly sequence: string | null;
}

const INTEGERS = new Set(['smallint', 'integer', 'bigint']);

const unfit = (table: string, why: string, remedy: string) =>
  fail('reporting-table-unfit', `The table \`${table}\` of the reporting database does not fit: ${why}.`, remedy);

const GRANTS = 'Give the output of `dualtone reporting sql` to the administrator of the reporting database.';

const ZONED = 'timestamp with time zone';
const UNZONED = 'timestamp without time zone';

/** A time goes as text: into a text as it stands, into another kind of time by a zone that nobody has given. */
const isShifted = (here: string, there: string): boolean =>
  (here === ZONED && there === UNZONED) || (here !== ZONED && there === ZONED);

/** Fault: `reporting-table-unfit`. `target` null: there is no such table. */
export const fitTable = ({ rule, columns }: SourceTable, target: TargetTable | null): Result<Fit> => {
  const { table, key } = rule;
  if (target === null)
    return unfit(table, 'it is not there', 'Make it, or correct `reporting.tables` and `reporting.postgres.schema`.');
  const byName = new Map(target.columns.map((column) => [column.name, column]));
  const keyColumn = byName.get(key);
  if (keyColumn === undefined || !INTEGERS.has(keyColumn.type))
    return unfit(table, `\`${key}\` is no integer column there`, 'Correct `key` in `reporting.tables`.');
  const missing = columns.find(({ name }) => byName.get(name)?.generated !== false);
  if (missing !== undefined)
    return unfit(
      table,
      `the column \`${missing.name}\` cannot be filled there`,
      'Add it there, or list it under `omit` of the table in `reporting.tables`.',
    );
  const shifted = columns.find(({ name, type }) => isShifted(type, byName.get(name)?.type ?? ''));
  if (shifted !== undefined)
    return unfit(
      table,
      `the times in \`${shifted.name}\` have a zone on one side only, and would be shifted`,
      'Give it the same type there.',
    );
  const needed = target.columns.find(
    ({ name, notNull, hasDefault }) =>
      notNull && !hasDefault && name !== key && !columns.some((column) => column.name === name),
  );
  if (needed !== undefined)
    return unfit(
      table,
      `its column \`${needed.name}\` must have a value, and no event brings one`,
      'Give it a default there.',
    );
  if (!target.mayRead || !target.mayInsert || (target.sequence !== null && !target.mayNumber))
    return unfit(table, "Dualtone's role lacks rights on it", GRANTS);
  const fitting = columns.map(({ name }) => ({ name, type: byName.get(name)?.type ?? 'text' }));
  return ok({ key, columns: fitting, sequence: target.sequence });
};
