/** What the receiver sees of the other node, and of both schemas. */
import { ok, type Result } from '../../../core/result.ts';
import { readCatalog } from '../catalog.ts';
import type { Database } from '../connection.ts';
import { compareSchemas, fingerprint, type Side } from '../fingerprint.ts';
import { type DatabaseRules, planCopy } from '../rules.ts';
import type { SourceLook } from './assess.ts';
import { planFollowing } from './identity.ts';
import { PUBLICATION, withTables } from './names.ts';
import { lookAtSlot } from './slot.ts';

export interface Open {
  readonly source: Database;
  readonly target: Database;
}

export interface Sides {
  readonly source: Side;
  readonly target: Side;
  /** What is the same as long as no schema changes. */
  readonly published: readonly string[];
  readonly differences: SourceLook['differences'];
  readonly fingerprint: string;
}

const readSide = async (db: Database, schema: string, rules: DatabaseRules): Promise<Result<Side>> => {
  const catalog = await readCatalog(db, schema);
  return catalog.ok ? ok({ name: db.name, catalog: catalog.value, plan: planCopy(catalog.value, rules) }) : catalog;
};

const PUBLISHED = `SELECT p.schemaname AS schema, p.tablename AS table FROM pg_publication_tables p WHERE p.pubname = $1`;

/** The part of both schemas that follows one change at a time. */
const followedPart = (side: Side): Side => {
  const { followed } = planFollowing(side.plan);
  return {
    ...side,
    plan: withTables(
      side.plan,
      followed.map(({ plan }) => plan.table.name),
    ),
  };
};

/** Both schemas and the offer; some hundred queries' worth of catalogue, so not at every step. Faults: those of `Database.query`. */
export const lookAtSides = async (
  { source, target }: Open,
  schema: string,
  rules: DatabaseRules,
): Promise<Result<Sides>> => {
  const rows = await source.query<{ readonly schema: string; readonly table: string }>(PUBLISHED, [PUBLICATION]);
  if (!rows.ok) return rows;
  const [there, here] = await Promise.all([readSide(source, schema, rules), readSide(target, schema, rules)]);
  if (!there.ok) return there;
  if (!here.ok) return here;
  const followed = followedPart(there.value);
  return ok({
    source: there.value,
    target: here.value,
    published: rows.value.map(({ schema, table }) => `${schema}.${table}`),
    differences: compareSchemas(followed, here.value),
    fingerprint: fingerprint(followed).slice(0, 32),
  });
};

/** Faults: those of `Database.query`. */
export const lookAtSource = async (source: Database, slot: string, sides: Sides): Promise<Result<SourceLook>> => {
  const seen = await lookAtSlot(source, slot);
  if (!seen.ok) return seen;
  const { published, differences, fingerprint } = sides;
  return ok({ slot: seen.value, published, differences, fingerprint });
};
