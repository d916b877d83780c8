/** A snapshot run: one consistent picture of the source, compared with the target, and only the differences written, whole or not at all. */
import { type Fault, fail, ok, type Result } from '../../../core/result.ts';
import type { Epoch, Millis, WallTime } from '../../../core/words.ts';
import type { RunOptions } from '../../stream.ts';
import { readCatalog } from '../catalog.ts';
import { connectDatabase, type Database, type DatabaseAccess } from '../connection.ts';
import { digestTables, sameDigest, type TableDigest } from '../digest.ts';
import type { Side } from '../fingerprint.ts';
import { quoteValue } from '../identifier.ts';
import { type PreflightLimits, preflight } from '../preflight.ts';
import { type DatabaseRules, planCopy, type TablePlan } from '../rules.ts';
import { type DatabaseSpace, spaceFault } from '../space.ts';
import { applyTable, fetchTable, prepareTables, type TableChange, type TableTask, tableTask } from './apply.ts';
import { findDangling } from './dangling.ts';
import { beginTarget, commitTarget } from './guarded.ts';
import { readSequences, sequencesBehind, setSequences } from './sequences.ts';

export interface SnapshotOptions {
  readonly source: DatabaseAccess;
  readonly target: DatabaseAccess;
  readonly schema: string;
  readonly rules: DatabaseRules;
  /** The term on whose behalf is written; the target's guard compares it. */
  readonly epoch: Epoch;
  /** A picture that the source has exported already; without it the run takes one of its own. */
  readonly sourceSnapshot?: string;
  /** Of the whole run. */
  readonly timeLimitMs: Millis;
  readonly limits: PreflightLimits;
  /** Room at the target, asked where something is to be written; null, or absent: not known. */
  readonly space?: () => Promise<DatabaseSpace | null>;
}

/** One finished run; with `stream.ts` in mind. */
export interface SnapshotReport {
  readonly startedAt: WallTime;
  readonly tookMs: Millis;
  /** Tables that were compared. */
  readonly compared: number;
  /** Rows of the source in all of them. */
  readonly rows: number;
  /** Those that differed. */
  readonly changes: readonly TableChange[];
  /** Rows put and deleted, and sequences set. */
  readonly changed: number;
  readonly bytes: number;
  readonly sequencesSet: number;
  /** From the first row written to the end of the transaction: so long were changed rows locked against other writers. No table is ever locked against readers. */
  readonly lockedMs: Millis;
  readonly warnings: readonly Fault[];
  readonly text: string;
}

type OpenSide = Side & { readonly database: Database };
type Digests = ReadonlyMap<string, TableDigest>;

const openSide = async (database: Database, options: SnapshotOptions): Promise<Result<OpenSide>> => {
  const catalog = await readCatalog(database, options.schema);
  if (!catalog.ok) return catalog;
  return ok({ name: database.name, database, catalog: catalog.value, plan: planCopy(catalog.value, options.rules) });
};

/** The target without the tables and sequences that only it has: they stay as they are. */
const sharedWith = (source: OpenSide, target: OpenSide): OpenSide => {
  const tables = new Set(source.plan.tables.map(({ table }) => table.name));
  const sequences = new Set(source.plan.sequences);
  return {
    ...target,
    plan: {
      ...target.plan,
      tables: target.plan.tables.filter(({ table }) => tables.has(table.name)),
      sequences: target.plan.sequences.filter((name) => sequences.has(name)),
    },
  };
};

const several = (faults: readonly Fault[]): { readonly ok: false; readonly error: Fault } | null => {
  const [first, ...others] = faults;
  if (first === undefined) return null;
  if (others.length === 0) return { ok: false, error: first };
  const texts = faults.slice(0, 10).map((fault) => fault.message);
  if (faults.length > 10) texts.push(`And ${faults.length - 10} more.`);
  return { ok: false, error: { ...first, message: texts.join(' ') } };
};

const noRows: TableDigest = { rows: 0, sum: '0' };

