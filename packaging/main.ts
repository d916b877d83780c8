/**
 * `npm run -s package`: dist/packages/ gets dualtone_VERSION_amd64.deb and _arm64.deb, and what an apt needs to install from there.
 * Options: `--arch NAME`, one of them; `--version V`, another than package.json's; `--out FOLDER`; `--fast`, for tests; `--sign KEY`, a key
 * of gpg that signs the repository.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fail, ok, type Result } from '../src/core/result.ts';
import { buildPackage } from './build.ts';
import { runProgram } from './program.ts';
import { writeRepository } from './repository.ts';
import { ARCHITECTURES, type Architecture, isArchitecture } from './runtime.ts';

const root = join(import.meta.dirname, '..');

/** As Debian compares them, without an epoch or a revision: the package is its own source. */
const VERSION = /^\d[0-9A-Za-z.+~]*$/;

interface Wanted {
  readonly architectures: readonly Architecture[];
  readonly version: string;
  readonly folder: string;
  readonly compression: 'small' | 'fast';
  readonly key: string | null;
}

const usage = (message: string) => fail('usage', message, 'See the head of packaging/main.ts.');

const wantedOf = (argv: readonly string[]): Result<Wanted> => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      arch: { type: 'string', multiple: true },
      version: { type: 'string' },
      out: { type: 'string' },
      fast: { type: 'boolean' },
      sign: { type: 'string' },
    },
  });
  const named = values.arch ?? ARCHITECTURES;
  const architectures = named.filter(isArchitecture);
  if (architectures.length < named.length) return usage(`There are ${ARCHITECTURES.join(' and ')}.`);
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  const version = values.version ?? own.version;
  if (!VERSION.test(version)) return usage('That is no version.');
  return ok({
    architectures,
    version,
    folder: resolve(values.out ?? join(root, 'dist', 'packages')),
    compression: values.fast === true ? 'fast' : 'small',
    key: values.sign ?? null,
  });
};

/** The commit, and its time, which is that of everything in the package. */
const sourceOf = async (): Promise<Result<{ readonly commit: string; readonly epoch: number }>> => {
  const shown = await runProgram(['git', '-C', root, 'log', '-1', '--format=%h %ct']);
  if (!shown.ok) return shown;
  const [commit = '', time = ''] = shown.value.stdout.trim().split(' ');
  return ok({ commit, epoch: Number(process.env['SOURCE_DATE_EPOCH'] ?? time) });
};

const packAll = async (argv: readonly string[], say: (line: string) => void): Promise<Result<void>> => {
  const wanted = wantedOf(argv);
  if (!wanted.ok) return wanted;
  const source = await sourceOf();
  if (!source.ok) return source;
  const page = await runProgram([process.execPath, join(root, 'scripts/build-page.mjs')]);
  if (!page.ok) return page;
  const { architectures, version, folder, compression, key } = wanted.value;
  for (const architecture of architectures) {
    const packed = await buildPackage({ root, architecture, version, folder, compression, ...source.value });
    if (!packed.ok) return packed;
    say(`${packed.value.sha256}  ${packed.value.path}`);
  }
  const written = await writeRepository(folder, source.value.epoch, key);
  if (!written.ok) return written;
  say(`deb [${key === null ? 'trusted=yes' : 'signed-by=/etc/apt/keyrings/dualtone.gpg'}] file:${folder} ./`);
  return ok(undefined);
};

const done = await packAll(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`));
if (!done.ok) {
  process.stderr.write(`${done.error.message}\n${done.error.remedy}\n`);
  process.exitCode = done.error.code === 'usage' ? 2 : 1;
}
