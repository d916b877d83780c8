/** The report of a drill: what was done and seen, in one value that the journal's chain proves. */
import { createHash } from 'node:crypto';
import { type Epoch, isRecord, type Millis, type WallTime } from '../core/words.ts';
import type { DrillKind, DrillOutcome, DrillSummary } from './protocol.ts';
import type { Seen } from './samples.ts';

export const REPORT_VERSION = 1;

/** When it is begun, in UTC: `20261122-030000`. */
export const DRILL_ID = /^\d{8}-\d{6}$/;

export const idOf = (wall: WallTime): string =>
  new Date(wall).toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);

export interface DrillStep {
  readonly at: WallTime;
  readonly what:
    | 'begun'
    | 'before'
    | 'moved'
    | 'silent'
    | 'power'
    | 'back-asked'
    | 'returned'
    | 'stopped'
    | 'fault'
    | 'ended';
  readonly text: string;
}

/** A place in a node's journal. */
export interface JournalPlace {
  readonly seq: number;
  readonly hash: string;
}

export interface DrillReport {
  readonly version: typeof REPORT_VERSION;
  readonly id: string;
  readonly kind: DrillKind;
  readonly by: string;
  readonly program: string;
  readonly pair: { readonly main: string; readonly standby: string };
  readonly startedAt: WallTime;
  readonly endedAt: WallTime;
  readonly outcome: DrillOutcome;
  readonly text: string;
  /** What a person does next; empty: nothing. */
  readonly remedy: string;
  readonly asked: {
    readonly readiness: string;
    readonly reasons: readonly string[];
    /** How soon the standby would serve after the main has fallen silent; null: not by itself. */
    readonly forecastMs: Millis | null;
    readonly protection: string;
    readonly calls: number;
    readonly streams: readonly string[];
    readonly follow: readonly string[];
    readonly against: readonly string[];
  };
  /** What a takeover at that moment would have lost, and what the way home. */
  readonly loss: { readonly there: readonly string[]; readonly back: readonly string[] };
  readonly steps: readonly DrillStep[];
  /** From the order, or the main's silence, until the other node served; null: it did not come to that. */
  readonly moved: { readonly thereMs: Millis | null; readonly backMs: Millis | null };
  readonly epochs: { readonly before: Epoch; readonly away: Epoch | null; readonly after: Epoch | null };
  readonly phones: {
    /** Where was asked. */
    readonly target: string;
    readonly seen: Seen | null;
    /** Longest silence of each way; null: not measured. */
    readonly thereMs: Millis | null;
    readonly backMs: Millis | null;
    readonly limitMs: Millis;
    /** Which nodes' answers are in it, and what is missing. */
    readonly text: string;
  };
  readonly former: readonly DrillSummary[];
  /** Of the node that led it: the last entry before it began, and before this report was signed. */
  readonly journal: { readonly node: string; readonly from: JournalPlace; readonly to: JournalPlace };
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [name, sorted(item)]),
  );
};

/** SHA-256 of its JSON with sorted keys, hexadecimal: what the journal keeps of it. */
export const digestOfReport = (report: DrillReport): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(report)))
    .digest('hex');

export const summaryOf = ({ id, kind, by, startedAt, outcome, text, phones }: DrillReport): DrillSummary => ({
  id,
  kind,
  by,
  startedAt,
  outcome,
  text,
  thereMs: phones.thereMs,
  backMs: phones.backMs,
});

/** From a file or from the other node; null where it is no report. What is deeper is shown as text only. */
export const readDrillReport = (input: unknown): DrillReport | null => {
  if (!isRecord(input)) return null;
  const { version, id, kind, startedAt, outcome, steps, phones, journal, asked, loss, former, moved, pair } = input;
  const fits =
    version === REPORT_VERSION &&
    typeof id === 'string' &&
    DRILL_ID.test(id) &&
    typeof kind === 'string' &&
    typeof startedAt === 'number' &&
    typeof outcome === 'string' &&
    [steps, former].every(Array.isArray) &&
    [phones, journal, asked, loss, moved, pair].every(isRecord);
  return fits ? (input as unknown as DrillReport) : null;
};
