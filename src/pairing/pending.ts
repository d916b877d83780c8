/** Keys of the other node with checkpoints that have not joined yet: kept until they have, and no longer. */
import { rmSync } from 'node:fs';
import { ok, type Result } from '../core/result.ts';
import { replaceFile } from '../files/replace.ts';
import { readText } from './machine.ts';

const KEY = /^dualtone-key-1 [A-Za-z0-9_-]{43}\n$/;

/** Key texts by the checkpoint’s name; none where there is no such file, or an odd one: then they join again. */
export const readPending = (path: string): ReadonlyMap<string, string> => {
  try {
    const read = JSON.parse(readText(path) ?? '{}') as unknown;
    if (typeof read !== 'object' || read === null) return new Map();
    return new Map(
      Object.entries(read).filter((each): each is [string, string] => typeof each[1] === 'string' && KEY.test(each[1])),
    );
  } catch {
    return new Map();
  }
};

/** Faults: those of `replaceFile`. */
export const savePending = (path: string, keyByCheckpoint: ReadonlyMap<string, string>): Result<void> => {
  if (keyByCheckpoint.size > 0) return replaceFile(path, JSON.stringify(Object.fromEntries(keyByCheckpoint)), 0o600);
  rmSync(path, { force: true });
  return ok(undefined);
};
