/** Configuration changed on the standby, as a part of a merge: listed, and accepted or refused by a person's decision. */
import { ok, type Result } from '../../../core/result.ts';
import type { Database } from '../../postgres/connection.ts';
import { sqlStateOf } from '../../postgres/database-fault.ts';
import type { ChangesOptions } from '../options.ts';
import {
  countText,
  type DecisionsInput,
  type MergeIdentity,
  type MergePart,
  type PartReport,
  type PartRunOptions,
  type PendingEntry,
} from '../part.ts';
import { inTransaction, withDatabases, withMain } from '../session.ts';
import { readCollected } from './collected.ts';
import {
  acceptedRow,
  type ConfigurationEntry,
  configurationRows,
  type Decisions,
  decisionFor,
  entryText,
  planConfiguration,
} from './configuration.ts';
import { type NetChange, rowId } from './fold.ts';
import type { JsonRow } from './json.ts';
import { attempt, deleteMainRow, insertMainRow, readMainRows, updateMainRow } from './main-rows.ts';
import {
  agreedRows,
  type ChangeRecord,
  conflictsOf,
  forgetRecords,
  loadRecords,
  type Outcome,
  type StoredRecord,
  saveRecord,
} from './records.ts';
import { type MergeRules, mergeRules } from './rules.ts';
import { readStandbyLog } from './standby-log.ts';
import { undoRecords } from './undo.ts';

const decisionsOf = ({ all, byId }: DecisionsInput): Decisions => ({ all, byId: new Map(Object.entries(byId)) });

/** The columns of an update that differ at the main, or the whole row. */
const writtenOf = (entry: ConfigurationEntry): Pick<ChangeRecord, 'whole' | 'was' | 'became'> => {
  const row = acceptedRow(entry);
  if (entry.kind !== 'updated' || entry.ours === null || row === null)
    return { whole: true, was: entry.ours, became: row };
  const names = entry.columns.map(({ column }) => column);
  const of = (from: JsonRow): JsonRow => Object.fromEntries(names.map((name) => [name, from[name] ?? null]));
  return { whole: false, was: of(entry.ours), became: of(row) };
};

const recordOf = (entry: ConfigurationEntry, outcome: Outcome, note = ''): ChangeRecord => ({
  ...writtenOf(entry),
  entry: entry.id,
  table: entry.table,
  key: entry.key,
  outcome,
  net: { before: entry.before, after: entry.after, at: entry.at },
  bothChanged: entry.standing !== 'clean' && entry.standing !== 'same',
  text: `${entryText(entry)}${note}`,
});

const write = (here: Database, schema: string, entry: ConfigurationEntry): Promise<Result<number>> => {
  const { table, key, ours } = entry;
  const { whole, became } = writtenOf(entry);
  if (became === null) return deleteMainRow(here, schema, table, key);
  if (ours === null) return insertMainRow(here, schema, table, became);
  const columns = whole ? Object.fromEntries(Object.entries(became).filter(([name]) => name in ours)) : became;
  return updateMainRow(here, schema, table, key, columns);
};

/** Rows that refer to each other find their order by trying: another round while one more fits. */
const writeAll = async (
  here: Database,
  options: ChangesOptions,
  merge: MergeIdentity,
  accepted: readonly ConfigurationEntry[],
): Promise<Result<null>> => {
  let rest = accepted;
  let why = new Map<string, string>();
  for (let before = Number.POSITIVE_INFINITY; rest.length > 0 && rest.length < before; ) {
    before = rest.length;
    const failed: ConfigurationEntry[] = [];
    why = new Map();
    for (const entry of rest) {
      const done = await attempt(here, () => write(here, options.schema, entry));
      if (done.ok) {
        const saved = await saveRecord(here, merge.mergeKey, 'configuration', recordOf(entry, 'written'));
        if (!saved.ok) return saved;
      } else if (sqlStateOf(done.error) === null || here.isClosed()) return done;
      else {
        failed.push(entry);
        why.set(entry.id, done.error.message);
      }
    }
    rest = failed;
  }
  for (const entry of rest) {
    const note = ` It was accepted and does not fit: ${why.get(entry.id) ?? ''}`;
    const saved = await saveRecord(here, merge.mergeKey, 'configuration', {
      ...recordOf(entry, 'pending', note),
      bothChanged: true,
    });
    if (!saved.ok) return saved;
  }
  return ok(null);
};

