/** A small JSON file that only root reads, replaced whole or not at all. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { fail, ok, type Result } from '../../core/result.ts';

export interface KeptFile<T> {
  /** Read again where it changed. Fault: `web-file-damaged`. */
  read(): Result<T>;
  /** Fault: `web-file-not-written`. */
  write(value: T): Result<void>;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What was renamed in a folder is there after a loss of power. */
export const syncFolder = (path: string): void => {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** `empty` stands for a file that is not there. */
export const createKeptFile = <T>(path: string, schema: z.ZodType<T>, empty: T): KeptFile<T> => {
  let kept: { readonly stamp: string; readonly value: T } | null = null;
  const stampNow = (): string => {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  };
  return {
    read: () => {
      try {
        if (!existsSync(path)) return ok(empty);
        const stamp = stampNow();
        if (kept?.stamp === stamp) return ok(kept.value);
        const value = schema.parse(JSON.parse(readFileSync(path, 'utf8')));
        kept = { stamp, value };
        return ok(value);
      } catch (error) {
        const why = error instanceof SyntaxError || !(error instanceof Error) ? 'it is damaged' : messageOf(error);
        return fail(
          'web-file-damaged',
          `The file ${path} cannot be read: ${why.slice(0, 200)}.`,
          'Restore it from a backup, or move it away and add the users again with `dualtone user add`.',
        );
      }
    },
    write: (value) => {
      try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 1)}\n`, { mode: 0o600, flush: true });
        renameSync(`${path}.new`, path);
        syncFolder(dirname(path));
        return ok(undefined);
      } catch (error) {
        return fail(
          'web-file-not-written',
          `The file ${path} cannot be written: ${messageOf(error)}.`,
          'Run as root, and see to the space on the disk.',
        );
      }
    },
  };
};
