/** Copies the standby's files into the spool's own filesystem, under names that Asterisk does not know. */
import { chmodSync, chownSync, closeSync, constants, fstatSync, openSync, type Stats, utimesSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { type Directory, errnoOf, openBelow } from './directory.ts';
import { greetingFiles, messageFile, readEntry, readGreetings } from './folder-reader.ts';
import type { Files } from './folder-writer.ts';
import type { Source } from './merge.ts';
import type { MailboxName } from './spool.ts';

/** Who shall own the files, as the folder that they go to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export const ownerOf = ({ uid, gid, mode }: Stats): Owner => ({ uid, gid, mode: mode & 0o666 });

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Copies one plain file; false when it is not there, or no plain file. Throws as the disk does. */
const copyPlain = async (from: string, to: string, owner: Owner): Promise<boolean> => {
  let fd: number;
  try {
    fd = openSync(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ELOOP'].includes(errnoOf(error))) return false;
    throw error;
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return false;
    await copyFile(`/proc/self/fd/${fd}`, to, constants.COPYFILE_EXCL);
    if (process.getuid?.() === 0) chownSync(to, owner.uid, owner.gid);
    chmodSync(to, owner.mode);
    // Kept, so that rsync sees the same file on both nodes.
    utimesSync(to, stats.atimeMs / 1_000, stats.mtimeMs / 1_000);
    return true;
  } finally {
    closeSync(fd);
  }
};

/** Opens a mailbox's folder below an open spool, never through a link; null: not there. */
export const openMailbox = (root: Directory, { context, mailbox }: MailboxName, folder?: string): Directory | null => {
  const parts = folder === undefined ? [context, mailbox] : [context, mailbox, folder];
  let current: Directory = root;
  for (const part of parts) {
    let next: Directory | null = null;
    try {
      next = openBelow(current, part);
    } finally {
      if (current !== root) current.close();
    }
    if (next === null) return null;
    current = next;
  }
  return current;
};

/** Copies a message to `staged` as number `number`. Null: it is not (any more) what the plan saw. */
export const stageMessage = async (
  from: Directory,
  name: MailboxName,
  source: Source,
  staged: Directory,
  number: number,
  owner: Owner,
): Promise<Files | null> => {
  const folder = openMailbox(from, name, source.folder);
  if (folder === null) return null;
  const files = new Map<string, string>();
  try {
    for (const extension of [...source.formats, 'txt']) {
      const path = staged.at(messageFile(number, extension));
      if (!(await copyPlain(folder.at(messageFile(source.number, extension)), path, owner))) return null;
      files.set(extension, path);
    }
  } finally {
    folder.close();
  }
  // The standby's Asterisk may have renumbered while it was copied.
  const entry = readEntry(staged, number, source.formats, () => undefined);
  const same = entry?.digest === source.digest && entry.id === source.id.replace(/~\d+$/, '');
  return same ? files : null;
};

/** Copies the files of a greeting to `staged`, each under `number` and its own name. Null: not what the plan saw. */
export const stageGreeting = async (
  from: Directory,
  name: MailboxName,
  greeting: { readonly name: string; readonly digest: string },
  staged: Directory,
  number: number,
  owner: Owner,
): Promise<Files | null> => {
  const mailbox = openMailbox(from, name);
  if (mailbox === null) return null;
  try {
    if (readGreetings(mailbox).get(greeting.name) !== greeting.digest) return null;
    const files = new Map<string, string>();
    for (const file of greetingFiles(mailbox).get(greeting.name) ?? []) {
      const path = staged.at(`${number}.${file}`);
      // A PIN is nobody else's business.
      const mode = greeting.name === 'secret.conf' ? 0o600 : owner.mode;
      if (!(await copyPlain(mailbox.at(file), path, { ...owner, mode }))) return null;
      files.set(file, path);
    }
    return files;
  } finally {
    mailbox.close();
  }
};
