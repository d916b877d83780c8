/** Sequences do not follow by themselves: they are set forward at times, with a margin for what is given out in between. */
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Epoch } from '../../../core/words.ts';
import type { Catalog } from '../catalog.ts';
import type { Database } from '../connection.ts';
import { readSequences, type SequenceValue, setSequences } from '../snapshot/sequences.ts';

/** Numbers that may be given out at the source between two times; so many may be left out after a takeover. */
export const SEQUENCE_MARGIN = 1000n;

/** Where the passive node stands too near to, or behind, the source: to be set so far ahead. Pure. */
export const sequencesTooNear = (
  catalog: Catalog,
  source: ReadonlyMap<string, SequenceValue>,
  target: ReadonlyMap<string, SequenceValue>,
): readonly (readonly [string, SequenceValue])[] =>
  [...source].flatMap(([name, { last }]) => {
    const there = target.get(name)?.last;
    if (there === undefined) return [];
    const ascending = catalog.sequences.find((sequence) => sequence.name === name)?.ascending ?? true;
    const ahead = ascending ? there - last : last - there;
    if (ahead >= SEQUENCE_MARGIN / 2n) return [];
    return [[name, { last: ascending ? last + SEQUENCE_MARGIN : last - SEQUENCE_MARGIN, isCalled: true }] as const];
  });

type Bounds = ReadonlyMap<string, readonly [bigint, bigint]>;

const readBounds = async (target: Database, schema: string): Promise<Result<Bounds>> => {
  const rows = await target.query<Readonly<Record<'name' | 'least' | 'most', string>>>(
    `SELECT c.relname AS name, q.seqmin::text AS least, q.seqmax::text AS most FROM pg_sequence q
     JOIN pg_class c ON c.oid = q.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1`,
    [schema],
  );
  if (!rows.ok) return rows;
  return ok(new Map(rows.value.map(({ name, least, most }) => [name, [BigInt(least), BigInt(most)] as const])));
};

/** PostgreSQL refuses a value beyond the bounds of a sequence; near its end the margin is smaller. */
const within = (
  bounds: Bounds,
  values: readonly (readonly [string, SequenceValue])[],
): readonly (readonly [string, SequenceValue])[] =>
  values.map(([name, value]) => {
    const [least, most] = bounds.get(name) ?? [value.last, value.last];
    const last = value.last > most ? most : value.last < least ? least : value.last;
    return [name, { ...value, last }];
  });

/**
 * Sets what is too near, under the guard. How many.
 * Faults: `database-guarded`, those of `Database.query`.
 */
export const carrySequences = async (
  source: Database,
  target: Database,
  catalog: Catalog,
  names: readonly string[],
  epoch: Epoch,
): Promise<Result<number>> => {
  const [from, to] = await Promise.all([
    readSequences(source, catalog.schema, names),
    readSequences(target, catalog.schema, names),
  ]);
  if (!from.ok) return from;
  if (!to.ok) return to;
  const near = sequencesTooNear(catalog, from.value, to.value);
  if (near.length === 0) return ok(0);
  const bounds = await readBounds(target, catalog.schema);
  if (!bounds.ok) return bounds;
  const values = within(bounds.value, near);
  const begun = await target.run('BEGIN');
  if (!begun.ok) return begun;
  const may = await target.query<{ readonly may: boolean }>('SELECT dualtone.may_receive($1::bigint) AS may', [epoch]);
  const done =
    may.ok && may.value[0]?.may !== true
      ? fail('database-guarded', `${target.name} takes nothing in now.`, 'See `dualtone status`.')
      : may.ok
        ? await setSequences(target, catalog.schema, values)
        : may;
  const ended = await target.run(done.ok ? 'COMMIT' : 'ROLLBACK');
  return done.ok && !ended.ok ? ended : done;
};
