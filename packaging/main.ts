/**
 * `npm run -s package`: dist/packages/ gets dualtone_VERSION_amd64.deb and _arm64.deb, and what an apt needs to install from there.
 * Options: `--arch NAME`, one of them; `--version V`, another than package.json's; `--out FOLDER`; `--fast`, for tests; `--sign KEY`, a key
 * of your gpg that signs the repository; `--lintian`, which holds each package against Debian's rules: an error or a warning fails.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fail, ok, type Result } from '../src/core/result.ts';
import { buildPackage } from './build.ts';
import { signingKey } from './key.ts';
import { runProgram } from './program.ts';
import { PUBLIC_KEY, writeRepository } from './repository.ts';
import { ARCHITECTURES, type Architecture, isArchitecture } from './runtime.ts';

const root = join(import.meta.dirname, '..');

const KEYRING = '/etc/apt/keyrings/dualtone.gpg';

/** As Debian compares them, without an epoch or a revision: the package is its own source. */
const VERSION = /^\d[0-9A-Za-z.+~]*$/;

interface Wanted {
  readonly architectures: readonly Architecture[];
  readonly version: string;
  readonly folder: string;
  readonly compression: 'small' | 'fast';
  /** Its fingerprint. */
  readonly key: string | null;
  readonly isHeldAgainstRules: boolean;
}

const usage = (message: string) => fail('usage', message, 'See the head of packaging/main.ts.');

const wantedOf = async (argv: readonly string[]): Promise<Result<Wanted>> => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      arch: { type: 'string', multiple: true },
      version: { type: 'string' },
      out: { type: 'string' },
      fast: { type: 'boolean' },
      sign: { type: 'string' },
      lintian: { type: 'boolean' },
    },
  });
  const named = values.arch ?? ARCHITECTURES;
  const architectures = named.filter(isArchitecture);
  if (architectures.length < named.length) return usage(`There are ${ARCHITECTURES.join(' and ')}.`);
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  const version = values.version ?? own.version;
  if (!VERSION.test(version)) return usage('That is no version.');
  if (values.fast === true && values.lintian === true)
    return usage(
      'What --fast packs is not compressed, which Debian’s rules forbid: leave one of --fast and --lintian out.',
    );
  const key = values.sign === undefined ? ok(null) : await signingKey(values.sign);
  if (!key.ok) return key;
  return ok({
    architectures,
    version,
    folder: resolve(values.out ?? join(root, 'dist', 'packages')),
    compression: values.fast === true ? 'fast' : 'small',
    key: key.value,
    isHeldAgainstRules: values.lintian === true,
  });
};

/** The commit, and its time, which is that of everything in the package. */
const sourceOf = async (): Promise<Result<{ readonly commit: string; readonly epoch: number }>> => {
  const shown = await runProgram(['git', '-C', root, 'log', '-1', '--format=%h %ct']);
  if (!shown.ok) return shown;
  const [commit = '', time = ''] = shown.value.stdout.trim().split(' ');
  return ok({ commit, epoch: Number(process.env['SOURCE_DATE_EPOCH'] ?? time) });
};

/** Debian's own rules, with what packaging/lintian-overrides says of the rest. Half a minute of a core for each. */
const holdAgainstRules = async (path: string): Promise<Result<unknown>> =>
  await runProgram(['lintian', '--allow-root', '--profile', 'debian', '--fail-on', 'error,warning', path]);

/** What a person does with the folder; the last line is one of apt's sources. */
const directions = (folder: string, key: string | null): readonly string[] =>
  key === null
    ? [`Not signed: apt trusts whoever can write there.`, `deb [trusted=yes] file:${folder} ./`]
    : [
        `Signed by ${key}. On each server, as root: install -D -m 644 ${folder}/${PUBLIC_KEY} ${KEYRING}`,
        `deb [signed-by=${KEYRING}] file:${folder} ./`,
      ];

const packAll = async (argv: readonly string[], say: (line: string) => void): Promise<Result<void>> => {
  const wanted = await wantedOf(argv);
  if (!wanted.ok) return wanted;
  const source = await sourceOf();
  if (!source.ok) return source;
  const page = await runProgram([process.execPath, join(root, 'scripts/build-page.mjs')]);
  if (!page.ok) return page;
  const { architectures, version, folder, compression, key, isHeldAgainstRules } = wanted.value;
  for (const architecture of architectures) {
    const packed = await buildPackage({ root, architecture, version, folder, compression, ...source.value });
    if (!packed.ok) return packed;
    say(`${packed.value.sha256}  ${packed.value.path}`);
    const held = isHeldAgainstRules ? await holdAgainstRules(packed.value.path) : ok(undefined);
    if (!held.ok) return held;
  }
  const written = await writeRepository(folder, source.value.epoch, key);
  if (!written.ok) return written;
  for (const line of directions(folder, key)) say(line);
  return ok(undefined);
};

const done = await packAll(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`));
if (!done.ok) {
  process.stderr.write(`${done.error.message}\n${done.error.remedy}\n`);
  process.exitCode = done.error.code === 'usage' ? 2 : 1;
}
