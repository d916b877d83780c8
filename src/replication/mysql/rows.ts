/** Tables, digests and rows of one server, for a comparison with the other's. It reads in small pieces and locks nothing. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { Mysql } from './connection.ts';
import type { MysqlRow } from './dialect.ts';
import { textOf } from './dialect-common.ts';
import { qualify, quoteName } from './sql-text.ts';

export interface ComparedTable {
  readonly database: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** Of its primary key; empty: it has none. */
  readonly key: readonly string[];
  /** Of these the ones whose values are bytes: told, and asked for, in hexadecimal. */
  readonly byteKey: readonly string[];
  /** False: its rows cannot be told one by one, since it has no key, or one of a kind that sorts otherwise than it compares. */
  readonly hasOrder: boolean;
  /** Names, types and collations of all columns: what must be the same on both nodes. */
  readonly shape: string;
}

/** A part of a table by its key: after `from`, up to and with `to`; null: from the beginning, to the end. */
export interface Span {
  readonly from: readonly string[] | null;
  readonly to: readonly string[] | null;
}

export interface Digest {
  readonly count: number;
  readonly digest: string;
}

export interface RowDigest {
  readonly key: readonly string[];
  readonly digest: string;
}

const TABLES = `SELECT c.TABLE_SCHEMA AS db, c.TABLE_NAME AS name, c.COLUMN_NAME AS col, c.DATA_TYPE AS kind,
    CONCAT_WS(' ', c.COLUMN_NAME, c.COLUMN_TYPE, c.COLLATION_NAME) AS shape,
    (SELECT k.ORDINAL_POSITION FROM information_schema.KEY_COLUMN_USAGE k WHERE k.CONSTRAINT_NAME = 'PRIMARY'
      AND k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME AND k.COLUMN_NAME = c.COLUMN_NAME) AS place
  FROM information_schema.COLUMNS c JOIN information_schema.TABLES t
    ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
  WHERE t.TABLE_TYPE = 'BASE TABLE' AND c.TABLE_SCHEMA = ? ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION`;

const BYTES: ReadonlySet<string> = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
/** Compared with a text as texts, and sorted by their number; or never the same twice. */
const WITHOUT_ORDER: ReadonlySet<string> = new Set(['enum', 'set', 'bit', 'float', 'double']);

const tableOf = (rows: readonly MysqlRow[]): ComparedTable => {
  const parts = rows.filter((row) => Number(row['place'] ?? 0) > 0);
  const kind = (row: MysqlRow): string => textOf(row, 'kind').toLowerCase();
  return {
    database: textOf(rows[0] ?? {}, 'db'),
    table: textOf(rows[0] ?? {}, 'name'),
    columns: rows.map((row) => textOf(row, 'col')),
    key: parts.toSorted((one, other) => Number(one['place']) - Number(other['place'])).map((row) => textOf(row, 'col')),
    byteKey: parts.filter((row) => BYTES.has(kind(row))).map((row) => textOf(row, 'col')),
    hasOrder: parts.length > 0 && parts.every((row) => !WITHOUT_ORDER.has(kind(row))),
    shape: rows.map((row) => textOf(row, 'shape')).join(', '),
  };
};

/** Of these databases, without those left out (`database.table`). Faults: those of `Mysql.query`. */
export const readTables = async (
  db: Mysql,
  databases: readonly string[],
  exclude: readonly string[],
): Promise<Result<readonly ComparedTable[]>> => {
  const tables: ComparedTable[] = [];
  for (const database of databases) {
    const rows = await db.query(TABLES, [database]);
    if (!rows.ok) return rows;
    const byName = Map.groupBy(rows.value, (row) => textOf(row, 'name'));
    tables.push(...[...byName.values()].map(tableOf));
  }
  return ok(tables.filter(({ database, table }) => !exclude.includes(`${database}.${table}`)));
};

/** All of a row in one text: each column as it is written, so that no two values look alike. MySQL 9 has MD5 and SHA1 no more. */
const rowDigest = (columns: readonly string[]): string =>
  `SHA2(CONCAT_WS(',', ${columns.map((name) => `COALESCE(HEX(CAST(${quoteName(name)} AS BINARY)), '-')`).join(', ')}), 256)`;

const names = (columns: readonly string[]): string => columns.map(quoteName).join(', ');

/** The key as it is told: bytes in hexadecimal. */
const toldKey = ({ key, byteKey }: ComparedTable): string =>
  key
    .map((name) => (byteKey.includes(name) ? `HEX(${quoteName(name)}) AS ${quoteName(name)}` : quoteName(name)))
    .join(', ');

/** A place for a value of each column of the key. */
const markOf = ({ byteKey }: ComparedTable, name: string): string => (byteKey.includes(name) ? 'UNHEX(?)' : '?');

/** By the columns themselves, whatever the answer calls them. */
const orderOf = ({ table, key }: ComparedTable): string =>
  key.map((name) => `${quoteName(table)}.${quoteName(name)}`).join(', ');

