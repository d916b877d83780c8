/** Events that the standby wrote while it served (calls, queues), brought into the main with numbers of its own, each once. */
import { ok, type Result } from '../../../core/result.ts';
import { copyAcross } from '../../postgres/copy.ts';
import type { EventsOptions } from '../options.ts';
import { countText, type MergeIdentity, type MergePart, type PartRunOptions } from '../part.ts';
import { type Databases, withDatabases } from '../session.ts';
import { bringBatch } from './batch.ts';
import { createStaging, createSurvey, findWanted, SURVEY, surveyIn, surveyOut, tableOf, WANTED } from './sql.ts';
import { type EventPlan, orderEventPlans, planEventTable, readEventTable } from './table.ts';
import { belongs, hasNoTime, mayGetParent, type Window, windowsOf } from './time.ts';
import { forgetEvents, reportEvents, undoEvents } from './undo.ts';

export const EVENTS_DEFAULTS = {
  marginMs: 60_000,
  youngMs: 4 * 3_600_000,
  batchRows: 50_000,
} as const;

interface Survey {
  readonly fresh: number;
  readonly changed: number;
  readonly waiting: number;
  readonly timeless: number;
}

interface Work {
  readonly options: EventsOptions;
  readonly databases: Databases;
  readonly plans: readonly EventPlan[];
  readonly windows: readonly Window[];
  readonly run: PartRunOptions;
}

const readPlans = async (options: EventsOptions, { here, there }: Databases): Promise<Result<readonly EventPlan[]>> => {
  const plans: EventPlan[] = [];
  for (const rule of options.events) {
    const atHome = await readEventTable(here, options.schema, rule.table);
    if (!atHome.ok) return atHome;
    const away = await readEventTable(there, options.schema, rule.table);
    if (!away.ok) return away;
    // A version of the telephone system without that table writes no such events.
    if (away.value === null) continue;
    const plan = planEventTable(
      options.schema,
      rule,
      options.events,
      atHome.value ?? { ...away.value, columns: [] },
      away.value,
    );
    if (!plan.ok) return plan;
    plans.push(plan.value);
  }
  return orderEventPlans(plans);
};

const countTimeless = async ({ databases }: Work, plan: EventPlan): Promise<Result<number>> => {
  const condition = hasNoTime(plan, 't');
  if (condition === null) return ok(0);
  const rows = await databases.there.query<{ readonly n: string }>(
    `SELECT count(*) AS n FROM ${tableOf(plan)} t WHERE ${condition}`,
  );
  return rows.ok ? ok(Number(rows.value[0]?.n ?? 0)) : rows;
};

/** Which rows there are to bring; they stand in `WANTED` then. */
const survey = async (work: Work, plan: EventPlan): Promise<Result<Survey>> => {
  const { options, databases, plans, windows, run } = work;
  const { here, there, node } = databases;
  const condition = belongs(plan, plans, 't', windows, options.zone);
  if (!condition.ok) return condition;
  const waits = run.pass === 'first' ? mayGetParent(plan, 't', options.now() - options.youngMs, options.zone) : null;
  const made = await here.run(createSurvey);
  if (!made.ok) return made;
  const copied = await copyAcross(there, surveyOut(plan, condition.value, waits), here, surveyIn);
  if (!copied.ok) return copied;
  const found = await here.run(findWanted, [node, plan.rule.table]);
  if (!found.ok) return found;
  const counted = await here.query<{ readonly fresh: string; readonly changed: string; readonly waiting: string }>(
    `SELECT count(*) FILTER (WHERE NOT known) AS fresh, count(*) FILTER (WHERE known) AS changed,
      (SELECT count(*) FROM ${SURVEY} WHERE waits) AS waiting FROM ${WANTED}`,
  );
  if (!counted.ok) return counted;
  const timeless = await countTimeless(work, plan);
  if (!timeless.ok) return timeless;
  const [row] = counted.value;
  return ok({
    fresh: Number(row?.fresh ?? 0),
    changed: Number(row?.changed ?? 0),
    waiting: Number(row?.waiting ?? 0),
    timeless: timeless.value,
  });
};

/** The first batch, and whenever there are twice as many. */
const isGrown = (batch: number): boolean => (batch & (batch + 1)) === 0;

interface Brought {
  readonly left: number;
  readonly timeless: number;
}

