/** One Debian package: a tree is laid out, every text in it made, every mode and time set, and dpkg-deb packs it. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fail, ok, type Result } from '../src/core/result.ts';
import { billOf } from './bill.ts';
import { copyDependencies, copyProgram, installedKib, settle } from './contents.ts';
import { changelogOf, compressed, controlOf, copyrightOf, digestsOf, packagedUnit } from './documents.ts';
import { lockedPackages } from './lock.ts';
import { runProgram } from './program.ts';
import { type Architecture, runtimeFor } from './runtime.ts';

export interface PackagePlan {
  /** The repository. */
  readonly root: string;
  readonly architecture: Architecture;
  readonly version: string;
  /** Seconds since 1970: the time of everything in it. */
  readonly epoch: number;
  readonly commit: string;
  /** Where the file goes. */
  readonly folder: string;
  /** `small`: xz, as it is handed out. `fast`: not compressed, for tests. */
  readonly compression: 'small' | 'fast';
}

export interface Packed {
  readonly path: string;
  readonly sha256: string;
}

const PROGRAM = 'usr/lib/dualtone';
const SHARE = 'usr/share';
const DOC = `${SHARE}/doc/dualtone`;

const put = (tree: string, path: string, content: string | Uint8Array): void => {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), content);
};

const link = (tree: string, path: string, target: string): void => {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  symlinkSync(target, join(tree, path));
};

/** The program says which version it is; a package of another version must say that. */
const setVersion = (tree: string, version: string): Result<void> => {
  const path = join(tree, PROGRAM, 'src/cli/program.ts');
  const text = readFileSync(path, 'utf8');
  const line = /export const VERSION = '[^']*';/;
  if (!line.test(text)) return fail('version-unset', 'src/cli/program.ts has no VERSION.', 'See packaging/build.ts.');
  writeFileSync(path, text.replace(line, `export const VERSION = '${version}';`));
  return ok(undefined);
};

/** Agent and checkpoint in one file each; what is kept beside them are the times of the sources as they are packed. */
const bundle = async ({ root, epoch }: PackagePlan, tree: string): Promise<Result<void>> => {
  settle(join(tree, PROGRAM), epoch);
  const script = join(root, 'scripts/build-program.mjs');
  const built = await runProgram([process.execPath, script, '--root', join(tree, PROGRAM)]);
  return built.ok ? ok(undefined) : built;
};

const COMPLETIONS = [
  ['bash', `${SHARE}/bash-completion/completions/dualtone`],
  ['zsh', `${SHARE}/zsh/vendor-completions/_dualtone`],
  ['fish', `${SHARE}/fish/vendor_completions.d/dualtone.fish`],
] as const;

/** Manual page and completions are what the packed program itself says. */
const putSpoken = async (tree: string): Promise<Result<void>> => {
  const says = async (...words: readonly string[]) =>
    runProgram([process.execPath, join(tree, PROGRAM, 'bin/dualtone.ts'), ...words], {
      env: { NODE_DISABLE_COMPILE_CACHE: '1' },
    });
  const manual = await says('manual');
  if (!manual.ok) return manual;
  put(tree, `${SHARE}/man/man8/dualtone.8.gz`, compressed(manual.value.stdout));
  for (const [shell, path] of COMPLETIONS) {
    const text = await says('completion', shell);
    if (!text.ok) return text;
    put(tree, path, text.value.stdout);
  }
  return ok(undefined);
};

const putDocuments = (plan: PackagePlan, tree: string, copyright: string): void => {
  const { root, version, epoch, commit, architecture } = plan;
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  for (const name of docs) put(tree, `${DOC}/docs/${name}`, readFileSync(join(root, 'docs', name)));
  put(tree, `${DOC}/README.md`, readFileSync(join(root, 'README.md')));
  for (const name of readdirSync(join(root, 'monitoring')))
    put(tree, `${DOC}/monitoring/${name}`, readFileSync(join(root, 'monitoring', name)));
  link(tree, `${DOC}/examples`, '../../../lib/dualtone/examples');
  put(tree, `${DOC}/changelog.gz`, compressed(changelogOf(version, epoch, commit)));
  put(tree, `${DOC}/copyright`, copyright);
  put(tree, `${DOC}/dualtone.cdx.json`, billOf({ version, architecture, epoch, packages: lockedPackages(root) }));
  put(tree, `${SHARE}/lintian/overrides/dualtone`, readFileSync(join(root, 'packaging/lintian-overrides')));
};

