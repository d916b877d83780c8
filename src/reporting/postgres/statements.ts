/** The statements that bring events into the reporting database. Values are parameters; names are quoted. Pure. */
import { qualify, quoteName, quoteNames } from '../../replication/postgres/identifier.ts';
import type { Fit } from '../core/columns.ts';
import { SCHEMA } from './schema-sql.ts';

/** $1 table. Two senders stand in line here, so that who reads by number misses none: numbers become visible in their order. */
export const lockStream = `SELECT 1 FROM ${SCHEMA}.stream WHERE table_name = $1 FOR UPDATE`;

/** $1 origin, $2 table. */
export const readPosition = `
SELECT position::text, digest, folded::text, begun::text FROM ${SCHEMA}.position WHERE origin = $1 AND table_name = $2`;

/** $1 origin, $2 table, $3 position. */
export const beginPosition = `
INSERT INTO ${SCHEMA}.position (origin, table_name, begun, position) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING`;

/** $1 origin, $2 table, $3 position, $4 digest. */
export const movePosition = `
UPDATE ${SCHEMA}.position SET position = $3, digest = $4, at = clock_timestamp() WHERE origin = $1 AND table_name = $2`;

/** $1 table, $2 origins, $3 lowest, $4 highest: runs that cover one of these, or end right before. */
export const readRuns = `
SELECT origin, key_from::text AS "from", key_to::text AS "to", id::text FROM ${SCHEMA}.run
WHERE table_name = $1 AND origin = ANY($2::text[]) AND key_to >= $3::bigint - 1 AND key_from <= $4::bigint`;

/** $1 table, $2 origins. */
export const readFolded = `
SELECT origin, folded::text FROM ${SCHEMA}.position WHERE table_name = $1 AND origin = ANY($2::text[]) AND folded > 0`;

/** $1 table, $2 runs as JSON. */
export const keepRuns = `
INSERT INTO ${SCHEMA}.run AS r (table_name, origin, key_from, key_to, id)
SELECT $1, n.origin, n."from", n."to", n.id FROM json_to_recordset($2::json) n (origin text, "from" bigint, "to" bigint, id bigint)
ON CONFLICT (table_name, origin, key_from) DO UPDATE SET key_to = excluded.key_to WHERE r.id = excluded.id`;

/** The next free number, whoever numbered before. */
export const nextNumber = (schema: string, table: string, { key, sequence }: Fit): string => {
  const highest = `coalesce((SELECT max(t.${quoteName(key)}) FROM ${qualify(schema, table)} t), 0)::bigint`;
  const drawn = sequence === null ? '0' : 'coalesce(pg_sequence_last_value(to_regclass($1)), 0)';
  return `SELECT (greatest(${highest}, ${drawn}) + 1)::text AS next`;
};

/** $1 sequence, $2 last number. */
export const moveSequence = 'SELECT setval(to_regclass($1), $2::bigint)';

/** $1 rows as JSON: `n`, the number, and `c0`… as text, cast to what the column is. */
export const insertRows = (schema: string, table: string, { key, columns }: Fit): string => {
  const names = quoteNames([key, ...columns.map(({ name }) => name)]);
  const values = columns.map(({ type }, index) => `(r.c${index})::${type}`);
  const given = ['n bigint', ...columns.map((_column, index) => `c${index} text`)].join(', ');
  return `INSERT INTO ${qualify(schema, table)} (${names}) OVERRIDING SYSTEM VALUE
    SELECT ${['r.n', ...values].join(', ')} FROM json_to_recordset($1::json) r (${given}) ORDER BY r.n`;
};

/** $1 origin, $2 table, $3 key, $4 reason, $5 cells. */
export const keepRefused = `
INSERT INTO ${SCHEMA}.refused (origin, table_name, key, reason, cells) VALUES ($1, $2, $3, $4, $5::json) ON CONFLICT DO NOTHING`;

/** $1 origin, $2 table. */
export const readRefusedKeys = `
SELECT key::text FROM ${SCHEMA}.refused WHERE origin = $1 AND table_name = $2 ORDER BY key`;

/** $1 origin, $2 table, $3 key. */
export const dropRefused = `DELETE FROM ${SCHEMA}.refused WHERE origin = $1 AND table_name = $2 AND key = $3`;

/** $1 table. */
export const countRefused = `SELECT count(*)::int AS n FROM ${SCHEMA}.refused WHERE table_name = $1`;

/** $1 origin, $2 table, $3 from, $4 to. */
export const keepGone = `
INSERT INTO ${SCHEMA}.gone (origin, table_name, key_from, key_to) VALUES ($1, $2, $3, $4)
ON CONFLICT (table_name, origin, key_from) DO UPDATE SET key_to = excluded.key_to`;

/** $1 origin, $2 table, $3 how many runs to keep: the oldest go, and what they covered is known by one number. */
export const foldRuns = `
WITH old AS (DELETE FROM ${SCHEMA}.run r WHERE r.origin = $1 AND r.table_name = $2 AND r.key_from < (
    SELECT k.key_from FROM ${SCHEMA}.run k WHERE k.origin = $1 AND k.table_name = $2 ORDER BY k.key_from DESC OFFSET $3::int - 1 LIMIT 1) RETURNING r.key_to)
UPDATE ${SCHEMA}.position SET folded = greatest(folded, (SELECT max(key_to) FROM old)) WHERE origin = $1 AND table_name = $2 AND EXISTS (SELECT FROM old)`;
