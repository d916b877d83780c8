import { statSync, truncateSync, unlinkSync } from 'node:fs';
import { BEGINNING, type Place, wrongWith } from './chain.ts';
import { listSegments, readHead, readSegment } from './segment.ts';

/** Where a writer goes on. */
export interface Recovered {
  readonly last: Place;
  /** The segment to append to, and its length; null: begin a new one. */
  readonly open: { readonly path: string; readonly size: number } | null;
  /** What a person should hear; null as a rule. */
  readonly note: string | null;
}

/** Follows the chain through one segment: how many lines hold, and where that ends. */
const follow = (
  path: string,
  from: Place | null,
): { readonly last: Place; readonly end: number; readonly whole: boolean } | null => {
  const { header, lines, offsets, size } = readSegment(path);
  if (header === null || (from !== null && (header.seq !== from.seq || header.hash !== from.hash))) return null;
  let last: Place = header;
  let good = 0;
  for (const line of lines) {
    if (wrongWith(line, last) !== null || line === null) break;
    last = line;
    good += 1;
  }
  const end = offsets[good] ?? size;
  return { last, end, whole: end === size };
};

/**
 * Finds the end of the chain. What a kill or a power loss cut off was never said to be on disk, and is removed. Anything else that is
 * wrong stays as it is for `verify` to name, and a new segment goes on after it. Throws what the file system throws.
 */
export const recover = (directory: string): Recovered => {
  const head = readHead(directory);
  const newest = listSegments(directory).at(-1);
  if (newest === undefined)
    return { last: head ?? BEGINNING, open: null, note: head === null ? null : 'all entries of the journal are gone' };
  const found = follow(newest.path, null);
  if (found === null) {
    const empty = statSync(newest.path).size === 0 || (head !== null && newest.firstSeq > head.seq);
    if (empty) {
      unlinkSync(newest.path);
      return recover(directory);
    }
    const last = head ?? { seq: newest.firstSeq, hash: BEGINNING.hash };
    return {
      last,
      open: null,
      note: `${newest.path} is damaged: it stays as it is, and \`journal verify\` names the place`,
    };
  }
  if (found.whole) return { last: found.last, open: { path: newest.path, size: found.end }, note: null };
  if (head === null || found.last.seq >= head.seq) {
    truncateSync(newest.path, found.end);
    return { last: found.last, open: { path: newest.path, size: found.end }, note: null };
  }
  return {
    last: head,
    open: null,
    note: `entry ${found.last.seq + 1} of the journal is damaged: it stays as it is, and a new segment goes on after entry ${head.seq}`,
  };
};
