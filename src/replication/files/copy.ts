/** One directory to the other node, once: what is missing is a warning, what failed a fault. */
import { realpathSync, statSync } from 'node:fs';
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { SshTarget } from '../../ssh/target.ts';
import { type RawPath, shown } from './raw-path.ts';
import type { RsyncCall } from './rsync.ts';
import type { Transfer, TransferLimits } from './transfer.ts';

export interface FilesDirectory {
  /** The same on both nodes; absolute, of plain letters. */
  readonly path: string;
  /** What is gone here goes there. */
  readonly deletions: boolean;
  /** Below it, left out and left alone: patterns of rsync, besides those of all directories. */
  readonly exclude?: readonly string[];
}

export interface CopyOptions {
  readonly target: SshTarget;
  /** Patterns of rsync that are left out and left alone. */
  readonly exclude: readonly string[];
  readonly bandwidthKbps: number;
  /** Silence of the other side for so long ends a run. */
  readonly silenceMs: Millis;
  readonly transfer: (call: RsyncCall, limits: TransferLimits) => Promise<Result<Transfer>>;
}

/** What a run did to one directory or to all. */
export interface Copied {
  readonly changed: number;
  readonly bytes: number;
  readonly warnings: readonly Fault[];
}

const missing = (path: string): Fault =>
  fail(
    'files-directory-missing',
    `The directory ${path} is missing here and was left out; at the other node it stays as it is.`,
    'Make it, or take it out of streams.files.directories.',
  ).error;

const linksOutside = (path: string, count: number, names: readonly string[]): Fault =>
  fail(
    'files-link-outside',
    `${count === 1 ? 'A link leads' : `${count} links lead`} out of ${path} and did not follow: ${names.slice(0, 3).map(shown).join(', ')}.`,
    'Replicate what it leads to, or exclude the link.',
  ).error;

const realDirectory = (path: string): string | null => {
  try {
    return statSync(path).isDirectory() ? realpathSync(path) : null;
  } catch {
    return null;
  }
};

/** Copies all, or `only` some directories below it. Faults: those of `transfer`. */
export const copyDirectory = async (
  directory: FilesDirectory,
  only: readonly RawPath[] | null,
  options: CopyOptions,
  limits: TransferLimits,
): Promise<Result<Copied>> => {
  const real = realDirectory(directory.path);
  if (real === null) return ok({ changed: 0, bytes: 0, warnings: [missing(directory.path)] });
  const { transfer, ...rest } = options;
  const copied = await transfer(
    {
      ...rest,
      exclude: [...rest.exclude, ...(directory.exclude ?? [])],
      way: 'push',
      here: `${real}/`,
      there: [`${directory.path}/`],
      deletions: directory.deletions,
      only,
      compareWith: null,
    },
    limits,
  );
  if (!copied.ok) return copied;
  const { changed, bytes, unsafeCount, unsafeLinks } = copied.value;
  return ok({
    changed,
    bytes,
    warnings: unsafeCount === 0 ? [] : [linksOutside(directory.path, unsafeCount, unsafeLinks)],
  });
};
