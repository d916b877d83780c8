/** Configuration that was changed on the standby while it served: shown row by row, and merged or refused by a decision. Pure. */
import type { WallTime } from '../../../core/words.ts';
import { changedColumns, kindOf, type NetChange, rowId } from './fold.ts';
import { type JsonRow, sameJson, shownValue } from './json.ts';
import { entryId } from './records.ts';
import { type Agreed, concernsMerge, type MergeRules, sinceAgreed, splitColumns } from './rules.ts';
import { type ColumnMerge, judgeColumns } from './three-way.ts';

export type Decision = 'accept' | 'refuse' | 'ask';

export interface Decisions {
  /** For entries without a decision of their own; `ask`: they wait. */
  readonly all: Decision;
  /** By the entry's id. */
  readonly byId: ReadonlyMap<string, Decision>;
}

/**
 * `clean`: the main has what the standby began with. `same`: the main has it already. `columns`: some columns were changed
 * on both; the node that served wins where it is accepted. The others stand against each other as whole rows, and only a
 * decision of their own lets the standby's win: `key-taken` (another row has the number), `row-gone`, `row-changed`
 * (deleted there, changed here).
 */
export type Standing = 'clean' | 'same' | 'columns' | 'key-taken' | 'row-gone' | 'row-changed';

export interface ConfigurationEntry {
  /** Ten hexadecimal digits; another one when the row is changed again. */
  readonly id: string;
  readonly table: string;
  readonly key: JsonRow;
  readonly kind: 'inserted' | 'updated' | 'deleted';
  readonly at: WallTime;
  readonly standing: Standing;
  /** A row of a user's own that came or went (an agent's login): nobody is asked where nothing stands against it. */
  readonly isStatus: boolean;
  /** Of an update, the columns that are configuration. */
  readonly columns: readonly ColumnMerge[];
  readonly before: JsonRow | null;
  readonly after: JsonRow | null;
  /** The main's row; null when it has none. */
  readonly ours: JsonRow | null;
}

const HIDDEN = /passw|secret|pin$|^pin|token|md5|private|credential|_key$|^key$/iu;

/** For people; values of columns whose name speaks of a secret are not shown. */
export const shownColumn = (column: string, value: unknown): string =>
  HIDDEN.test(column) && value !== null && value !== undefined ? '(hidden)' : shownValue(value);

/** Of an update the configuration alone counts, so that a user's own change meanwhile makes no other entry of it. */
const idOf = ({ table, key, before, after }: NetChange, configuration: readonly string[]): string => {
  const only = (row: JsonRow | null): JsonRow | null =>
    row === null || before === null || after === null
      ? row
      : Object.fromEntries(configuration.map((column) => [column, row[column] ?? null]));
  return entryId(table, key, only(before), only(after));
};

/** Whether two rows differ in `but` at most. */
const sameRow = (a: JsonRow, b: JsonRow, but: readonly string[]): boolean =>
  changedColumns(a, b).every((column) => but.includes(column));

const standingOf = (
  rules: MergeRules,
  net: NetChange,
  ours: JsonRow | null,
  columns: readonly ColumnMerge[],
): Standing => {
  // Kept columns differ between the nodes by right.
  const kept = rules.keptColumns(net.table);
  if (net.before === null) {
    if (ours === null || net.after === null) return 'clean';
    return sameRow(ours, net.after, kept) ? 'same' : 'key-taken';
  }
  if (net.after === null) {
    if (ours === null) return 'same';
    return sameRow(ours, net.before, kept) ? 'clean' : 'row-changed';
  }
  if (ours === null) return 'row-gone';
  if (columns.every((column) => column.verdict === 'same' || column.verdict === 'none')) return 'same';
  return columns.some((column) => column.verdict === 'both') ? 'columns' : 'clean';
};

