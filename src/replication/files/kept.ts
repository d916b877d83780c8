/** Files and directories that each node keeps as its own, below a directory that follows and comes home (`streams.keep-paths`). */
import { type RawPath, rawOfText } from './raw-path.ts';

const plain = (path: string): string => path.replace(/\/+$/, '');

/** Relative to `directory`, those of them that lie below it; all are absolute. */
export const keptBelow = (kept: readonly string[], directory: string): readonly string[] => {
  const above = `${plain(directory)}/`;
  return kept.map(plain).flatMap((path) => (path.startsWith(above) ? [path.slice(above.length)] : []));
};

/** For rsync: anchored at the directory, and to the letter. */
export const keptPatterns = (below: readonly string[]): readonly string[] =>
  // A backslash is a letter where nothing in a pattern stands for others.
  below.map((name) => `/${/[*?[]/.test(name) ? name.replaceAll(/[\\*?[]/g, String.raw`\$&`) : name}`);

/** `path`: relative to the same directory. */
export const isKept = (below: readonly string[], path: RawPath): boolean =>
  below.map(rawOfText).some((name) => path === name || path.startsWith(`${name}/`));
