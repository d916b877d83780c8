import { chmod, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { runChecked } from '../process.ts';
import { installEnvironment } from '../requirements.ts';
import type { Mirror } from './mirror.ts';
import {
  disabledUnits,
  excludedPaths,
  maskedUnits,
  type TreeRecipe,
  treeFiles,
  treeFolders,
  treeLinks,
} from './recipe.ts';

/** What was built, kept beside the tree. */
export interface TreeFacts {
  readonly suite: string;
  readonly asteriskVersion: string;
  readonly buildMs: number;
  readonly builtAt: string;
}

const buildLimitMs = 900_000;

/** Dies with us, and takes with it, as PID 1 of its own, every process that it started: no orphan goes on writing. */
export const mortal: readonly string[] = [
  'setpriv',
  '--pdeathsig=KILL',
  'unshare',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
];

/** The builder's argv: apt resolves and verifies signatures, dpkg leaves out what no host reads. `extract`: unpacked, not installed. */
export const builderArgv = (
  recipe: Pick<TreeRecipe, 'suite' | 'packages' | 'besideSuite'>,
  mirror: Mirror,
  root: string,
  variant: 'minbase' | 'extract' = 'minbase',
): readonly string[] => [
  'mmdebstrap',
  '--mode=root',
  `--variant=${variant}`,
  '--format=directory',
  `--include=${recipe.packages.join(',')}`,
  '--aptopt=Apt::Install-Recommends "false";',
  ...mirror.aptOptions.map((line) => `--aptopt=${line}`),
  '--dpkgopt=force-unsafe-io',
  ...excludedPaths.map((path) => `--dpkgopt=path-exclude=${path}`),
  recipe.suite,
  root,
  ...(recipe.besideSuite === undefined
    ? [mirror.uri]
    : [recipe.suite, recipe.besideSuite].map((suite) => `deb ${mirror.uri} ${suite} main`)),
];

const link = async (root: string, path: string, target: string): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await rm(join(root, path), { force: true });
  await symlink(target, join(root, path));
};

const dropWants = async (root: string, unit: string): Promise<void> => {
  const folder = join(root, '/etc/systemd/system');
  const wants = (await readdir(folder)).filter((name) => name.endsWith('.wants'));
  await Promise.all(wants.map((name) => rm(join(folder, name, unit), { force: true })));
};

/** Turns a fresh Debian into a lab host's tree: masks, folders, our units; no identity, no apt settings of this machine. */
const furnish = async (root: string, recipe: TreeRecipe): Promise<void> => {
  for (const folder of treeFolders) await mkdir(join(root, folder), { recursive: true });
  for (const unit of [...disabledUnits, ...(recipe.disabledUnits ?? [])]) await dropWants(root, unit);
  for (const [path, text] of Object.entries(treeFiles)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text, { mode: 0o644 });
  }
  for (const unit of maskedUnits) await link(root, `/etc/systemd/system/${unit}`, '/dev/null');
  for (const [path, target] of Object.entries(treeLinks)) await link(root, path, target);
  for (const path of ['/etc/machine-id', '/etc/hostname', '/etc/resolv.conf', '/etc/apt/apt.conf.d/99mmdebstrap']) {
    await rm(join(root, path), { force: true });
  }
  await chmod(join(root, '/var/lib/dualtone'), 0o700);
};

const versionOf = async (root: string): Promise<Result<string>> => {
  const said = await runChecked(['chroot', root, '/usr/sbin/asterisk', '-V']);
  if (!said.ok) return said;
  const version = /Asterisk (\d+\.\d+\S*)/.exec(said.value.stdout)?.[1];
  return version === undefined
    ? fail('tree-broken', 'the tree has no working Asterisk', 'build it again')
    : ok(version);
};

/**
 * Builds one tree into `place`: beside it first, renamed when whole, so that a killed build leaves nothing that looks like a tree.
 * The caller holds the lock. Faults: `program-failed` with the builder's last words, `tree-broken`.
 */
export const buildTree = async (recipe: TreeRecipe, mirror: Mirror, place: string): Promise<Result<TreeFacts>> => {
  const startedMs = performance.now();
  const building = `${place}.building`;
  await rm(building, { recursive: true, force: true });
  await mkdir(building, { recursive: true });
  const root = join(building, 'root');
  const built = await runChecked([...mortal, ...builderArgv(recipe, mirror, root)], {
    timeoutMs: buildLimitMs,
    env: installEnvironment(),
  });
  const version = built.ok ? await versionOf(root) : built;
  if (!version.ok) {
    await rm(building, { recursive: true, force: true });
    return version;
  }
  await furnish(root, recipe);
  const facts: TreeFacts = {
    suite: recipe.suite,
    asteriskVersion: version.value,
    buildMs: Math.round(performance.now() - startedMs),
    builtAt: new Date().toISOString(),
  };
  await writeFile(join(building, 'tree.json'), `${JSON.stringify(facts)}\n`);
  await rename(building, place);
  return ok(facts);
};