const bringTable = async (work: Work, plan: EventPlan, mergeKey: string): Promise<Result<Brought>> => {
  const { options, databases, run } = work;
  const found = await survey(work, plan);
  if (!found.ok) return found;
  const total = found.value.fresh + found.value.changed;
  const what = `events of ${plan.rule.table}`;
  run.onProgress({ what, done: 0, total });
  const made = await databases.here.run(createStaging(plan));
  if (!made.ok) return made;
  let [done, last, left] = [0, '0', found.value.waiting];
  for (let batch = 0; done < total; batch += 1) {
    const keys = await databases.here.query<{ readonly pos: string; readonly key: string; readonly known: boolean }>(
      `SELECT pos, key_there AS key, known FROM ${WANTED} WHERE pos > $1 ORDER BY pos LIMIT $2`,
      [last, options.batchRows],
    );
    if (!keys.ok) return keys;
    if (keys.value.length === 0) break;
    const someKnown = keys.value.some((row) => row.known);
    const brought = await bringBatch(
      { databases, plan, mergeKey, pass: run.pass, isGrown: isGrown(batch) },
      keys.value.map((row) => row.key),
      someKnown,
    );
    if (!brought.ok) return brought;
    left += brought.value.waiting;
    done += keys.value.length;
    last = keys.value.at(-1)?.pos ?? last;
    run.onProgress({ what, done, total });
  }
  return ok({ left, timeless: found.value.timeless });
};

const timelessWarning = (plan: EventPlan, count: number): readonly string[] =>
  count === 0
    ? []
    : [
        `${countText(count, 'event', 'events')} of ${plan.rule.table} on the standby without a time could not be told to belong to its term, and stay there.`,
      ];

const withWork = async <T>(
  options: EventsOptions,
  merge: MergeIdentity,
  run: PartRunOptions,
  act: (work: Work) => Promise<Result<T>>,
): Promise<Result<T>> =>
  withDatabases(options.connectHere, options.connectThere, run.signal, async (databases) => {
    const plans = await readPlans(options, databases);
    if (!plans.ok) return plans;
    const settled = await databases.here.query<{ readonly epoch: string }>(
      'SELECT epoch FROM dualtone.merge_settled WHERE node = $1',
      [databases.node],
    );
    if (!settled.ok) return settled;
    // What an earlier merge settled is home, even where its mapping has been dropped since.
    const settledEpoch = Number(settled.value[0]?.epoch ?? 0);
    const terms = merge.terms.filter((term) => term.epoch > settledEpoch);
    const windows = windowsOf(terms, options.now(), options.marginMs);
    return act({ options, databases, plans: plans.value, windows, run });
  });

/**
 * Events as a part of a merge. New rows get numbers from the main's own sequences, in the order of their time; rows that belong to
 * others are re-pointed; what does not fit is kept in `dualtone.aside` and listed. Faults: those of the databases,
 * `merge-running`, `merge-table-unfit`, `merge-many-misfits`.
 */
export const createEventsPart = (options: EventsOptions): MergePart => ({
  name: 'events',
  preview: (merge, run) =>
    withWork(options, merge, run, async (preview) => {
      const warnings: string[] = [];
      let count = 0;
      for (const plan of preview.plans) {
        // As if it were the second pass: what waits is to be brought as well.
        const found = await survey({ ...preview, run: { ...run, pass: 'second' } }, plan);
        if (!found.ok) return found;
        count += found.value.fresh + found.value.changed;
        warnings.push(...timelessWarning(plan, found.value.timeless));
      }
      const what = countText(count, 'call event', 'call events');
      return ok({ part: 'events', count, what, conflicts: [], pending: [], warnings });
    }),
  run: (merge, run) =>
    withWork(options, merge, run, async (started) => {
      const warnings: string[] = [];
      let left = 0;
      for (const plan of started.plans) {
        const brought = await bringTable(started, plan, merge.mergeKey);
        if (!brought.ok) return brought;
        left += brought.value.left;
        warnings.push(...timelessWarning(plan, brought.value.timeless));
      }
      return reportEvents(started.databases.here, merge, left, warnings);
    }),
  undo: (merge, undo) => undoEvents(options, merge, undo),
  settle: (merge, signal) =>
    withDatabases(options.connectHere, options.connectThere, signal, async ({ here, node }) => {
      const epoch = Math.max(0, ...merge.terms.map((term) => term.epoch));
      const noted = await here.run(
        `INSERT INTO dualtone.merge_settled AS m (node, epoch) VALUES ($1, $2::bigint)
         ON CONFLICT (node) DO UPDATE SET epoch = greatest(m.epoch, excluded.epoch)`,
        [node, String(epoch)],
      );
      return noted.ok ? ok(null) : noted;
    }),
  forget: (merge, signal) => forgetEvents(options.connectHere, merge, signal),
});
