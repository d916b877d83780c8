/** What the reporting database has, before anything is written there. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { Database } from '../../replication/postgres/connection.ts';
import { qualify, quoteName } from '../../replication/postgres/identifier.ts';
import { type Fit, fitTable, type TargetTable } from '../core/columns.ts';
import type { SourceTable } from '../core/words.ts';
import { SCHEMA } from './schema-sql.ts';

const tableSql = `
SELECT has_table_privilege(c.oid, 'SELECT') AS "mayRead", has_table_privilege(c.oid, 'INSERT') AS "mayInsert", s.name AS sequence,
  coalesce(has_sequence_privilege(s.name, 'UPDATE') AND has_sequence_privilege(s.name, 'SELECT'), false) AS "mayNumber",
  (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, -1), 'notNull', a.attnotnull,
     'hasDefault', a.atthasdef OR a.attidentity <> '', 'generated', a.attgenerated <> '') ORDER BY a.attnum)
   FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute k ON k.attrelid = c.oid AND k.attname = $3 AND NOT k.attisdropped
  CROSS JOIN LATERAL (SELECT CASE WHEN k.attname IS NULL THEN NULL ELSE pg_get_serial_sequence(c.oid::regclass::text, $3) END AS name) s
WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')`;

const ownSql = `
SELECT count(*) = 5 AND coalesce(bool_and(has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
  AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')), false) AS ready
FROM unnest(ARRAY['stream', 'position', 'run', 'gone', 'refused']) t(name)
JOIN pg_namespace n ON n.nspname = '${SCHEMA}' AND has_schema_privilege(n.oid, 'USAGE') JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name`;

const unprepared = fail(
  'reporting-target-unprepared',
  `The reporting database has no schema \`${SCHEMA}\` that Dualtone's role may use.`,
  'Give the output of `dualtone reporting sql` to its administrator.',
);

/** By table. Faults: `reporting-target-unprepared`, `reporting-table-unfit`, those of `Database.query`. */
export const lookAtTarget = async (
  database: Database,
  schema: string,
  tables: readonly SourceTable[],
): Promise<Result<ReadonlyMap<string, Fit>>> => {
  const own = await database.query<{ readonly ready: boolean }>(ownSql);
  if (!own.ok) return own;
  if (own.value[0]?.ready !== true) return unprepared;
  const fits = new Map<string, Fit>();
  for (const table of tables) {
    const { rule } = table;
    const rows = await database.query<TargetTable & { readonly [column: string]: unknown }>(tableSql, [
      schema,
      rule.table,
      rule.key,
    ]);
    if (!rows.ok) return rows;
    const fit = fitTable(table, rows.value[0] ?? null);
    if (!fit.ok) return fit;
    fits.set(rule.table, fit.value);
    const begun = await database.run(
      `INSERT INTO ${SCHEMA}.stream (table_name, begin_id)
       SELECT $1, coalesce((SELECT max(${quoteName(rule.key)}) FROM ${qualify(schema, rule.table)}), 0) + 1 ON CONFLICT DO NOTHING`,
      [rule.table],
    );
    if (!begun.ok) return begun;
  }
  return ok(fits);
};
