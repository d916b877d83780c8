/** What a merge of files did, written before it is done: enough to go on after a cut, and to undo it. */
import { closeSync, fdatasyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { RawPath } from '../raw-path.ts';
import type { FileMark } from './manifest.ts';
import type { FileDeed } from './three-way.ts';

/** `same`: both sides changed it to the same. */
export type LoggedDeed = Exclude<FileDeed, 'compare'> | 'same';

export interface LogEntry {
  readonly number: number;
  readonly directory: string;
  readonly path: RawPath;
  readonly deed: LoggedDeed;
  readonly ours: FileMark | null;
  readonly theirs: FileMark | null;
  /** Where theirs was put, where that is not `path`. */
  readonly placed: RawPath | null;
  /** For people: what both sides changed, and what was done about it. */
  readonly conflict: string | null;
}

export interface MergeLog {
  /** What is done and not undone, in order. */
  entries(): readonly LogEntry[];
  /** Begun and perhaps done, in order: where a cut left them. */
  open(): readonly LogEntry[];
  /** On the disk when it returns. */
  write(drafts: readonly Omit<LogEntry, 'number'>[]): readonly LogEntry[];
  done(numbers: readonly number[]): void;
  /** It was not done after all, or is undone. */
  dropped(numbers: readonly number[]): void;
  /** Where the file that an entry took out of the way is kept. */
  saved(number: number): Buffer;
  /** Where what an undo takes away is kept. */
  undone(number: number): Buffer;
  close(): void;
}

type Line =
  | { readonly entry: LogEntry }
  | { readonly done: readonly number[] }
  | { readonly dropped: readonly number[] };

const read = (file: string): readonly Line[] => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  // The last line may be cut: what it told was not begun.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Line];
      } catch {
        // A cut line that a later start wrote on after.
        return [];
      }
    });
};

const replay = (lines: readonly Line[]) => {
  const openByNumber = new Map<number, LogEntry>();
  const doneByNumber = new Map<number, LogEntry>();
  let last = 0;
  for (const line of lines) {
    if ('entry' in line) {
      openByNumber.set(line.entry.number, line.entry);
      last = Math.max(last, line.entry.number);
    } else if ('done' in line) {
      for (const number of line.done) {
        const entry = openByNumber.get(number);
        openByNumber.delete(number);
        if (entry !== undefined) doneByNumber.set(number, entry);
      }
    } else {
      for (const number of line.dropped) {
        openByNumber.delete(number);
        doneByNumber.delete(number);
      }
    }
  }
  return { openByNumber, doneByNumber, last };
};

/** Opens the log below a merge's directory, or begins it. Throws as `node:fs` does. */
export const openMergeLog = (folder: string): MergeLog => {
  for (const name of ['saved', 'undone']) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
  const file = join(folder, 'journal.jsonl');
  const state = replay(read(file));
  const { openByNumber, doneByNumber } = state;
  let last = state.last;
  const fd = openSync(file, 'a', 0o600);
  // A line that a cut left unfinished ends here.
  let begun = false;
  const append = (lines: readonly Line[]): void => {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    writeSync(fd, begun ? text : `\n${text}`);
    begun = true;
    fdatasyncSync(fd);
  };
  return {
    entries: () => [...doneByNumber.values()].toSorted((a, b) => a.number - b.number),
    open: () => [...openByNumber.values()],
    write: (drafts) => {
      const entries = drafts.map((draft): LogEntry => {
        last += 1;
        return { number: last, ...draft };
      });
      append(entries.map((entry) => ({ entry })));
      for (const entry of entries) openByNumber.set(entry.number, entry);
      return entries;
    },
    done: (numbers) => {
      if (numbers.length === 0) return;
      append([{ done: numbers }]);
      for (const number of numbers) {
        const entry = openByNumber.get(number);
        openByNumber.delete(number);
        if (entry !== undefined) doneByNumber.set(number, entry);
      }
    },
    dropped: (numbers) => {
      if (numbers.length === 0) return;
      append([{ dropped: numbers }]);
      for (const number of numbers) {
        openByNumber.delete(number);
        doneByNumber.delete(number);
      }
    },
    saved: (number) => Buffer.from(join(folder, 'saved', String(number))),
    undone: (number) => Buffer.from(join(folder, 'undone', String(number))),
    close: () => closeSync(fd),
  };
};
