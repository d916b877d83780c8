/** Rows of the main by their keys, read and written as JSON; PostgreSQL itself turns JSON into its types and back. */
import { ok, type Result } from '../../../core/result.ts';
import type { Database } from '../../postgres/connection.ts';
import { qualify, quoteName, quoteNames } from '../../postgres/identifier.ts';
import { type NetChange, rowId } from './fold.ts';
import { type JsonRow, parseRow } from './json.ts';

const CHUNK = 500;

const sameKey = (key: JsonRow): string =>
  // A row without a key is found by all its columns, of which any may be empty.
  Object.entries(key)
    .map(([column, value]) => {
      const name = quoteName(column);
      return value === null ? `t.${name} IS NULL` : `t.${name} = k.${name}`;
    })
    .join(' AND ');

const groups = (
  rows: readonly Pick<NetChange, 'table' | 'key'>[],
): readonly (readonly Pick<NetChange, 'table' | 'key'>[])[] => {
  const byShape = new Map<string, Pick<NetChange, 'table' | 'key'>[]>();
  for (const row of rows) {
    const shape = JSON.stringify([
      row.table,
      Object.entries(row.key).map(([column, value]) => [column, value === null]),
    ]);
    const group = byShape.get(shape);
    if (group === undefined) byShape.set(shape, [row]);
    else group.push(row);
  }
  return [...byShape.values()];
};

/** Which of the names are tables of the schema. Faults: those of `Database.query`. */
const knownTables = async (
  here: Database,
  schema: string,
  names: readonly string[],
): Promise<Result<ReadonlySet<string>>> => {
  const found = await here.query<{ readonly name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND c.relname = ANY($2)`,
    [schema, [...new Set(names)]],
  );
  return found.ok ? ok(new Set(found.value.map((row) => row.name))) : found;
};

/** Those that are there, by `rowId`; with `lock` nobody changes them until the transaction ends. Faults: those of `Database.query`. */
export const readMainRows = async (
  here: Database,
  schema: string,
  wanted: readonly Pick<NetChange, 'table' | 'key'>[],
  lock: boolean,
): Promise<Result<ReadonlyMap<string, JsonRow>>> => {
  const tables = await knownTables(
    here,
    schema,
    wanted.map((row) => row.table),
  );
  if (!tables.ok) return tables;
  const rowById = new Map<string, JsonRow>();
  for (const group of groups(wanted.filter((row) => tables.value.has(row.table)))) {
    for (let at = 0; at < group.length; at += CHUNK) {
      const chunk = group.slice(at, at + CHUNK);
      const [first] = chunk;
      if (first === undefined) break;
      const table = qualify(schema, first.table);
      const found = await here.query<{ readonly at: number; readonly row: string }>(
        `SELECT i.at::int AS at, to_jsonb(t)::text AS row FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY i(key, at)
         CROSS JOIN LATERAL jsonb_populate_record(NULL::${table}, i.key) k JOIN ${table} t ON ${sameKey(first.key)}${lock ? ' FOR UPDATE OF t' : ''}`,
        [JSON.stringify(chunk.map((row) => row.key))],
      );
      if (!found.ok) return found;
      for (const row of found.value) {
        const one = chunk[row.at - 1];
        if (one !== undefined) rowById.set(rowId(one.table, one.key), parseRow(row.row));
      }
    }
  }
  return ok(rowById);
};

/** Sets columns of one row; how many rows that were. Faults: those of `Database.run`. */
export const updateMainRow = (
  here: Database,
  schema: string,
  table: string,
  key: JsonRow,
  columns: JsonRow,
): Promise<Result<number>> => {
  const name = qualify(schema, table);
  const sets = Object.keys(columns).map((column) => `${quoteName(column)} = v.${quoteName(column)}`);
  return here.run(
    `UPDATE ${name} t SET ${sets.join(', ')} FROM jsonb_populate_record(NULL::${name}, $1::jsonb) k,
       jsonb_populate_record(NULL::${name}, $2::jsonb) v WHERE ${sameKey(key)}`,
    [JSON.stringify(key), JSON.stringify(columns)],
  );
};

export const deleteMainRow = (here: Database, schema: string, table: string, key: JsonRow): Promise<Result<number>> => {
  const name = qualify(schema, table);
  return here.run(
    `DELETE FROM ${name} t USING jsonb_populate_record(NULL::${name}, $1::jsonb) k WHERE ${sameKey(key)}`,
    [JSON.stringify(key)],
  );
};

interface ColumnFact {
  readonly [column: string]: unknown;
  readonly name: string;
  readonly sequence: string | null;
}

const COLUMNS = `
SELECT a.attname AS name, (SELECT s.oid::regclass::text FROM pg_class s JOIN pg_depend d ON d.objid = s.oid
    WHERE s.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
      AND d.deptype IN ('a', 'i') LIMIT 1) AS sequence
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''`;

/** Columns that PostgreSQL computes itself, and such as the main does not have, are left out; sequences follow. Faults: those of `Database.run`. */
export const insertMainRow = async (
  here: Database,
  schema: string,
  table: string,
  row: JsonRow,
): Promise<Result<number>> => {
  const facts = await here.query<ColumnFact>(COLUMNS, [schema, table]);
  if (!facts.ok) return facts;
  const columns = facts.value.filter((column) => column.name in row);
  const names = columns.map((column) => column.name);
  const target = qualify(schema, table);
  const inserted = await here.run(
    `INSERT INTO ${target} (${quoteNames(names)}) OVERRIDING SYSTEM VALUE
     SELECT ${quoteNames(names, 'v')} FROM jsonb_populate_record(NULL::${target}, $1::jsonb) v`,
    [JSON.stringify(row)],
  );
  if (!inserted.ok) return inserted;
  for (const { name, sequence } of columns) {
    const value = row[name];
    if (sequence === null || !Number.isSafeInteger(value)) continue;
    // Otherwise the main's next own row would meet this one.
    const moved = await here.query(
      'SELECT setval($1::regclass, $2::bigint) WHERE $2::bigint > coalesce(pg_sequence_last_value($1::regclass), 0)',
      [sequence, String(value)],
    );
    if (!moved.ok) return moved;
  }
  return inserted;
};

/** Does `work` so that its failure undoes only itself within the transaction. */
export const attempt = async <T>(here: Database, work: () => Promise<Result<T>>): Promise<Result<T>> => {
  const begun = await here.run('SAVEPOINT attempt');
  if (!begun.ok) return begun;
  const done = await work();
  if (here.isClosed()) return done;
  const ended = await here.run(done.ok ? 'RELEASE SAVEPOINT attempt' : 'ROLLBACK TO SAVEPOINT attempt');
  return ended.ok ? done : ended;
};
