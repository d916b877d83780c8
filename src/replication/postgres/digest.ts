/** Whether two sides hold the same rows: a count and a digest for each table, computed by the servers. */
import { ok, type Result } from '../../core/result.ts';
import type { Database } from './connection.ts';
import { quoteNames, quoteValue } from './identifier.ts';
import type { TablePlan } from './rules.ts';
import { copiedRows, tableName } from './table-sql.ts';

export interface TableDigest {
  readonly rows: number;
  /** Sum of a 64-bit hash over each row's text: the order of rows does not matter. */
  readonly sum: string;
}

/** So many tables in one statement: few round trips, and a plan of bounded size. */
const TABLES_AT_ONCE = 250;

// PostgreSQL uses this hash for hash partitions, so that it stays the same in every version; it costs a third of md5, and
// md5 is refused where FIPS rules. A row's text tells NULL from '' and is the same in every version under our settings.
const selectDigest = (schema: string, plan: TablePlan, index: number): string =>
  `SELECT ${index} AS index, pg_catalog.count(*)::float8 AS rows, ` +
  `coalesce(pg_catalog.sum(pg_catalog.hashtextextended(ROW(${quoteNames(plan.columns, 't')})::text COLLATE "C", 0)), 0)::text AS sum ` +
  `FROM ${tableName(schema, plan.table)} t WHERE ${copiedRows(plan, 't', quoteValue)}`;

const digestSome = async (
  database: Database,
  schema: string,
  plans: readonly TablePlan[],
): Promise<Result<readonly TableDigest[]>> => {
  const text = plans.map((plan, index) => selectDigest(schema, plan, index)).join('\nUNION ALL\n');
  const answer = await database.query<{ readonly index: number; readonly rows: number; readonly sum: string }>(text);
  if (!answer.ok) return answer;
  const byIndex = new Map(answer.value.map((row) => [row.index, { rows: row.rows, sum: row.sum }]));
  return ok(plans.map((_, index) => byIndex.get(index) ?? { rows: -1, sum: '' }));
};

/**
 * Digests of all copied columns and rows, by table name; equal digests mean equal rows, whatever the servers' versions.
 * Faults: those of `Database.query`.
 */
export const digestTables = async (
  database: Database,
  schema: string,
  plans: readonly TablePlan[],
): Promise<Result<ReadonlyMap<string, TableDigest>>> => {
  const digestByTable = new Map<string, TableDigest>();
  for (let first = 0; first < plans.length; first += TABLES_AT_ONCE) {
    const some = plans.slice(first, first + TABLES_AT_ONCE);
    const digests = await digestSome(database, schema, some);
    if (!digests.ok) return digests;
    for (const [index, digest] of digests.value.entries()) {
      const name = some[index]?.table.name;
      if (name !== undefined) digestByTable.set(name, digest);
    }
  }
  return ok(digestByTable);
};

/** Whether both are there and agree. */
export const sameDigest = (one: TableDigest | undefined, other: TableDigest | undefined): boolean =>
  one !== undefined && other !== undefined && one.rows === other.rows && one.sum === other.sum;
