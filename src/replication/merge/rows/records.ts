/** What a merge did to status columns and configuration, kept in the main's database in the same transaction. */
import { createHash } from 'node:crypto';
import { ok, type Result } from '../../../core/result.ts';
import type { Database } from '../../postgres/connection.ts';
import type { Conflict } from '../part.ts';
import { type NetChange, rowId } from './fold.ts';
import { canonical, type JsonRow, parseRow } from './json.ts';
import type { Agreed } from './rules.ts';

export type RecordedPart = 'status' | 'configuration';
export type Outcome = 'written' | 'same' | 'aside' | 'refused' | 'pending' | 'undone';

export interface ChangeRecord {
  readonly entry: string;
  readonly table: string;
  readonly key: JsonRow;
  /** A row that was made or deleted; otherwise columns. */
  readonly whole: boolean;
  readonly outcome: Outcome;
  /** At the main, before and after: a row, or columns; null: no row. What it became is what the standby has, too. */
  readonly was: JsonRow | null;
  readonly became: JsonRow | null;
  readonly net: Pick<NetChange, 'before' | 'after' | 'at'>;
  readonly bothChanged: boolean;
  /** For people, without secrets. */
  readonly text: string;
}

export type StoredRecord = ChangeRecord & { readonly id: string };

/** Ten hexadecimal digits for one change of one row. */
export const entryId = (table: string, key: JsonRow, before: JsonRow | null, after: JsonRow | null): string =>
  createHash('sha256')
    .update(canonical([table, key, before, after]))
    .digest('hex')
    .slice(0, 10);

const jsonText = (row: JsonRow | null): string | null => (row === null ? null : JSON.stringify(row));

/** What is open or refused is said once an entry; what was written is never forgotten. Faults: those of `Database.run`. */
export const saveRecord = async (
  here: Database,
  mergeKey: string,
  part: RecordedPart,
  record: ChangeRecord,
): Promise<Result<number>> => {
  const cleared = await here.run(
    `DELETE FROM dualtone.merge_changes WHERE merge_key = $1 AND part = $2 AND entry = $3 AND outcome NOT IN ('written', 'undone')`,
    [mergeKey, part, record.entry],
  );
  if (!cleared.ok) return cleared;
  return here.run(
    `INSERT INTO dualtone.merge_changes
       (merge_key, part, entry, table_name, key, whole, outcome, was, became, net, both_changed, text)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      mergeKey,
      part,
      record.entry,
      record.table,
      JSON.stringify(record.key),
      record.whole,
      record.outcome,
      jsonText(record.was),
      jsonText(record.became),
      JSON.stringify(record.net),
      record.bothChanged,
      record.text,
    ],
  );
};

interface RawRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly entry: string;
  readonly table_name: string;
  readonly key: string;
  readonly whole: boolean;
  readonly outcome: Outcome;
  readonly was: string | null;
  readonly became: string | null;
  readonly net: string;
  readonly both_changed: boolean;
  readonly text: string;
}

const rowOrNull = (text: string | null): JsonRow | null => (text === null ? null : parseRow(text));

const netOf = (text: string): ChangeRecord['net'] => {
  const { before, after, at } = parseRow(text);
  return { before: before as JsonRow | null, after: after as JsonRow | null, at: Number(at) };
};

/** In the order in which they were made; `part` null: of both. Faults: those of `Database.query`. */
export const loadRecords = async (
  here: Database,
  mergeKey: string,
  part: RecordedPart | null,
): Promise<Result<readonly StoredRecord[]>> => {
  const rows = await here.query<RawRecord>(
    `SELECT id, entry, table_name, key::text, whole, outcome, was::text, became::text, net::text, both_changed, text
     FROM dualtone.merge_changes WHERE merge_key = $1 AND ($2::text IS NULL OR part = $2) ORDER BY id`,
    [mergeKey, part],
  );
  if (!rows.ok) return rows;
  return ok(
    rows.value.map((row) => ({
      id: row.id,
      entry: row.entry,
      table: row.table_name,
      key: parseRow(row.key),
      whole: row.whole,
      outcome: row.outcome,
      was: rowOrNull(row.was),
      became: rowOrNull(row.became),
      net: netOf(row.net),
      bothChanged: row.both_changed,
      text: row.text,
    })),
  );
};

/** What is kept of a merge goes: it can neither be undone nor decided any more. Faults: those of `Database.run`. */
export const forgetRecords = async (here: Database, mergeKey: string, part: RecordedPart): Promise<Result<null>> => {
  const dropped = await here.run('DELETE FROM dualtone.merge_changes WHERE merge_key = $1 AND part = $2', [
    mergeKey,
    part,
  ]);
  return dropped.ok ? ok(null) : dropped;
};

/** What both sides had changed, and a person should see. Pure. */
export const conflictsOf = (records: readonly StoredRecord[]): readonly Conflict[] =>
  records
    .filter((record) => record.bothChanged && record.outcome !== 'undone')
    .map((record) => ({ item: rowId(record.table, record.key), text: record.text }));

/** Rows as an earlier pass left them at both nodes: the ancestors of the next. Pure. */
export const agreedRows = (changes: readonly NetChange[], records: readonly StoredRecord[]): Agreed => {
  const recordsByRow = new Map<string, StoredRecord[]>();
  for (const record of records.filter(({ outcome }) => outcome === 'written' || outcome === 'same')) {
    const id = rowId(record.table, record.key);
    const list = recordsByRow.get(id);
    if (list === undefined) recordsByRow.set(id, [record]);
    else list.push(record);
  }
  const agreed = new Map<string, JsonRow | null>();
  for (const net of changes) {
    const id = rowId(net.table, net.key);
    const list = recordsByRow.get(id);
    if (list === undefined) continue;
    let row = net.before;
    for (const { whole, became } of list) row = whole ? became : { ...row, ...became };
    agreed.set(id, row);
  }
  return agreed;
};
