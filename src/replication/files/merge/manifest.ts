/** What is in a directory: relative names of files and links with size and time. Two of them, and what lay before both, make a merge. */
import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { codeOf, fail, ok, type Result } from '../../../core/result.ts';
import type { WallTime } from '../../../core/words.ts';
import { writeWholeSync } from '../../../files/whole.ts';
import { bytesOf, isRelative, type RawPath, rawOf, rawOfText } from '../raw-path.ts';

/** Two of the same size and time are taken for the same, as rsync does; it carries times over unchanged. */
export interface FileMark {
  readonly size: number;
  readonly mtimeMs: number;
  /** Where a link leads; null for a file. */
  readonly link: RawPath | null;
}

export type Manifest = ReadonlyMap<RawPath, FileMark>;

/** By directory; null: the directory is missing. */
export type Manifests = ReadonlyMap<string, Manifest | null>;

/** Rsync's own staging, and ours. */
const isPassing = (name: RawPath): boolean => name === '.~tmp~' || name.startsWith('.dualtone-merge-');

const markOf = (path: Buffer, found: Stats): FileMark | null => {
  if (found.isFile()) return { size: found.size, mtimeMs: Math.floor(found.mtimeMs), link: null };
  if (!found.isSymbolicLink()) return null;
  return { size: 0, mtimeMs: 0, link: rawOf(readlinkSync(path, { encoding: 'buffer' })) };
};

export const sameMark = (a: FileMark | null, b: FileMark | null): boolean =>
  a === null || b === null ? a === b : a.size === b.size && a.mtimeMs === b.mtimeMs && a.link === b.link;

/** What is at a path now; null when nothing is. Throws on other errors. */
export const lookAt = (path: Buffer): { readonly mark: FileMark | null; readonly stats: Stats } | null => {
  try {
    const stats = lstatSync(path);
    return { mark: markOf(path, stats), stats };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
};

/** So many names without a pause for others. */
const BREATH = 500;

const unreadable = (path: string, error: unknown) =>
  fail(
    'files-directory-unreadable',
    `The directory ${path} could not be read (${codeOf(error)}).`,
    'See to its owner and the disk, or run as root.',
  );

/**
 * Lists one directory; null when it is missing. Names that vanish meanwhile are left out, and with `before` what came or was changed since
 * then (by the kernel's own times). Faults: `files-directory-unreadable`, `files-aborted`.
 */
export const listDirectory = async (
  root: string,
  signal?: AbortSignal,
  before: WallTime = Number.POSITIVE_INFINITY,
): Promise<Result<Manifest | null>> => {
  const found = new Map<RawPath, FileMark>();
  const open: RawPath[] = [''];
  let looked = 0;
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const at = Buffer.concat([bytesOf(rawOfText(root)), Buffer.from('/'), bytesOf(folder)]);
    try {
      for (const entry of readdirSync(at, { withFileTypes: true, encoding: 'buffer' })) {
        const name = rawOf(entry.name);
        if (isPassing(name)) continue;
        if (entry.isDirectory()) {
          open.push(`${folder}${name}/`);
          continue;
        }
        const path = Buffer.concat([at, entry.name]);
        const seen = lookAt(path);
        const mark = seen === null || seen.stats.ctimeMs >= before ? null : seen.mark;
        if (mark !== null) found.set(`${folder}${name}`, mark);
        looked += 1;
        if (looked % BREATH === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') return unreadable(root, error);
      if (folder === '') return ok(null);
    }
    if (signal?.aborted === true) return fail('files-aborted', 'The listing was called off.', 'Nothing to do.');
  }
  return ok(found);
};

/** Lists directories, each by its path. Faults: those of `listDirectory`. */
export const manifest = async (
  directories: readonly string[],
  signal?: AbortSignal,
  before?: WallTime,
): Promise<Result<Manifests>> => {
  const all = new Map<string, Manifest | null>();
  for (const directory of directories) {
    const listed = await listDirectory(directory, signal, before);
    if (!listed.ok) return listed;
    all.set(directory, listed.value);
  }
  return ok(all);
};

/** SHA-256 of a file, hexadecimal; throws when it cannot be read. */
export const digestOf = async (path: Buffer): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
};

const lineOf = (name: RawPath, { size, mtimeMs, link }: FileMark): string =>
  JSON.stringify([name, size, mtimeMs, link]);

/** As the lines of a file; the last tells that it is whole. */
export const printManifests = (manifests: Manifests): string => {
  const lines: string[] = [JSON.stringify({ manifest: 1 })];
  for (const [directory, listed] of manifests) {
    lines.push(JSON.stringify({ directory, missing: listed === null }));
    for (const [name, mark] of listed ?? []) lines.push(lineOf(name, mark));
  }
  return `${[...lines, JSON.stringify({ end: lines.length })].join('\n')}\n`;
};

const malformed = () =>
  fail(
    'files-manifest-malformed',
    'The list of what was in the directories is damaged or of another version.',
    'Run the same version of Dualtone on both nodes; what differs is then kept in both versions.',
  );

const isMarkLine = (read: unknown): read is [string, number, number, string | null] =>
  Array.isArray(read) &&
  typeof read[0] === 'string' &&
  isRelative(read[0]) &&
  Number.isSafeInteger(read[1]) &&
  Number.isSafeInteger(read[2]) &&
  (read[3] === null || typeof read[3] === 'string');

/** Reads what `printManifests` made, from a file or from the other node. Fault: `files-manifest-malformed`. */
export const parseManifests = (text: string): Result<Manifests> => {
  const lines = text.split('\n');
  const all = new Map<string, Map<RawPath, FileMark> | null>();
  let current: Map<RawPath, FileMark> | null = null;
  try {
    if (lines.pop() !== '' || JSON.stringify({ manifest: 1 }) !== lines.shift()) return malformed();
    const { end } = JSON.parse(lines.pop() ?? '') as { readonly end?: unknown };
    if (end !== lines.length + 1) return malformed();
    for (const line of lines) {
      const read: unknown = JSON.parse(line);
      if (isMarkLine(read)) {
        if (current === null) return malformed();
        current.set(read[0], { size: read[1], mtimeMs: read[2], link: read[3] });
        continue;
      }
      const { directory, missing } = read as { readonly directory?: unknown; readonly missing?: unknown };
      if (typeof directory !== 'string') return malformed();
      current = missing === true ? null : new Map();
      all.set(directory, current);
    }
  } catch {
    return malformed();
  }
  return ok(all);
};

/** Written at once; mode 0600. Fault: `files-manifest-not-written`. */
export const writeManifests = (file: string, manifests: Manifests): Result<void> => {
  try {
    writeWholeSync(file, printManifests(manifests));
    return ok(undefined);
  } catch (error) {
    return fail(
      'files-manifest-not-written',
      `The list of files ${file} could not be written (${codeOf(error)}).`,
      'See to the disk of state-dir.',
    );
  }
};

/** Null: there is none. Faults: `files-manifest-malformed`, `files-directory-unreadable`. */
export const readManifests = (file: string): Result<Manifests | null> => {
  try {
    return parseManifests(readFileSync(file, 'utf8'));
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? ok(null) : unreadable(file, error);
  }
};
