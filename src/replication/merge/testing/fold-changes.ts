import { createFold, type LoggedChange, type NetChange } from '../rows/fold.ts';

/** As a log is folded; entries may come in any order and more than once: `seq` orders them. */
export const foldChanges = (changes: Iterable<LoggedChange>): readonly NetChange[] => {
  const changeBySeq = new Map<number, LoggedChange>();
  for (const change of changes) changeBySeq.set(change.seq, change);
  const fold = createFold();
  for (const change of [...changeBySeq.values()].toSorted((a, b) => a.seq - b.seq)) fold.add(change);
  return fold.result();
};
