import { renameSync, writeFileSync } from 'node:fs';

/** Whole or not at all, and on the disk when this returns; readable by nobody else. Throws what the disk throws. */
export const replaceFile = (path: string, text: string): void => {
  writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
};
