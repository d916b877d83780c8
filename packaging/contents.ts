/** Which files of the repository, and of the packages it runs with, are in the package: what runs, and what a person reads. */
import {
  chmodSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { LockedPackage } from './lock.ts';

/** Folders of the program, as they lie in the repository. The lab stays there: it needs the repository itself. */
const PROGRAM_FOLDERS = ['bin', 'src', 'sim', 'examples'] as const;

/** Sources that nothing loads at run time: tests, and the page, of which only what was built is served. */
const isLeftOut = (path: string): boolean =>
  /\.(test|test-support)\.ts$/.test(path) ||
  /(^|\/)testing(\/|$)/.test(path) ||
  /^sim\/(scenarios\/.*\.txt|.*\.md)$/.test(path) ||
  (/^src\/web\/page\/./.test(path) && !/^src\/web\/page\/dist(\/|$)/.test(path));

export const isOfProgram = (path: string): boolean =>
  PROGRAM_FOLDERS.some((folder) => path === folder || path.startsWith(`${folder}/`)) && !isLeftOut(path);

/** Folders beside a package's code that its code does not load. Deeper ones of these names are code: yaml has one called doc. */
const IDLE_FOLDERS =
  /^(test|tests|__tests__|integration|examples?|bench(marks?)?|docs?|types|scripts|fixtures|node_modules)$/;
const LICENCE = /^(licen[cs]e|copying)/i;
/** A program of its own, for whoever installs that package to be called. */
const PROGRAM = /^bin(\/|\.[cm]?js$)/;
const LOADED = /\.(js|cjs|mjs|json)$/;

/** `path`: within the package's own folder. Its licence is in the copyright file of ours. */
export const isOfDependency = (path: string): boolean => {
  const parts = path.split('/');
  const [first = '', file = ''] = [parts[0], parts.at(-1)];
  if ((parts.length > 1 && IDLE_FOLDERS.test(first)) || PROGRAM.test(path)) return false;
  if (parts.some((part) => part.startsWith('.'))) return false;
  return LOADED.test(file) && !/^(eslint|karma|rollup|jest|tsconfig)/.test(file) && !LICENCE.test(file);
};

/** Paths of all regular files, below the folder, in one order on every machine. Links are not followed. */
export const filesBelow = (folder: string, below = ''): readonly string[] =>
  readdirSync(join(folder, below), { withFileTypes: true })
    .flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) return filesBelow(folder, path);
      return entry.isFile() ? [path] : [];
    })
    .toSorted();

const copy = (from: string, to: string): void => {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
};

/** Nothing that others wrote is started by itself. */
const copyPlain = (from: string, to: string): void => {
  copy(from, to);
  chmodSync(to, 0o644);
};

/** One program by several names: the links of `bin`, each to its neighbour. */
export const namesIn = (root: string): readonly (readonly [name: string, target: string])[] =>
  readdirSync(join(root, 'bin'), { withFileTypes: true })
    .filter((entry) => entry.isSymbolicLink())
    .map(({ name }) => [name, readlinkSync(join(root, 'bin', name))] as const);

/** Copies the program into `place`. */
export const copyProgram = (root: string, place: string): void => {
  for (const folder of PROGRAM_FOLDERS)
    for (const path of filesBelow(join(root, folder)).map((file) => `${folder}/${file}`))
      if (isOfProgram(path)) copy(join(root, path), join(place, path));
  for (const [name, target] of namesIn(root)) symlinkSync(target, join(place, 'bin', name));
};

/** Copies what the program runs with; returns the text of each licence, by package. */
export const copyDependencies = (
  root: string,
  place: string,
  packages: readonly LockedPackage[],
): ReadonlyMap<string, string> => {
  const licences = new Map<string, string>();
  for (const { place: folder, name } of packages) {
    const files = filesBelow(join(root, folder));
    for (const path of files) if (isOfDependency(path)) copyPlain(join(root, folder, path), join(place, folder, path));
    const licence = files.find((path) => !path.includes('/') && LICENCE.test(basename(path)));
    if (licence !== undefined) licences.set(name, join(root, folder, licence));
  }
  return licences;
};

/** Modes that do not come from this machine's umask, and one time for everything: what is built twice is the same twice. */
export const settle = (place: string, epoch: number): void => {
  const visit = (path: string): void => {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) {
      lutimesSync(path, epoch, epoch);
      return;
    }
    if (stat.isDirectory()) {
      for (const name of readdirSync(path)) visit(join(path, name));
      chmodSync(path, 0o755);
    } else chmodSync(path, (stat.mode & 0o100) === 0 ? 0o644 : 0o755);
    utimesSync(path, epoch, epoch);
  };
  visit(place);
};

/** What the unpacked files take, in KiB, each rounded up, as Debian counts. */
export const installedKib = (place: string): number =>
  filesBelow(place).reduce((kib, path) => kib + Math.ceil(statSync(join(place, path)).size / 1024), 0);
