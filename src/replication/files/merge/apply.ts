/** Carries out what a merge does with single files: each step whole, each can be repeated. Throws as `node:fs` does. */
import { lstatSync, readdirSync, rmSync, type Stats } from 'node:fs';
import { codeOf } from '../../../core/result.ts';
import { bytesOf, type RawPath, rawOf, rawOfText, shown } from '../raw-path.ts';
import { openFolder, parentOf, pruneEmpty, withParent } from './folder.ts';
import type { LogEntry, MergeLog } from './log.ts';
import { digestOf, type FileMark, lookAt, sameMark } from './manifest.ts';
import { moveNew, putNew, putOver } from './move-file.ts';
import { asideName, type FileAction } from './three-way.ts';

export interface Site {
  /** As configured, for the log. */
  readonly directory: string;
  /** With links resolved. */
  readonly root: string;
  /** What was fetched from there. */
  readonly staging: string;
}

export type Draft = Omit<LogEntry, 'number'>;

/** `left`: it changed meanwhile, and the next run sees to it; `refused`: it must not be brought at all. */
export type Prepared = Draft | { readonly left: true } | { readonly refused: string };

interface Found {
  readonly mark: FileMark | null;
  readonly isDirectory: boolean;
}

const find = (root: string, path: RawPath): Found | null => {
  try {
    const found = withParent(root, path, null, lookAt);
    return found === null ? null : { mark: found.mark, isDirectory: found.stats.isDirectory() };
  } catch (error) {
    // Something else than a folder stands above it: it is not there.
    if (['ENOTDIR', 'ELOOP', 'ENOENT'].includes(codeOf(error))) return null;
    throw error;
  }
};

const markAt = (root: string, path: RawPath): FileMark | null => find(root, path)?.mark ?? null;

