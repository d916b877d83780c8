import type { WallTime } from '../core/words.ts';
import { canonicalJson } from './chain.ts';

/** An entry on its way to the disk. */
export interface Waiting {
  readonly wall: WallTime;
  readonly text: string;
}

interface Lost {
  readonly count: number;
  readonly from: WallTime;
  readonly to: WallTime;
}

const lostText = ({ count, from, to }: Lost): string =>
  canonicalJson({ wall: to, at: 0, epoch: 0, kind: 'entries-lost', reasons: [], data: { count, from, to } });

/** Entries that wait for the disk: bounded, in order; above the bound the oldest go, and one entry counts them. */
export interface Backlog {
  push(entry: Waiting): void;
  /** Texts of the oldest `count`, and of the entry that counts what was lost before them. */
  take(count: number): readonly string[];
  size(): number;
  /** How many were ever lost. */
  lost(): number;
}

export const createBacklog = (most: number): Backlog => {
  const waiting: Waiting[] = [];
  let lost: Lost | null = null;
  let lostInAll = 0;
  return {
    push: (entry) => {
      waiting.push(entry);
      if (waiting.length <= most) return;
      const gone = waiting.shift();
      if (gone === undefined) return;
      lost = { count: (lost?.count ?? 0) + 1, from: lost?.from ?? gone.wall, to: gone.wall };
      lostInAll += 1;
    },
    take: (count) => {
      const head = lost === null ? [] : [lostText(lost)];
      lost = null;
      return [...head, ...waiting.splice(0, count).map(({ text }) => text)];
    },
    size: () => waiting.length + (lost === null ? 0 : 1),
    lost: () => lostInAll,
  };
};
