/** Which rows of a table of events belong to terms of service: conditions in SQL. Pure. */
import { fail, ok, type Result } from '../../../core/result.ts';
import type { Millis, WallTime } from '../../../core/words.ts';
import { qualify, quoteName, quoteValue } from '../../postgres/identifier.ts';
import type { Term } from '../part.ts';
import type { EventPlan } from './table.ts';

export interface Window {
  readonly from: WallTime;
  readonly to: WallTime;
}

/**
 * Terms as spans of time, wider by `marginMs` on both sides (calls that end after the term; a row too many is the standby's own
 * and comes once as well), overlapping ones joined.
 */
export const windowsOf = (terms: readonly Term[], now: WallTime, marginMs: Millis): readonly Window[] => {
  const spans = terms
    .map(({ from, to }) => ({ from: from - marginMs, to: (to ?? Math.max(now, from)) + marginMs }))
    .toSorted((a, b) => a.from - b.from);
  const joined: Window[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last === undefined || span.from > last.to) joined.push(span);
    else joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
  }
  return joined;
};

const instant = (at: WallTime): string => `${quoteValue(new Date(at).toISOString())}::timestamptz`;

/** Of one column with its type's category; null when the type tells no time. `zone`: of times without one. */
const between = (column: string, category: string, { from, to }: Window, zone: string): string | null => {
  const local = (at: WallTime): string => `(${instant(at)} AT TIME ZONE ${quoteValue(zone)})`;
  const text = (at: WallTime): string => `to_char(${local(at)}, 'YYYY-MM-DD HH24:MI:SS')`;
  const epoch = `to_timestamp(${column}::float8) BETWEEN ${instant(from)} AND ${instant(to)}`;
  switch (category) {
    case 'timestamptz':
      return `${column} BETWEEN ${instant(from)} AND ${instant(to)}`;
    case 'timestamp':
      return `${column} BETWEEN ${local(from)} AND ${local(to)}`;
    case 'date':
      return `${column} BETWEEN ${local(from)}::date AND ${local(to)}::date`;
    case 'N':
      return epoch;
    case 'S':
      // Compared as text: a malformed time must not fail the rest. Old queue logs have seconds since 1970.
      return `CASE WHEN ${column} ~ '^[0-9]{9,10}([.][0-9]{1,9})?$' THEN ${epoch}
        ELSE replace(${column}, 'T', ' ') COLLATE "C" BETWEEN ${text(from)} AND ${text(to)} END`;
    default:
      return null;
  }
};

const inWindows = (column: string, category: string, windows: readonly Window[], zone: string): string | null => {
  const spans = windows.map((window) => between(column, category, window, zone));
  if (spans.some((span) => span === null)) return null;
  return spans.length === 0 ? 'false' : `(${spans.map((span) => `(${span})`).join(' OR ')})`;
};

const unfit = (plan: EventPlan, why: string) =>
  fail(
    'merge-table-unfit',
    `The events of \`${plan.rule.table}\` cannot be merged: ${why}.`,
    'Correct the entry in `streams.database.events`.',
  );

const DEEPEST = 8;

/**
 * Whether the row `alias` of a table belongs to the windows: by its own time, or by those of the event it belongs to.
 * Fault: `merge-table-unfit`.
 */
export const belongs = (
  plan: EventPlan,
  plans: readonly EventPlan[],
  alias: string,
  windows: readonly Window[],
  zone: string,
  depth = 0,
): Result<string> => {
  const { rule } = plan;
  const conditions: string[] = [];
  if (rule.time !== null && plan.timeCategory !== null) {
    const own = inWindows(`${alias}.${quoteName(rule.time)}`, plan.timeCategory, windows, zone);
    if (own === null) return unfit(plan, `\`${rule.time}\` is no time`);
    conditions.push(own);
  }
  if (rule.parent !== null && !(rule.parent.table === rule.table && rule.time !== null)) {
    const parent = plans.find((one) => one.rule.table === rule.parent?.table);
    if (parent === undefined)
      return unfit(plan, `\`${rule.parent.table}\`, to which they belong, has no entry of its own`);
    if (depth >= DEEPEST) return unfit(plan, 'nothing says when they were');
    const above = `p${depth}`;
    const inner = belongs(parent, plans, above, windows, zone, depth + 1);
    if (!inner.ok) return inner;
    conditions.push(`EXISTS (SELECT 1 FROM ${qualify(plan.schema, rule.parent.table)} ${above}
      WHERE ${above}.${quoteName(parent.rule.key)} = ${alias}.${quoteName(rule.parent.column)} AND ${inner.value})`);
  }
  return ok(`(${conditions.join(' OR ')})`);
};

/** Later than any event: the year 9999. */
const FAR: WallTime = Date.UTC(9999, 0, 1);

/** A row that may still be given the event that it belongs to; `young`: later than this. Null: the table has no such rows. */
export const mayGetParent = (plan: EventPlan, alias: string, young: WallTime, zone: string): string | null => {
  const { time, parent } = plan.rule;
  if (time === null || parent === null || plan.timeCategory === null) return null;
  const late = inWindows(`${alias}.${quoteName(time)}`, plan.timeCategory, [{ from: young, to: FAR }], zone);
  return late === null ? null : `(${alias}.${quoteName(parent.column)} IS NULL AND ${late})`;
};

/** A row whose time is not known, so that no term can claim it. Null: the table has no time of its own. */
export const hasNoTime = (plan: EventPlan, alias: string): string | null => {
  if (plan.rule.time === null || plan.rule.parent !== null) return null;
  const column = `${alias}.${quoteName(plan.rule.time)}`;
  return plan.timeCategory === 'S' ? `coalesce(${column}, '') = ''` : `${column} IS NULL`;
};
