/** What a schema holds, as far as copying its rows needs to know; PostgreSQL 13 to 18. */
import { ok, type Result } from '../../core/result.ts';
import type { Database } from './connection.ts';

export interface CatalogColumn {
  readonly name: string;
  /** As `format_type` writes it, types of a schema with their schema. */
  readonly type: string;
  readonly notNull: boolean;
  /** Computed by the server; never copied. */
  readonly generated: boolean;
  readonly identity: 'always' | 'by-default' | null;
  readonly hasDefault: boolean;
}

/** A unique index that binds whole tables. */
export interface CatalogUnique {
  readonly name: string;
  /** Null where it is over expressions, or only some rows: then any column may count. */
  readonly columns: readonly string[] | null;
}

export interface CatalogTable {
  readonly name: string;
  /** `partitioned`: read and written through its root; its partitions are not listed. */
  readonly kind: 'plain' | 'partitioned';
  /** Other tables inherit from it in the old way: it is read with ONLY. */
  readonly hasChildren: boolean;
  readonly columns: readonly CatalogColumn[];
  /** The primary key, otherwise a unique index over columns that are never null; null: rows have no identity. */
  readonly key: readonly string[] | null;
  readonly keyIs: 'primary' | 'unique' | null;
  /** Besides the key: unique indexes and exclusion constraints. */
  readonly uniques: readonly CatalogUnique[];
  /** What logical replication may use to find a row: `d`, `n`, `f` or `i`, as in `pg_class.relreplident`. */
  readonly replicaIdentity: string;
  /** The planner's estimate; -1 when it has none. */
  readonly estimatedRows: number;
  readonly bytes: number;
  /** It has no page at all, so certainly no row; a partitioned one is never said to be. */
  readonly vacant: boolean;
}

export interface CatalogForeignKey {
  readonly name: string;
  readonly fromSchema: string;
  readonly fromTable: string;
  readonly fromColumns: readonly string[];
  readonly toTable: string;
  readonly toColumns: readonly string[];
}

export interface CatalogSequence {
  readonly name: string;
  /** The table whose column it numbers (serial, identity, or a default that calls it); null when nothing does. */
  readonly usedBy: readonly { readonly table: string; readonly column: string }[];
  readonly ascending: boolean;
}

export interface CatalogEnum {
  /** With its schema, quoted as `format_type` writes it. */
  readonly type: string;
  readonly labels: readonly string[];
}

export interface Catalog {
  readonly schema: string;
  readonly tables: readonly CatalogTable[];
  /** Those that lead into a table of this schema, from wherever. */
  readonly foreignKeys: readonly CatalogForeignKey[];
  readonly sequences: readonly CatalogSequence[];
  readonly enums: readonly CatalogEnum[];
}

// All of `pg_catalog` is named in full where a user could shadow it: `search_path` is empty, which leaves `pg_catalog` alone.
const TABLES = `
SELECT coalesce(json_agg(t ORDER BY t.name), '[]') AS answer FROM (
  SELECT c.oid::text AS oid, c.relname AS name, CASE c.relkind WHEN 'p' THEN 'partitioned' ELSE 'plain' END AS kind,
    c.relkind = 'r' AND EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhparent = c.oid) AS "hasChildren",
    c.relreplident AS "replicaIdentity", c.reltuples::float8 AS "estimatedRows",
    pg_table_size(c.oid) AS bytes, c.relkind = 'r' AND pg_relation_size(c.oid) = 0 AS vacant,
    coalesce((SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
        'notNull', a.attnotnull, 'generated', a.attgenerated <> '',
        'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by-default' END,
        'hasDefault', a.atthasdef OR a.attidentity <> '') ORDER BY a.attnum)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS columns,
    coalesce((SELECT json_agg(json_build_object('name', x.relname, 'primary', i.indisprimary,
        'identity', i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
          AND NOT EXISTS (SELECT 1 FROM unnest(i.indkey[0:i.indnkeyatts - 1]) k
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k WHERE NOT a.attnotnull),
        'columns', CASE WHEN i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL THEN
          (SELECT json_agg(a.attname ORDER BY k.ord)
             FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(num, ord)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num) END)
        ORDER BY i.indisprimary DESC, i.indnkeyatts, x.relname)
      FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
      WHERE i.indrelid = c.oid AND i.indislive AND (i.indisunique OR i.indisexclusion)), '[]') AS indexes
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't') t`;

