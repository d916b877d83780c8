/** This node's tables of events, read in order: who writes to them, what is new, what became of what a merge brought. */
import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '../core/result.ts';
import { readEventTable } from '../replication/merge/events/table.ts';
import { ensureMergeTables } from '../replication/merge/schema.ts';
import { databaseIdentitySql, inTransaction } from '../replication/merge/session.ts';
import type { Database } from '../replication/postgres/connection.ts';
import { qualify, quoteName } from '../replication/postgres/identifier.ts';
import type { Event, Key, SourceTable, Span, TableRule } from './core/words.ts';

export interface SourceOptions {
  readonly schema: string;
  /** Names of the nodes: copies of one machine have one identity, and their names tell them apart. */
  readonly node: string;
  readonly peer: string;
  /** The same on both nodes; a higher one begins anew, where a database is another than it was. */
  readonly era: number;
  /** Events come home to the main only. */
  readonly isMain: boolean;
  readonly tables: readonly TableRule[];
}

export interface Page {
  readonly events: readonly Event[];
  /** Of the whole table; null: it is empty. */
  readonly lowest: Key | null;
}

export interface Source {
  readonly origin: string;
  readonly tables: readonly SourceTable[];
  /** The last number that was drawn, as far as it can be known. */
  last(table: SourceTable): Promise<Result<Key | null>>;
  /** The lowest there is and the highest; null: the table is empty. */
  ends(table: SourceTable): Promise<Result<Span | null>>;
  /** Of the row of that number; null: it is not there. */
  digest(table: SourceTable, key: Key): Promise<Result<string | null>>;
  /** Transactions that may bring rows. */
  writers(table: SourceTable): Promise<Result<readonly string[]>>;
  page(
    table: SourceTable,
    after: Key,
    limits: { readonly rows: number; readonly bytes: number },
  ): Promise<Result<Page>>;
  /** Of this node's own, those of these numbers that are still here. */
  events(table: SourceTable, keys: readonly Key[]): Promise<Result<readonly Event[]>>;
  countAfter(table: SourceTable, position: Key): Promise<Result<number>>;
  /** Rows of this node's own, of those numbers: not what merges brought. */
  countOwn(table: SourceTable, span: Span): Promise<Result<number>>;
}

/** The database, as merges name it, with the name of its node before it. */
export const originOf = (node: string, identity: string, era: number): string =>
  `${node}:${identity}${era === 1 ? '' : `#${era}`}`;

export const digestOf = (cells: readonly (string | null)[]): string =>
  createHash('sha256').update(JSON.stringify(cells)).digest('hex').slice(0, 32);

const unfit = (table: string, why: string) =>
  fail(
    'reporting-source-unfit',
    `The events of \`${table}\` cannot be reported: ${why}.`,
    'Correct the entry in `reporting.tables`.',
  );

const INTEGERS = new Set(['smallint', 'integer', 'bigint']);

const readTable = async (database: Database, schema: string, rule: TableRule): Promise<Result<SourceTable>> => {
  const found = await readEventTable(database, schema, rule.table);
  if (!found.ok) return found;
  if (found.value === null) return unfit(rule.table, 'there is no such table');
  const { columns, uniques } = found.value;
  const key = columns.find(({ name }) => name === rule.key);
  if (key === undefined || !INTEGERS.has(key.type)) return unfit(rule.table, `\`${rule.key}\` is no integer column`);
  if (!uniques.includes(rule.key)) return unfit(rule.table, `\`${rule.key}\` is not unique`);
  if (!columns.some(({ name }) => name === rule.time)) return unfit(rule.table, `it has no column \`${rule.time}\``);
  const carried = columns.filter(({ name, generated }) => !generated && name !== rule.key && !rule.omit.includes(name));
  return ok({ rule, columns: carried.map(({ name, type }) => ({ name, type })) });
};

/** Asked after the rows were read: where it says no, none of them was brought by a merge. */
const mergedIs = `SELECT to_regclass('dualtone.merged') IS NOT NULL AS is`;

const anew = fail(
  'reporting-source-anew',
  'A merge has begun to bring events to this node.',
  'Nothing to do: they are told from its own at the next look.',
);

interface PageRow {
  readonly [column: string]: unknown;
  readonly key: string;
  readonly cells: readonly (string | null)[];
  readonly node: string | null;
  readonly there: string | null;
  readonly lowest: string;
}

