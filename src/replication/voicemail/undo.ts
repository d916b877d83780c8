/** Takes a merge back: what it added goes to the merge directory, what it moved, removed or replaced comes back. */
import { lstatSync } from 'node:fs';
import type { Fault, Result } from '../../core/result.ts';
import { fail, ok } from '../../core/result.ts';
import { asideOf, ensureFolder } from './apply-folders.ts';
import { writeFault } from './apply-work.ts';
import { type Directory, openBelow, openDirectory } from './directory.ts';
import { type FolderEntry, greetingFiles, readFolder, readGreetings } from './folder-reader.ts';
import { closeGaps, filesOf, placeBehind, takeOut } from './folder-writer.ts';
import { createHand, type Hand } from './hand.ts';
import type { LockFolder } from './lock.ts';
import { type Deed, openRunLog, type RunLog, readDeeds } from './run-log.ts';
import { type Folder, keyOf, type MailboxName } from './spool.ts';
import { openMailbox } from './stage.ts';

export interface UndoOptions {
  readonly spool: string;
  readonly work: string;
  readonly run: string;
  readonly lock: LockFolder;
  readonly signal?: AbortSignal;
  readonly hand?: Hand;
}

export interface UndoReport {
  /** Changes taken back. */
  readonly undone: number;
  /** What people changed since, and was left as it is. */
  readonly left: readonly (MailboxName & { readonly what: string })[];
  readonly changed: readonly MailboxName[];
}

interface Undoing {
  readonly options: UndoOptions;
  readonly hand: Hand;
  readonly spool: Directory;
  readonly log: RunLog;
  readonly changedByKey: Map<string, MailboxName>;
  /** Deeds whose undoing began before. */
  readonly undoing: ReadonlySet<number>;
  /** Greetings (`context/mailbox/name`) with which this undo has begun. */
  readonly greetings: Set<string>;
}

/**
 * Undoes a run, the last deed first. Can be repeated and cut off: what is undone already is passed over, and what people
 * touched since is left. Faults: `voicemail-run-unknown`, `voicemail-not-written`, those of the lock.
 */
export const undoVoicemailMerge = async (options: UndoOptions): Promise<Result<UndoReport>> => {
  const hand = options.hand ?? createHand();
  const opened: { close(): void }[] = [];
  const keep = <T extends { close(): void }>(each: T): T => {
    opened.push(each);
    return each;
  };
  try {
    const work = keep(openDirectory(options.work));
    const known = openBelow(work, options.run);
    if (known === null) return unknown(options.run);
    keep(known);
    const { deeds, undoing } = readDeeds(known);
    const log = keep(openRunLog(hand, work, options.run));
    const state: Undoing = {
      options,
      hand,
      spool: keep(openDirectory(options.spool)),
      log,
      changedByKey: new Map(),
      undoing,
      greetings: new Set(),
    };
    const left: (MailboxName & { readonly what: string })[] = [];
    let undone = 0;
    for (const deed of deeds.toReversed()) {
      const took = await undoDeed(state, deed);
      if (!took.ok) return took;
      const { context, mailbox } = deed;
      if (took.value) undone += 1;
      else left.push({ context, mailbox, what: deed.do === 'greeting' ? deed.name : deed.id });
    }
    const closed = await closeAll(state, deeds);
    if (!closed.ok) return closed;
    return ok({ undone, left, changed: [...state.changedByKey.values()] });
  } catch (error) {
    return { ok: false, error: writeFault(options, error) };
  } finally {
    for (const each of opened.toReversed()) each.close();
  }
};

const unknown = (run: string): { readonly ok: false; readonly error: Fault } =>
  fail(
    'voicemail-run-unknown',
    `No voicemail merge is known as ${run}.`,
    'See `dualtone merge report` for their names.',
  );

/** Closes the gaps that an undo left when it was cut off. */
const closeAll = async (state: Undoing, deeds: readonly Deed[]): Promise<Result<void>> => {
  const touched = new Map<string, readonly [Deed, Folder]>();
  for (const deed of deeds) {
    if (deed.do === 'greeting') continue;
    for (const folder of deed.do === 'move' ? [deed.from, deed.to] : [deed.folder])
      touched.set(`${keyOf(deed)}/${folder}`, [deed, folder]);
  }
  for (const [deed, name] of touched.values()) {
    const closed = await inFolder(state, deed, name, (folder) => {
      closeGaps(state.hand, folder, asideOf(state));
      return true;
    });
    if (!closed.ok) return closed;
  }
  return ok(undefined);
};

/** True when it was taken back (or had never happened), false when people went on since. */
const undoDeed = async (state: Undoing, deed: Deed): Promise<Result<boolean>> => {
  if (deed.do === 'greeting') return ok(undoGreeting(state, deed));
  if (deed.do === 'add') {
    return await inFolder(state, deed, deed.folder, (folder) => {
      const entry = find(folder, deed.id);
      if (entry === undefined) return isNowhere(state, deed);
      if (entry.digest !== deed.digest) return false;
      setAside(state, folder, entry);
      return true;
    });
  }
  if (deed.do === 'move') return await undoMove(state, deed);
  if (deed.do === 'replace') {
    const took = await inFolder(state, deed, deed.folder, (folder) => {
      const entry = find(folder, deed.newId);
      if (entry?.digest === deed.digest) setAside(state, folder, entry);
      return true;
    });
    if (!took.ok) return took;
  }
  return await inFolder(state, deed, deed.folder, (folder) => restore(state, folder, deed));
};

