/** What a merge of one directory does. Pure: what lay before both, what is here, what is there; a list of actions out. */

import type { RawPath } from '../raw-path.ts';
import { type FileMark, type Manifest, sameMark } from './manifest.ts';

/**
 * `add`: new there, copied here. `replace`: changed there and not here; ours is kept for undo. `delete`: gone there, unchanged here; moved to
 * what is kept for undo. `aside`: changed on both sides; ours stays in force, theirs is kept beside it under another name. `compare`: changed on
 * both, of the same size: `aside` unless they hold the same. `keep`: gone there, changed here; ours stays.
 */
export type FileDeed = 'add' | 'replace' | 'delete' | 'aside' | 'compare' | 'keep';

export interface FileAction {
  readonly path: RawPath;
  readonly deed: FileDeed;
  readonly ours: FileMark | null;
  readonly theirs: FileMark | null;
  /** A person should see it: both sides changed it. */
  readonly conflict: boolean;
}

const settle = (
  before: FileMark | null,
  ours: FileMark | null,
  theirs: FileMark | null,
): [FileDeed, boolean] | null => {
  if (sameMark(theirs, before) || sameMark(theirs, ours)) return null;
  if (theirs === null) return sameMark(ours, before) ? ['delete', false] : ['keep', true];
  if (ours === null) return ['add', before !== null];
  if (sameMark(ours, before)) return ['replace', false];
  const perhapsSame = ours.link === null && theirs.link === null && ours.size === theirs.size;
  return perhapsSame ? ['compare', true] : ['aside', true];
};

/**
 * `merged`: what this merge already took over from there (null: that it was gone); it stands for what lay before both, so that a second pass
 * brings only what is new since the first, and a third nothing.
 */
export const planFiles = (
  before: Manifest,
  ours: Manifest,
  theirs: Manifest,
  merged: ReadonlyMap<RawPath, FileMark | null>,
): readonly FileAction[] => {
  const actions: FileAction[] = [];
  for (const path of new Set([...before.keys(), ...theirs.keys(), ...merged.keys()])) {
    const former = merged.get(path);
    const base = former === undefined ? (before.get(path) ?? null) : former;
    const [own, other] = [ours.get(path) ?? null, theirs.get(path) ?? null];
    const settled = settle(base, own, other);
    if (settled === null) continue;
    const [deed, conflict] = settled;
    actions.push({ path, deed, ours: own, theirs: other, conflict });
  }
  return actions.toSorted((a, b) => (a.path < b.path ? -1 : 1));
};

/** The name beside another under which the standby's version is kept; `copy` from 1. It ends in no known kind of file, so that nothing loads it. */
export const asideName = (path: RawPath, copy: number): RawPath =>
  `${path}.from-standby${copy === 1 ? '' : `-${copy}`}`;
