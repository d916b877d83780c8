/** What a look at the main is worth, and how looks are counted: mixed ones change nothing, only an all-good one resets. */
import type { Sample } from './event.ts';
import type { Role } from './words.ts';

export type LookAtMain = 'good' | 'bad' | 'mixed';

type Outcomes = readonly Sample['outcome'][];

/** One's own pings, as the original did: bad when none was answered, or when the main's agent has fallen silent. */
export const judgePings = (outcomes: Outcomes, agentSilent: boolean): LookAtMain => {
  if (agentSilent || !outcomes.includes('ok')) return 'bad';
  return outcomes.every((each) => each === 'ok') ? 'good' : 'mixed';
};

/**
 * What checkpoints answered that cannot promise. Bad when `need` of them say that they do not reach the main: who does not answer says nothing.
 * For the main itself, that none of them answers is bad too: so it looks from where it would be the one cut off.
 */
export const judgeCheckpoints = (outcomes: Outcomes, need: number, asker: Role): LookAtMain => {
  if (outcomes.filter((each) => each === 'failed').length >= need) return 'bad';
  if (asker === 'main' && outcomes.every((each) => each === 'silent')) return 'bad';
  return outcomes.every((each) => each === 'ok') ? 'good' : 'mixed';
};

/** Bad looks in a row, after one more. */
export const countLook = (bad: number, look: LookAtMain): number =>
  look === 'bad' ? bad + 1 : look === 'good' ? 0 : bad;

/** After so many the main stops by itself: one less than the standby waits for, which begins to count at most one look earlier. */
export const looksUntilMainStops = (badLooks: number): number => Math.max(1, badLooks - 1);