/** Gone from all folders: undone before, or deleted by its owner. */
const isNowhere = (state: Undoing, deed: Deed & { readonly id: string }): boolean => {
  const mailbox = openMailbox(state.spool, deed);
  if (mailbox === null) return true;
  try {
    for (const entry of mailbox.entries()) {
      const folder = entry.isDirectory() ? openBelow(mailbox, entry.name) : null;
      if (folder === null) continue;
      try {
        if (find(folder, deed.id) !== undefined) return false;
      } finally {
        folder.close();
      }
    }
    return true;
  } finally {
    mailbox.close();
  }
};

const find = (folder: Directory, id: string): FolderEntry | undefined => {
  const plain = id.replace(/~\d+$/, '');
  return readFolder(folder, () => undefined).findLast((entry) => entry.id === plain);
};

const setAside = (state: Undoing, folder: Directory, entry: FolderEntry): void => {
  const number = state.log.spare();
  takeOut(state.hand, folder, entry.number, entry.formats, (extension) =>
    state.log.saved.at(`${number}.undone.${extension}`),
  );
  closeGaps(state.hand, folder, asideOf(state));
};

const undoMove = async (state: Undoing, deed: Deed & { readonly do: 'move' }): Promise<Result<boolean>> => {
  const files = new Map<string, string>();
  let inode: string | null = null;
  const linked = await inFolder(state, deed, deed.to, (folder) => {
    const entry = find(folder, deed.id);
    if (entry === undefined) return false;
    inode = entry.inode;
    const number = state.log.spare();
    for (const [extension, path] of filesOf(folder, entry.number, entry.formats)) {
      const link = state.log.staged.at(`${number}.move.${extension}`);
      state.hand.link(path, link);
      files.set(extension, link);
    }
    return true;
  });
  if (!linked.ok) return linked;
  const back = await inFolder(state, deed, deed.from, (folder) => {
    const there = find(folder, deed.id);
    if (!linked.value) return there !== undefined;
    if (there?.inode !== inode) placeBehind(state.hand, folder, [files], asideOf(state));
    return true;
  });
  if (!back.ok || !linked.value) return back;
  return await inFolder(state, deed, deed.to, (folder) => {
    const entry = find(folder, deed.id);
    if (entry === undefined || entry.inode !== inode) return true;
    takeOut(state.hand, folder, entry.number, entry.formats, null);
    closeGaps(state.hand, folder, asideOf(state));
    return true;
  });
};

/** Puts back what was removed or replaced, unless it is there. */
const restore = (state: Undoing, folder: Directory, deed: Deed & { readonly formats: readonly string[] }): boolean => {
  const { saved, staged } = state.log;
  const names = new Set(saved.entries().map((entry) => entry.name));
  // It had never been taken out.
  if (!names.has(`${deed.saved}.txt`)) return true;
  const inode = String(lstatSync(saved.at(`${deed.saved}.txt`)).ino);
  if (readFolder(folder, () => undefined).some((entry) => entry.inode === inode)) return true;
  const number = state.log.spare();
  const files = new Map<string, string>();
  for (const extension of [...deed.formats, 'txt']) {
    if (!names.has(`${deed.saved}.${extension}`)) continue;
    const link = staged.at(`${number}.back.${extension}`);
    state.hand.link(saved.at(`${deed.saved}.${extension}`), link);
    files.set(extension, link);
  }
  placeBehind(state.hand, folder, [files], asideOf(state));
  return true;
};

const undoGreeting = (state: Undoing, deed: Deed & { readonly do: 'greeting' }): boolean => {
  const mailbox = ensureFolder(state, deed);
  try {
    const names = new Set(state.log.saved.entries().map((entry) => entry.name));
    const waiting = deed.files.filter((file) => names.has(`${deed.saved}.${file}`));
    const current = greetingFiles(mailbox).get(deed.name) ?? [];
    const place = `${keyOf(deed)}/${deed.name}`;
    // Begun before; or the merge was cut off here and went on with a deed of its own, which has just been undone.
    const ours = state.undoing.has(deed.saved) || state.greetings.has(place);
    const same = (readGreetings(mailbox).get(deed.name) ?? null) === deed.digest;
    // Nothing was taken out, or all is back.
    if (!same && waiting.length === 0) return deed.files.length > 0 || current.length === 0;
    if (!same && !ours) return false;
    state.greetings.add(place);
    state.log.undoing(deed.saved);
    const number = state.log.spare();
    // What was restored already stays.
    for (const file of current)
      if (same || waiting.includes(file) || !deed.files.includes(file))
        state.hand.rename(mailbox.at(file), state.log.saved.at(`${number}.undone.${file}`));
    for (const file of waiting) state.hand.rename(state.log.saved.at(`${deed.saved}.${file}`), mailbox.at(file));
    state.changedByKey.set(keyOf(deed), { context: deed.context, mailbox: deed.mailbox });
    return true;
  } finally {
    mailbox.close();
  }
};

const inFolder = async (
  state: Undoing,
  deed: Deed,
  name: Folder,
  act: (folder: Directory) => boolean,
): Promise<Result<boolean>> => {
  const folder = ensureFolder(state, deed, name);
  try {
    const held = await state.options.lock(folder, state.options.signal);
    if (!held.ok) return held;
    try {
      state.changedByKey.set(keyOf(deed), { context: deed.context, mailbox: deed.mailbox });
      return ok(act(folder));
    } finally {
      held.value.release();
    }
  } finally {
    folder.close();
  }
};
