/** From what the configuration says and what a schema holds to what is copied, table by table. */
import { type Fault, fail } from '../../core/result.ts';
import { matchesPattern } from '../pattern.ts';
import type { Catalog, CatalogTable } from './catalog.ts';

/** As `streams.database` of the configuration has it; names of tables may hold `*`. */
export interface DatabaseRules {
  readonly exclude: readonly string[];
  readonly keepColumns: readonly { readonly table: string; readonly columns: readonly string[] }[];
  readonly keepRows: readonly { readonly table: string; readonly where: Readonly<Record<string, string>> }[];
  readonly status: readonly { readonly table: string; readonly columns: readonly string[] }[];
  readonly events: readonly EventRule[];
}

export interface EventRule {
  readonly table: string;
  readonly key: string;
  readonly time: string | null;
  readonly parent: { readonly table: string; readonly column: string } | null;
}

/** Rows whose columns, as text, have all these values. */
export type RowMatch = Readonly<Record<string, string>>;

export interface TablePlan {
  readonly table: CatalogTable;
  /** Compared and copied, in the catalogue's order; the key is among them, generated columns are not. */
  readonly columns: readonly string[];
  /** Each node keeps its own values; a row that is new takes the source's once. */
  readonly keptColumns: readonly string[];
  /** Rows that match any of these are each node's own: neither read from the source nor touched at the target. */
  readonly ownRows: readonly RowMatch[];
  /** Changed by users themselves; copied like the others, and merged back. */
  readonly statusColumns: readonly string[];
}

export interface CopyPlan {
  readonly schema: string;
  readonly tables: readonly TablePlan[];
  readonly sequences: readonly string[];
  /** Tables that stay each node's own; `event`: merged at failback. */
  readonly leftOut: readonly { readonly table: string; readonly why: 'excluded' | 'event' }[];
  /** The event rules whose table is there, parents before children. */
  readonly events: readonly EventRule[];
  /** Rules that name what is not there. */
  readonly warnings: readonly Fault[];
}

const noTable = (rule: string, pattern: string): Fault =>
  fail(
    'database-rule-no-table',
    `\`${rule}\` names the table \`${pattern}\`, which the database does not have.`,
    'Correct or remove the rule; the others hold.',
  ).error;

const noColumn = (rule: string, table: string, column: string): Fault =>
  fail(
    'database-rule-no-column',
    `\`${rule}\` names the column \`${column}\`, which the table \`${table}\` does not have.`,
    'Correct or remove the rule; the others hold.',
  ).error;

const keyNotKept = (table: string, column: string): Fault =>
  fail(
    'database-rule-key-kept',
    `\`keep-columns\` names \`${column}\` of \`${table}\`, which is part of its key and cannot differ.`,
    'Remove the column from the rule, or keep whole rows with `keep-rows`.',
  ).error;

const hasColumn = (table: CatalogTable, column: string): boolean => table.columns.some(({ name }) => name === column);

/** Columns that the rules for this table name; those that it has not become warnings, except under a pattern. */
const namedColumns = (
  rule: string,
  rules: readonly { readonly table: string; readonly columns: readonly string[] }[],
  table: CatalogTable,
  warnings: Fault[],
): readonly string[] => {
  const fitting = rules.filter((entry) => matchesPattern(entry.table, table.name));
  for (const entry of fitting)
    for (const column of entry.columns)
      if (column !== '*' && !hasColumn(table, column) && !entry.table.includes('*'))
        warnings.push(noColumn(rule, table.name, column));
  return [...new Set(fitting.flatMap((entry) => entry.columns))].filter((column) => hasColumn(table, column));
};

const ownRowsOf = (rules: DatabaseRules['keepRows'], table: CatalogTable, warnings: Fault[]): readonly RowMatch[] =>
  rules
    .filter((entry) => matchesPattern(entry.table, table.name))
    .filter(({ table: pattern, where }) => {
      const missing = Object.keys(where).filter((column) => !hasColumn(table, column));
      if (!pattern.includes('*'))
        for (const column of missing) warnings.push(noColumn('keep-rows', table.name, column));
      return missing.length === 0 && Object.keys(where).length > 0;
    })
    .map(({ where }) => where);

