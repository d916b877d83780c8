/** When each check has its turn. Pure: it is given the time and the chance. */
import type { Instant, Millis } from '../core/words.ts';
import type { CheckAbout } from './check.ts';
import type { Outcome } from './report.ts';

export interface Turn {
  readonly id: string;
  readonly dueAt: Instant;
  readonly running: boolean;
}

/** No two nodes, and no two checks, keep step for long: 10 % earlier or later. */
const JITTER = 0.1;
/** What did not pass is looked at sooner, so that a mended thing is soon seen. */
const SOONER = 4;
const SOONEST_MS: Millis = 5000;
/** The first round is spread, so that a start costs no peak. */
const FIRST_GAP_MS: Millis = 150;

/** First turns, one after the other, the critical ones first. */
export const firstTurns = (checks: readonly Pick<CheckAbout, 'id' | 'severity'>[], now: Instant): readonly Turn[] => {
  const rank = { critical: 0, warning: 1, advice: 2 } as const;
  return checks
    .toSorted((a, b) => rank[a.severity] - rank[b.severity])
    .map(({ id }, index) => ({ id, dueAt: now + index * FIRST_GAP_MS, running: false }));
};

/** When a check that ended at `now` is due again. `chance` lies in [0, 1). */
export const nextDue = (
  { everyMs }: Pick<CheckAbout, 'everyMs'>,
  outcome: Outcome,
  now: Instant,
  chance: number,
): Instant => {
  const well = outcome === 'pass' || outcome === 'not-applicable';
  const span = well ? everyMs : Math.min(everyMs, Math.max(SOONEST_MS, everyMs / SOONER));
  return now + span * (1 - JITTER + 2 * JITTER * chance);
};

/** Which begin now: those that wait longest, none twice, at most `most` at once. */
export const beginning = (turns: readonly Turn[], now: Instant, most: number): readonly string[] => {
  const free = Math.max(0, most - turns.filter(({ running }) => running).length);
  return turns
    .filter(({ running, dueAt }) => !running && dueAt <= now)
    .toSorted((a, b) => a.dueAt - b.dueAt)
    .slice(0, free)
    .map(({ id }) => id);
};

/** When to look again; null while nothing waits for time (all run, or all places are taken). */
export const wakeAt = (turns: readonly Turn[], most: number): Instant | null => {
  const waiting = turns.filter(({ running }) => !running);
  if (waiting.length === 0 || turns.length - waiting.length >= most) return null;
  return Math.min(...waiting.map(({ dueAt }) => dueAt));
};
