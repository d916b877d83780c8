/** Status columns as a part of a merge: planned from the standby's log, written into the main with a record in one transaction. */
import { ok, type Result } from '../../../core/result.ts';
import { sqlStateOf } from '../../postgres/database-fault.ts';
import type { ChangesOptions } from '../options.ts';
import { countText, type MergeIdentity, type MergePart, type PartReport } from '../part.ts';
import { type Databases, inTransaction, withDatabases, withMain } from '../session.ts';
import { readCollected } from './collected.ts';
import { shownColumn } from './configuration.ts';
import { type NetChange, rowId } from './fold.ts';
import type { JsonRow } from './json.ts';
import { attempt, readMainRows, updateMainRow } from './main-rows.ts';
import {
  type ChangeRecord,
  conflictsOf,
  entryId,
  forgetRecords,
  loadRecords,
  type StoredRecord,
  saveRecord,
} from './records.ts';
import { type Agreed, type MergeRules, mergeRules } from './rules.ts';
import { planStatus, type StatusMerge, statusRows } from './status.ts';
import { isWritten } from './three-way.ts';
import { undoRecords } from './undo.ts';

const CHUNK = 200;

const textOf = ({ table, key, columns, theirs }: StatusMerge): string => {
  const where = `${table} (${Object.entries(key)
    .map(([column, value]) => `${column} ${shownColumn(column, value)}`)
    .join(', ')})`;
  if (columns === null) {
    const values = Object.entries(theirs).map(([column, value]) => `${column} ${shownColumn(column, value)}`);
    return `${where}: the main has no such row any more; the standby had ${values.join(', ')}.`;
  }
  const changes = columns.map(
    ({ column, theirs: there, ours, verdict }) =>
      `${column} ${shownColumn(column, ours)} → ${shownColumn(column, there)}${verdict === 'both' ? ' (changed on both; the standby served)' : ''}`,
  );
  return `${where}: ${changes.join(', ')}.`;
};

const recordOf = (merge: StatusMerge, ours: JsonRow | null): ChangeRecord => {
  const { table, key, columns, theirs, at } = merge;
  const names = Object.keys(theirs);
  const ancestor = Object.fromEntries((columns ?? []).map((column) => [column.column, column.ancestor]));
  const was = ours === null ? null : Object.fromEntries(names.map((name) => [name, ours[name] ?? null]));
  return {
    entry: entryId(table, key, ancestor, theirs),
    table,
    key,
    whole: false,
    outcome: columns === null ? 'aside' : columns.some(isWritten) ? 'written' : 'same',
    was,
    became: theirs,
    net: { before: ancestor, after: theirs, at },
    bothChanged: columns === null || columns.some((column) => column.verdict === 'both'),
    text: textOf(merge),
  };
};

interface Work {
  readonly databases: Databases;
  readonly options: ChangesOptions;
  readonly rules: MergeRules;
  readonly merge: MergeIdentity;
}

/** One row: written with its record, or its misfit recorded. */
const writeOne = async (work: Work, planned: StatusMerge, ours: JsonRow | null): Promise<Result<number>> => {
  const { databases, options, merge } = work;
  const { here } = databases;
  const record = recordOf(planned, ours);
  const written = Object.fromEntries(
    (planned.columns ?? []).filter(isWritten).map(({ column, theirs }) => [column, theirs]),
  );
  if (Object.keys(written).length === 0) return saveRecord(here, merge.mergeKey, 'status', record);
  const done = await attempt(here, () => updateMainRow(here, options.schema, planned.table, planned.key, written));
  if (done.ok) return saveRecord(here, merge.mergeKey, 'status', record);
  if (sqlStateOf(done.error) === null || here.isClosed()) return done;
  const text = `${record.text} It was not written: ${done.error.message}`;
  return saveRecord(here, merge.mergeKey, 'status', { ...record, outcome: 'aside', bothChanged: true, text });
};

const writeChunk = (work: Work, chunk: readonly NetChange[], agreed: Agreed): Promise<Result<null>> =>
  inTransaction(work.databases.here, async () => {
    const { databases, options, rules } = work;
    const present = await readMainRows(databases.here, options.schema, statusRows(chunk, rules, agreed), true);
    if (!present.ok) return present;
    for (const planned of planStatus(chunk, rules, agreed, present.value)) {
      const saved = await writeOne(work, planned, present.value.get(rowId(planned.table, planned.key)) ?? null);
      if (!saved.ok) return saved;
    }
    return ok(null);
  });

const whatOf = (rows: number): string => countText(rows, "user's own setting", "users' own settings");

const reportOf = (records: readonly StoredRecord[], warnings: readonly string[]): PartReport => {
  const rows = new Set(
    records.filter(({ outcome }) => outcome === 'written').map(({ table, key }) => rowId(table, key)),
  );
  return {
    part: 'status',
    count: rows.size,
    left: 0,
    what: whatOf(rows.size),
    conflicts: conflictsOf(records),
    pending: [],
    refused: [],
    warnings,
  };
};

/**
 * Status columns (do-not-disturb, forwards) as a part of a merge. Faults: those of the databases, `merge-running`,
 * `database-changes-busy`.
 */
export const createStatusPart = (options: ChangesOptions): MergePart => {
  const rules = mergeRules(options.rules);
  return {
    name: 'status',
    preview: (merge, { signal }) =>
      withDatabases(options.connectHere, options.connectThere, signal, async (databases) => {
        const collected = await readCollected(databases, merge, rules);
        if (!collected.ok) return collected;
        const { changes, warnings, agreed } = collected.value;
        const present = await readMainRows(databases.here, options.schema, statusRows(changes, rules, agreed), false);
        if (!present.ok) return present;
        const planned = planStatus(changes, rules, agreed, present.value);
        const count = planned.filter((one) => one.columns?.some(isWritten)).length;
        const conflicts = planned
          .filter((one) => one.columns === null || one.columns.some((column) => column.verdict === 'both'))
          .map((one) => ({ item: rowId(one.table, one.key), text: textOf(one) }));
        return ok({ part: 'status', count, what: whatOf(count), conflicts, pending: [], warnings });
      }),
    run: (merge, { signal, onProgress }) =>
      withDatabases(options.connectHere, options.connectThere, signal, async (databases) => {
        const collected = await readCollected(databases, merge, rules);
        if (!collected.ok) return collected;
        const { changes, warnings, agreed } = collected.value;
        const work = { databases, options, rules, merge };
        for (let at = 0; at < changes.length; at += CHUNK) {
          onProgress({ what: 'status', done: at, total: changes.length });
          const done = await writeChunk(work, changes.slice(at, at + CHUNK), agreed);
          if (!done.ok) return done;
        }
        const after = await loadRecords(databases.here, merge.mergeKey, 'status');
        return after.ok ? ok(reportOf(after.value, warnings)) : after;
      }),
    undo: (merge, { signal }) => undoRecords(options, merge, 'status', signal),
    settle: async () => ok(null),
    forget: (merge, signal) =>
      withMain(options.connectHere, signal, (here) => forgetRecords(here, merge.mergeKey, 'status')),
  };
};
