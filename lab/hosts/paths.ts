import type { Stats } from 'node:fs';
import { chmod, chown, lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, ok, type Result } from '../../src/core/result.ts';

/** Mode and owner of a file put into a host. The owner is a name in the host's own user list. */
export interface FileOptions {
  /** As in chmod; default 0o644. */
  readonly mode?: number;
  /** Default root. */
  readonly owner?: string;
}

/** User and group number of a user, from a tree's passwd. */
const ownerIn = async (
  tree: string,
  owner: string,
): Promise<Result<{ readonly uid: number; readonly gid: number }>> => {
  const passwd = await readFile(join(tree, 'etc/passwd'), 'utf8');
  const [, , uid, gid] =
    passwd
      .split('\n')
      .find((line) => line.startsWith(`${owner}:`))
      ?.split(':') ?? [];
  if (uid === undefined || gid === undefined)
    return fail('owner-unknown', `the tree has no user ${owner}`, 'name one that a package makes');
  return ok({ uid: Number(uid), gid: Number(gid) });
};

/** The mark of overlayfs that a host has removed what the tree has: what is written there begins anew. What is there otherwise. */
const unlessRemoved = async (place: string): Promise<Stats | undefined> => {
  const found = await lstat(place).catch(() => undefined);
  if (found?.isCharacterDevice() !== true || found.rdev !== 0) return found;
  await rm(place);
  return undefined;
};

/** Makes a folder of the upper layer look as the tree's folder of that name, whose place it takes. */
const mirrorFolder = async (tree: string, upper: string, folder: string): Promise<Result<void>> => {
  if (folder === '/') {
    await mkdir(upper, { recursive: true });
    return ok(undefined);
  }
  const parent = await mirrorFolder(tree, upper, dirname(folder));
  if (!parent.ok) return parent;
  const below = await lstat(join(tree, folder)).catch(() => undefined);
  if (below?.isSymbolicLink() === true) {
    return fail('path-is-link', `${folder} is a link in the tree`, 'write to where it points');
  }
  const existing = await unlessRemoved(join(upper, folder));
  if (existing?.isDirectory() === true) return ok(undefined);
  await mkdir(join(upper, folder));
  await chmod(join(upper, folder), (below?.mode ?? 0o755) & 0o7777);
  await chown(join(upper, folder), below?.uid ?? 0, below?.gid ?? 0);
  return ok(undefined);
};

/**
 * Writes a file into a host that is off: into the layer that is the host's disk. Never through a link, which would lead
 * out of it. Faults: `path-is-link`, `owner-unknown`.
 */
export const writeToDisk = async (
  tree: string,
  upper: string,
  path: string,
  text: string | Uint8Array,
  options: FileOptions = {},
): Promise<Result<void>> => {
  if (!path.startsWith('/') || path.split('/').includes('..')) throw new Error(`not an absolute path: ${path}`);
  const owner = await ownerIn(tree, options.owner ?? 'root');
  if (!owner.ok) return owner;
  const folder = await mirrorFolder(tree, upper, dirname(path));
  if (!folder.ok) return folder;
  const place = join(upper, path);
  const existing = await unlessRemoved(place);
  if (existing?.isSymbolicLink() === true)
    return fail('path-is-link', `${path} is a link on the host's disk`, 'write to where it points');
  const mode = options.mode ?? 0o644;
  await writeFile(place, text, { mode });
  await chmod(place, mode);
  await chown(place, owner.value.uid, owner.value.gid);
  return ok(undefined);
};
