/** What a look at the main is worth, and how looks are counted: mixed ones change nothing, only an all-good one resets. */
import type { Sample } from '../event.ts';
import type { Settings } from '../settings.ts';
import type { Role } from '../words.ts';

export type LookAtMain = 'good' | 'bad' | 'mixed';

/** Both nodes ask checkpoints that cannot promise (NRPE). */
export const byCheckpoints = ({ watch }: Settings): boolean => watch.kind === 'looks' && watch.need !== undefined;

type Outcomes = readonly Sample['outcome'][];

/** One's own pings, as the original did: bad when none was answered, or when the main's agent has fallen silent. */
export const judgePings = (outcomes: Outcomes, agentSilent: boolean): LookAtMain => {
  if (agentSilent || !outcomes.includes('ok')) return 'bad';
  return outcomes.every((each) => each === 'ok') ? 'good' : 'mixed';
};

/**
 * What checkpoints answered that cannot promise. Bad when `need` of them say that they do not reach the main: who does not answer says nothing.
 * To the main itself one that does not answer is as bad, since it may say so to the standby: what the standby counts, the main counts too.
 */
export const judgeCheckpoints = (outcomes: Outcomes, need: number, asker: Role): LookAtMain => {
  const speaks = (each: Sample['outcome']): boolean => each === 'failed' || (asker === 'main' && each === 'silent');
  if (outcomes.filter(speaks).length >= need) return 'bad';
  return outcomes.every((each) => each === 'ok') ? 'good' : 'mixed';
};

/** Bad looks in a row, after one more. */
export const countLook = (bad: number, look: LookAtMain): number =>
  look === 'bad' ? bad + 1 : look === 'good' ? 0 : bad;

/**
 * After so many the main stops by itself: two less than the standby waits for. One, because the standby may begin to count up to one look
 * earlier; another, because an answer may be late by up to a look.
 */
export const looksUntilMainStops = (badLooks: number): number => Math.max(1, badLooks - 2);
