/** Keeps what a node or a checkpoint must remember, again and again until it succeeds, and says once when that fails and once when it works again. */

import type { BootMemory, DiskMemory } from '../core/memory.ts';
import type { Instant } from '../core/words.ts';
import type { StateStore } from '../ports.ts';

/** What is remembered; a part is written when it is another object than before. */
export interface Remembered {
  readonly boot: BootMemory;
  readonly disk: DiskMemory;
}

export interface MemoryKeeper {
  /** Writes what changed, and what could not be written before. `before` is null at the start: then all is written. */
  keep(before: Remembered | null, after: Remembered, now: Instant): void;
  /** Why tmpfs refuses, so that no effect may leave; null while it does not. */
  bootTrouble(): string | null;
  /** Why anything refuses; null while nothing does. */
  trouble(): string | null;
}

/** A disk that refuses is asked again after this, ms. */
const DISK_RETRY_MS = 1000;

type Tell = (level: 'info' | 'alarm', code: 'memory-kept' | 'memory-not-kept', text: string) => void;

/** A part of the memory at its place, and whether that place is in trouble. */
const createPlace = (where: string, tell: Tell) => {
  let trouble: string | null = null;
  return {
    trouble: () => trouble,
    written: (refused: string | null): void => {
      if (refused === null && trouble !== null) tell('info', 'memory-kept', `${where} is written again.`);
      if (refused !== null && trouble === null)
        tell('alarm', 'memory-not-kept', `${where} cannot be written: ${refused}`);
      trouble = refused;
    },
  };
};

export const createMemoryKeeper = (store: StateStore, tell: Tell): MemoryKeeper => {
  const run = createPlace('The memory in run-dir', tell);
  const disk = createPlace('The memory in state-dir', tell);
  let retryAt = 0;
  return {
    keep: (before, after, now) => {
      if (before?.boot !== after.boot || run.trouble() !== null) {
        const kept = store.saveBoot(after.boot);
        run.written(kept.ok ? null : kept.error.message);
      }
      // A full disk is an alarm, and service goes on: the others know the epochs too, and tmpfs has it all until the next boot.
      if (before?.disk !== after.disk || (disk.trouble() !== null && now >= retryAt)) {
        const kept = store.saveDisk(after.disk);
        disk.written(kept.ok ? null : kept.error.message);
        retryAt = now + DISK_RETRY_MS;
      }
    },
    bootTrouble: run.trouble,
    trouble: () => run.trouble() ?? disk.trouble(),
  };
};
