/** One table: what the source has into a temporary table at the target, then only the differences into the real one. */
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Database } from '../connection.ts';
import { copyAcross } from '../copy.ts';
import type { TableDigest } from '../digest.ts';
import type { TablePlan } from '../rules.ts';
import { type DiffSql, diffSql } from './diff-sql.ts';

/** One table that differs. */
export interface TableTask {
  readonly plan: TablePlan;
  readonly sql: DiffSql;
  /** What the source has; null: the target has no row that would have to be compared, so that all goes straight into it and both are digested afterwards. */
  readonly source: TableDigest | null;
}

/** What was done to one table. A row whose unique values changed counts as deleted and put. */
export interface TableChange {
  readonly table: string;
  readonly put: number;
  readonly deleted: number;
  readonly bytes: number;
}

export const tableTask = (schema: string, plan: TablePlan, number: number, source: TableDigest | null): TableTask => ({
  plan,
  sql: diffSql(schema, plan, number),
  source,
});

const goesStraight = ({ source }: TableTask): boolean => source === null;

/** Makes the temporary tables of all that cannot go straight, in one round trip. Faults: those of `Database.query`. */
export const prepareTables = async (tasks: readonly TableTask[], target: Database): Promise<Result<null>> => {
  const made = await target.runAll(tasks.filter((task) => !goesStraight(task)).map((task) => task.sql.createIncoming));
  return made.ok ? ok(null) : made;
};

/** Fetches into the temporary table what cannot go straight; returns the bytes. */
export const fetchTable = async (task: TableTask, source: Database, target: Database): Promise<Result<number>> => {
  if (task.source === null || task.source.rows === 0) return ok(0);
  const copied = await copyAcross(source, task.sql.copyOut, target, task.sql.copyIntoIncoming);
  return copied.ok ? ok(copied.value.bytes) : copied;
};

const checkOwnRows = async ({ plan, sql }: TableTask, target: Database): Promise<Result<null>> => {
  if (sql.countOwnInWay === null) return ok(null);
  const counted = await target.query<{ readonly count: number }>(sql.countOwnInWay);
  if (!counted.ok) return counted;
  const count = counted.value[0]?.count ?? 0;
  if (count === 0) return ok(null);
  return fail(
    'database-own-row-in-way',
    `In \`${plan.table.name}\` ${count} rows that ${target.name} keeps for itself have keys of other rows at the source.`,
    'Give the rows of that node other keys, or choose other values for `keep-rows`.',
  );
};

/** Writes the differences; what was fetched is in `fetchedBytes`. */
export const applyTable = async (
  task: TableTask,
  fetchedBytes: number,
  source: Database,
  target: Database,
): Promise<Result<TableChange>> => {
  const { plan, sql } = task;
  const table = plan.table.name;
  if (goesStraight(task)) {
    const copied = await copyAcross(source, sql.copyOut, target, sql.copyIntoTable);
    return copied.ok ? ok({ table, put: copied.value.rows, deleted: 0, bytes: copied.value.bytes }) : copied;
  }
  const free = await checkOwnRows(task, target);
  if (!free.ok) return free;
  // Removed before changed before added: so no value that is still taken is given a second time.
  const steps = [
    ['kept', sql.keep],
    ['deleted', sql.remove],
    ['changed', sql.change],
    ['added', sql.add],
  ] as const;
  const taken = steps.filter((step): step is (typeof steps)[number] & [string, string] => step[1] !== null);
  const counts = await target.runAll(taken.map(([, statement]) => statement));
  if (!counts.ok) return counts;
  const count = (name: string): number => counts.value[taken.findIndex(([step]) => step === name)] ?? 0;
  return ok({ table, put: count('changed') + count('added'), deleted: count('deleted'), bytes: fetchedBytes });
};
