/** Sequences: set forward to the source's, never back, since PostgreSQL does not undo that with the transaction. */
import { ok, type Result } from '../../../core/result.ts';
import type { Catalog } from '../catalog.ts';
import type { Database } from '../connection.ts';
import { qualify, quoteValue } from '../identifier.ts';

export interface SequenceValue {
  readonly last: bigint;
  /** False: `last` itself is the next to be given. */
  readonly isCalled: boolean;
}

/** Values by name, in one statement. Faults: those of `Database.query`. */
export const readSequences = async (
  database: Database,
  schema: string,
  names: readonly string[],
): Promise<Result<ReadonlyMap<string, SequenceValue>>> => {
  if (names.length === 0) return ok(new Map());
  const text = names
    .map(
      (name) =>
        `SELECT ${quoteValue(name)} AS name, last_value::text AS last, is_called AS called FROM ${qualify(schema, name)}`,
    )
    .join(' UNION ALL ');
  const rows = await database.query<{ readonly name: string; readonly last: string; readonly called: boolean }>(text);
  if (!rows.ok) return rows;
  return ok(new Map(rows.value.map(({ name, last, called }) => [name, { last: BigInt(last), isCalled: called }])));
};

/** Whether `one` has given more than `other`. */
const isAhead = (one: SequenceValue, other: SequenceValue, ascending: boolean): boolean => {
  if (one.last === other.last) return one.isCalled && !other.isCalled;
  return ascending ? one.last > other.last : one.last < other.last;
};

/** Which have to be set, and to what. */
export const sequencesBehind = (
  catalog: Catalog,
  source: ReadonlyMap<string, SequenceValue>,
  target: ReadonlyMap<string, SequenceValue>,
): readonly (readonly [string, SequenceValue])[] =>
  [...source].filter(([name, value]) => {
    const there = target.get(name);
    const ascending = catalog.sequences.find((sequence) => sequence.name === name)?.ascending ?? true;
    return there !== undefined && isAhead(value, there, ascending);
  });

/** Faults: those of `Database.query`. */
export const setSequences = async (
  database: Database,
  schema: string,
  values: readonly (readonly [string, SequenceValue])[],
): Promise<Result<number>> => {
  if (values.length === 0) return ok(0);
  return database.run(
    'SELECT pg_catalog.setval(name::regclass, last, called) ' +
      'FROM ROWS FROM (unnest($1::text[]), unnest($2::bigint[]), unnest($3::boolean[])) AS value(name, last, called)',
    [
      values.map(([name]) => qualify(schema, name)),
      values.map(([, { last }]) => String(last)),
      values.map(([, { isCalled }]) => isCalled),
    ],
  );
};
