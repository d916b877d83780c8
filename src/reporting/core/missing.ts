/** Which numbers are here and not there, where both sides can only be counted. Pure but for the two questions. */
import type { Result } from '../../core/result.ts';
import { ok } from '../../core/result.ts';
import { lengthOf } from './runs.ts';
import type { Key, Span } from './words.ts';

export interface Counted {
  readonly here: (span: Span) => Promise<Result<number>>;
  readonly there: (span: Span) => Promise<Result<number>>;
}

/** A span of numbers among which `count` are not there; a long one where all of its rows are missing. */
export interface Missing extends Span {
  readonly count: number;
}

/**
 * Halves `span` where the counts differ, until a part has nothing there at all or is one number; at most `most` parts. What is there and no longer here (old events
 * that were purged) must not be within the span. Faults: those of the questions.
 */
export const findMissing = async (span: Span, counted: Counted, most: number): Promise<Result<readonly Missing[]>> => {
  const found: Missing[] = [];
  const rest: Span[] = lengthOf(span) > 0 ? [span] : [];
  for (let part = rest.pop(); part !== undefined && found.length < most; part = rest.pop()) {
    const here = await counted.here(part);
    if (!here.ok) return here;
    const there = await counted.there(part);
    if (!there.ok) return there;
    if (here.value <= there.value) continue;
    if (there.value === 0 || part.from === part.to) {
      found.push({ ...part, count: here.value - there.value });
      continue;
    }
    const middle: Key = Math.floor((part.from + part.to) / 2);
    rest.push({ from: middle + 1, to: part.to }, { from: part.from, to: middle });
  }
  return ok(found);
};
