/** The statements that turn one table at the target into the source's, writing only what differs. */
import type { CatalogColumn } from '../catalog.ts';
import { qualify, quoteName, quoteNames, quoteValue } from '../identifier.ts';
import type { TablePlan } from '../rules.ts';
import { copiedRows, ownRow, tableName } from '../table-sql.ts';

export interface DiffSql {
  readonly copyOut: string;
  /** A temporary table of this transaction for what the source has. */
  readonly createIncoming: string;
  readonly copyIntoIncoming: string;
  /** Where the target has no row at all, the way through the temporary table is spared. */
  readonly copyIntoTable: string;
  /** How many of the source's rows have the key of a row that the target keeps for itself; null: none can. */
  readonly countOwnInWay: string | null;
  /** In this order; each is null where there is nothing for it to do. */
  readonly keep: string | null;
  readonly remove: string;
  readonly change: string | null;
  readonly add: string;
}

/** A type that comes with PostgreSQL: its `=` is in `pg_catalog`, which is all that the search path holds. */
const isBuiltIn = (column: CatalogColumn): boolean => !column.type.includes('.');

const columnOf = (plan: TablePlan, name: string): CatalogColumn | undefined =>
  plan.table.columns.find((column) => column.name === name);

const sameKey = (plan: TablePlan, key: readonly string[], one: string, other: string): string =>
  key
    .map((name) => {
      const column = columnOf(plan, name);
      const cast = column === undefined || isBuiltIn(column) ? '' : '::text';
      return `${one}.${quoteName(name)}${cast} = ${other}.${quoteName(name)}${cast}`;
    })
    .join(' AND ');

/** Compared as stored, not by `=`: 1.0 and 1.00 differ, JSON without an operator can be compared. */
const row = (columns: readonly string[], of: string): string => `ROW(${quoteNames(columns, of)})::record`;

/**
 * Columns whose change makes PostgreSQL refuse an UPDATE that the whole run would make right: of a unique index (two rows
 * may swap values), or an identity that is always the server's. Rows that differ there are removed and added.
 */
const rewriteColumns = ({ table, columns }: TablePlan): readonly string[] => {
  const key = table.key ?? [];
  return columns.filter(
    (name) =>
      !key.includes(name) &&
      (table.columns.some((column) => column.name === name && column.identity === 'always') ||
        table.uniques.some((unique) => unique.columns === null || unique.columns.includes(name))),
  );
};

interface Names {
  readonly plan: TablePlan;
  readonly target: string;
  readonly incoming: string;
  readonly kept: string;
  readonly all: readonly string[];
}

const keyedStatements = ({ plan, target, incoming, kept, all }: Names, key: readonly string[]) => {
  const rewrite = rewriteColumns(plan);
  const same = sameKey(plan, key, 's', 't');
  const rows = copiedRows(plan, 't', quoteValue);
  const rewritten = rewrite.length > 0;
  const keeps = rewritten && plan.keptColumns.length > 0;
  const settable = plan.columns.filter((name) => columnOf(plan, name)?.identity !== 'always');
  const differs = `${row(plan.columns, 's')} *<> ${row(plan.columns, 't')}`;
  const withKept = keeps ? `LEFT JOIN ${kept} k ON ${sameKey(plan, key, 's', 'k')} ` : '';
  const values = keeps
    ? all.map((name) =>
        plan.keptColumns.includes(name)
          ? `CASE WHEN k."dualtone kept" THEN k.${quoteName(name)} ELSE s.${quoteName(name)} END`
          : `s.${quoteName(name)}`,
      )
    : [quoteNames(all, 's')];
  return {
    countOwnInWay:
      plan.ownRows.length === 0
        ? null
        : `SELECT pg_catalog.count(*)::float8 AS count FROM ${incoming} s JOIN ${target} t ON ${same} ` +
          `WHERE ${ownRow(plan, 't', quoteValue)}`,
    keep: keeps
      ? `CREATE TEMP TABLE ${kept} ON COMMIT DROP AS SELECT true AS "dualtone kept", ` +
        `${quoteNames([...key, ...plan.keptColumns], 't')} FROM ${target} t WHERE ${rows} AND EXISTS ` +
        `(SELECT FROM ${incoming} s WHERE ${same} AND ${row(rewrite, 's')} *<> ${row(rewrite, 't')})`
      : null,
    remove:
      `DELETE FROM ${target} t WHERE ${rows} AND NOT EXISTS (SELECT FROM ${incoming} s WHERE ${same}` +
      `${rewritten ? ` AND ${row(rewrite, 's')} *= ${row(rewrite, 't')}` : ''})`,
    change:
      settable.length === 0
        ? null
        : `UPDATE ${target} t SET ${settable.map((name) => `${quoteName(name)} = s.${quoteName(name)}`).join(', ')} ` +
          `FROM ${incoming} s WHERE ${same} AND ${rows} AND ${differs}`,
    add:
      `SELECT ${values.join(', ')} FROM ${incoming} s ${withKept}` +
      `WHERE NOT EXISTS (SELECT FROM ${target} t WHERE ${same})`,
  };
};

