/** Folders by descriptor: who may write below a directory cannot lead a process of root out of it by a link. */
import { closeSync, constants, fchmodSync, fchownSync, mkdirSync, openSync, rmdirSync, type Stats } from 'node:fs';
import { codeOf } from '../../../core/result.ts';
import { bytesOf, type RawPath, rawOfText } from '../raw-path.ts';

export interface Folder {
  /** An entry of it, as a path that no renaming or linking above can turn elsewhere. */
  at(name: RawPath): Buffer;
  close(): void;
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

const entry = (fd: number, name: RawPath): Buffer =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), bytesOf(name)]);

/** Opens one step down; makes it like `like` where that is given. Null: there is none. Throws ENOTDIR or ELOOP for a file or link. */
const step = (parent: number, name: RawPath, like: Stats | null): number | null => {
  const path = entry(parent, name);
  try {
    return openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    if (like === null) return null;
  }
  mkdirSync(path, { mode: 0o700 });
  const made = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  fchownSync(made, like.uid, like.gid);
  fchmodSync(made, like.mode & 0o7777);
  return made;
};

/**
 * Opens a folder below a root, step by step and never through a link. `like` gives for each missing folder the one whose mode and owner
 * it gets; without it nothing is made. Null: it is not there. Throws ENOTDIR or ELOOP where something else stands in the way, and as `openSync`.
 */
export const openFolder = (
  root: string,
  relative: RawPath,
  like: ((relative: RawPath) => Stats | null) | null,
): Folder | null => {
  let fd = openSync(bytesOf(rawOfText(root)), O_RDONLY | O_DIRECTORY);
  let at = '';
  for (const name of relative === '' ? [] : relative.split('/')) {
    at = at === '' ? name : `${at}/${name}`;
    let next: number | null;
    try {
      next = step(fd, name, like?.(at) ?? null);
    } finally {
      closeSync(fd);
    }
    if (next === null) return null;
    fd = next;
  }
  return { at: (name) => entry(fd, name), close: () => closeSync(fd) };
};

export const parentOf = (path: RawPath): RawPath => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
export const nameOf = (path: RawPath): RawPath => path.slice(path.lastIndexOf('/') + 1);

/** Opens the parent of a path, and gives the path by its descriptor to `act`; null when there is no parent. */
export const withParent = <T>(
  root: string,
  path: RawPath,
  like: ((relative: RawPath) => Stats | null) | null,
  act: (at: Buffer, folder: Folder) => T,
): T | null => {
  const folder = openFolder(root, parentOf(path), like);
  if (folder === null) return null;
  try {
    return act(folder.at(nameOf(path)), folder);
  } finally {
    folder.close();
  }
};

/** Takes away folders that are empty now, from the parent of `path` upwards; the root stays. */
export const pruneEmpty = (root: string, path: RawPath): void => {
  for (let at = parentOf(path); at !== ''; at = parentOf(at)) {
    try {
      if (withParent(root, at, null, (folder) => rmdirSync(folder)) === null) return;
    } catch {
      // Not empty: something lives there.
      return;
    }
  }
};