const FOREIGN_KEYS = `
SELECT coalesce(json_agg(f ORDER BY f."fromSchema", f."fromTable", f.name), '[]') AS answer FROM (
  SELECT k.conname AS name, fn.nspname AS "fromSchema", fc.relname AS "fromTable", tc.relname AS "toTable",
    (SELECT json_agg(a.attname ORDER BY u.ord) FROM unnest(k.conkey) WITH ORDINALITY AS u(num, ord)
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num) AS "fromColumns",
    (SELECT json_agg(a.attname ORDER BY u.ord) FROM unnest(k.confkey) WITH ORDINALITY AS u(num, ord)
      JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num) AS "toColumns"
  FROM pg_constraint k JOIN pg_class fc ON fc.oid = k.conrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace
    JOIN pg_class tc ON tc.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = tc.relnamespace
  WHERE k.contype = 'f' AND tn.nspname = $1 AND k.conparentid = 0) f`;

// A serial or identity column depends on its sequence by ownership; a plain default by its expression.
const SEQUENCES = `
SELECT coalesce(json_agg(s ORDER BY s.name), '[]') AS answer FROM (
  SELECT c.relname AS name, q.seqincrement > 0 AS ascending,
    coalesce((SELECT json_agg(DISTINCT jsonb_build_object('table', u.relname, 'column', u.attname)) FROM (
      SELECT t.relname, a.attname FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
          AND d.deptype IN ('a', 'i')
      UNION ALL
      SELECT t.relname, a.attname FROM pg_depend d JOIN pg_attrdef e ON e.oid = d.objid
        JOIN pg_class t ON t.oid = e.adrelid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = e.adnum
        WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid) u),
      '[]') AS "usedBy"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence q ON q.seqrelid = c.oid
  WHERE n.nspname = $1 AND c.relkind = 'S') s`;

const ENUMS = `
SELECT coalesce(json_agg(e ORDER BY e.type), '[]') AS answer FROM (
  SELECT format_type(t.oid, NULL) AS type,
    (SELECT json_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid) AS labels
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE t.typtype = 'e' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema') e`;

interface RawIndex {
  readonly name: string;
  readonly primary: boolean;
  readonly identity: boolean;
  readonly columns: readonly string[] | null;
}

type RawTable = Omit<CatalogTable, 'key' | 'keyIs' | 'uniques'> & { readonly indexes: readonly RawIndex[] };

const tableOf = ({ indexes, ...table }: RawTable): CatalogTable => {
  const keyIndex = indexes.find((index) => index.primary) ?? indexes.find((index) => index.identity);
  return {
    name: table.name,
    kind: table.kind,
    hasChildren: table.hasChildren,
    columns: table.columns,
    key: keyIndex?.columns ?? null,
    keyIs: keyIndex === undefined ? null : keyIndex.primary ? 'primary' : 'unique',
    uniques: indexes.filter((index) => index !== keyIndex).map(({ name, columns }) => ({ name, columns })),
    replicaIdentity: table.replicaIdentity,
    estimatedRows: table.estimatedRows,
    bytes: table.bytes,
    vacant: table.vacant,
  };
};

const ask = async <T>(database: Database, text: string, values: readonly unknown[]): Promise<Result<readonly T[]>> => {
  const rows = await database.query<{ readonly answer: readonly T[] }>(text, values);
  return rows.ok ? ok(rows.value[0]?.answer ?? []) : rows;
};

/** What `schema` holds at this moment, or in the connection's snapshot. Faults: those of `Database.query`. */
export const readCatalog = async (database: Database, schema: string): Promise<Result<Catalog>> => {
  const [tables, foreignKeys, sequences, enums] = await Promise.all([
    ask<RawTable>(database, TABLES, [schema]),
    ask<CatalogForeignKey>(database, FOREIGN_KEYS, [schema]),
    ask<CatalogSequence>(database, SEQUENCES, [schema]),
    ask<CatalogEnum>(database, ENUMS, []),
  ]);
  if (!tables.ok) return tables;
  if (!foreignKeys.ok) return foreignKeys;
  if (!sequences.ok) return sequences;
  if (!enums.ok) return enums;
  return ok({
    schema,
    tables: tables.value.map(tableOf),
    foreignKeys: foreignKeys.value,
    sequences: sequences.value,
    enums: enums.value,
  });
};
