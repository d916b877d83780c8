/** The standby's note of when it served: what it collected then must come home before anything overwrites it. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../core/result.ts';
import type { Epoch, WallTime } from '../core/words.ts';
import { writeWhole } from '../files/whole.ts';
import type { Term } from '../replicator/protocol.ts';

export interface Terms {
  all(): readonly Term[];
  /** Told at every change of the right; begins and ends terms. */
  follow(holding: Epoch, wall: WallTime): void;
  /** What was collected up to this epoch is at home. */
  settle(untilEpoch: Epoch): void;
  /** Resolves when all that was noted is on disk, or was refused. */
  kept(): Promise<void>;
}

/** Settled terms are kept for the story. */
const SETTLED_KEPT = 50;

const isTerm = (input: unknown): input is Term => {
  if (typeof input !== 'object' || input === null) return false;
  const { epoch, from, to, settled } = input as Readonly<Record<string, unknown>>;
  const times = typeof from === 'number' && (to === null || typeof to === 'number');
  return typeof epoch === 'number' && times && typeof settled === 'boolean';
};

const load = (path: string): readonly Term[] => {
  try {
    const read: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(read) ? read.filter(isTerm) : [];
  } catch {
    return [];
  }
};

const trimmed = (terms: readonly Term[]): readonly Term[] => {
  const settled = terms.filter((term) => term.settled);
  const dropped = new Set(settled.slice(0, Math.max(0, settled.length - SETTLED_KEPT)));
  return terms.filter((term) => !dropped.has(term));
};

/**
 * Keeps the note in a file of mode 0600, replaced whole, beside the loop: a slow disk must not hold up a takeover.
 * `onTrouble` is told why the disk refused.
 */
export const createTerms = (path: string, onTrouble: (why: string) => void): Terms => {
  let terms = load(path);
  let writing = Promise.resolve();
  const write = async (): Promise<void> => {
    try {
      await writeWhole(path, JSON.stringify(terms), { folderMode: 0o700 });
    } catch (error) {
      onTrouble(messageOf(error));
    }
  };
  const keep = (next: readonly Term[]): void => {
    terms = trimmed(next);
    writing = writing.then(write);
  };
  const ended = (wall: WallTime): readonly Term[] =>
    terms.map((term) => (term.to === null ? { ...term, to: Math.max(term.from, wall) } : term));
  return {
    all: () => terms,
    follow: (holding, wall) => {
      const open = terms.find((term) => term.to === null);
      if (holding === 0) {
        if (open !== undefined) keep(ended(wall));
        return;
      }
      // A restart of the agent begins no new term.
      if (open?.epoch === holding) return;
      keep([...ended(wall), { epoch: holding, from: wall, to: null, settled: false }]);
    },
    settle: (untilEpoch) => {
      const done = (term: Term): boolean => term.to !== null && term.epoch <= untilEpoch;
      if (!terms.some((term) => done(term) && !term.settled)) return;
      keep(terms.map((term) => (done(term) ? { ...term, settled: true } : term)));
    },
    kept: () => writing,
  };
};