const putUnits = (root: string, tree: string): void => {
  const units = join(root, 'examples/systemd');
  for (const name of readdirSync(units))
    put(tree, `usr/lib/systemd/system/${name}`, packagedUnit(readFileSync(join(units, name), 'utf8')));
};

/** Everything but what only dpkg reads. */
const layOut = async (plan: PackagePlan, tree: string): Promise<Result<void>> => {
  const { root, version, architecture } = plan;
  const runtime = await runtimeFor(architecture, root);
  if (!runtime.ok) return runtime;
  const packages = lockedPackages(root);
  copyProgram(root, join(tree, PROGRAM));
  const named = setVersion(tree, version);
  if (!named.ok) return named;
  const licences = copyDependencies(root, join(tree, PROGRAM), packages);
  put(
    tree,
    `${PROGRAM}/package.json`,
    `${JSON.stringify({ name: 'dualtone', version, private: true, type: 'module' })}\n`,
  );
  const bundled = await bundle(plan, tree);
  if (!bundled.ok) return bundled;
  mkdirSync(join(tree, PROGRAM, 'node_modules/node/bin'), { recursive: true });
  copyFileSync(runtime.value.node, join(tree, PROGRAM, 'node_modules/node/bin/node'));
  chmodSync(join(tree, PROGRAM, 'node_modules/node/bin/node'), 0o755);
  link(tree, `${PROGRAM}/node_modules/.bin/node`, '../node/bin/node');
  link(tree, 'usr/bin/dualtone', '../lib/dualtone/bin/dualtone');
  putDocuments(plan, tree, copyrightOf(packages, licences, runtime.value.licence));
  putUnits(root, tree);
  for (const folder of ['etc/dualtone', 'var/lib/dualtone']) mkdirSync(join(tree, folder), { recursive: true });
  return putSpoken(tree);
};

const MAINTAINER_SCRIPTS = ['preinst', 'postinst', 'prerm', 'postrm'] as const;

const putControl = ({ root, version, architecture, epoch }: PackagePlan, tree: string): void => {
  const kib = installedKib(tree);
  const digests = digestsOf(tree);
  put(tree, 'DEBIAN/control', controlOf(version, architecture, kib));
  put(tree, 'DEBIAN/md5sums', digests);
  for (const name of MAINTAINER_SCRIPTS) {
    const text = readFileSync(join(root, 'packaging/maintainer', name), 'utf8');
    put(tree, `DEBIAN/${name}`, text.replaceAll('@VERSION@', version));
    chmodSync(join(tree, 'DEBIAN', name), 0o755);
  }
  settle(tree, epoch);
  for (const folder of ['etc/dualtone', 'var/lib/dualtone']) chmodSync(join(tree, folder), 0o700);
  for (const folder of ['etc/dualtone', 'var/lib/dualtone', 'etc', 'var/lib', 'var', '.'])
    utimesSync(join(tree, folder), epoch, epoch);
};

/** Read by every Debian. One thread: the same bytes on any machine. */
const COMPRESSION = { small: ['-Zxz', '-z6'], fast: ['-Znone'] } as const;

/** Builds one package. Faults: those of the runtime, `version-unset`, `program-failed`. */
export const buildPackage = async (plan: PackagePlan): Promise<Result<Packed>> => {
  const { folder, version, architecture, epoch, compression } = plan;
  const tree = mkdtempSync(join(tmpdir(), 'dualtone-package-'));
  try {
    const laid = await layOut(plan, tree);
    if (!laid.ok) return laid;
    putControl(plan, tree);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `dualtone_${version}_${architecture}.deb`);
    const fresh = `${path}.${process.pid}`;
    const packed = await runProgram(
      ['dpkg-deb', '--root-owner-group', '--threads-max=1', ...COMPRESSION[compression], '--build', tree, fresh],
      { env: { SOURCE_DATE_EPOCH: String(epoch) } },
    );
    if (!packed.ok) return packed;
    renameSync(fresh, path);
    return ok({ path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') });
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
};
