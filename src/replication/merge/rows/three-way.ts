/** Three versions of a value: what both had, what the standby made of it, what the main has now. Pure. */
import { type JsonRow, sameJson } from './json.ts';

/**
 * `take`: changed there only; `same`: both have it already; `both`: changed on both, and the node that served wins;
 * `none`: not changed there.
 */
export type ColumnVerdict = 'take' | 'same' | 'both' | 'none';

export interface ColumnMerge {
  readonly column: string;
  readonly verdict: ColumnVerdict;
  readonly ancestor: unknown;
  readonly theirs: unknown;
  readonly ours: unknown;
}

/** One value. A value that is missing equals null. */
const judgeValue = (ancestor: unknown, theirs: unknown, ours: unknown): ColumnVerdict => {
  if (sameJson(theirs, ancestor)) return 'none';
  if (sameJson(theirs, ours)) return 'same';
  return sameJson(ours, ancestor) ? 'take' : 'both';
};

/** The columns of one row, in the order given. */
export const judgeColumns = (
  columns: readonly string[],
  ancestor: JsonRow,
  theirs: JsonRow,
  ours: JsonRow,
): readonly ColumnMerge[] =>
  columns.map((column) => {
    const [a, t, o] = [ancestor[column] ?? null, theirs[column] ?? null, ours[column] ?? null];
    return { column, verdict: judgeValue(a, t, o), ancestor: a, theirs: t, ours: o };
  });

/** True when the standby's value is written into the main. */
export const isWritten = (merge: ColumnMerge): boolean => merge.verdict === 'take' || merge.verdict === 'both';