/** Rows without identity: as many of each as the source has. */
const keylessStatements = ({ plan, target, incoming, all }: Names) => {
  const text = (of: string): string => `ROW(${quoteNames(plan.columns, of)})::text COLLATE "C"`;
  const rows = copiedRows(plan, 't', quoteValue);
  const numbered = (from: string, of: string, what: string, where: string): string =>
    `(SELECT ${what}, ${text(of)} AS row, pg_catalog.row_number() OVER (PARTITION BY ${text(of)}) AS nth ` +
    `FROM ${from} ${of} WHERE ${where})`;
  const counted = (from: string, of: string, where: string): string =>
    `(SELECT ${text(of)} AS row, pg_catalog.count(*) AS count FROM ${from} ${of} WHERE ${where} GROUP BY 1)`;
  return {
    countOwnInWay: null,
    keep: null,
    remove:
      `DELETE FROM ${target} t USING (SELECT a.at, a.part FROM ` +
      `${numbered(target, 't', 't.ctid AS at, t.tableoid AS part', rows)} a ` +
      `LEFT JOIN ${counted(incoming, 's', 'true')} b USING (row) WHERE a.nth > coalesce(b.count, 0)) gone ` +
      `WHERE t.ctid = gone.at AND t.tableoid = gone.part`,
    change: null,
    add:
      `SELECT ${quoteNames(all, 'a')} FROM ${numbered(incoming, 's', 's.*', 'true')} a ` +
      `LEFT JOIN ${counted(target, 't', rows)} b USING (row) WHERE a.nth > coalesce(b.count, 0)`,
  };
};

/** `number` makes the temporary tables' names; source and target have the same columns (checked before). */
export const diffSql = (schema: string, plan: TablePlan, number: number): DiffSql => {
  const { table } = plan;
  const target = tableName(schema, table);
  const incoming = `pg_temp.${quoteName(`dualtone_incoming_${number}`)}`;
  const kept = `pg_temp.${quoteName(`dualtone_kept_${number}`)}`;
  const all = [...plan.columns, ...plan.keptColumns];
  const names: Names = { plan, target, incoming, kept, all };
  const statements = table.key === null ? keylessStatements(names) : keyedStatements(names, table.key);
  const isWhole = plan.ownRows.length === 0 && table.kind === 'plain';
  return {
    // A table by its name is read without a plan; it counts without those that inherit from it, as ONLY does.
    copyOut: isWhole
      ? `COPY ${qualify(schema, table.name)} (${quoteNames(all)}) TO STDOUT`
      : `COPY (SELECT ${quoteNames(all, 't')} FROM ${target} t WHERE ${copiedRows(plan, 't', quoteValue)}) TO STDOUT`,
    createIncoming:
      `CREATE TEMP TABLE ${incoming} ON COMMIT DROP AS ` +
      `SELECT ${quoteNames(all, 't')} FROM ${target} t WITH NO DATA`,
    copyIntoIncoming: `COPY ${incoming} FROM STDIN`,
    copyIntoTable: `COPY ${qualify(schema, table.name)} (${quoteNames(all)}) FROM STDIN`,
    ...statements,
    add: `INSERT INTO ${qualify(schema, table.name)} (${quoteNames(all)}) OVERRIDING SYSTEM VALUE ${statements.add}`,
  };
};
