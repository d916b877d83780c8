/** Rows that stay each node's own may refer to rows that the source no longer has: told, and left alone. */
import { type Fault, fail, ok, type Result } from '../../../core/result.ts';
import type { Catalog, CatalogForeignKey } from '../catalog.ts';
import type { Database } from '../connection.ts';
import { qualify, quoteName } from '../identifier.ts';
import type { CopyPlan } from '../rules.ts';

/** Whose rows, or whose references, are not the source's. */
const isOwn = ({ fromSchema, fromTable, fromColumns }: CatalogForeignKey, plan: CopyPlan): boolean => {
  const copied = fromSchema === plan.schema ? plan.tables.find(({ table }) => table.name === fromTable) : undefined;
  if (copied === undefined) return true;
  return copied.ownRows.length > 0 || fromColumns.some((column) => copied.keptColumns.includes(column));
};

const countSql = (key: CatalogForeignKey, schema: string, index: number): string => {
  const matches = key.toColumns.map((to, at) => `t.${quoteName(to)} = f.${quoteName(key.fromColumns[at] ?? to)}`);
  const given = key.fromColumns.map((from) => `f.${quoteName(from)} IS NOT NULL`);
  return (
    `SELECT ${index} AS index, pg_catalog.count(*)::float8 AS count FROM ${qualify(key.fromSchema, key.fromTable)} f ` +
    `WHERE ${given.join(' AND ')} AND NOT EXISTS (SELECT FROM ${qualify(schema, key.toTable)} t WHERE ${matches.join(' AND ')})`
  );
};

/** `database-dangling` for each foreign key into `changed` tables that rows outside the copy break. Faults: of `Database.query`. */
export const findDangling = async (
  target: Database,
  catalog: Catalog,
  plan: CopyPlan,
  changed: ReadonlySet<string>,
): Promise<Result<readonly Fault[]>> => {
  const keys = catalog.foreignKeys.filter((key) => changed.has(key.toTable) && isOwn(key, plan));
  if (keys.length === 0) return ok([]);
  const readable = await target.query<{ readonly ok: boolean }>(
    `SELECT has_schema_privilege(s, 'USAGE') AND has_table_privilege(quote_ident(s) || '.' || quote_ident(t), 'SELECT') AS ok
     FROM ROWS FROM (unnest($1::text[]), unnest($2::text[])) AS f(s, t)`,
    [keys.map((key) => key.fromSchema), keys.map((key) => key.fromTable)],
  );
  if (!readable.ok) return readable;
  const visible = keys.filter((_, index) => readable.value[index]?.ok === true);
  if (visible.length === 0) return ok([]);
  const counts = await target.query<{ readonly index: number; readonly count: number }>(
    visible.map((key, index) => countSql(key, plan.schema, index)).join(' UNION ALL '),
  );
  if (!counts.ok) return counts;
  return ok(
    counts.value.flatMap(({ index, count }) => {
      const key = visible[index];
      if (key === undefined || count === 0) return [];
      return [
        fail(
          'database-dangling',
          `On ${target.name} ${count} rows of \`${key.fromTable}\` refer to rows of \`${key.toTable}\` that the source no longer has (${key.name}).`,
          'Remove or correct those rows on that node; they are its own and were left alone.',
        ).error,
      ];
    }),
  );
};
