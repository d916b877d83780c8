import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fail, ok, type Result } from '../core/result.ts';

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';

const notWritten = (path: string, error: unknown) =>
  fail(
    'ssh-file-not-written',
    `The file ${path} could not be written (${codeOf(error)}).`,
    'See to its directory, its owner and the space on the disk, or run as root.',
  );

/** The text of a file, null where there is none. Fault: `ssh-file-unreadable`. */
export const readText = (path: string): Result<string | null> => {
  try {
    // Byte for byte: whatever else stands in it must come back the same.
    return ok(readFileSync(path, 'latin1'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ok(null);
    return fail(
      'ssh-file-unreadable',
      `The file ${path} could not be read (${codeOf(error)}).`,
      'See to its owner and mode, or run as root.',
    );
  }
};

const syncDirectory = (path: string): void => {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
};

const writeDurably = (path: string, text: string, mode: number): void => {
  const file = openSync(path, 'wx', mode);
  try {
    writeSync(file, text, null, 'latin1');
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** What a process that died while it replaced this file has left beside it. */
export const sweepBeside = (path: string): void => {
  const folder = dirname(path);
  const isLeft = (name: string): boolean =>
    name.startsWith(`${basename(path)}.dualtone-`) && /^[0-9a-f]{12}$/.test(name.slice(-12));
  try {
    for (const name of readdirSync(folder).filter(isLeft)) unlinkSync(join(folder, name));
  } catch {
    // No such directory: nothing was left in it.
  }
};

const statOrNull = (path: string) => statSync(path, { throwIfNoEntry: false }) ?? null;

/**
 * Replaces a file at once and durably; mode and owner of an existing one stay, a new one gets `mode`. A link is followed,
 * so that it stays a link. `text` is bytes (latin1). Fault: `ssh-file-not-written`.
 */
export const replaceFile = (path: string, text: string, mode: number): Result<void> => {
  let temporary: string | null = null;
  try {
    const old = statOrNull(path);
    const target = old === null ? path : realpathSync(path);
    temporary = `${target}.dualtone-${randomBytes(6).toString('hex')}`;
    writeDurably(temporary, text, 0o600);
    if (old !== null) chownSync(temporary, old.uid, old.gid);
    chmodSync(temporary, old === null ? mode : old.mode & 0o7777);
    renameSync(temporary, target);
    temporary = null;
    syncDirectory(dirname(target));
    return ok(undefined);
  } catch (error) {
    if (temporary !== null && statOrNull(temporary) !== null) unlinkSync(temporary);
    return notWritten(path, error);
  }
};