const planTable = (table: CatalogTable, rules: DatabaseRules, warnings: Fault[]): TablePlan => {
  const named = namedColumns('keep-columns', rules.keepColumns, table, warnings);
  const key = table.key ?? [];
  for (const column of named.filter((name) => key.includes(name))) warnings.push(keyNotKept(table.name, column));
  const keptColumns = named.filter((name) => !key.includes(name));
  const stored = table.columns.filter((column) => !column.generated).map(({ name }) => name);
  return {
    table,
    columns: stored.filter((name) => !keptColumns.includes(name)),
    keptColumns: keptColumns.filter((name) => stored.includes(name)),
    ownRows: ownRowsOf(rules.keepRows, table, warnings),
    statusColumns: namedColumns('status', rules.status, table, warnings),
  };
};

/** Parents first, so that children can be told whose they are; a parent that is not an event table is no parent. */
const orderEvents = (events: readonly EventRule[]): readonly EventRule[] => {
  const ordered: EventRule[] = [];
  let rest = events;
  while (rest.length > 0) {
    const waiting = new Set(rest.map((rule) => rule.table));
    const ready = rest.filter((rule) => rule.parent === null || !waiting.has(rule.parent.table));
    // A ring of parents: take them as they stand.
    const next = ready.length > 0 ? ready : rest;
    ordered.push(...next);
    rest = rest.filter((rule) => !next.includes(rule));
  }
  return ordered;
};

const unmatched = (rules: DatabaseRules, catalog: Catalog): readonly Fault[] => {
  const names = catalog.tables.map((table) => table.name);
  const withSequences = [...names, ...catalog.sequences.map((sequence) => sequence.name)];
  const missing = (rule: string, patterns: readonly string[], among: readonly string[]) =>
    [...new Set(patterns)]
      .filter((pattern) => !pattern.includes('*') && !among.some((name) => matchesPattern(pattern, name)))
      .map((pattern) => noTable(rule, pattern));
  const tablesOf = (entries: readonly { readonly table: string }[]) => entries.map((entry) => entry.table);
  return [
    ...missing('exclude', rules.exclude, withSequences),
    ...missing('keep-columns', tablesOf(rules.keepColumns), names),
    ...missing('keep-rows', tablesOf(rules.keepRows), names),
    ...missing('status', tablesOf(rules.status), names),
    ...missing('events', tablesOf(rules.events), names),
  ];
};

/** What is copied from or to this database. What the rules name and the catalogue lacks is in `warnings`. */
export const planCopy = (catalog: Catalog, rules: DatabaseRules): CopyPlan => {
  const warnings: Fault[] = [...unmatched(rules, catalog)];
  const isExcluded = (name: string): boolean => rules.exclude.some((pattern) => matchesPattern(pattern, name));
  const isEvent = (name: string): boolean => rules.events.some((event) => event.table === name);
  const leftOut = catalog.tables
    .map(({ name }) => ({ table: name, why: isEvent(name) ? 'event' : isExcluded(name) ? 'excluded' : null }) as const)
    .filter((entry): entry is { table: string; why: 'event' | 'excluded' } => entry.why !== null);
  const away = new Set(leftOut.map((entry) => entry.table));
  const tables = catalog.tables
    .filter((table) => !away.has(table.name))
    .map((table) => planTable(table, rules, warnings))
    .filter((plan) => plan.columns.length > 0);
  const sequences = catalog.sequences
    .filter(
      ({ name, usedBy }) => !isExcluded(name) && (usedBy.length === 0 || usedBy.some((use) => !away.has(use.table))),
    )
    .map(({ name }) => name);
  const present = rules.events.filter((event) => catalog.tables.some((table) => table.name === event.table));
  return { schema: catalog.schema, tables, sequences, leftOut, events: orderEvents(present), warnings };
};
