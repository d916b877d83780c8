/** One batch of events from the standby into the main, in one transaction with the mapping that says what became what. */
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Database } from '../../postgres/connection.ts';
import { copyAcross } from '../../postgres/copy.ts';
import { sqlStateOf } from '../../postgres/database-fault.ts';
import type { Pass } from '../part.ts';
import { type Databases, inTransaction } from '../session.ts';
import {
  clearStaged,
  dangling,
  dropKnown,
  dropStaged,
  insertMapping,
  insertRows,
  keyTaken,
  orphaned,
  rowsIn,
  rowsOut,
  setAside,
  updateDigests,
  updateKnown,
} from './sql.ts';
import type { EventColumn, EventPlan } from './table.ts';

export interface BatchResult {
  /** Rows that are in their table now. */
  readonly brought: number;
  /** Rows that were brought before and changed there since. */
  readonly renewed: number;
  /** Rows that do not fit and are kept aside. */
  readonly aside: number;
  /** Rows that wait for the second pass, since what they belong to is not here yet. */
  readonly waiting: number;
}

export interface BatchContext {
  readonly databases: Databases;
  readonly plan: EventPlan;
  readonly mergeKey: string;
  readonly pass: Pass;
  /** The mapping has grown beyond what the planner knows of it. */
  readonly isGrown: boolean;
}

/** A misfit of one row, not of the database: constraint (23…), data (22…). */
const isMisfit = (state: string | null): boolean => state !== null && /^2[23]/.test(state);

const MOST_MISFITS = 500;

const tooMany = (table: string, why: string) =>
  fail(
    'merge-many-misfits',
    `More than ${MOST_MISFITS} events of one batch of \`${table}\` do not fit into the main: ${why}`,
    'Compare both nodes’ versions and configuration; until it is solved the events stay on the standby.',
  );

/** Rows for which `condition` holds leave the staging table and are kept aside. */
const toAside = async (
  { databases: { here, node }, plan, mergeKey }: BatchContext,
  condition: string,
  reason: string,
): Promise<Result<number>> => {
  const kept = await here.run(setAside(plan, condition), [node, mergeKey, 'aside', reason]);
  if (!kept.ok || kept.value === 0) return kept;
  const dropped = await here.run(dropStaged(condition));
  return dropped.ok ? kept : dropped;
};

/** The reference goes where it may be empty, otherwise the row stays aside; the whole row is kept either way. */
const withoutReference = async (
  context: BatchContext,
  columns: readonly EventColumn[],
  condition: string,
  reason: string,
): Promise<Result<number>> => {
  const { databases, plan, mergeKey } = context;
  if (columns.some((column) => column.notNull)) return toAside(context, condition, reason);
  const kept = await databases.here.run(setAside(plan, condition), [databases.node, mergeKey, 'trimmed', reason]);
  if (!kept.ok || kept.value === 0) return kept;
  const cleared = await databases.here.run(clearStaged(plan, columns, condition));
  return cleared.ok ? ok(0) : cleared;
};

/** Rows of events that are not here: in the first pass they may still come, in the second they will not. */
const settleOrphans = async (context: BatchContext): Promise<Result<{ waiting: number; aside: number }>> => {
  const { databases, plan, pass } = context;
  let [waiting, aside] = [0, 0];
  for (const pointer of plan.pointers) {
    const condition = orphaned(plan, pointer, databases.node);
    const done =
      pass === 'first'
        ? await databases.here.run(dropStaged(condition))
        : await withoutReference(
            context,
            [pointer.column],
            condition,
            `${pointer.column.name} leads to a row of ${pointer.table} that was not among the events of the term`,
          );
    if (!done.ok) return done;
    if (pass === 'first') waiting += done.value;
    else aside += done.value;
  }
  return ok({ waiting, aside });
};

const settleReferences = async (context: BatchContext): Promise<Result<number>> => {
  const { plan } = context;
  let aside = 0;
  for (const reference of plan.references) {
    const condition = dangling(plan, reference);
    if (condition === null) continue;
    const columns = plan.columns.filter((column) => reference.columns.includes(column.name));
    const nullable = columns.filter((column) => !column.notNull);
    const reason = `${reference.columns.join(', ')} leads to a row of ${reference.toTable} that the main does not have`;
    const done = await withoutReference(context, nullable.length > 0 ? nullable : columns, condition, reason);
    if (!done.ok) return done;
    aside += done.value;
  }
  return ok(aside);
};

/** Tables whose keys are kept: what the main has already under the same key. */
const settleTaken = async (context: BatchContext): Promise<Result<number>> => {
  const { databases, plan } = context;
  if (plan.key.numberedBy !== null) return ok(0);
  const same = await databases.here.run(dropStaged(keyTaken(plan, true)));
  if (!same.ok) return same;
  return toAside(context, keyTaken(plan, false), `the main has another row with the same ${plan.rule.key}`);
};

interface Fitted {
  /** Rows that fitted. */
  readonly rows: number;
  readonly aside: number;
}

/** What is done with the staged rows of a range, and with the one row that does not fit. */
interface Attempt {
  readonly whole: (from: number, to: number) => Promise<Result<number>>;
  readonly misfit: (pos: number, why: string) => Promise<Result<number>>;
}

