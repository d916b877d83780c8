import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { buildTree, type TreeFacts } from './build.ts';
import { lockFile } from './lock.ts';
import { machineMirror } from './mirror.ts';
import { recipeKey, recipesByKind, type TreeKind, type TreeRecipe } from './recipe.ts';

/** The shared, read-only Debian under every lab host. */
export interface Tree extends TreeFacts {
  readonly root: string;
  /** False when it came from the cache. */
  readonly fresh: boolean;
  /** Set when a preferred suite failed and this one stepped in. */
  readonly insteadOf?: string;
}

export interface TreeOptions {
  readonly cacheFolder?: string;
  /** Default: the usual one. */
  readonly kind?: TreeKind;
  /** Only this suite, by name, and no other. */
  readonly suite?: string;
  readonly log?: (line: string) => void;
}

/** Where trees are kept, outside the repository: `DUALTONE_LAB_CACHE`, or /var/cache/dualtone-lab. */
export const treeCacheFolder = (): string => process.env['DUALTONE_LAB_CACHE'] ?? '/var/cache/dualtone-lab';

const readTree = async (place: string): Promise<Tree | undefined> => {
  const text = await readFile(join(place, 'tree.json'), 'utf8').catch(() => undefined);
  return text === undefined
    ? undefined
    : { ...(JSON.parse(text) as TreeFacts), root: join(place, 'root'), fresh: false };
};

const obtain = async (recipe: TreeRecipe, cacheFolder: string, log: (line: string) => void): Promise<Result<Tree>> => {
  const place = join(cacheFolder, recipeKey(recipe));
  const cached = await readTree(place);
  if (cached !== undefined) return ok(cached);
  const release = await lockFile(`${place}.lock`);
  if (!release.ok) return release;
  try {
    // Another builder may have finished while we waited.
    const meanwhile = await readTree(place);
    if (meanwhile !== undefined) return ok(meanwhile);
    const mirror = await machineMirror();
    if (!mirror.ok) return mirror;
    log(`building the Debian ${recipe.suite} tree, once; it takes about a minute`);
    const built = await buildTree(recipe, mirror.value, place);
    return built.ok ? ok({ ...built.value, root: join(place, 'root'), fresh: true }) : built;
  } finally {
    await release.value();
  }
};

/**
 * The tree, from the cache or newly built. Suites are tried in the recipe's order; a stand-in says so in `insteadOf`.
 * Faults: `suite-unknown`, `tree-unavailable` with the last reason.
 */
export const ensureTree = async (options: TreeOptions = {}): Promise<Result<Tree>> => {
  const cacheFolder = options.cacheFolder ?? treeCacheFolder();
  const log = options.log ?? (() => undefined);
  const wanted = recipesByKind[options.kind ?? 'usual'].filter(
    ({ suite }) => options.suite === undefined || suite === options.suite,
  );
  const [preferred] = wanted;
  if (preferred === undefined)
    return fail('suite-unknown', `no recipe for suite ${options.suite}`, 'use sid or bullseye');
  await mkdir(cacheFolder, { recursive: true, mode: 0o755 });
  let reason = '';
  for (const recipe of wanted) {
    const tree = await obtain(recipe, cacheFolder, log);
    if (tree.ok) return ok(recipe === preferred ? tree.value : { ...tree.value, insteadOf: preferred.suite });
    reason = tree.error.message;
    log(`${recipe.suite} cannot be built: ${reason}`);
  }
  return fail(
    'tree-unavailable',
    `no Debian tree can be built: ${reason}`,
    'check that apt-get update works on this machine',
  );
};
