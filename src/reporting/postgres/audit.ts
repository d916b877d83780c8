/** What the reporting database has of this node's events, held against what is here: gaps and duplicates. Changes nothing. */
import { ok, type Result } from '../../core/result.ts';
import type { Database } from '../../replication/postgres/connection.ts';
import { qualify, quoteName, quoteNames } from '../../replication/postgres/identifier.ts';
import type { Fit } from '../core/columns.ts';
import type { Missing } from '../core/missing.ts';
import { holesIn } from '../core/runs.ts';
import type { SourceTable, Span } from '../core/words.ts';
import type { Source } from '../source.ts';
import type { Audit } from '../target.ts';
import { SCHEMA } from './schema-sql.ts';
import { readPosition } from './statements.ts';

const MOST_LISTED = 20;

interface SpanRow {
  readonly [column: string]: unknown;
  readonly from: string;
  readonly to: string;
}

const spansOf = (rows: readonly SpanRow[]): readonly Span[] =>
  rows.map(({ from, to }) => ({ from: Number(from), to: Number(to) }));

/** Runs whose rows are not all there any more. */
const lostSql = (schema: string, table: string, { key }: Fit): string => `
SELECT l.key_from::text AS "from", l.key_to::text AS "to", l.lost::text AS count FROM (
  SELECT r.key_from, r.key_to, r.key_to - r.key_from + 1
    - (SELECT count(*) FROM ${qualify(schema, table)} t WHERE t.${quoteName(key)} BETWEEN r.id AND r.id + r.key_to - r.key_from) AS lost
  FROM ${SCHEMA}.run r WHERE r.origin = $1 AND r.table_name = $2) l
WHERE l.lost > 0 ORDER BY l.key_from LIMIT ${MOST_LISTED}`;

/** Rows since ours began that nobody's run covers, and how many of those are the same as a row that one covers. */
const foreignSql = (schema: string, table: string, time: string, { key, columns }: Fit): string => {
  const name = qualify(schema, table);
  const all = columns.map((column) => column.name);
  const when = quoteName(time);
  const isOurs = (alias: string): string =>
    `EXISTS (SELECT FROM ${SCHEMA}.run r WHERE r.table_name = $1 AND ${alias}.${quoteName(key)} BETWEEN r.id AND r.id + r.key_to - r.key_from)`;
  return `WITH other AS (SELECT t.* FROM ${name} t, ${SCHEMA}.stream s
      WHERE s.table_name = $1 AND t.${quoteName(key)} >= s.begin_id AND NOT ${isOurs('t')})
    SELECT count(*)::text AS others, count(*) FILTER (WHERE EXISTS (SELECT FROM ${name} t WHERE t.${when} IS NOT DISTINCT FROM o.${when}
      AND ROW(${quoteNames(all, 't')})::text = ROW(${quoteNames(all, 'o')})::text AND ${isOurs('t')}))::text AS twice FROM other o`;
};

interface Work {
  readonly database: Database;
  readonly source: Source;
  readonly table: SourceTable;
}

/** Numbers that no run covers and whose rows are here all the same. */
const missingOf = async ({ database, source, table }: Work, within: Span): Promise<Result<readonly Missing[]>> => {
  const name = table.rule.table;
  const covered = await database.query<SpanRow>(
    `SELECT key_from::text AS "from", key_to::text AS "to" FROM ${SCHEMA}.run WHERE origin = $1 AND table_name = $2
     UNION ALL SELECT key::text, key::text FROM ${SCHEMA}.refused WHERE origin = $1 AND table_name = $2`,
    [source.origin, name],
  );
  if (!covered.ok) return covered;
  const missing: Missing[] = [];
  for (const hole of holesIn(within, spansOf(covered.value))) {
    const count = await source.countOwn(table, hole);
    if (!count.ok) return count;
    if (count.value > 0) missing.push({ ...hole, count: count.value });
    if (missing.length === MOST_LISTED) break;
  }
  return ok(missing);
};

/** Faults: those of `Database.query` of either side. */
export const auditPostgres = async (
  database: Database,
  schema: string,
  fit: Fit,
  source: Source,
  table: SourceTable,
): Promise<Result<Audit | null>> => {
  const { origin } = source;
  const { table: name, time } = table.rule;
  const stood = await database.query<Readonly<Record<'position' | 'begun' | 'folded', string>>>(readPosition, [
    origin,
    name,
  ]);
  if (!stood.ok) return stood;
  const [row] = stood.value;
  if (row === undefined) return ok(null);
  const [position, begun] = [Number(row.position), Number(row.begun)];
  const missing = await missingOf(
    { database, source, table },
    { from: Math.max(begun, Number(row.folded)) + 1, to: position },
  );
  if (!missing.ok) return missing;
  const gone = await database.query<SpanRow>(
    `SELECT key_from::text AS "from", key_to::text AS "to" FROM ${SCHEMA}.gone WHERE origin = $1 AND table_name = $2 ORDER BY at DESC LIMIT 200`,
    [origin, name],
  );
  if (!gone.ok) return gone;
  const lost = await database.query<SpanRow & { readonly count: string }>(lostSql(schema, name, fit), [origin, name]);
  if (!lost.ok) return lost;
  const others = await database.query<{ readonly others: string; readonly twice: string }>(
    foreignSql(schema, name, time, fit),
    [name],
  );
  if (!others.ok) return others;
  const lostHere = lost.value.map(({ from, to, count }) => ({
    from: Number(from),
    to: Number(to),
    count: Number(count),
  }));
  return ok({
    position,
    begun,
    gone: spansOf(gone.value),
    missing: [...missing.value, ...lostHere],
    // Folded runs are not known one by one any more, so that nothing can be said of rows without one.
    others: Number(row.folded) > 0 ? null : Number(others.value[0]?.others ?? 0),
    twice: Number(row.folded) > 0 ? null : Number(others.value[0]?.twice ?? 0),
  });
};
