/** What changed and when, on disk: bounded, proof against a power loss, and against what a hand wrote into it. */
import { readFileSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { messageOf } from '../core/result.ts';
import type { WallTime } from '../core/words.ts';
import { writeWhole } from '../files/whole.ts';
import { type HistoryEntry, lineOf } from './report.ts';

export interface History {
  /** Kept in memory at once and on disk soon; the caller never waits. */
  append(entry: HistoryEntry): void;
  /** The newest `most`, oldest first. */
  newest(most: number): readonly HistoryEntry[];
  /** The last change of it; null: none is known. */
  last(what: string): HistoryEntry | null;
  /** Resolves when all that was appended is on disk, or was refused. */
  kept(): Promise<void>;
}

export interface HistoryLimits {
  readonly entries: number;
  readonly bytes: number;
}

const LIMITS: HistoryLimits = { entries: 2000, bytes: 1024 ** 2 };

const entryOf = (line: string): HistoryEntry | null => {
  try {
    const read: unknown = JSON.parse(line);
    if (typeof read !== 'object' || read === null) return null;
    const { wall, what, from, to, text } = read as Readonly<Record<string, unknown>>;
    if (typeof wall !== 'number' || typeof what !== 'string' || typeof from !== 'string') return null;
    if (typeof to !== 'string' || typeof text !== 'string') return null;
    return { wall, what: lineOf(what), from: lineOf(from), to: lineOf(to), text: lineOf(text) };
  } catch {
    return null;
  }
};

/** What can be read; a line that was cut off by a power loss, or is odd, is passed over. */
export const readHistory = (path: string): readonly HistoryEntry[] => {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line) => entryOf(line) ?? []);
  } catch {
    return [];
  }
};

const textOf = (entries: readonly HistoryEntry[]): string =>
  entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');

/** A file of mode 0600. `onTrouble` is told why the disk refused; entries stay in memory all the same. */
export const createHistory = (
  path: string,
  onTrouble: (why: string) => void,
  limits: HistoryLimits = LIMITS,
): History => {
  let entries = readHistory(path).slice(-limits.entries);
  // A last line without its end would swallow the next.
  let isWhole = false;
  let waiting: HistoryEntry[] = [];
  let writing = Promise.resolve();
  const rewrite = async (): Promise<void> => {
    // Half of it, so that this is seldom.
    const half = entries.slice(-Math.ceil(limits.entries / 2));
    await writeWhole(path, textOf(half), { folderMode: 0o700 });
    isWhole = true;
  };
  const write = async (): Promise<void> => {
    const some = waiting;
    waiting = [];
    if (some.length === 0) return;
    try {
      if (!isWhole || (await stat(path)).size > limits.bytes) return await rewrite();
      const file = await open(path, 'a', 0o600);
      try {
        await file.appendFile(textOf(some));
        await file.datasync();
      } finally {
        await file.close();
      }
    } catch (error) {
      isWhole = false;
      onTrouble(messageOf(error));
    }
  };
  return {
    append: (entry) => {
      entries = [...entries, entry].slice(-limits.entries);
      waiting.push(entry);
      writing = writing.then(write);
    },
    newest: (most) => entries.slice(-most),
    last: (what) => entries.findLast((entry) => entry.what === what) ?? null,
    kept: () => writing,
  };
};

/** Share of the time since the first entry, in per cent, in which `what` was in each state. */
export const sharesOf = (
  entries: readonly HistoryEntry[],
  what: string,
  now: WallTime,
): Readonly<Record<string, number>> => {
  const own = entries.filter((entry) => entry.what === what).toSorted((a, b) => a.wall - b.wall);
  const first = own[0];
  if (first === undefined || now <= first.wall) return {};
  const msByState = new Map<string, number>();
  for (const [index, { wall, to }] of own.entries()) {
    const until = own[index + 1]?.wall ?? now;
    msByState.set(to, (msByState.get(to) ?? 0) + Math.max(0, Math.min(now, until) - wall));
  }
  const total = now - first.wall;
  return Object.fromEntries([...msByState].map(([state, ms]) => [state, (100 * ms) / total]));
};