/** What differs, with the statements for it. */
const findTasks = (source: OpenSide, target: OpenSide, { from, to, straight }: Comparison): readonly TableTask[] =>
  target.plan.tables
    .filter(({ table }) => straight.has(table.name) || !sameDigest(from.get(table.name), to.get(table.name)))
    .map((plan, number) =>
      tableTask(
        source.plan.schema,
        // The columns' order is the source's on both sides.
        { ...plan, columns: sourceColumns(source, plan.table.name) },
        number,
        straight.has(plan.table.name) ? null : (from.get(plan.table.name) ?? noRows),
      ),
    );

const sourceColumns = (source: OpenSide, table: string): readonly string[] =>
  source.plan.tables.find((plan) => plan.table.name === table)?.columns ?? [];

/** Both sides digest the same columns in the same order: the source's plan, for tables that both have. */
const digestBoth = async (
  source: OpenSide,
  target: OpenSide,
  tables: readonly TablePlan[],
): Promise<Result<readonly [Digests, Digests]>> => {
  const { schema } = source.plan;
  const [from, to] = await Promise.all([
    digestTables(source.database, schema, tables),
    digestTables(target.database, schema, tables),
  ]);
  if (!from.ok) return from;
  return to.ok ? ok([from.value, to.value]) : to;
};

/** What both sides have, by table. */
interface Comparison {
  readonly from: Digests;
  readonly to: Digests;
  /** Tables of which the target has no row, and the source some: nothing to compare, all to prove afterwards. */
  readonly straight: ReadonlySet<string>;
}

const compare = async (source: OpenSide, target: OpenSide): Promise<Result<Comparison>> => {
  const vacantAt = (side: OpenSide): ReadonlySet<string> =>
    new Set(side.catalog.tables.filter((table) => table.vacant).map(({ name }) => name));
  const [atSource, atTarget] = [vacantAt(source), vacantAt(target)];
  const { tables } = source.plan;
  const digests = await digestBoth(
    source,
    target,
    tables.filter(({ table }) => !atTarget.has(table.name)),
  );
  if (!digests.ok) return digests;
  const [from, to] = digests.value;
  const straight = tables.map(({ table }) => table.name).filter((name) => atTarget.has(name) && !atSource.has(name));
  return ok({ from, to, straight: new Set(straight) });
};

const proofFault = (target: string, tables: readonly string[]) =>
  fail(
    'database-proof-failed',
    `After the run ${target} would not hold the same as the source in ${tables.map((name) => `\`${name}\``).join(', ')}; nothing was changed.`,
    'Another program writes there at the same time, or a row that the node keeps stands in the way; the next run tries again.',
  );

/** The digests of what was written, in the same transaction, against the source's from its snapshot. */
const prove = async (tasks: readonly TableTask[], source: OpenSide, target: OpenSide): Promise<Result<null>> => {
  const { schema } = target.plan;
  const plansOf = (some: readonly TableTask[]): readonly TablePlan[] => some.map((task) => task.plan);
  const [from, to] = await Promise.all([
    digestTables(source.database, schema, plansOf(tasks.filter((task) => task.source === null))),
    digestTables(target.database, schema, plansOf(tasks)),
  ]);
  if (!from.ok) return from;
  if (!to.ok) return to;
  const wrong = tasks
    .map((task) => ({ name: task.plan.table.name, source: task.source }))
    .filter(({ name, source: known }) => !sameDigest(known ?? from.value.get(name), to.value.get(name)));
  return wrong.length === 0
    ? ok(null)
    : proofFault(
        target.name,
        wrong.map(({ name }) => name),
      );
};

const fetchAll = async (
  tasks: readonly TableTask[],
  source: OpenSide,
  target: OpenSide,
  { onProgress }: RunOptions,
): Promise<Result<readonly number[]>> => {
  const prepared = await prepareTables(tasks, target.database);
  if (!prepared.ok) return prepared;
  const bytes: number[] = [];
  for (const [done, task] of tasks.entries()) {
    onProgress({ what: task.plan.table.name, done, total: tasks.length * 2 });
    const fetched = await fetchTable(task, source.database, target.database);
    if (!fetched.ok) return fetched;
    bytes.push(fetched.value);
  }
  return ok(bytes);
};

/** PostgreSQL does not always say at which table it was; whoever looks for the session in the way wants to know. */
const atTable = (fault: Fault, table: string): { readonly ok: false; readonly error: Fault } => {
  const isTold = fault.message.includes(`\`${table}\``) || !TOLD_WITH_TABLE.has(fault.code);
  return { ok: false, error: isTold ? fault : { ...fault, message: `${fault.message} It was at \`${table}\`.` } };
};