const entryOf = (
  rules: MergeRules,
  net: NetChange,
  present: ReadonlyMap<string, JsonRow>,
): ConfigurationEntry | null => {
  const kind = kindOf(net);
  if (kind === 'unchanged') return null;
  const { configuration } = splitColumns(rules, net);
  if (kind === 'updated' && configuration.length === 0) return null;
  const ours = present.get(rowId(net.table, net.key)) ?? null;
  const { table, key, at, before, after } = net;
  const columns =
    kind === 'updated' && before !== null && after !== null
      ? judgeColumns(configuration, before, after, ours ?? {})
      : [];
  return {
    id: idOf(net, configuration),
    table,
    key,
    kind,
    at,
    standing: standingOf(rules, net, ours, columns),
    isStatus: rules.isStatus(table),
    columns,
    before,
    after,
    ours,
  };
};

/** The rows whose present state at the main is needed for `planConfiguration`. */
export const configurationRows = (
  changes: readonly NetChange[],
  rules: MergeRules,
  agreed: Agreed,
): readonly Pick<NetChange, 'table' | 'key'>[] =>
  changes
    .filter((net) => concernsMerge(rules, net))
    .map((net) => sinceAgreed(net, agreed))
    .filter((net) => entryOf(rules, net, new Map()) !== null)
    .map(({ table, key }) => ({ table, key }));

/** One entry a changed row, in the order of the last changes. `present` gives the main's row by `rowId`. */
export const planConfiguration = (
  changes: readonly NetChange[],
  rules: MergeRules,
  agreed: Agreed,
  present: ReadonlyMap<string, JsonRow>,
): readonly ConfigurationEntry[] =>
  changes
    .filter((net) => concernsMerge(rules, net))
    .map((net) => entryOf(rules, sinceAgreed(net, agreed), present))
    .filter((entry) => entry !== null);

/**
 * What is to be done with an entry. A general `accept` takes what can be taken without overwriting a whole row of the
 * main; the rest waits for a decision of its own.
 */
export const decisionFor = (entry: ConfigurationEntry, decisions: Decisions): Decision => {
  const own = decisions.byId.get(entry.id);
  if (own !== undefined) return own;
  const safe = entry.standing === 'clean' || entry.standing === 'columns' || entry.standing === 'same';
  const all = entry.isStatus && safe ? 'accept' : decisions.all;
  return all === 'accept' && !safe ? 'ask' : all;
};

const keyText = (key: JsonRow): string =>
  Object.entries(key)
    .map(([column, value]) => `${column} ${shownColumn(column, value)}`)
    .join(', ');

const rowText = (row: JsonRow): string =>
  Object.entries(row)
    .filter(([, value]) => value !== null)
    .slice(0, 6)
    .map(([column, value]) => `${column} ${shownColumn(column, value)}`)
    .join(', ');

const standingText: Readonly<Record<Standing, string>> = {
  clean: '',
  same: ' The main has it already.',
  columns: ' The main changed it too.',
  'key-taken': ' The main has another row there.',
  'row-gone': ' The main has no such row any more.',
  'row-changed': ' The main has changed that row.',
};

/** One entry in words: `extensions (id 12): context "default" → "outside".` */
export const entryText = (entry: ConfigurationEntry): string => {
  const where = `${entry.table} (${keyText(entry.key)})`;
  if (entry.kind === 'inserted') return `${where}: new, ${rowText(entry.after ?? {})}.${standingText[entry.standing]}`;
  if (entry.kind === 'deleted') return `${where}: deleted.${standingText[entry.standing]}`;
  const changes = entry.columns.map(
    ({ column, ancestor, theirs, ours, verdict }) =>
      `${column} ${shownColumn(column, ancestor)} → ${shownColumn(column, theirs)}` +
      (verdict === 'both' ? ` (on the main: ${shownColumn(column, ours)})` : ''),
  );
  return `${where}: ${changes.join(', ')}.${standingText[entry.standing]}`;
};

/** The main's row once the entry is accepted; null: no row. */
export const acceptedRow = (entry: ConfigurationEntry): JsonRow | null => {
  if (entry.standing === 'same') return entry.ours;
  if (entry.after === null || entry.ours === null || entry.kind === 'inserted') return entry.after;
  const written = entry.columns.filter(({ theirs, ours }) => !sameJson(theirs, ours));
  return { ...entry.ours, ...Object.fromEntries(written.map(({ column, theirs }) => [column, theirs])) };
};
