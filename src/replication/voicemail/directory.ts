/** Folders by descriptor: whoever may write in the spool cannot lead a process of root out of it by a symbolic link. */
import { closeSync, constants, type Dirent, openSync, readdirSync, type Stats, statSync } from 'node:fs';
import { type Fault, fail } from '../../core/result.ts';

/** An open folder. Names below it are reached through its descriptor, whatever happens to its path. */
export interface Directory {
  /** For people. */
  readonly path: string;
  /** The folder itself, or an entry of it, as a path that no renaming or linking above it can turn elsewhere. */
  at(name?: string): string;
  stat(): Stats;
  /** What it holds, in no order. */
  entries(): readonly Dirent[];
  close(): void;
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

export const errnoOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

const wrap = (fd: number, path: string): Directory => {
  const own = `/proc/self/fd/${fd}`;
  return {
    path,
    at: (name) => (name === undefined ? own : `${own}/${name}`),
    // With the slash the folder, not the link in /proc.
    stat: () => statSync(`${own}/`),
    entries: () => readdirSync(`${own}/`, { withFileTypes: true }),
    close: () => closeSync(fd),
  };
};

/** Opens a folder by its path; throws as `openSync` does. The last part may be a link: it is configured, not found. */
export const openDirectory = (path: string): Directory => wrap(openSync(path, O_RDONLY | O_DIRECTORY), path);

/** Opens a folder of a folder, never through a link. Null: there is none. Throws ELOOP or ENOTDIR for a link or a file. */
export const openBelow = (parent: Directory, name: string): Directory | null => {
  try {
    return wrap(openSync(parent.at(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW), `${parent.path}/${name}`);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
};

/** Runs with an open folder, and closes it. */
export const within = async <T>(directory: Directory, act: (directory: Directory) => T | Promise<T>): Promise<T> => {
  try {
    return await act(directory);
  } finally {
    directory.close();
  }
};

const hostile = /[\p{Cc}\ufffd/]/u;

/** A name that may be a context or mailbox: one part, printable, no hidden one. */
export const isPlainName = (name: string): boolean =>
  name !== '' && name.length <= 255 && !name.startsWith('.') && !hostile.test(name);

/** A name as it may be shown: control characters and bytes that are no UTF-8 as `?`, cut at 80. */
export const shown = (name: string): string => name.replaceAll(new RegExp(hostile, 'gu'), '?').slice(0, 80);

export const strange = (path: string, what: string): Fault =>
  fail(
    'voicemail-strange-entry',
    `The voicemail spool holds ${path}, which is ${what}; it is left alone.`,
    'Look at it, and remove it if nobody knows it.',
  ).error;
