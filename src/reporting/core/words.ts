/** The words of reporting: events, where each was first written, how far they are sent. Pure. */
import type { Millis } from '../../core/words.ts';

/** Number of a row in its table: an integer from a sequence, below 2^53. */
export type Key = number;

/** One table whose rows are sent. */
export interface TableRule {
  readonly table: string;
  /** An integer column, numbered in the order of writing. */
  readonly key: string;
  /** When the event was. */
  readonly time: string;
  /** Columns that mean nothing elsewhere. */
  readonly omit: readonly string[];
}

/** A column as it is carried, as text. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** A table of this node, as it was found. */
export interface SourceTable {
  readonly rule: TableRule;
  /** Carried, without the key. */
  readonly columns: readonly Column[];
}

/**
 * What identifies an event for ever: the database in which it was first written, the table, its number there. A merge gives
 * it another number at the main, and no other identity.
 */
export interface Identity {
  readonly origin: string;
  readonly key: Key;
}

export interface Event extends Identity {
  /** Its number in the database it is read from. */
  readonly readKey: Key;
  /** As PostgreSQL writes them, in the order of the table's columns. */
  readonly cells: readonly (string | null)[];
  /** Of these cells: tells another row of the same number. */
  readonly digest: string;
}

/** Numbers from `from` to `to`, both in it. */
export interface Span {
  readonly from: Key;
  readonly to: Key;
}

/** How far one table of one node is sent to one target. */
export interface Standing {
  readonly position: Key;
  /** Of the row at `position`; null: none was sent yet. */
  readonly digest: string | null;
}

/** Part of a table to be sent now, in order. */
export interface Batch {
  readonly table: SourceTable;
  /** How far the sender believes the target to be; if it is not, nothing is written. */
  readonly after: Key;
  readonly events: readonly Event[];
  /** Numbers whose rows were deleted here before they were sent. */
  readonly gone: Span | null;
}

export interface Written extends Standing {
  /** Rows that came in. */
  readonly sent: number;
  /** Those that were there already. */
  readonly known: number;
  /** Those that the target does not take; it has noted them. */
  readonly refused: number;
}

/** An event that a target does not take. */
export interface Refused extends Identity {
  readonly table: string;
  readonly reason: string;
}

/** More than so many refused events of one table, and the target rather than the event is at fault. */
export const MOST_REFUSED = 100;

/** How often the tables are looked at, how much goes at once. */
export interface Pace {
  readonly everyMs: Millis;
  readonly batchRows: number;
  readonly batchBytes: number;
}

/** Between any two of these a crash may come; tests let it. */
export type Step = 'read' | 'begun' | 'inserted' | 'noted' | 'committed' | 'answered' | 'kept';