/** Halves a range until each row that does not fit is alone. */
const fitRange = async (here: Database, attempt: Attempt, from: number, to: number): Promise<Result<Fitted>> => {
  const begun = await here.run('SAVEPOINT range');
  if (!begun.ok) return begun;
  const done = await attempt.whole(from, to);
  if (done.ok) {
    const released = await here.run('RELEASE SAVEPOINT range');
    return released.ok ? ok({ rows: done.value, aside: 0 }) : released;
  }
  if (!isMisfit(sqlStateOf(done.error))) return done;
  const back = await here.run('ROLLBACK TO SAVEPOINT range');
  if (!back.ok) return back;
  if (from === to) {
    const kept = await attempt.misfit(from, done.error.message);
    return kept.ok ? ok({ rows: 0, aside: kept.value }) : kept;
  }
  const middle = Math.floor((from + to) / 2);
  const lower = await fitRange(here, attempt, from, middle);
  if (!lower.ok) return lower;
  const upper = await fitRange(here, attempt, middle + 1, to);
  if (!upper.ok) return upper;
  return ok({ rows: lower.value.rows + upper.value.rows, aside: lower.value.aside + upper.value.aside });
};

/** New rows: numbered in the mapping, then written. */
const insertNew = (context: BatchContext, size: number): Promise<Result<Fitted>> => {
  const { databases, plan, mergeKey, isGrown } = context;
  const { here, node } = databases;
  let misfits = 0;
  const whole: Attempt['whole'] = async (from, to) => {
    const numbered = await here.run(insertMapping(plan), [node, mergeKey, from, to]);
    if (!numbered.ok) return numbered;
    // Between the two: a planner that knows no row of this table in the mapping would read all of it for each row that comes. An autovacuum that is
    // at it gives way after a second, which is longer than a lock is waited for: then this once it is slow.
    const known = isGrown && from === 1 ? await here.run('ANALYZE (SKIP_LOCKED) dualtone.merged') : numbered;
    return known.ok ? await here.run(insertRows(plan), [node, from, to]) : known;
  };
  const misfit: Attempt['misfit'] = async (pos, why) => {
    if (misfits >= MOST_MISFITS) return tooMany(plan.rule.table, why);
    misfits += 1;
    return toAside(context, `s.pos = ${pos}`, why);
  };
  return fitRange(here, { whole, misfit }, 1, size);
};

/** Rows that are here already: one that cannot be renewed keeps what it is here, and the newer row is kept aside. */
const renew = async (context: BatchContext, size: number): Promise<Result<Fitted>> => {
  const { databases, plan, mergeKey } = context;
  const { here, node } = databases;
  const text = updateKnown(plan);
  if (text === null) return ok({ rows: 0, aside: 0 });
  const whole: Attempt['whole'] = (from, to) => here.run(text, [node, from, to]);
  const misfit: Attempt['misfit'] = (pos, why) =>
    here.run(setAside(plan, `s.pos = ${pos}`), [node, mergeKey, 'trimmed', why]);
  return fitRange(here, { whole, misfit }, 1, size);
};

/** Before new rows: the known ones leave the staging table. */
const renewKnown = async (context: BatchContext, size: number): Promise<Result<number>> => {
  const { here, node } = context.databases;
  const renewed = await renew(context, size);
  if (!renewed.ok) return renewed;
  const digests = await here.run(updateDigests(context.plan), [node]);
  if (!digests.ok) return digests;
  const dropped = await here.run(dropKnown(context.plan), [node]);
  return dropped.ok ? ok(renewed.value.rows) : dropped;
};

const bringStaged = async (context: BatchContext, size: number, someKnown: boolean): Promise<Result<BatchResult>> => {
  const { here, node } = context.databases;
  const renewed = someKnown ? await renewKnown(context, size) : ok(0);
  if (!renewed.ok) return renewed;
  const orphans = await settleOrphans(context);
  if (!orphans.ok) return orphans;
  const dangled = await settleReferences(context);
  if (!dangled.ok) return dangled;
  const taken = await settleTaken(context);
  if (!taken.ok) return taken;
  const inserted = await insertNew(context, size);
  if (!inserted.ok) return inserted;
  const table = context.plan.rule.table;
  // What was aside and fits now is aside no more.
  const home = await here.run(
    `DELETE FROM dualtone.aside a USING dualtone.merged m WHERE a.node = $1 AND a.table_name = $2 AND a.state = 'aside'
     AND m.node = $1 AND m.table_name = $2 AND m.key_there = a.key_there`,
    [node, table],
  );
  if (!home.ok) return home;
  const aside = orphans.value.aside + dangled.value + taken.value + inserted.value.aside;
  return ok({ brought: inserted.value.rows, renewed: renewed.value, aside, waiting: orphans.value.waiting });
};

/**
 * Brings the rows with these keys, oldest first: all of it, with the mapping, or nothing. After a fault of COPY the connections
 * are of no more use. Faults: those of the databases, `merge-many-misfits`.
 */
export const bringBatch = (
  context: BatchContext,
  keys: readonly string[],
  someKnown: boolean,
): Promise<Result<BatchResult>> =>
  inTransaction(context.databases.here, async () => {
    const { here, there } = context.databases;
    const copied = await copyAcross(there, rowsOut(context.plan, keys), here, rowsIn);
    if (!copied.ok) {
      here.destroy();
      there.destroy();
      return copied;
    }
    return bringStaged(context, keys.length, someKnown);
  });
