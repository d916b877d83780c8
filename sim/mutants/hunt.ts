/**
 * Runs seeds until one is in violation; prints how many it took and what was seen. Meant for mutated copies of the core. An error without
 * a cause is no violation but a broken program, and ends the hunt.
 */

import { runSeed, settingsOfSeed } from '../run.ts';
import { silentTimes } from '../silent-times.ts';
import type { PairKind } from './mutant.ts';

export interface Hunt {
  readonly seedsMax: number;
  readonly from: number;
  /** Null: all. */
  readonly faults: readonly string[] | null;
  /** Only seeds whose pair is of this kind; the others are passed over and not counted. */
  readonly pair: PairKind | null;
}

const isOf = (seed: number, kind: Exclude<PairKind, 'adopted'>): boolean => {
  const { arbiter, watch, fencing } = settingsOfSeed(seed)('main');
  if (kind === 'fenced' || fencing !== null) return kind === 'fenced' && fencing !== null;
  if (kind === 'looks' || watch.kind === 'looks') return kind === 'looks' && watch.kind === 'looks';
  if (kind === 'without-votes') return arbiter.kind === 'none';
  if (kind === 'etcd' || arbiter.kind === 'etcd') return kind === 'etcd' && arbiter.kind === 'etcd';
  return arbiter.kind === 'checkpoints' && arbiter.whenLost === 'likely';
};

/** What a run threw, where it is a finding of the simulation, which has a cause; a broken program is thrown on. */
const finding = (error: unknown): string => {
  if (!(error instanceof Error) || error.cause === undefined) throw error;
  return error.message;
};

/** What the table of silent times gives away; null: nothing. */
const tooSlow = (): string | null => {
  const slower: string[] = [];
  try {
    silentTimes(6, true, (line) => {
      if (line.includes('"ok":false')) slower.push(`silent for too long: ${line}`);
    });
  } catch (error) {
    return finding(error);
  }
  return slower[0] ?? null;
};

/** The first violation of a seed; null: none. */
const violated = (
  seed: number,
  only: { readonly faults?: readonly string[]; readonly adopted: boolean },
): string | null => {
  try {
    const [violation] = runSeed({ seed, ...only }).violations;
    return violation === undefined ? null : `${violation.kind}: ${violation.text}`;
  } catch (error) {
    return finding(error);
  }
};

const hunt = ({ seedsMax, from, faults, pair }: Hunt): { readonly seeds: number; readonly by: string | null } => {
  const adopted = pair === 'adopted';
  const only = { adopted, ...(faults === null ? {} : { faults }) };
  // The table is of pairs that vote.
  const slower = pair === 'looks' || pair === 'etcd' || adopted ? null : tooSlow();
  if (slower !== null) return { seeds: 0, by: slower };
  let seeds = 0;
  for (let seed = from; seeds < seedsMax; seed += 1) {
    if (pair !== null && !adopted && !isOf(seed, pair)) continue;
    seeds += 1;
    const by = violated(seed, only);
    if (by !== null) return { seeds, by };
  }
  return { seeds, by: null };
};

process.stdout.write(JSON.stringify(hunt(JSON.parse(process.argv[2] ?? '') as Hunt)));