/** A link that leads out of its directory. */
const leadsOut = (path: RawPath, link: RawPath): boolean => {
  if (link.startsWith('/')) return true;
  let depth = path.split('/').length - 1;
  for (const part of link.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
};

/** Where something can stand though a file or a link has the place of a folder above it. */
const clearOf = (root: string, path: RawPath): RawPath => {
  const parts = path.split('/');
  for (let length = 1; length < parts.length; length += 1) {
    const above = parts.slice(0, length).join('/');
    const found = find(root, above);
    if (found === null) return path;
    if (!found.isDirectory) return `${asideName(above, 1)}/${parts.slice(length).join('/')}`;
  }
  return path;
};

const MOST_COPIES = 50;

/** The name for the standby's version: a free one, or one under which it stands already. */
const asidePlace = (root: string, path: RawPath, theirs: FileMark): RawPath | null => {
  for (let copy = 1; copy <= MOST_COPIES; copy += 1) {
    const name = asideName(path, copy);
    const found = find(root, name);
    if (found === null || sameMark(found.mark, theirs)) return name;
  }
  return null;
};

const holdsSame = async (site: Site, path: RawPath): Promise<boolean> => {
  const [ours, theirs] = [site.root, site.staging].map((root) => openFolder(root, parentOf(path), null));
  try {
    if (ours == null || theirs == null) return false;
    const name = path.slice(path.lastIndexOf('/') + 1);
    return (await digestOf(ours.at(name))) === (await digestOf(theirs.at(name)));
  } finally {
    ours?.close();
    theirs?.close();
  }
};

const conflictText = (action: FileAction, deed: LogEntry['deed'], placed: RawPath | null): string | null => {
  const kept = placed === null ? '' : `; the standby's version is kept as ${shown(placed)}`;
  if (deed === 'aside') return `changed on both nodes: the main's stays${kept}`;
  if (deed === 'keep') return "deleted on the standby and changed on the main: the main's stays";
  if (deed === 'add' && action.conflict) return "deleted on the main and changed on the standby: the standby's is back";
  return null;
};

/** What is to be logged and done, as things stand now. */
export const prepare = async (site: Site, action: FileAction): Promise<Prepared> => {
  const { path, theirs } = action;
  if (theirs !== null && theirs.link !== null && leadsOut(path, theirs.link))
    return { refused: `${shown(path)} is a link that leads out of ${site.directory}` };
  if (theirs !== null && !sameMark(markAt(site.staging, path), theirs)) return { left: true };
  const now = find(site.root, path);
  if (!sameMark(now?.mark ?? null, action.ours)) return { left: true };
  let deed: LogEntry['deed'] = action.deed === 'compare' ? 'aside' : action.deed;
  if (action.deed === 'compare' && (await holdsSame(site, path))) deed = 'same';
  let placed: RawPath | null = null;
  if (theirs !== null && deed !== 'same') {
    const clear = clearOf(site.root, path);
    // A folder has its name, or a file that of a folder above it.
    const taken = clear === path && now !== null && now.mark === null;
    if (deed === 'aside' || taken) placed = asidePlace(site.root, path, theirs);
    else if (clear !== path) placed = clear;
    if ((deed === 'aside' || taken) && placed === null) return { refused: `${shown(path)} has too many versions` };
    if (placed !== null) deed = 'aside';
  }
  const conflict = conflictText(action, deed, placed);
  return { directory: site.directory, path, deed, ours: action.ours, theirs, placed, conflict };
};

const likeStaged =
  (site: Site) =>
  (relative: RawPath): Stats | null => {
    try {
      return lstatSync(bytesOf(`${rawOfText(site.staging)}/${relative}`));
    } catch {
      // The name was changed since a file stood in the way: as the root itself.
      return lstatSync(bytesOf(rawOfText(site.root)));
    }
  };

type Like = ((relative: RawPath) => Stats | null) | null;

const actAt = (root: string, path: RawPath, like: Like, act: (at: Buffer) => void): void => {
  const acted = withParent(root, path, like, (at) => {
    act(at);
    return true;
  });
  if (acted === null) throw Object.assign(new Error('its folder vanished'), { code: 'ENOENT' });
};

const fromStaging = (site: Site, path: RawPath, target: RawPath, like: Like, put: typeof putNew): void =>
  actAt(site.staging, path, null, (staged) => actAt(site.root, target, like, (at) => put(staged, at)));

/** Does one logged entry. False: something came in between, and nothing was done. */
export const perform = (site: Site, entry: LogEntry, log: MergeLog): boolean => {
  const { path, deed, placed, theirs } = entry;
  if (deed === 'keep' || deed === 'same') return true;
  if (deed !== 'aside' && !sameMark(markAt(site.root, path), entry.ours)) return false;
  const target = placed ?? path;
  if (deed === 'aside' && sameMark(markAt(site.root, target), theirs)) return true;
  try {
    if (deed === 'delete' || deed === 'replace') {
      const keep = deed === 'delete' ? moveNew : putNew;
      actAt(site.root, path, null, (at) => keep(at, log.saved(entry.number)));
    }
    if (deed === 'delete') pruneEmpty(site.root, path);
    else if (deed === 'replace') fromStaging(site, path, path, null, putOver);
    else fromStaging(site, path, target, likeStaged(site), putNew);
    return true;
  } catch (error) {
    // Someone was quicker; the next run looks anew.
    if (['EEXIST', 'ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error))) return false;
    throw error;
  }
};

const clearTemporaries = (root: string, path: RawPath): void => {
  const folder = openFolder(root, parentOf(path), null);
  if (folder === null) return;
  try {
    for (const name of readdirSync(folder.at('.'), { encoding: 'buffer' }))
      if (rawOf(name).startsWith('.dualtone-merge-')) rmSync(folder.at(rawOf(name)), { force: true });
  } finally {
    folder.close();
  }
};

/** Whether an entry that a cut left open was done; what is half done is taken back. */
export const wasDone = (site: Site, entry: LogEntry, log: MergeLog): boolean => {
  try {
    clearTemporaries(site.root, entry.placed ?? entry.path);
  } catch {
    // What stands in the way of a folder holds no temporary file of ours.
  }
  const now = markAt(site.root, entry.path);
  const isSaved = lookAt(log.saved(entry.number)) !== null;
  let done = true;
  if (entry.deed === 'add' || entry.deed === 'replace') done = sameMark(now, entry.theirs);
  else if (entry.deed === 'delete') done = now === null && isSaved;
  else if (entry.deed === 'aside') done = sameMark(markAt(site.root, entry.placed ?? entry.path), entry.theirs);
  if (!done) rmSync(log.saved(entry.number), { force: true });
  return done;
};

/** Takes one entry back. A text: it was left as it is, and why. */
export const takeBack = (site: Site, entry: LogEntry, log: MergeLog): string | null => {
  const { path, deed, theirs } = entry;
  if (deed === 'keep' || deed === 'same') return null;
  const saved = log.saved(entry.number);
  const target = entry.placed ?? path;
  const now = find(site.root, target);
  const changed = `${shown(target)} was changed after the merge and stays as it is`;
  // Taken back already, by an undo that was cut off.
  if (deed !== 'add' && deed !== 'aside' && now !== null && sameMark(now.mark, entry.ours)) return null;
  if (deed === 'delete') {
    if (now !== null) return changed;
  } else if (now !== null) {
    if (!sameMark(now.mark, theirs)) return changed;
    const aside = log.undone(entry.number);
    rmSync(aside, { force: true });
    actAt(site.root, target, null, (at) => (deed === 'replace' ? putNew(at, aside) : moveNew(at, aside)));
    if (deed !== 'replace') pruneEmpty(site.root, target);
  }
  if (deed === 'add' || deed === 'aside') return null;
  if (lookAt(saved) === null) return `what was at ${shown(path)} is not kept any more`;
  const like = (): Stats => lstatSync(bytesOf(rawOfText(site.root)));
  actAt(site.root, path, like, (at) => (now === null ? putNew(saved, at) : putOver(saved, at)));
  return null;
};
