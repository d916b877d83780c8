/** Programs of a Debian suite that this machine's own lacks: unpacked beside the trees with all that they need, installed nowhere. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Result } from '../../src/core/result.ts';
import { runChecked } from '../process.ts';
import { installEnvironment } from '../requirements.ts';
import { builderArgv, mortal } from './build.ts';
import { lockFile } from './lock.ts';
import { machineMirror } from './mirror.ts';
import { treeCacheFolder } from './tree.ts';

export interface ProgramsRecipe {
  readonly suite: string;
  readonly packages: readonly string[];
}

const limitMs = 300_000;

const isThere = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );

const unpack = async (recipe: ProgramsRecipe, place: string): Promise<Result<string>> => {
  const mirror = await machineMirror();
  if (!mirror.ok) return mirror;
  // Renamed when whole: a killed run leaves nothing that looks like one.
  const building = `${place}.building`;
  await rm(building, { recursive: true, force: true });
  const argv = builderArgv(recipe, mirror.value, building, 'extract');
  const built = await runChecked([...mortal, ...argv], { timeoutMs: limitMs, env: installEnvironment() });
  if (!built.ok) {
    await rm(building, { recursive: true, force: true });
    return built;
  }
  await rename(building, place);
  return ok(place);
};

/** The folder in which they lie as below `/`, from the cache or newly fetched. Faults: `mirror-unknown`, `program-failed`. */
export const ensurePrograms = async (recipe: ProgramsRecipe): Promise<Result<string>> => {
  const folder = join(treeCacheFolder(), 'programs');
  const key = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
  const place = join(folder, `${recipe.suite}-${key}`);
  if (await isThere(place)) return ok(place);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const release = await lockFile(`${place}.lock`);
  if (!release.ok) return release;
  try {
    return (await isThere(place)) ? ok(place) : await unpack(recipe, place);
  } finally {
    await release.value();
  }
};

/** Debian 12 and later, and Debian 11, whose usual name for it is a link to the machine's own. */
const LOADERS = ['usr/lib64/ld-linux-x86-64.so.2', 'lib/x86_64-linux-gnu/ld-2.31.so'];

const loaderOf = (root: string): string => {
  const paths = LOADERS.map((path) => join(root, path));
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`no loader of programs below ${root}`);
  return found;
};

/** Runs a program of such a folder by its own loader and libraries: the machine's are others. */
export const argvOfProgram = (root: string, program: string): readonly string[] => {
  const libraries = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu'].map((path) => join(root, path)).join(':');
  return [loaderOf(root), '--library-path', libraries, join(root, program)];
};
