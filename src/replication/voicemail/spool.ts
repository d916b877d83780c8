/** Asterisk's voicemail spool as it is on the disk. */
import type { Fault, Result } from '../../core/result.ts';
import { fail, ok } from '../../core/result.ts';
import { type Directory, errnoOf, isPlainName, openBelow, openDirectory, shown, strange } from './directory.ts';
import { type FolderEntry, readFolder, readGreetings } from './folder-reader.ts';
import type { LockFolder } from './lock.ts';

/** The folders that Asterisk knows, in its own order; `Urgent` and `INBOX` are the unread ones. */
export const folders = [
  'INBOX',
  'Old',
  'Work',
  'Family',
  'Friends',
  'Cust1',
  'Cust2',
  'Cust3',
  'Cust4',
  'Cust5',
  'Deleted',
  'Urgent',
] as const;
export type Folder = (typeof folders)[number];

export const isFolder = (name: string): name is Folder => (folders as readonly string[]).includes(name);

export interface MailboxName {
  readonly context: string;
  readonly mailbox: string;
}

/** `context/mailbox`, as in the spool. */
export const keyOf = ({ context, mailbox }: MailboxName): string => `${context}/${mailbox}`;

export const nameOf = (key: string): MailboxName => {
  const slash = key.indexOf('/');
  return { context: key.slice(0, slash), mailbox: key.slice(slash + 1) };
};

export interface Message extends FolderEntry {
  readonly folder: Folder;
  /** Other folders where the very same files stand: a move that was cut off. */
  readonly alsoIn: readonly Folder[];
}

export interface Mailbox extends MailboxName {
  readonly messageById: ReadonlyMap<string, Message>;
  /** Digest of each greeting (`unavail`, `busy`, `greet`, `temp`) over its formats, and of `secret.conf`. */
  readonly greetingByName: ReadonlyMap<string, string>;
  /** Which folders there are: what is missing from a folder that is not there was not deleted by anybody. */
  readonly folders: ReadonlySet<Folder>;
  /** True when something in it could not be read: what seems to be missing may be there. */
  readonly uncertain: boolean;
}

export interface Spool {
  readonly mailboxByKey: ReadonlyMap<string, Mailbox>;
  /** What is strange in it, and was left alone. At most 1,000. */
  readonly troubles: readonly Fault[];
}

export interface ReadSpoolOptions {
  readonly signal?: AbortSignal;
  /** Reads each folder under Asterisk's lock; for a spool in which an Asterisk works. */
  readonly lock?: LockFolder | undefined;
}

const mostTroubles = 1_000;

/** Between mailboxes other work has its turn. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Reads a whole spool. Never follows a symbolic link; strange names are reported and left alone. A spool that does not exist
 * is empty. Faults: `voicemail-spool-unreadable`, `voicemail-aborted`, and those of the lock.
 */
export const readSpool = async (path: string, options: ReadSpoolOptions = {}): Promise<Result<Spool>> => {
  const troubles: Fault[] = [];
  const report = (fault: Fault): void => {
    if (troubles.length < mostTroubles) troubles.push(fault);
  };
  const mailboxByKey = new Map<string, Mailbox>();
  let root: Directory | null = null;
  try {
    root = openDirectory(path);
    for (const context of subfolders(root, report)) {
      const below = openKnown(root, context, report);
      if (below === null) continue;
      try {
        for (const mailbox of subfolders(below, report)) {
          if (options.signal?.aborted === true) return aborted();
          const read = await readMailboxBelow(below, { context, mailbox }, report, options);
          if (!read.ok) return read;
          if (read.value !== null) mailboxByKey.set(keyOf(read.value), read.value);
          await breathe();
        }
      } finally {
        below.close();
      }
    }
  } catch (error) {
    if (errnoOf(error) === '') throw error;
    if (root !== null || errnoOf(error) !== 'ENOENT') return unreadable(path, errnoOf(error));
  } finally {
    root?.close();
  }
  return ok({ mailboxByKey, troubles });
};

const aborted = (): Result<never> =>
  fail('voicemail-aborted', 'The work on voicemail was called off.', 'Run it again.');

const unreadable = (path: string, why: string): Result<never> =>
  fail('voicemail-spool-unreadable', `The voicemail spool ${path} cannot be read (${why}).`, 'Check path and disk.');

const subfolders = (directory: Directory, report: (fault: Fault) => void): readonly string[] =>
  directory.entries().flatMap((entry) => {
    if (entry.name.startsWith('.')) return [];
    const path = `${directory.path}/${shown(entry.name)}`;
    if (!isPlainName(entry.name)) report(strange(path, 'no name that Asterisk gives'));
    else if (entry.isSymbolicLink()) report(strange(path, 'a symbolic link'));
    else if (entry.isDirectory()) return [entry.name];
    return [];
  });

const openKnown = (parent: Directory, name: string, report: (fault: Fault) => void): Directory | null => {
  try {
    return openBelow(parent, name);
  } catch (error) {
    if (errnoOf(error) === '') throw error;
    report(strange(`${parent.path}/${shown(name)}`, `not to be opened (${errnoOf(error)})`));
    return null;
  }
};

const readMailboxBelow = async (
  parent: Directory,
  name: MailboxName,
  report: (fault: Fault) => void,
  options: ReadSpoolOptions,
): Promise<Result<Mailbox | null>> => {
  let uncertain = false;
  const doubt = (fault: Fault): void => {
    uncertain = true;
    report(fault);
  };
  const directory = openKnown(parent, name.mailbox, report);
  if (directory === null) return ok(null);
  try {
    const found: (readonly [Folder, FolderEntry])[] = [];
    const there = new Set<Folder>();
    // In Asterisk's order, so that names given to repeated identities come out the same everywhere.
    const names = new Set(directory.entries().map((entry) => entry.name));
    for (const folder of folders) {
      if (!names.has(folder)) continue;
      const opened = openKnown(directory, folder, doubt);
      if (opened === null) continue;
      there.add(folder);
      try {
        const entries = await readLocked(opened, doubt, options);
        if (!entries.ok) return entries;
        for (const entry of entries.value) found.push([folder, entry]);
      } finally {
        opened.close();
      }
    }
    const greetingByName = readGreetings(directory, doubt);
    return ok({ ...name, messageById: byIdentity(found), greetingByName, folders: there, uncertain });
  } finally {
    directory.close();
  }
};

const readLocked = async (
  folder: Directory,
  report: (fault: Fault) => void,
  { lock, signal }: ReadSpoolOptions,
): Promise<Result<readonly FolderEntry[]>> => {
  if (lock === undefined) return ok(readFolder(folder, report));
  const held = await lock(folder, signal);
  if (!held.ok) return held;
  try {
    return ok(readFolder(folder, report));
  } finally {
    held.value.release();
  }
};

/** The same files twice are one message in two places; other messages with the same identity get `~2`, `~3` … */
const byIdentity = (found: readonly (readonly [Folder, FolderEntry])[]): ReadonlyMap<string, Message> => {
  const messageById = new Map<string, Message>();
  for (const [folder, entry] of found) {
    let id = entry.id;
    for (let count = 2; ; count += 1) {
      const other = messageById.get(id);
      if (other === undefined) {
        messageById.set(id, { ...entry, id, folder, alsoIn: [] });
        break;
      }
      if (other.inode === entry.inode && other.folder !== folder) {
        messageById.set(id, { ...other, alsoIn: [...other.alsoIn, folder] });
        break;
      }
      id = `${entry.id}~${count}`;
    }
  }
  return messageById;
};
