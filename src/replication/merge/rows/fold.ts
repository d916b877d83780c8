/** The log of what was changed locally on the standby, folded into one net change a row. Pure. */
import type { Epoch, WallTime } from '../../../core/words.ts';
import { canonical, type JsonRow, sameJson } from './json.ts';

/** One entry of the standby's log. */
export interface LoggedChange {
  readonly seq: number;
  readonly at: WallTime;
  readonly epoch: Epoch;
  readonly table: string;
  /** `truncate`: the table was emptied at once; key and rows are not known. */
  readonly op: 'insert' | 'update' | 'delete' | 'truncate';
  /** The columns of its primary key; empty for a table without one. */
  readonly key: JsonRow;
  /** Null for an insert. */
  readonly before: JsonRow | null;
  /** Null for a delete. */
  readonly after: JsonRow | null;
  /** False: the row was too large for the log, which has its key only. */
  readonly whole: boolean;
}

/** What became of one row, from the first entry to the last. Both null: it came and went. */
export interface NetChange {
  readonly table: string;
  readonly key: JsonRow;
  /** The common ancestor: the row before the first entry; null when there was none. */
  readonly before: JsonRow | null;
  /** The standby's row after the last; null when it is gone. */
  readonly after: JsonRow | null;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly at: WallTime;
}

/** What the log tells of without the rows, so that a person must look. */
export interface Blind {
  readonly table: string;
  /** Null: the table was emptied. */
  readonly key: JsonRow | null;
  readonly at: WallTime;
}

/** Changes that cannot be merged row by row, each once. */
export const blindChanges = (changes: Iterable<LoggedChange>): readonly Blind[] => {
  const blindById = new Map<string, Blind>();
  for (const { op, whole, table, key, at } of changes) {
    if (op === 'truncate') blindById.set(table, { table, key: null, at });
    else if (!whole) blindById.set(rowId(table, key), { table, key, at });
  }
  return [...blindById.values()];
};

/** The same for the same row, whatever the order of the key's columns. */
export const rowId = (table: string, key: JsonRow): string => `${table} ${canonical(key)}`;

interface Half {
  readonly key: JsonRow;
  readonly before: JsonRow | null;
  readonly after: JsonRow | null;
}

const pick = (row: JsonRow, columns: readonly string[]): JsonRow =>
  Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));

/** A change of the key itself is one row gone and another come; without a key the whole row is its key. */
const halvesOf = ({ key, before, after, op, whole }: LoggedChange): readonly Half[] => {
  if (op === 'truncate' || !whole) return [];
  const columns = Object.keys(key);
  const keyOf = (row: JsonRow): JsonRow => (columns.length === 0 ? row : pick(row, columns));
  if (before === null) return after === null ? [] : [{ key: keyOf(after), before, after }];
  if (after === null) return [{ key: keyOf(before), before, after }];
  const [old, now] = [keyOf(before), keyOf(after)];
  if (sameJson(old, now)) return [{ key: now, before, after }];
  return [
    { key: old, before, after: null },
    { key: now, before: null, after },
  ];
};

export interface Fold {
  /** In the order of `seq`. */
  add(change: LoggedChange): void;
  /**
   * One entry a row, in the order of their last changes. Rows that ended as they began are kept (`before` equals `after`): what an
   * earlier pass merged of them may have to go back.
   */
  result(): readonly NetChange[];
}

/** A fold that takes entries as they are read, so that a long log need not be held. */
export const createFold = (): Fold => {
  const netByRow = new Map<string, NetChange>();
  return {
    add: (change) => {
      for (const half of halvesOf(change)) {
        const id = rowId(change.table, half.key);
        const former = netByRow.get(id);
        netByRow.delete(id);
        netByRow.set(id, {
          table: change.table,
          key: half.key,
          before: former === undefined ? half.before : former.before,
          after: half.after,
          firstSeq: former?.firstSeq ?? change.seq,
          lastSeq: change.seq,
          at: change.at,
        });
      }
    },
    result: () => [...netByRow.values()],
  };
};

export type NetKind = 'inserted' | 'updated' | 'deleted' | 'unchanged';

export const kindOf = ({ before, after }: Pick<NetChange, 'before' | 'after'>): NetKind => {
  if (before === null) return after === null ? 'unchanged' : 'inserted';
  if (after === null) return 'deleted';
  return sameJson(before, after) ? 'unchanged' : 'updated';
};

/** The columns in which two rows differ, in the order of the newer. */
export const changedColumns = (before: JsonRow, after: JsonRow): readonly string[] => {
  const columns = [...new Set([...Object.keys(after), ...Object.keys(before)])];
  return columns.filter((column) => !sameJson(before[column], after[column]));
};
