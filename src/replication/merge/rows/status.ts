/** Columns that users change themselves (do-not-disturb, forwards), merged three-way: ancestor, the standby's, the main's. Pure. */
import type { WallTime } from '../../../core/words.ts';
import { type NetChange, rowId } from './fold.ts';
import type { JsonRow } from './json.ts';
import { type Agreed, concernsMerge, type MergeRules, sinceAgreed, splitColumns } from './rules.ts';
import { type ColumnMerge, judgeColumns } from './three-way.ts';

/** What became of one row's status columns. */
export interface StatusMerge {
  readonly table: string;
  readonly key: JsonRow;
  /** When the standby changed it last. */
  readonly at: WallTime;
  /** Null: the main has no such row; nothing is written, and the standby's values stay in the report. */
  readonly columns: readonly ColumnMerge[] | null;
  /** The standby's values of the columns that it changed. */
  readonly theirs: JsonRow;
}

/** The rows whose present state at the main is needed for `planStatus`. */
export const statusRows = (
  changes: readonly NetChange[],
  rules: MergeRules,
  agreed: Agreed,
): readonly Pick<NetChange, 'table' | 'key'>[] =>
  changes
    .filter((net) => concernsMerge(rules, net))
    .filter((net) => splitColumns(rules, sinceAgreed(net, agreed)).status.length > 0)
    .map(({ table, key }) => ({ table, key }));

/**
 * Changed there only: taken. The same on both: nothing. Changed on both: the node that served wins, since that is
 * where the user was; both versions are in the answer. `present` gives the main's row by `rowId`.
 */
export const planStatus = (
  changes: readonly NetChange[],
  rules: MergeRules,
  agreed: Agreed,
  present: ReadonlyMap<string, JsonRow>,
): readonly StatusMerge[] =>
  changes.flatMap((logged) => {
    if (!concernsMerge(rules, logged)) return [];
    const net = sinceAgreed(logged, agreed);
    const { status } = splitColumns(rules, net);
    if (status.length === 0 || net.before === null || net.after === null) return [];
    const { table, key, at, after } = net;
    const theirs = Object.fromEntries(status.map((column) => [column, after[column] ?? null]));
    const ours = present.get(rowId(table, key));
    const columns = ours === undefined ? null : judgeColumns(status, net.before, after, ours);
    return [{ table, key, at, columns, theirs }];
  });