const TOLD_WITH_TABLE: ReadonlySet<string> = new Set(['database-locked', 'database-too-slow', 'database-refused']);

const applyAll = async (
  tasks: readonly TableTask[],
  bytes: readonly number[],
  source: OpenSide,
  target: OpenSide,
  { onProgress }: RunOptions,
): Promise<Result<readonly TableChange[]>> => {
  const changes: TableChange[] = [];
  for (const [index, task] of tasks.entries()) {
    onProgress({ what: task.plan.table.name, done: tasks.length + index, total: tasks.length * 2 });
    const applied = await applyTable(task, bytes[index] ?? 0, source.database, target.database);
    if (!applied.ok) return atTable(applied.error, task.plan.table.name);
    // A vacant table may have been sent rows of the source's own only: none.
    if (applied.value.put + applied.value.deleted > 0) changes.push(applied.value);
  }
  return ok(changes);
};

const copySequences = async (source: OpenSide, target: OpenSide): Promise<Result<number>> => {
  const both = target.plan.sequences;
  const [from, to] = await Promise.all([
    readSequences(source.database, source.plan.schema, both),
    readSequences(target.database, target.plan.schema, both),
  ]);
  if (!from.ok) return from;
  if (!to.ok) return to;
  return setSequences(target.database, target.plan.schema, sequencesBehind(source.catalog, from.value, to.value));
};

const bytesOf = (tasks: readonly TableTask[], source: OpenSide): number =>
  tasks.reduce((sum, task) => {
    const table = source.catalog.tables.find(({ name }) => name === task.plan.table.name);
    return sum + (table?.bytes ?? 0);
  }, 0);

type Written = Pick<SnapshotReport, 'changes' | 'sequencesSet' | 'lockedMs'>;

/** From the comparison to the commit. */
const write = async (
  tasks: readonly TableTask[],
  source: OpenSide,
  target: OpenSide,
  options: SnapshotOptions,
  run: RunOptions,
): Promise<Result<Written>> => {
  const fetched = await fetchAll(tasks, source, target, run);
  if (!fetched.ok) return fetched;
  const lockedAt = performance.now();
  const changes = await applyAll(tasks, fetched.value, source, target, run);
  if (!changes.ok) return changes;
  const proven = tasks.length === 0 ? ok(null) : await prove(tasks, source, target);
  if (!proven.ok) return proven;
  const sequencesSet = await copySequences(source, target);
  if (!sequencesSet.ok) return sequencesSet;
  const committed = await commitTarget(target.database, options.epoch);
  if (!committed.ok) return committed;
  const lockedMs = tasks.length === 0 ? 0 : performance.now() - lockedAt;
  return ok({ changes: changes.value, sequencesSet: sequencesSet.value, lockedMs });
};

const textOf = (rows: number, tables: number, changes: readonly TableChange[]): string => {
  const changed = changes.reduce((sum, change) => sum + change.put + change.deleted, 0);
  const compared = `${rows} rows in ${tables} tables compared`;
  if (changes.length === 0) return `${compared}; both sides were the same.`;
  return `${compared}; ${changed} written in ${changes.length} ${changes.length === 1 ? 'table' : 'tables'}; both sides agree.`;
};