const cellsOf = ({ columns }: SourceTable): string =>
  `ARRAY[${columns.map(({ name }) => `t.${quoteName(name)}::text`).join(', ')}]::text[]`;

const eventsSql = (schema: string, table: SourceTable): string => {
  const key = `t.${quoteName(table.rule.key)}`;
  return `SELECT ${key}::text AS key, to_json(${cellsOf(table)}) AS cells, NULL::text AS node, NULL::text AS there
    FROM ${qualify(schema, table.rule.table)} t WHERE ${key} = ANY($1::bigint[]) ORDER BY ${key}`;
};

/** Rows of one statement are of one moment: a row that a merge brought is never seen without where it came from. */
const pageSql = (schema: string, source: SourceTable, isMapped: boolean): string => {
  const table = qualify(schema, source.rule.table);
  const key = quoteName(source.rule.key);
  const [node, there, join] = isMapped
    ? ['m.node', 'm.key_there', 'LEFT JOIN dualtone.merged m ON m.table_name = $4 AND m.key_here = p.key::text']
    : ['NULL::text', 'NULL::text', ''];
  return `SELECT p.key::text, to_json(p.cells) AS cells, ${node} AS node, ${there} AS there, p.lowest::text
    FROM (SELECT *, sum(octet_length(cells::text)) OVER (ORDER BY key) AS bytes FROM (
      SELECT t.${key} AS key, ${cellsOf(source)} AS cells, (SELECT min(l.${key}) FROM ${table} l) AS lowest
      FROM ${table} t WHERE t.${key} > $1::bigint ORDER BY t.${key} LIMIT $2::int) q) p ${join}
    WHERE p.bytes - octet_length(p.cells::text) < $3::bigint ORDER BY p.key`;
};

const writersSql = `
SELECT DISTINCT l.virtualtransaction AS writer FROM pg_catalog.pg_locks l
WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND l.relation IN (to_regclass($1), to_regclass('dualtone.merged')) AND l.pid IS DISTINCT FROM pg_backend_pid()
  AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`;

const lastSql = `
SELECT pg_sequence_last_value(to_regclass(s.name))::text AS last FROM (SELECT pg_get_serial_sequence($1, $2) AS name) s
WHERE s.name IS NOT NULL AND has_sequence_privilege(s.name, 'SELECT')`;

/** What a merge brought is found by its number here: without the index a large merge would be read whole each time. */
const mergedIndex = 'CREATE INDEX IF NOT EXISTS merged_here ON dualtone.merged (table_name, key_here)';

const mappingIs = `
SELECT to_regnamespace('dualtone') IS NOT NULL AS schema, to_regclass('dualtone.merged_here') IS NOT NULL AS index`;

/** One target's loop makes it, and the other waits: made by both at once, the catalogue refuses one. */
const makingLock = `SELECT pg_advisory_xact_lock(hashtextextended('dualtone.reporting', 0))`;

/** Whether what merges brought can be told from the rest: they have been here, or will. */
const prepareMapping = async (database: Database, { isMain }: SourceOptions): Promise<Result<boolean>> => {
  if (!isMain) return ok(false);
  const found = await database.query<{ readonly schema: boolean; readonly index: boolean }>(mappingIs);
  if (!found.ok) return found;
  const { schema = false, index = false } = found.value[0] ?? {};
  if (!schema || index) return ok(schema);
  return inTransaction(database, async () => {
    const locked = await database.run(makingLock);
    if (!locked.ok) return locked;
    const ensured = await ensureMergeTables(database);
    if (!ensured.ok) return ensured;
    const indexed = await database.run(mergedIndex);
    return indexed.ok ? ok(true) : indexed;
  });
};

const eventOf = (row: PageRow, origin: string, originThere: (identity: string) => string): Event => {
  const readKey = Number(row.key);
  const base = { readKey, cells: row.cells, digest: digestOf(row.cells) };
  const isOwn = row.node === null || row.there === null;
  return isOwn ? { ...base, origin, key: readKey } : { ...base, origin: originThere(row.node), key: Number(row.there) };
};

