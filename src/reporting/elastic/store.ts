/** How far Elasticsearch is, kept on this node: it has no transactions, so that the position is written after its answer, and a lost one is found again there. */
import { readFileSync } from 'node:fs';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { isRecord } from '../../core/words.ts';
import { writeWholeSync } from '../../files/whole.ts';
import type { Key, Refused, Span, Standing } from '../core/words.ts';

export interface KeptTable extends Standing {
  /** Nothing up to here was to be sent. */
  readonly begun: Key;
  /** Deleted here before they were sent; the oldest are dropped beyond the most. */
  readonly gone: readonly Span[];
}

export interface Kept {
  readonly version: 1;
  /** Another one, and nothing of this holds. */
  readonly sender: string;
  readonly url: string;
  readonly tables: Readonly<Record<string, KeptTable>>;
  readonly refused: readonly Refused[];
}

const MOST_GONE = 200;

const isTable = (value: unknown): boolean =>
  isRecord(value) &&
  Number.isSafeInteger(value['position']) &&
  Number.isSafeInteger(value['begun']) &&
  Array.isArray(value['gone']) &&
  (value['digest'] === null || typeof value['digest'] === 'string');

/** Null: there is none, or it is damaged: then the target is asked. */
export const loadKept = (path: string, sender: string, url: string): Kept | null => {
  try {
    const kept: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const fits =
      isRecord(kept) &&
      kept['version'] === 1 &&
      kept['sender'] === sender &&
      kept['url'] === url &&
      isRecord(kept['tables']) &&
      Object.values(kept['tables']).every(isTable) &&
      Array.isArray(kept['refused']);
    return fits ? (kept as unknown as Kept) : null;
  } catch {
    return null;
  }
};

/** One file, mode 0600, replaced at once and on disk when it returns. Fault: `reporting-position-not-kept`. */
export const saveKept = (path: string, kept: Kept): Result<null> => {
  try {
    writeWholeSync(path, JSON.stringify(kept), { folderMode: 0o700 });
    return ok(null);
  } catch (error) {
    return fail(
      'reporting-position-not-kept',
      `How far Elasticsearch is cannot be kept: ${messageOf(error)}.`,
      'Make space on the disk of state-dir, or see its owner and mode; until then events wait.',
    );
  }
};

/** Another span that is gone; bounded. */
export const withGone = (gone: readonly Span[], span: Span | null): readonly Span[] =>
  span === null ? gone : [...gone, span].slice(-MOST_GONE);