const whereOf = (
  table: ComparedTable,
  { from, to }: Span,
): { readonly sql: string; readonly values: readonly string[] } => {
  const { key } = table;
  const marks = key.map((name) => markOf(table, name)).join(', ');
  const parts = [
    ...(from === null ? [] : [`(${names(key)}) > (${marks})`]),
    ...(to === null ? [] : [`(${names(key)}) <= (${marks})`]),
  ];
  return { sql: parts.length === 0 ? '' : `WHERE ${parts.join(' AND ')}`, values: [...(from ?? []), ...(to ?? [])] };
};

/** The end of a span of so many rows; null: there are not so many left. */
export const readEnd = async (
  db: Mysql,
  table: ComparedTable,
  from: readonly string[] | null,
  size: number,
): Promise<Result<readonly string[] | null>> => {
  const { sql, values } = whereOf(table, { from, to: null });
  const text = `SELECT ${toldKey(table)} FROM ${qualify(table.database, table.table)} ${sql} ORDER BY ${orderOf(table)} LIMIT 1 OFFSET ${size - 1}`;
  const rows = await db.query(text, values);
  if (!rows.ok) return rows;
  const [row] = rows.value;
  return ok(row === undefined ? null : table.key.map((name) => textOf(row, name)));
};

const half = (from: number): string => `BIT_XOR(CAST(CONV(SUBSTRING(d, ${from}, 16), 16, 10) AS UNSIGNED))`;

/** Count and digest of a span, whatever the order of its rows. Faults: those of `Mysql.query`. */
export const readDigest = async (db: Mysql, table: ComparedTable, span: Span): Promise<Result<Digest>> => {
  const { sql, values } = whereOf(table, span);
  const inner = `SELECT ${rowDigest(table.columns)} AS d FROM ${qualify(table.database, table.table)} ${sql}`;
  const rows = await db.query(`SELECT COUNT(*) AS n, ${half(1)} AS a, ${half(17)} AS b FROM (${inner}) AS r`, values);
  if (!rows.ok) return rows;
  const row = rows.value[0] ?? {};
  return ok({ count: Number(textOf(row, 'n')), digest: `${textOf(row, 'a')}-${textOf(row, 'b')}` });
};

/** More rows than this in one span are not told one by one. */
export const MOST_ROWS = 2000;

export const readRowDigests = async (
  db: Mysql,
  table: ComparedTable,
  span: Span,
): Promise<Result<readonly RowDigest[]>> => {
  const { sql, values } = whereOf(table, span);
  const from = qualify(table.database, table.table);
  const rows = await db.query(
    `SELECT ${toldKey(table)}, ${rowDigest(table.columns)} AS \`dualtone digest\` FROM ${from} ${sql} ORDER BY ${orderOf(table)} LIMIT ${MOST_ROWS}`,
    values,
  );
  if (!rows.ok) return rows;
  return ok(
    rows.value.map((row) => ({
      key: table.key.map((name) => textOf(row, name)),
      digest: textOf(row, 'dualtone digest'),
    })),
  );
};

const SECRET = /pass|secret|pin|token|md5|cred/i;
const LONGEST = 200;

/** What differs may be told, a telephone's password not. */
const shown = (name: string, row: MysqlRow, column: string): string | null => {
  if (row[column] === null) return null;
  return SECRET.test(name) ? '(not shown)' : textOf(row, column);
};

/** One row as people read it, with digests by column so that what is not shown can be compared too; null: it is not there. */
export interface ShownRow {
  readonly values: Readonly<Record<string, string | null>>;
  readonly digests: Readonly<Record<string, string>>;
}

export const readRow = async (
  db: Mysql,
  table: ComparedTable,
  key: readonly string[],
): Promise<Result<ShownRow | null>> => {
  const where = table.key.map((name) => `${quoteName(name)} = ${markOf(table, name)}`).join(' AND ');
  const digests = table.columns.map((name, index) => `${rowDigest([name])} AS \`d${index}\``);
  const values = table.columns.map(
    (name, index) => `LEFT(CAST(${quoteName(name)} AS CHAR), ${LONGEST}) AS \`v${index}\``,
  );
  const rows = await db.query(
    `SELECT ${[...digests, ...values].join(', ')} FROM ${qualify(table.database, table.table)} WHERE ${where}`,
    key,
  );
  if (!rows.ok) return rows;
  const [row] = rows.value;
  if (row === undefined) return ok(null);
  return ok({
    values: Object.fromEntries(table.columns.map((name, index) => [name, shown(name, row, `v${index}`)])),
    digests: Object.fromEntries(table.columns.map((name, index) => [name, textOf(row, `d${index}`)])),
  });
};

/** A table that the other node named and this one has not. */
export const noSuchTable = (database: string, table: string) =>
  fail(
    'mysql-no-table',
    `There is no table ${database}.${table} here that follows.`,
    'Give both nodes the same `streams.mysql` and the same version of the telephone system.',
  );
