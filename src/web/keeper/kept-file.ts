/** A small JSON file that only root reads, replaced whole or not at all. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { z } from 'zod';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { writeWholeSync } from '../../files/whole.ts';

export interface KeptFile<T> {
  /** Read again where it changed. Fault: `web-file-damaged`. */
  read(): Result<T>;
  /** Fault: `web-file-not-written`. */
  write(value: T): Result<void>;
}

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
        writeWholeSync(path, `${JSON.stringify(value, null, 1)}\n`, { folderMode: 0o700 });
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
