/** What a merge did, written before it is done, with all that it took out of the way: enough to undo it. */
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { type Directory, errnoOf, openBelow } from './directory.ts';
import type { Hand } from './hand.ts';
import { type Folder, isFolder, type MailboxName } from './spool.ts';

/** One change; `saved` numbers the files in `saved/` that it took out of the way. */
export type Deed = MailboxName & { readonly saved: number } & (
    | { readonly do: 'add'; readonly id: string; readonly folder: Folder; readonly digest: string }
    | { readonly do: 'move'; readonly id: string; readonly from: Folder; readonly to: Folder }
    | { readonly do: 'delete'; readonly id: string; readonly folder: Folder; readonly formats: readonly string[] }
    | {
        readonly do: 'replace';
        readonly id: string;
        readonly folder: Folder;
        readonly formats: readonly string[];
        readonly newId: string;
        readonly digest: string;
      }
    | {
        readonly do: 'greeting';
        readonly name: string;
        readonly files: readonly string[];
        readonly digest: string | null;
      }
  );

export type DeedDraft = Deed extends infer Each ? (Each extends Deed ? Omit<Each, 'saved'> : never) : never;

export interface RunLog {
  readonly directory: Directory;
  /** Files on their way into the spool. */
  readonly staged: Directory;
  /** Files taken out of the spool. */
  readonly saved: Directory;
  /** Writes deeds down, on the disk when it returns, and gives their numbers. */
  write(deeds: readonly DeedDraft[]): readonly number[];
  /** A number for files taken out of the way without a deed. */
  spare(): number;
  /** All that was done is complete. */
  end(): void;
  /** The deed with this number is being undone: from now on what stands in its place is ours. */
  undoing(saved: number): void;
  close(): void;
}

const file = 'journal.jsonl';

const append = (directory: Directory, text: string): void => {
  const fd = openSync(directory.at(file), 'a', 0o600);
  try {
    writeSync(fd, text);
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
};

/** Opens the log of a run, a new one or one that was cut off. */
export const openRunLog = (hand: Hand, work: Directory, run: string): RunLog => {
  const directory = hand.folder(work, run, 0o700);
  const staged = hand.folder(directory, 'staged', 0o700);
  const saved = hand.folder(directory, 'saved', 0o700);
  for (const { name } of staged.entries()) hand.unlink(staged.at(name));
  let next = 1;
  for (const { name } of saved.entries()) next = Math.max(next, Number.parseInt(name, 10) + 1);
  for (const deed of readDeeds(directory).deeds) next = Math.max(next, deed.saved + 1);
  const spare = (): number => {
    next += 1;
    return next - 1;
  };
  return {
    directory,
    staged,
    saved,
    write: (deeds) => {
      const numbered = deeds.map((deed) => ({ ...deed, saved: spare() }));
      if (numbered.length > 0) append(directory, numbered.map((deed) => `${JSON.stringify(deed)}\n`).join(''));
      return numbered.map((deed) => deed.saved);
    },
    spare,
    end: () => append(directory, '{"do":"end"}\n'),
    undoing: (number) => append(directory, `{"do":"undoing","number":${number}}\n`),
    close: () => {
      for (const each of [staged, saved, directory]) each.close();
    },
  };
};

export interface ReadLog {
  readonly deeds: readonly Deed[];
  /** Those after the last `end`: perhaps only half done. */
  readonly unfinished: readonly Deed[];
  /** Numbers of deeds whose undoing began. */
  readonly undoing: ReadonlySet<number>;
}

/** Reads a log; a last line that was cut off is not there. */
export const readDeeds = (directory: Directory): ReadLog => {
  let text = '';
  try {
    text = readFileSync(directory.at(file), 'utf8');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const deeds: Deed[] = [];
  const undoing = new Set<number>();
  let ended = 0;
  for (const line of text.split('\n').slice(0, -1)) {
    const deed = parseDeed(line);
    if (deed === 'end') ended = deeds.length;
    else if (typeof deed === 'number') undoing.add(deed);
    else if (deed !== null) deeds.push(deed);
  }
  return { deeds, unfinished: deeds.slice(ended), undoing };
};

/** Our own file, readable for root only: its shape is checked as far as a torn disk may have hurt it. */
const parseDeed = (line: string): Deed | 'end' | number | null => {
  try {
    const input = JSON.parse(line) as Partial<Deed & { readonly folder: string }> & { readonly number?: number };
    if ((input.do as string) === 'end') return 'end';
    if ((input.do as string) === 'undoing') return input.number ?? null;
    const whole =
      typeof input.context === 'string' && typeof input.mailbox === 'string' && Number.isInteger(input.saved);
    return whole && (input.folder === undefined || isFolder(input.folder)) ? (input as Deed) : null;
  } catch {
    return null;
  }
};

/** Names of the runs whose logs are kept, in order of their names. */
const listRuns = (work: Directory): readonly string[] =>
  work
    .entries()
    .filter((entry) => entry.isDirectory() && entry.name !== 'kept' && /^[\w.-]{1,100}$/.test(entry.name))
    .map((entry) => entry.name)
    .toSorted();

/** `context/mailbox/name` of the greetings that a run was replacing when it was cut off. */
export const halfDoneGreetings = (work: Directory): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const run of listRuns(work)) {
    const directory = openBelow(work, run);
    if (directory === null) continue;
    try {
      for (const deed of readDeeds(directory).unfinished)
        if (deed.do === 'greeting') found.add(`${deed.context}/${deed.mailbox}/${deed.name}`);
    } finally {
      directory.close();
    }
  }
  return found;
};
