import type { Era } from './notation.ts';

/** What a telephone system holds. The same content gives the same rows, whatever the server. */
export interface Content {
  readonly era: Era;
  readonly users: number;
  readonly queues: number;
  /** Rows of `cel` and as many of `queue_log`; a tenth as many calls. */
  readonly events: number;
  readonly seed: number;
  /** What each host has for itself (addresses, its identity, passwords of services) and who made the events. */
  readonly node: 'main' | 'standby';
}

/** A text as SQL. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const array = (values: readonly string[]): string => `ARRAY[${values.map(literal).join(', ')}]`;

/** One of several texts, chosen by the expression `index` (a whole number from 0 on). */
export const oneOf = (values: readonly string[], index: string): string =>
  `(${array(values)})[1 + (${index}) % ${values.length}]`;

/** INSERT … SELECT over 1 to `count`, where `i` is the number; `columns` are names and expressions. */
export const fill = (table: string, count: number, columns: Readonly<Record<string, string>>, more = ''): string => {
  const names = Object.keys(columns).map((name) => `"${name}"`);
  return `INSERT INTO "${table}" (${names.join(', ')}) SELECT ${Object.values(columns).join(', ')} FROM generate_series(1, ${count}) AS i ${more}`;
};

/** INSERT of some rows as they are; each value is SQL. */
export const rows = (table: string, columns: string, ...values: readonly string[]): string =>
  `INSERT INTO "${table}" (${columns}) VALUES ${values.map((each) => `(${each})`).join(', ')}`;

/**
 * Functions that live as long as the session: `pg_temp.uuid_of(kind, i)` and `pg_temp.chance(kind, i, n)`, a number from 0 to
 * n - 1; both depend on the seed and nothing else.
 */
export const helperStatements = (seed: number): readonly string[] => [
  `CREATE OR REPLACE FUNCTION pg_temp.uuid_of(kind text, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5('${seed}/' || kind || '/' || i::text)::uuid $$`,
  `CREATE OR REPLACE FUNCTION pg_temp.chance(kind text, i bigint, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (('x' || substr(md5('${seed}/' || kind || '/' || i::text), 1, 7))::bit(28)::int % n) $$`,
];
