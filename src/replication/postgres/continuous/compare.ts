/** Whether what follows is the same on both nodes, while it goes on changing: by digests, with a beat of the source's heart in between. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Fault, fail, ok, type Result } from '../../../core/result.ts';
import type { Millis } from '../../../core/words.ts';
import type { RunOptions } from '../../stream.ts';
import { connectDatabase, type Database, type DatabaseAccess } from '../connection.ts';
import { digestTables, sameDigest, type TableDigest } from '../digest.ts';
import type { DatabaseRules, TablePlan } from '../rules.ts';
import { planFollowing } from './identity.ts';
import { lookAtSides, type Sides } from './look.ts';
import { HEARTBEAT } from './names.ts';

export interface CompareOptions {
  readonly source: DatabaseAccess;
  readonly target: DatabaseAccess;
  readonly schema: string;
  readonly rules: DatabaseRules;
  /** The source's name in the heartbeat; its own process beats it. */
  readonly sourceNode: string;
  /** How long the target may need for what the source has written until now. */
  readonly catchUpMs: Millis;
}

export interface CompareReport {
  /** Tables that were compared, and the source's rows in them. */
  readonly tables: readonly string[];
  readonly rows: number;
  /** Tables that differ although they rest. */
  readonly differing: readonly string[];
  /** Tables that changed at each look, and so cannot be told. */
  readonly moving: readonly string[];
  /** Tables whose changes do not follow one by one, each with its reason; not compared. */
  readonly refused: readonly { readonly table: string; readonly fault: Fault }[];
}

type Digests = ReadonlyMap<string, TableDigest>;

/** A table that changes all the time agrees in one of so many looks, or is told as moving. */
const LOOKS = 5;
const LOOK_MS: Millis = 50;

const BEATEN = `SELECT beat::text AS beat FROM ${HEARTBEAT} WHERE node = $1`;

const beatOf = async (db: Database, node: string): Promise<Result<bigint>> => {
  const rows = await db.query<{ readonly beat: string }>(BEATEN, [node]);
  return rows.ok ? ok(BigInt(rows.value[0]?.beat ?? '0')) : rows;
};

/** Everything that the source has committed until now is at the target: a later beat has come through. */
const caughtUp = async (
  source: Database,
  target: Database,
  { sourceNode, catchUpMs }: CompareOptions,
): Promise<Result<null>> => {
  const now = await beatOf(source, sourceNode);
  if (!now.ok) return now;
  const endsAt = performance.now() + catchUpMs;
  for (;;) {
    const come = await beatOf(target, sourceNode);
    if (!come.ok) return come;
    if (come.value > now.value) return ok(null);
    if (performance.now() > endsAt)
      return fail(
        'database-not-caught-up',
        `${target.name} did not take in what was written until now within ${Math.round(catchUpMs / 1000)} s.`,
        'See `dualtone status` on both nodes; nothing was compared to its end.',
      );
    await pause(LOOK_MS);
  }
};

interface Compared {
  readonly plans: readonly TablePlan[];
  readonly refused: CompareReport['refused'];
}

/** The same columns in the same order on both sides: the source's plan. */
const comparedOf = (sides: Sides): Compared => {
  const here = new Set(sides.target.plan.tables.map(({ table }) => table.name));
  const { followed } = planFollowing(sides.source.plan);
  const names = new Set(followed.map(({ plan }) => plan.table.name));
  const refused = sides.source.plan.tables.flatMap((plan) => {
    if (names.has(plan.table.name)) return [];
    const [fault] = planFollowing({ ...sides.source.plan, tables: [plan] }).refused;
    return fault === undefined ? [] : [{ table: plan.table.name, fault }];
  });
  return { plans: followed.map(({ plan }) => plan).filter(({ table }) => here.has(table.name)), refused };
};

interface Left {
  readonly plans: readonly TablePlan[];
  /** Of the source, at the look before. */
  readonly before: Digests;
  readonly differing: readonly string[];
}

/** One look at what is left. What rested at the source between two looks, and differed at the target in between, differs. */
const look = async (
  source: Database,
  target: Database,
  options: CompareOptions,
  { plans, before, differing }: Left,
): Promise<Result<Left>> => {
  const from = await digestTables(source, options.schema, plans);
  if (!from.ok) return from;
  const come = await caughtUp(source, target, options);
  if (!come.ok) return come;
  const to = await digestTables(target, options.schema, plans);
  if (!to.ok) return to;
  const left = plans.filter(({ table: { name } }) => !sameDigest(from.value.get(name), to.value.get(name)));
  const rested = ({ table: { name } }: TablePlan): boolean => sameDigest(before.get(name), from.value.get(name));
  return ok({
    plans: left.filter((plan) => !rested(plan)),
    before: from.value,
    differing: [...differing, ...left.filter(rested).map(({ table }) => table.name)],
  });
};

const compareOpen = async (
  source: Database,
  target: Database,
  options: CompareOptions,
  { onProgress }: RunOptions,
): Promise<Result<CompareReport>> => {
  onProgress({ what: 'comparison', done: 0, total: null });
  const sides = await lookAtSides({ source, target }, options.schema, options.rules);
  if (!sides.ok) return sides;
  const [difference] = sides.value.differences;
  if (difference !== undefined) return { ok: false, error: difference };
  const { plans, refused } = comparedOf(sides.value);
  let left: Left = { plans, before: new Map(), differing: [] };
  let rows = 0;
  for (let looks = 0; looks < LOOKS && left.plans.length > 0; looks += 1) {
    onProgress({ what: 'comparison', done: plans.length - left.plans.length, total: plans.length });
    const seen = await look(source, target, options, left);
    if (!seen.ok) return seen;
    left = seen.value;
    if (looks === 0) rows = [...left.before.values()].reduce((sum, digest) => sum + digest.rows, 0);
  }
  const moving = left.plans.map(({ table }) => table.name);
  return ok({ tables: plans.map(({ table }) => table.name), rows, differing: left.differing, moving, refused });
};

/**
 * Compares, and changes nothing. Faults: those of `connectDatabase` and `Database.query`, what differs between the schemas,
 * `database-not-caught-up`.
 */
export const compareFollowed = async (options: CompareOptions, run: RunOptions): Promise<Result<CompareReport>> => {
  const opened = await Promise.all([
    connectDatabase(options.source, run.signal),
    connectDatabase(options.target, run.signal),
  ]);
  try {
    const [source, target] = opened;
    if (!source.ok) return source;
    if (!target.ok) return target;
    return await compareOpen(source.value, target.value, options, run);
  } finally {
    await Promise.all(opened.map(async (one) => (one.ok ? one.value.close() : null)));
  }
};