const decideAll = (
  here: Database,
  options: ChangesOptions,
  rules: MergeRules,
  merge: MergeIdentity,
  run: PartRunOptions,
  changes: readonly NetChange[],
): Promise<Result<null>> =>
  inTransaction(here, async () => {
    const records = await loadRecords(here, merge.mergeKey, null);
    if (!records.ok) return records;
    const agreed = agreedRows(changes, records.value);
    const rows = configurationRows(changes, rules, agreed);
    const present = await readMainRows(here, options.schema, rows, true);
    if (!present.ok) return present;
    const entries = planConfiguration(changes, rules, agreed, present.value);
    // What was open in an earlier pass and is no more (changed again, or back) must not stay in the list.
    const cleared = await here.run(
      `DELETE FROM dualtone.merge_changes WHERE merge_key = $1 AND part = 'configuration' AND outcome = 'pending'`,
      [merge.mergeKey],
    );
    if (!cleared.ok) return cleared;
    const decisions = withFormerRefusals(decisionsOf(run.decisions), records.value);
    const accepted: ConfigurationEntry[] = [];
    for (const entry of entries) {
      const decision = decisionFor(entry, decisions);
      if (entry.standing !== 'same' && decision === 'accept') {
        accepted.push(entry);
        continue;
      }
      const outcome = entry.standing === 'same' ? 'same' : decision === 'refuse' ? 'refused' : 'pending';
      const saved = await saveRecord(here, merge.mergeKey, 'configuration', recordOf(entry, outcome));
      if (!saved.ok) return saved;
    }
    return writeAll(here, options, merge, accepted);
  });

/** Refused stays refused, until a person accepts that very entry. */
const withFormerRefusals = (decisions: Decisions, records: readonly StoredRecord[]): Decisions => {
  const refused = records
    .filter((record) => record.outcome === 'refused')
    .map((record) => [record.entry, 'refuse'] as const);
  return { all: decisions.all, byId: new Map([...refused, ...decisions.byId]) };
};

/** After the standby was told, its log may be gone: what waits stands in the records. */
const openChanges = (records: readonly StoredRecord[]): readonly NetChange[] =>
  records
    .filter((record) => record.outcome === 'pending' || record.outcome === 'refused')
    .map(({ table, key, net }) => ({ table, key, ...net, firstSeq: 0, lastSeq: 0 }));

const entriesOf = (records: readonly StoredRecord[], outcome: Outcome): readonly PendingEntry[] =>
  records.filter((record) => record.outcome === outcome).map(({ entry, text }) => ({ id: entry, text }));

const whatOf = (count: number): string => countText(count, 'change of configuration', 'changes of configuration');

const reportOf = (records: readonly StoredRecord[], warnings: readonly string[]): PartReport => {
  const count = records.filter((record) => record.outcome === 'written').length;
  return {
    part: 'configuration',
    count,
    left: 0,
    what: whatOf(count),
    conflicts: conflictsOf(records),
    pending: entriesOf(records, 'pending'),
    refused: entriesOf(records, 'refused'),
    warnings,
  };
};

const loadReport = async (
  here: Database,
  merge: MergeIdentity,
  warnings: readonly string[],
): Promise<Result<PartReport>> => {
  const records = await loadRecords(here, merge.mergeKey, 'configuration');
  return records.ok ? ok(reportOf(records.value, warnings)) : records;
};

/**
 * Configuration as a part of a merge. Nothing is overwritten in silence: an entry is accepted, refused, or waits, and each
 * is kept with both versions. Faults: those of the databases, `merge-running`, `database-changes-busy`.
 */
export const createConfigurationPart = (options: ChangesOptions): MergePart => {
  const rules = mergeRules(options.rules);
  return {
    name: 'configuration',
    preview: (merge, { signal }) =>
      withDatabases(options.connectHere, options.connectThere, signal, async (databases) => {
        const collected = await readCollected(databases, merge, rules);
        if (!collected.ok) return collected;
        const { changes, warnings, agreed } = collected.value;
        const present = await readMainRows(
          databases.here,
          options.schema,
          configurationRows(changes, rules, agreed),
          false,
        );
        if (!present.ok) return present;
        const entries = planConfiguration(changes, rules, agreed, present.value).filter(
          (one) => one.standing !== 'same',
        );
        const open = entries.map((entry) => ({ id: entry.id, text: entryText(entry) }));
        const conflicts = entries
          .filter((entry) => entry.standing !== 'clean')
          .map((entry) => ({ item: rowId(entry.table, entry.key), text: entryText(entry) }));
        const count = entries.length;
        return ok({ part: 'configuration', count, what: whatOf(count), conflicts, pending: open, warnings });
      }),
    run: (merge, run) => {
      if (merge.settled)
        return withMain(options.connectHere, run.signal, async (here) => {
          const records = await loadRecords(here, merge.mergeKey, 'configuration');
          if (!records.ok) return records;
          const decided = await decideAll(here, options, rules, merge, run, openChanges(records.value));
          return decided.ok ? loadReport(here, merge, []) : decided;
        });
      return withDatabases(options.connectHere, options.connectThere, run.signal, async ({ here, there }) => {
        const log = await readStandbyLog(there, merge.terms, rules.isLeftOut);
        if (!log.ok) return log;
        const decided = await decideAll(here, options, rules, merge, run, log.value.changes);
        return decided.ok ? loadReport(here, merge, log.value.warnings) : decided;
      });
    },
    undo: (merge, { signal }) => undoRecords(options, merge, 'configuration', signal),
    settle: async () => ok(null),
    forget: (merge, signal) =>
      withMain(options.connectHere, signal, (here) => forgetRecords(here, merge.mergeKey, 'configuration')),
  };
};
