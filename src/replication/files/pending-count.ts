/** What waits to be copied, counted for people: new and changed files in the directories that changed, or messages. */
import { readdirSync, statSync } from 'node:fs';
import type { Instant, Millis, WallTime } from '../../core/words.ts';
import type { StreamPending } from '../stream.ts';
import type { Task } from './pending.ts';
import { bytesOf, rawOfText } from './raw-path.ts';

export type Counted = 'files' | 'messages';

/** Beyond these it is not cheap, and directories are told instead. */
const MOST_DIRECTORIES = 50;
const MOST_ENTRIES = 5000;
/** A change is older than the word of it. */
const EARLIER_MS: Millis = 2000;

const MESSAGE = /^msg\d{4,}\.txt$/;

const words = (count: number, counted: Counted): string => {
  const one = counted === 'messages' ? 'voicemail message' : 'file';
  return `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;
};

/** New or changed since `since`; null: too many to look at. What is gone is not there to be counted. */
const countIn = (directory: Buffer, since: WallTime, counted: Counted): number | null => {
  let names: readonly Buffer[];
  try {
    const entries = readdirSync(directory, { withFileTypes: true, encoding: 'buffer' });
    names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  } catch {
    return 0;
  }
  if (names.length > MOST_ENTRIES) return null;
  const wanted = counted === 'files' ? names : names.filter((name) => MESSAGE.test(name.toString('latin1')));
  return wanted.filter((name) => {
    try {
      return statSync(Buffer.concat([directory, Buffer.from('/'), name])).ctimeMs >= since;
    } catch {
      return false;
    }
  }).length;
};

/** Null: all of a directory is to be compared, so nobody knows. `now` and `wall` are of the same moment. */
export const countPending = (
  tasks: readonly Task[],
  counted: Counted,
  now: Instant,
  wall: WallTime,
): StreamPending | null => {
  const directories: { readonly path: Buffer; readonly since: WallTime }[] = [];
  for (const { path, wanted, since } of tasks) {
    if (wanted === 'all') return null;
    for (const name of wanted)
      directories.push({
        path: bytesOf(name === '' ? rawOfText(path) : `${rawOfText(path)}/${name}`),
        since: wall - (now - since) - EARLIER_MS,
      });
  }
  if (directories.length === 0) return null;
  const inDirectories = { count: directories.length, text: `changes in ${directories.length} directories` };
  if (directories.length > MOST_DIRECTORIES) return inDirectories;
  const counts = directories.map(({ path, since }) => countIn(path, since, counted));
  const sum = counts.reduce<number>((total, count) => total + (count ?? 0), 0);
  if (counts.includes(null)) return inDirectories;
  if (sum > 0) return { count: sum, text: words(sum, counted) };
  return {
    count: directories.length,
    text: `changes in ${directories.length === 1 ? '1 directory' : inDirectories.text.slice('changes in '.length)}`,
  };
};
