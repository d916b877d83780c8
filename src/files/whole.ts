/** A file replaced whole: made beside its place, then renamed, so that every reader and every loss of power find the old one or the new. */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface WholeOptions {
  /** Exactly, whatever the process's mask is. Default 0600. */
  readonly mode?: number;
  /** Whose it becomes; null: of who writes. */
  readonly owner?: { readonly uid: number; readonly gid: number } | null;
  /** Content and name are on the disk when it returns (the default); false for tmpfs, and for what can be made again. */
  readonly isDurable?: boolean;
  /** Missing folders are made with this mode; null: they are there. */
  readonly folderMode?: number | null;
  /** Where it is made, in the same folder; a file that two processes may write at once needs one for each. Default `PATH.new`. */
  readonly fresh?: string;
}

const filled = (path: string, options: WholeOptions) => ({
  mode: options.mode ?? 0o600,
  owner: options.owner ?? null,
  isDurable: options.isDurable ?? true,
  folderMode: options.folderMode ?? null,
  fresh: options.fresh ?? `${path}.new`,
});

/** What was renamed or made in a folder is there after a loss of power. Throws as `node:fs` does. */
export const syncFolder = (path: string): void => {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
};

const removeQuietly = (path: string): void => {
  try {
    rmSync(path, { force: true });
  } catch {
    // What went wrong before is told.
  }
};

/** `content`: UTF-8, or bytes. Throws as `node:fs` does; then the old file stands, and nothing is left beside it. */
export const writeWholeSync = (path: string, content: string | Uint8Array, options: WholeOptions = {}): void => {
  const { mode, owner, isDurable, folderMode, fresh } = filled(path, options);
  if (folderMode !== null) mkdirSync(dirname(path), { recursive: true, mode: folderMode });
  try {
    // What a process left that died here, or what another put here: never written through.
    rmSync(fresh, { force: true });
    const file = openSync(fresh, 'wx', 0o600);
    try {
      writeFileSync(file, content);
      if (owner !== null) fchownSync(file, owner.uid, owner.gid);
      fchmodSync(file, mode);
      if (isDurable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(fresh, path);
  } catch (error) {
    removeQuietly(fresh);
    throw error;
  }
  if (isDurable) syncFolder(dirname(path));
};

/** The same without holding up the process: a slow disk stands in nobody's way. */
export const writeWhole = async (
  path: string,
  content: string | Uint8Array,
  options: WholeOptions = {},
): Promise<void> => {
  const { mode, owner, isDurable, folderMode, fresh } = filled(path, options);
  if (folderMode !== null) await mkdir(dirname(path), { recursive: true, mode: folderMode });
  try {
    await rm(fresh, { force: true });
    const file = await open(fresh, 'wx', 0o600);
    try {
      await file.writeFile(content);
      if (owner !== null) await file.chown(owner.uid, owner.gid);
      await file.chmod(mode);
      if (isDurable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw error;
  }
  if (!isDurable) return;
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};
