/**
 * Programs as one file each, made by `npm run build`: loading some 180 modules one by one takes a fifth of a second, and a holder that is
 * restarted has one lease for its whole start. What runs beside it all the time needs up to 10 MB less that way (docs/adr/0036).
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..', '..');

export type BuiltProgram = 'agent' | 'checkpoint' | 'replicator' | 'switcher';

const isStamps = (value: unknown): value is { readonly stampByPath: Readonly<Record<string, string>> } =>
  typeof value === 'object' && value !== null && 'stampByPath' in value;

const stampOf = (path: string): string => {
  const { mtimeMs, size } = statSync(path);
  return `${mtimeMs} ${size}`;
};

/** Where it lies, as a URL; null where there is none, or where a source has changed since it was made. */
export const builtProgram = (name: BuiltProgram, at = root): string | null => {
  const file = join(at, 'dist', name);
  try {
    const kept: unknown = JSON.parse(readFileSync(`${file}.json`, 'utf8'));
    if (!isStamps(kept)) return null;
    const isGood = Object.entries(kept.stampByPath).every(([path, stamp]) => stampOf(join(at, path)) === stamp);
    return isGood ? pathToFileURL(`${file}.mjs`).href : null;
  } catch {
    return null;
  }
};

/** The program from its one file where that is good, otherwise from its sources. */
export const loadProgram = async <T>(name: BuiltProgram, fromSource: () => Promise<T>): Promise<T> => {
  const built = builtProgram(name);
  return built === null ? fromSource() : ((await import(built)) as T);
};
