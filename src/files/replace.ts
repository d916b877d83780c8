/** A file of the system, which others change too: link, owner and mode stay. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, statSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, fail, ok, type Result } from '../core/result.ts';
import { writeWholeSync } from './whole.ts';

const notWritten = (path: string, error: unknown) =>
  fail(
    'file-not-written',
    `The file ${path} could not be written (${codeOf(error)}).`,
    'See to its directory, its owner and the space on the disk, or run as root.',
  );

/** The text of a file, null where there is none. Fault: `file-unreadable`. */
export const readText = (path: string): Result<string | null> => {
  try {
    // Byte for byte: whatever else stands in it must come back the same.
    return ok(readFileSync(path, 'latin1'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ok(null);
    return fail(
      'file-unreadable',
      `The file ${path} could not be read (${codeOf(error)}).`,
      'See to its owner and mode, or run as root.',
    );
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

/**
 * Replaces a file at once and durably; mode and owner of an existing one stay, a new one gets `mode`. A link is followed,
 * so that it stays a link. `text` is bytes (latin1). Fault: `file-not-written`.
 */
export const replaceFile = (path: string, text: string, mode: number): Result<void> => {
  try {
    const old = statSync(path, { throwIfNoEntry: false }) ?? null;
    const target = old === null ? path : realpathSync(path);
    const kept = old === null ? { mode } : { mode: old.mode & 0o7777, owner: { uid: old.uid, gid: old.gid } };
    const fresh = `${target}.dualtone-${randomBytes(6).toString('hex')}`;
    writeWholeSync(target, Buffer.from(text, 'latin1'), { ...kept, fresh });
    return ok(undefined);
  } catch (error) {
    return notWritten(path, error);
  }
};
