import { statfs } from 'node:fs/promises';
import type { Instant, Millis, WallTime } from '../core/words.ts';
import type { Ledger, Retention } from './ledger.ts';

/** When old segments go. */
export interface Pruning {
  /** Of the journal's disk, known once it was asked: what may stay, in bytes. */
  mostBytes(directory: string): Promise<number>;
  /** Drops what is too old or too much, as often as it is due; `now`: at once, for a disk that is full. */
  tend(ledger: Pick<Ledger, 'prune'>, when: 'due' | 'now'): Promise<void>;
}

export interface PruningOptions extends Pick<Retention, 'maxAgeMs' | 'maxSizeBytes'> {
  /** For tests: the clocks of the machine as a rule. */
  readonly clocks?: { readonly now: () => Instant; readonly wall: () => WallTime };
  /** For tests: how large the disk is on which the directory lies, in bytes. */
  readonly diskBytes?: (directory: string) => Promise<number>;
}

const PRUNE_EVERY_MS: Millis = 600_000;
/** A wall clock that is a year ahead for an hour costs one segment, not the journal. */
const AGE_EVERY_MS: Millis = 3_600_000;
/** A small disk is not the journal's alone. */
const SHARE_OF_DISK = 0.5;

const realClocks = { now: () => performance.now(), wall: () => Date.now() };

const realDiskBytes = async (directory: string): Promise<number> => {
  const { blocks, bsize } = await statfs(directory);
  return blocks * bsize;
};

/**
 * Paced by the monotonic clock: a wall clock that is set back must not stop it, and one that is set ahead must not make all of it old at once.
 * Size is held whatever the clocks say.
 */
export const createPruning = (options: PruningOptions): Pruning => {
  const { now, wall } = options.clocks ?? realClocks;
  let prunedAt = Number.NEGATIVE_INFINITY;
  let agedAt = now();
  let maxSizeBytes = options.maxSizeBytes;
  return {
    mostBytes: async (directory) => {
      // A disk that does not say its size sets no bound of its own.
      const bytes = await (options.diskBytes ?? realDiskBytes)(directory).catch(() => Number.POSITIVE_INFINITY);
      if (bytes > 0) maxSizeBytes = Math.min(options.maxSizeBytes, Math.floor(bytes * SHARE_OF_DISK));
      return maxSizeBytes;
    },
    tend: async (ledger, when) => {
      const at = now();
      if (when === 'due' && at - prunedAt < PRUNE_EVERY_MS) return;
      prunedAt = at;
      const mayAge = at - agedAt >= AGE_EVERY_MS;
      if (mayAge) agedAt = at;
      await ledger.prune(wall(), { maxAgeMs: options.maxAgeMs, maxSizeBytes, mostByAge: mayAge ? 1 : 0 });
    },
  };
};
