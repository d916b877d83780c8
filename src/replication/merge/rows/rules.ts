/** What of the standby's log concerns a merge, by the rules of the configuration. Pure. */
import { matchesPattern } from '../../pattern.ts';
import type { DatabaseRules } from '../../postgres/rules.ts';
import { changedColumns, kindOf, type NetChange, rowId } from './fold.ts';
import type { JsonRow } from './json.ts';

/** Rows as both nodes agreed on them in an earlier pass of the same merge; a row that was agreed to be gone is null. */
export type Agreed = ReadonlyMap<string, JsonRow | null>;

export interface MergeRules {
  /** Tables that stay each node's own, or are merged as events. */
  isLeftOut(table: string): boolean;
  /** Columns that users change themselves; `*`: all. */
  statusColumns(table: string): readonly string[];
  /** Users' own with all that is in it: that a row is there says something of a user, too. */
  isStatus(table: string): boolean;
  /** Columns in which each node keeps its own values. */
  keptColumns(table: string): readonly string[];
  /** Rows that each node keeps for itself. */
  isOwnRow(table: string, row: JsonRow): boolean;
}

const textOf = (value: unknown): string | null =>
  value === null || value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value);

const ALL = '*';

const columnsOf = (rules: DatabaseRules['status'], table: string): readonly string[] => [
  ...new Set(rules.filter((rule) => matchesPattern(rule.table, table)).flatMap((rule) => rule.columns)),
];

export const mergeRules = (rules: DatabaseRules): MergeRules => ({
  isLeftOut: (table) =>
    rules.events.some((event) => event.table === table) ||
    rules.exclude.some((pattern) => matchesPattern(pattern, table)),
  statusColumns: (table) => columnsOf(rules.status, table),
  isStatus: (table) => columnsOf(rules.status, table).includes(ALL),
  keptColumns: (table) => columnsOf(rules.keepColumns, table),
  isOwnRow: (table, row) =>
    rules.keepRows.some(
      (rule) =>
        matchesPattern(rule.table, table) &&
        Object.entries(rule.where).every(([column, value]) => textOf(row[column]) === value),
    ),
});

/** What the standby changed since both agreed last: the first pass moves the common ancestor on. */
export const sinceAgreed = (net: NetChange, agreed: Agreed): NetChange => {
  const id = rowId(net.table, net.key);
  const row = agreed.get(id);
  return row === undefined ? net : { ...net, before: row };
};

/** Of a row that is there before and after: the changed columns, as status and as configuration. */
export const splitColumns = (
  rules: MergeRules,
  net: NetChange,
): { readonly status: readonly string[]; readonly configuration: readonly string[] } => {
  if (kindOf(net) !== 'updated' || net.before === null || net.after === null) return { status: [], configuration: [] };
  const status = new Set(rules.statusColumns(net.table));
  const kept = new Set(rules.keptColumns(net.table));
  const changed = changedColumns(net.before, net.after);
  return {
    status: changed.filter((column) => status.has(column) || (status.has(ALL) && !kept.has(column))),
    configuration: changed.filter((column) => !status.has(column) && !status.has(ALL) && !kept.has(column)),
  };
};

/** False for tables and rows that are each node's own. */
export const concernsMerge = (rules: MergeRules, net: NetChange): boolean =>
  !rules.isLeftOut(net.table) &&
  (net.before === null || !rules.isOwnRow(net.table, net.before)) &&
  (net.after === null || !rules.isOwnRow(net.table, net.after));
