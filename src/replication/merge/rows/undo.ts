/** Takes back what a merge wrote of status columns and configuration, from its records, unless it was changed since. */
import { ok, type Result } from '../../../core/result.ts';
import type { Database } from '../../postgres/connection.ts';
import { sqlStateOf } from '../../postgres/database-fault.ts';
import type { ChangesOptions } from '../options.ts';
import { type Conflict, countText, type MergeIdentity, type PartReport } from '../part.ts';
import { inTransaction, withMain } from '../session.ts';
import { rowId } from './fold.ts';
import { type JsonRow, sameJson } from './json.ts';
import { attempt, deleteMainRow, insertMainRow, readMainRows, updateMainRow } from './main-rows.ts';
import { loadRecords, type RecordedPart, type StoredRecord } from './records.ts';

const stands = ({ became, whole }: StoredRecord, now: JsonRow | null): boolean => {
  if (became === null || now === null) return became === now;
  const columns = whole ? [...new Set([...Object.keys(became), ...Object.keys(now)])] : Object.keys(became);
  // A column that the main's table gained or computes is no change by a person.
  return columns.filter((column) => column in became).every((column) => sameJson(became[column], now[column]));
};

const putBack = (here: Database, schema: string, record: StoredRecord): Promise<Result<number>> => {
  const { table, key, was, became } = record;
  if (was === null) return deleteMainRow(here, schema, table, key);
  return became === null ? insertMainRow(here, schema, table, was) : updateMainRow(here, schema, table, key, was);
};

const conflict = (record: StoredRecord, why: string): Conflict => ({
  item: rowId(record.table, record.key),
  text: `It was left as it is: ${why}`,
});

interface Undone {
  readonly conflict: Conflict | null;
  /** False: another undo may succeed where this one did not. */
  readonly final: boolean;
}

const undoOne = async (here: Database, schema: string, record: StoredRecord): Promise<Result<Undone>> => {
  const present = await readMainRows(here, schema, [record], true);
  if (!present.ok) return present;
  const now = present.value.get(rowId(record.table, record.key)) ?? null;
  if (!stands(record, now))
    return ok({ conflict: conflict(record, 'it was changed on the main after the merge.'), final: true });
  const done = await attempt(here, () => putBack(here, schema, record));
  if (done.ok) return ok({ conflict: null, final: true });
  return sqlStateOf(done.error) === null ? done : ok({ conflict: conflict(record, done.error.message), final: false });
};

/** The latest first. What was changed on the main since stays and is listed. Faults: those of the database, `merge-running`. */
export const undoRecords = (
  options: Pick<ChangesOptions, 'connectHere' | 'schema'>,
  merge: MergeIdentity,
  part: RecordedPart,
  signal: AbortSignal,
): Promise<Result<PartReport>> =>
  withMain(options.connectHere, signal, (here) =>
    inTransaction(here, async () => {
      const records = await loadRecords(here, merge.mergeKey, part);
      if (!records.ok) return records;
      const conflicts: Conflict[] = [];
      let count = 0;
      for (const record of records.value.toReversed()) {
        if (record.outcome !== 'written') continue;
        const undone = await undoOne(here, options.schema, record);
        if (!undone.ok) return undone;
        if (undone.value.conflict === null) count += 1;
        else conflicts.push(undone.value.conflict);
        if (!undone.value.final) continue;
        const marked = await here.run(`UPDATE dualtone.merge_changes SET outcome = 'undone' WHERE id = $1`, [
          record.id,
        ]);
        if (!marked.ok) return marked;
      }
      const what = countText(count, 'change taken back', 'changes taken back');
      return ok({ part, count, left: 0, what, conflicts, pending: [], refused: [], warnings: [] });
    }),
  );