const runOpen = async (
  source: OpenSide,
  target: OpenSide,
  options: SnapshotOptions,
  run: RunOptions,
): Promise<Result<Omit<SnapshotReport, 'startedAt' | 'tookMs'>>> => {
  const checked = await preflight(source, target, options.limits, () => performance.now());
  if (!checked.ok) return checked;
  const refused = several(checked.value.refusals);
  if (refused !== null) return refused;
  run.onProgress({ what: 'comparison', done: 0, total: null });
  const comparison = await compare(source, target);
  if (!comparison.ok) return comparison;
  const tasks = findTasks(source, target, comparison.value);
  const room = tasks.length === 0 ? null : ((await options.space?.()) ?? null);
  const space = spaceFault(target.name, bytesOf(tasks, source), room);
  if (space !== null) return { ok: false, error: space };
  const written = await write(tasks, source, target, options, run);
  if (!written.ok) return written;
  const { changes, sequencesSet } = written.value;
  const deletedIn = new Set(changes.filter((change) => change.deleted > 0).map((change) => change.table));
  const dangling = await findDangling(target.database, target.catalog, target.plan, deletedIn);
  const { from, straight } = comparison.value;
  const copied = changes.filter((change) => straight.has(change.table)).reduce((sum, change) => sum + change.put, 0);
  const rows = [...from.values()].reduce((sum, digest) => sum + digest.rows, copied);
  const compared = source.plan.tables.length;
  return ok({
    ...written.value,
    compared,
    rows,
    changed: changes.reduce((sum, change) => sum + change.put + change.deleted, 0) + sequencesSet,
    bytes: changes.reduce((sum, change) => sum + change.bytes, 0),
    // The data are in; that this could not be counted is only told.
    warnings: [...checked.value.warnings, ...(dangling.ok ? dangling.value : [dangling.error])],
    text: textOf(rows, compared, changes),
  });
};

const begin = async (source: Database, target: Database, sourceSnapshot?: string): Promise<Result<null>> => {
  const begun = await source.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  if (!begun.ok) return begun;
  const picture =
    sourceSnapshot === undefined ? ok(0) : await source.run(`SET TRANSACTION SNAPSHOT ${quoteValue(sourceSnapshot)}`);
  return picture.ok ? beginTarget(target) : picture;
};

const withConnections = async (
  options: SnapshotOptions,
  run: RunOptions,
): Promise<Result<Omit<SnapshotReport, 'startedAt' | 'tookMs'>>> => {
  const opened = await Promise.all([
    connectDatabase(options.source, run.signal),
    connectDatabase(options.target, run.signal),
  ]);
  try {
    const [source, target] = opened;
    if (!source.ok) return source;
    if (!target.ok) return target;
    const begun = await begin(source.value, target.value, options.sourceSnapshot);
    if (!begun.ok) return begun;
    const sides = await Promise.all([openSide(source.value, options), openSide(target.value, options)]);
    const [from, to] = sides;
    if (!from.ok) return from;
    if (!to.ok) return to;
    return await runOpen(from.value, sharedWith(from.value, to.value), options, run);
  } finally {
    await Promise.all(opened.map(async (one) => (one.ok ? one.value.close() : null)));
  }
};

/**
 * Makes the target's copied rows those of the source. All in one transaction of the target: at its end the digests of both
 * sides agree, or nothing has changed. An abort or the time limit ends it at once.
 * Faults: those of `connectDatabase`, `Database.query`, `preflight`'s refusals, `database-own-row-in-way`,
 * `database-proof-failed`, `database-guarded`, `database-not-set-up`, `database-space-short`, `database-time-limit`.
 */
export const runSnapshot = async (options: SnapshotOptions, run: RunOptions): Promise<Result<SnapshotReport>> => {
  const startedAt = Date.now();
  const begunAt = performance.now();
  const limit = AbortSignal.timeout(options.timeLimitMs);
  const signal = AbortSignal.any([run.signal, limit]);
  const result = await withConnections(options, { ...run, signal });
  if (result.ok) return ok({ ...result.value, startedAt, tookMs: performance.now() - begunAt });
  if (limit.aborted && !run.signal.aborted)
    return fail(
      'database-time-limit',
      `The run took longer than ${Math.round(options.timeLimitMs / 1000)} s and was ended; nothing was changed.`,
      'See the load of both servers, or raise `streams.database.time-limit`.',
    );
  return result;
};