const ownSql = (schema: string, { rule }: SourceTable, isMapped: boolean): string => {
  const key = quoteName(rule.key);
  const mapped = isMapped
    ? ` AND NOT EXISTS (SELECT 1 FROM dualtone.merged m WHERE m.table_name = $3 AND m.key_here = t.${key}::text)`
    : '';
  return `SELECT count(*)::text AS n FROM ${qualify(schema, rule.table)} t WHERE t.${key} BETWEEN $1::bigint AND $2::bigint${mapped}`;
};

const createReader = (database: Database, options: SourceOptions, origin: string, isMapped: boolean) => {
  const { schema, peer, era, isMain } = options;
  const named = ({ rule }: SourceTable): readonly string[] => (isMapped ? [rule.table] : []);
  const one = async <T>(sql: string, values: readonly unknown[], read: (row: Record<string, unknown>) => T) => {
    const rows = await database.query(sql, values);
    return rows.ok ? ok(rows.value[0] === undefined ? null : read({ ...rows.value[0] })) : rows;
  };
  const page: Source['page'] = async (table, after, { rows: most, bytes }) => {
    const values = [after, most, bytes, ...named(table)];
    const rows = await database.query<PageRow>(pageSql(schema, table, isMapped), values);
    if (!rows.ok) return rows;
    const unmapped = isMapped || !isMain ? null : await database.query<{ readonly is: boolean }>(mergedIs);
    if (unmapped?.ok === false) return unmapped;
    if (unmapped?.value[0]?.is === true) return anew;
    const events = rows.value.map((row) => eventOf(row, origin, (identity) => originOf(peer, identity, era)));
    const lowest = rows.value[0] === undefined ? null : Number(rows.value[0].lowest);
    return ok({ events, lowest });
  };
  return {
    page,
    digest: async (table: SourceTable, key: Key) =>
      one(eventsSql(schema, table), [[key]], (row) => digestOf(row['cells'] as PageRow['cells'])),
    last: async ({ rule }: SourceTable) =>
      one(lastSql, [qualify(schema, rule.table), rule.key], ({ last }) => (last === null ? 0 : Number(last))),
    ends: async ({ rule }: SourceTable) => {
      const key = quoteName(rule.key);
      const sql = `SELECT min(${key})::text AS "from", max(${key})::text AS "to" FROM ${qualify(schema, rule.table)}`;
      return one(sql, [], ({ from, to }) => (from === null ? null : { from: Number(from), to: Number(to) }));
    },
    writers: async ({ rule }: SourceTable) => {
      const rows = await database.query<{ readonly writer: string }>(writersSql, [qualify(schema, rule.table)]);
      return rows.ok ? ok(rows.value.map(({ writer }) => writer)) : rows;
    },
    events: async (table: SourceTable, keys: readonly Key[]) => {
      const rows = await database.query<PageRow>(eventsSql(schema, table), [keys]);
      return rows.ok ? ok(rows.value.map((row) => eventOf(row, origin, () => origin))) : rows;
    },
    countAfter: async ({ rule }: SourceTable, position: Key) => {
      const sql = `SELECT count(*)::text AS n FROM ${qualify(schema, rule.table)} t WHERE t.${quoteName(rule.key)} > $1::bigint`;
      const counted = await one(sql, [position], ({ n }) => Number(n));
      return counted.ok ? ok(counted.value ?? 0) : counted;
    },
    countOwn: async (table: SourceTable, { from, to }: Span) => {
      const sql = ownSql(schema, table, isMapped);
      const counted = await one(sql, [from, to, ...named(table)], ({ n }) => Number(n));
      return counted.ok ? ok(counted.value ?? 0) : counted;
    },
  };
};

/** Looks at the tables; changes nothing but an index of what merges brought. Faults: `reporting-source-unfit`, those of `Database.query`. */
export const openSource = async (database: Database, options: SourceOptions): Promise<Result<Source>> => {
  const named = await database.query<{ readonly id: string }>(databaseIdentitySql);
  if (!named.ok) return named;
  const tables: SourceTable[] = [];
  for (const rule of options.tables) {
    const read = await readTable(database, options.schema, rule);
    if (!read.ok) return read;
    tables.push(read.value);
  }
  const isMapped = await prepareMapping(database, options);
  if (!isMapped.ok) return isMapped;
  const origin = originOf(options.node, named.value[0]?.id ?? '', options.era);
  return ok({ origin, tables, ...createReader(database, options, origin, isMapped.value) });
};
