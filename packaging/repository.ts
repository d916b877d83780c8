/** A folder of packages made into a repository that apt reads: `deb [signed-by=KEY] file:/FOLDER ./`. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ok, type Result } from '../src/core/result.ts';
import { writeWholeSync } from '../src/files/whole.ts';
import { callersEnvironment, runProgram } from './program.ts';

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Whole, or as it was: an apt may be reading it. */
const replace = (folder: string, name: string, content: string | Uint8Array): void => {
  const fresh = join(folder, `.${name}.${process.pid}`);
  writeWholeSync(join(folder, name), content, { mode: 0o644, isDurable: false, fresh });
};

const entryOf = async (folder: string, name: string): Promise<Result<string>> => {
  const control = await runProgram(['dpkg-deb', '--field', join(folder, name)]);
  if (!control.ok) return control;
  const content = readFileSync(join(folder, name));
  return ok(
    `${control.value.stdout.trim()}\nFilename: ./${name}\nSize: ${content.length}\nSHA256: ${sha256(content)}\n`,
  );
};

const releaseOf = (
  files: ReadonlyMap<string, string | Uint8Array>,
  architectures: readonly string[],
  epoch: number,
): string => {
  const lines = [...files].map(([name, content]) => ` ${sha256(content)} ${Buffer.byteLength(content)} ${name}`);
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', 'UTC');
  return `Origin: Dualtone\nLabel: Dualtone\nSuite: stable\nArchitectures: ${architectures.join(' ')}\nDate: ${date}\nSHA256:\n${lines.join('\n')}\n`;
};

/** The key's public half, as apt's `signed-by` wants it. */
export const PUBLIC_KEY = 'dualtone.gpg';

const gpg = async (target: string, ...words: readonly string[]): Promise<Result<void>> => {
  const fresh = `${target}.${process.pid}`;
  const made = await runProgram(['gpg', '--batch', '--yes', '--output', fresh, ...words], {
    env: callersEnvironment(),
  });
  if (!made.ok) return made;
  renameSync(fresh, target);
  return ok(undefined);
};

/** With a key of the caller's gpg; without one apt must be told to trust the folder. */
const sign = async (folder: string, key: string | null): Promise<Result<void>> => {
  const [whole, apart, shown] = ['InRelease', 'Release.gpg', PUBLIC_KEY].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  if (key === null) {
    for (const path of [whole, apart, shown]) rmSync(path, { force: true });
    return ok(undefined);
  }
  const release = join(folder, 'Release');
  const by = ['--armor', '--digest-algo', 'SHA512', '--local-user', key];
  const exported = await gpg(shown, '--export', key);
  if (!exported.ok) return exported;
  const inside = await gpg(whole, ...by, '--clearsign', release);
  return inside.ok ? await gpg(apart, ...by, '--detach-sign', release) : inside;
};

/**
 * Writes Packages, Packages.gz, Release and, with a key's fingerprint, its signatures and public half, over all packages of the folder.
 * `epoch`: the time they tell. Fault: `program-failed`.
 */
export const writeRepository = async (folder: string, epoch: number, key: string | null): Promise<Result<number>> => {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.deb'))
    .toSorted();
  const entries: string[] = [];
  for (const name of names) {
    const entry = await entryOf(folder, name);
    if (!entry.ok) return entry;
    entries.push(entry.value);
  }
  const packages = entries.join('\n');
  const files = new Map<string, string | Uint8Array>([
    ['Packages', packages],
    ['Packages.gz', gzipSync(packages, { level: 9 })],
  ]);
  for (const [name, content] of files) replace(folder, name, content);
  const architectures = [...new Set(names.flatMap((name) => /_([a-z0-9]+)\.deb$/.exec(name)?.[1] ?? []))];
  replace(folder, 'Release', releaseOf(files, architectures, epoch));
  const signed = await sign(folder, key);
  return signed.ok ? ok(names.length) : signed;
};
