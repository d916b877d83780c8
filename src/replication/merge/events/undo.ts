/** What a merge of events brought: its report, taking it back, and forgetting how. All of it from the mapping, at the main alone. */
import { ok, type Result } from '../../../core/result.ts';
import type { Database } from '../../postgres/connection.ts';
import { quoteName, quoteValue } from '../../postgres/identifier.ts';
import type { EventsOptions } from '../options.ts';
import { type Conflict, countText, type MergeIdentity, type PartReport, type PartUndoOptions } from '../part.ts';
import { type Connect, inTransaction, withMain } from '../session.ts';
import { tableOf } from './sql.ts';
import { type EventTable, readEventTable } from './table.ts';

const MOST_LISTED = 200;

interface AsideRow {
  readonly [column: string]: unknown;
  readonly table_name: string;
  readonly key_there: string;
  readonly state: 'aside' | 'trimmed';
  readonly reason: string;
  readonly total: string;
}

const conflictOf = ({ table_name, key_there, state, reason }: AsideRow): Conflict => ({
  item: `${table_name} ${key_there} (of the standby)`,
  text:
    state === 'aside'
      ? `${reason}; the row is kept in dualtone.aside.`
      : `${reason}; the row as it was is kept in dualtone.aside.`,
});

/** What all runs of this merge brought. Faults: those of `Database.query`. */
export const reportEvents = async (
  here: Database,
  merge: MergeIdentity,
  left: number,
  warnings: readonly string[],
): Promise<Result<PartReport>> => {
  const tables = await here.query<{ readonly table_name: string; readonly n: string }>(
    'SELECT table_name, count(*) AS n FROM dualtone.merged WHERE merge_key = $1 GROUP BY 1 ORDER BY 1',
    [merge.mergeKey],
  );
  if (!tables.ok) return tables;
  const aside = await here.query<AsideRow>(
    `SELECT table_name, key_there, state, reason, count(*) OVER () AS total FROM dualtone.aside
     WHERE merge_key = $1 AND state <> 'undone' ORDER BY id LIMIT ${MOST_LISTED}`,
    [merge.mergeKey],
  );
  if (!aside.ok) return aside;
  const total = Number(aside.value[0]?.total ?? 0);
  const count = tables.value.reduce((sum, row) => sum + Number(row.n), 0);
  const each = tables.value.map((row) => `${row.table_name} ${Number(row.n).toLocaleString('en-US')}`).join(', ');
  const more = total > aside.value.length ? [`${total - aside.value.length} more rows are in dualtone.aside.`] : [];
  return ok({
    part: 'events',
    count,
    left,
    what: `${countText(count, 'call event', 'call events')}${each === '' ? '' : ` (${each})`}`,
    conflicts: aside.value.map(conflictOf),
    pending: [],
    refused: [],
    warnings: [...warnings, ...more],
  });
};

/** Takes back one batch of one table, in one transaction with its mapping; how many rows it was. */
const undoBatch = (
  here: Database,
  options: EventsOptions,
  table: EventTable,
  key: { readonly name: string; readonly type: string },
  merge: MergeIdentity,
  settled: boolean,
): Promise<Result<number>> =>
  inTransaction(here, async () => {
    const name = quoteValue(table.name);
    const target = tableOf({ schema: options.schema, rule: { table: table.name } });
    const batch = `(SELECT node, key_there, key_here FROM dualtone.merged WHERE merge_key = ${quoteValue(merge.mergeKey)}::uuid
      AND table_name = ${name} ORDER BY node, key_there LIMIT ${options.batchRows})`;
    const same = `t.${quoteName(key.name)} = b.key_here::${key.type}`;
    if (settled) {
      const kept = await here.run(
        `INSERT INTO dualtone.aside (merge_key, node, table_name, key_there, state, reason, row)
         SELECT ${quoteValue(merge.mergeKey)}::uuid, b.node, ${name}, b.key_there, 'undone', 'the merge was undone', to_jsonb(t)
         FROM ${batch} b JOIN ${target} t ON ${same}
         ON CONFLICT (node, table_name, key_there, state) DO UPDATE SET row = excluded.row, at = excluded.at`,
      );
      if (!kept.ok) return kept;
    }
    const gone = await here.run(`DELETE FROM ${target} t USING ${batch} b WHERE ${same}`);
    if (!gone.ok) return gone;
    return here.run(
      `DELETE FROM dualtone.merged m USING ${batch} b
       WHERE m.node = b.node AND m.table_name = ${name} AND m.key_there = b.key_there`,
    );
  });

const undoTable = async (
  here: Database,
  options: EventsOptions,
  name: string,
  merge: MergeIdentity,
  undo: PartUndoOptions,
): Promise<Result<number>> => {
  const table = await readEventTable(here, options.schema, name);
  if (!table.ok) return table;
  const key = table.value?.columns.find(
    (column) => column.name === options.events.find((rule) => rule.table === name)?.key,
  );
  if (table.value === null || key === undefined) return ok(0);
  for (let done = 0; ; ) {
    const batch = await undoBatch(here, options, table.value, key, merge, undo.settled);
    if (!batch.ok) return batch;
    if (batch.value === 0) return ok(done);
    done += batch.value;
    undo.onProgress({ what: `events of ${name}`, done, total: null });
  }
};

/** Children before their parents, as far as the rules say; foreign keys say the rest. */
const undoOrder = (options: EventsOptions): readonly string[] => {
  const depthOf = (table: string, seen: readonly string[]): number => {
    const parent = options.events.find((rule) => rule.table === table)?.parent?.table;
    return parent === undefined || seen.includes(table) ? 0 : 1 + depthOf(parent, [...seen, table]);
  };
  return options.events.map((rule) => rule.table).toSorted((a, b) => depthOf(b, []) - depthOf(a, []));
};

/** Deletes exactly what the mapping names. Faults: those of the database, `merge-running`; a row that others need is one. */
export const undoEvents = (
  options: EventsOptions,
  merge: MergeIdentity,
  undo: PartUndoOptions,
): Promise<Result<PartReport>> =>
  withMain(options.connectHere, undo.signal, async (here) => {
    let count = 0;
    for (const table of undoOrder(options)) {
      const undone = await undoTable(here, options, table, merge, undo);
      if (!undone.ok) return undone;
      count += undone.value;
    }
    // Rows that never fitted are still at the standby, unless it has been overwritten.
    if (!undo.settled) {
      const dropped = await here.run(`DELETE FROM dualtone.aside WHERE merge_key = $1 AND state <> 'undone'`, [
        merge.mergeKey,
      ]);
      if (!dropped.ok) return dropped;
    }
    const what = countText(count, 'call event taken back', 'call events taken back');
    return ok({ part: 'events', count, left: 0, what, conflicts: [], pending: [], refused: [], warnings: [] });
  });

/** The mapping goes; rows kept aside stay, since they are nowhere else. */
export const forgetEvents = (connectHere: Connect, merge: MergeIdentity, signal: AbortSignal): Promise<Result<null>> =>
  withMain(connectHere, signal, async (here) => {
    const dropped = await here.run('DELETE FROM dualtone.merged WHERE merge_key = $1', [merge.mergeKey]);
    return dropped.ok ? ok(null) : dropped;
  });
