/**
 * A configuration that was found valid before in this boot is not parsed again: that takes half of an agent's start, and a
 * holder that is restarted has one lease for all of it. Kept in `run-dir`, valid for the same file and the same program only.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeWholeSync } from '../files/whole.ts';

interface Kept {
  readonly stamp: string;
  readonly config: unknown;
  readonly notes: readonly string[];
}

/** The program's own state: its sources may change without a new version. */
const programStamp = (): string => {
  const folders = [join(import.meta.dirname, '..', 'config'), join(import.meta.dirname, '..', 'profiles')];
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name))),
  );
  return files.map((file) => statSync(file).mtimeMs).join(' ');
};

/** Where the file says so at its top level; a wrong guess only costs the time. */
const runDirOf = (text: string): string => /^run-dir:[ \t]*["']?(\/[^"'\s#]+)/m.exec(text)?.[1] ?? '/run/dualtone';

const fileOf = (path: string, text: string): string =>
  join(runDirOf(text), `config-${createHash('sha256').update(path).digest('hex').slice(0, 16)}.json`);

const stampOf = (kind: string, text: string): string =>
  createHash('sha256').update(`${process.version}\0${programStamp()}\0${kind}\0${text}`).digest('hex');

const isKept = (value: unknown): value is Kept =>
  typeof value === 'object' && value !== null && 'stamp' in value && 'config' in value && 'notes' in value;

/** Only what root, or this user, wrote and nobody else could have. */
const isOwn = (file: string): boolean => {
  const { uid, mode } = statSync(file);
  return (uid === 0 || uid === process.getuid?.()) && (mode & 0o077) === 0;
};

/** What was kept for this text, or null. The stamp proves that it is what the parser of this program made of it. */
export const recallConfig = (
  kind: 'node' | 'checkpoint',
  path: string,
): { readonly config: unknown; readonly notes: readonly string[] } | null => {
  try {
    const text = readFileSync(path, 'utf8');
    const file = fileOf(path, text);
    if (!isOwn(file)) return null;
    const kept: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!isKept(kept) || kept.stamp !== stampOf(kind, text)) return null;
    return { config: kept.config, notes: kept.notes };
  } catch {
    return null;
  }
};

/** Keeps a valid configuration for the next start; where that fails, the next start takes longer. */
export const keepConfig = (
  kind: 'node' | 'checkpoint',
  path: string,
  config: { readonly runDir: string },
  notes: readonly string[],
): void => {
  try {
    const text = readFileSync(path, 'utf8');
    const file = fileOf(path, text);
    // Not recursive: its parent is the system's, or this is not the time to make it.
    if (!existsSync(config.runDir)) mkdirSync(config.runDir, { mode: 0o700 });
    const kept: Kept = { stamp: stampOf(kind, text), config, notes };
    writeWholeSync(file, JSON.stringify(kept), { isDurable: false });
  } catch {
    // The start goes on.
  }
};
