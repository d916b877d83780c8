/** Which of the rows that were read may be sent now, so that none that is being written is passed over. Pure. */
import type { Key, Span, Standing } from './words.ts';

/**
 * Numbers are drawn in order and committed in any: a number that is missing may still come. Who may bring it held its lock on the
 * table before the next number was drawn; when all of those who hold one now have ended, what is missing up to `upTo` stays so.
 */
export interface Doubt {
  readonly upTo: Key;
  /** Transactions that write to the table, listed after the rows were read. */
  readonly writers: readonly string[];
}

/** Up to where missing numbers are known to stay so, before the next rows are read; `doubt` goes on if any of its writers does. */
export const settle = (
  doubt: Doubt | null,
  writersNow: readonly string[],
): { readonly doubt: Doubt | null; readonly settledTo: Key | null } => {
  if (doubt === null) return { doubt: null, settledTo: null };
  const remain = doubt.writers.some((writer) => writersNow.includes(writer));
  return remain ? { doubt, settledTo: null } : { doubt: null, settledTo: doubt.upTo };
};

export interface Plan {
  /** How many of the rows go now, from the first on. */
  readonly take: number;
  /** A number is missing that may still come: look again, up to here. */
  readonly doubtUpTo: Key | null;
  readonly gone: Span | null;
}

/**
 * `keys`: those after the position, ascending. `lowest`: of the whole table. `settledTo`: from `settle`, before they were read.
 * Rows deleted from the front of the table up to beyond the position may not have been sent: that is `gone`.
 */
export const planBatch = (
  { position, digest }: Standing,
  keys: readonly Key[],
  lowest: Key | null,
  settledTo: Key | null,
): Plan => {
  let last = position;
  let take = 0;
  for (const key of keys) {
    if (key !== last + 1 && key > (settledTo ?? position) + 1) break;
    last = key;
    take += 1;
  }
  const [first] = keys;
  const isFrontGone = digest !== null && first !== undefined && first === lowest && first > position + 1;
  return {
    take,
    doubtUpTo: take < keys.length ? (keys.at(-1) ?? null) : null,
    gone: isFrontGone && take > 0 ? { from: position + 1, to: first - 1 } : null,
  };
};

/** What can be amiss with the table that is read. */
export type Oddity = 'went-back' | 'changed';

/**
 * Whether this is still the table of which `standing` speaks. `last`: of its sequence, null where unknown; `digestThere`: of the row at the position, null
 * where it is gone.
 */
export const oddityOf = (standing: Standing, last: Key | null, digestThere: string | null): Oddity | null => {
  if (last !== null && last < standing.position) return 'went-back';
  const differs = standing.digest !== null && digestThere !== null && digestThere !== standing.digest;
  return differs ? 'changed' : null;
};
