/** When each stream last did its work, kept on disk: a replicator that begins anew must not say that nothing was ever copied. */
import { readFileSync } from 'node:fs';
import type { WallTime } from '../../core/words.ts';
import { writeWholeSync } from '../../files/whole.ts';
import type { StreamStatus } from '../../replication/stream.ts';

export interface Successes {
  /** The same statuses, with what was kept where a success is not known. */
  filled(statuses: readonly StreamStatus[]): readonly StreamStatus[];
  /** Keeps what is new; where the disk refuses, it is kept in memory. */
  keep(statuses: readonly StreamStatus[]): void;
  isEmpty(): boolean;
}

const load = (path: string): Map<string, WallTime> => {
  try {
    const read: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof read !== 'object' || read === null) return new Map();
    return new Map(Object.entries(read).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
  } catch {
    return new Map();
  }
};

export const createSuccesses = (path: string): Successes => {
  const lastByStream = load(path);
  const write = (): void => {
    try {
      const text = JSON.stringify(Object.fromEntries(lastByStream));
      writeWholeSync(path, text, { isDurable: false, folderMode: 0o700 });
    } catch {
      // A status that is less exact after a restart is all that is lost.
    }
  };
  return {
    filled: (statuses) =>
      statuses.map((status) => ({
        ...status,
        lastSuccess: status.lastSuccess ?? lastByStream.get(status.name) ?? null,
      })),
    keep: (statuses) => {
      const fresh = statuses.filter(
        ({ name, lastSuccess }) => lastSuccess !== null && lastByStream.get(name) !== lastSuccess,
      );
      for (const { name, lastSuccess } of fresh) if (lastSuccess !== null) lastByStream.set(name, lastSuccess);
      if (fresh.length > 0) write();
    },
    isEmpty: () => lastByStream.size === 0,
  };
};
