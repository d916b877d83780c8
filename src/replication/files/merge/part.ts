/** Files as a part of a merge. */
import { join } from 'node:path';
import { ok, type Result } from '../../../core/result.ts';
import { countText, type MergeIdentity, type MergePart, type PartPreview, type PartReport } from '../../merge/part.ts';
import { createFileMerge, type FileMerge } from './merge.ts';
import type { FileMergeReport, FileMergeSources, MergedPlaces } from './report.ts';

const whatOf = ({ count }: FileMergeReport): string => countText(count, 'file', 'files');

const asPreview = (report: FileMergeReport): PartPreview => {
  const { count, conflicts, warnings } = report;
  return { part: 'files', count, what: whatOf(report), conflicts, pending: [], warnings };
};

const asReport = (report: FileMergeReport): PartReport => {
  const { count, left, conflicts, warnings } = report;
  return { part: 'files', count, left, what: whatOf(report), conflicts, pending: [], refused: [], warnings };
};

const mapped = <A, B>(result: Result<A>, map: (value: A) => B): Result<B> =>
  result.ok ? ok(map(result.value)) : result;

/** Recordings, sounds and whatever else lies in these directories of both nodes. */
export const createFilesPart = (places: MergedPlaces, sources: FileMergeSources): MergePart => {
  const mergeOf = ({ directory }: MergeIdentity): FileMerge =>
    createFileMerge(places, sources, join(directory, 'files'));
  return {
    name: 'files',
    preview: async (merge, options) => mapped(await mergeOf(merge).preview(options), asPreview),
    // When all is settled the standby may have been overwritten: nothing can come from there any more.
    run: async (merge, options) =>
      merge.settled
        ? mapped(await mergeOf(merge).report(), asReport)
        : mapped(await mergeOf(merge).run(options), asReport),
    undo: async (merge, options) => mapped(await mergeOf(merge).undo(options), asReport),
    // A later merge begins from a new list of what lay before.
    settle: () => Promise.resolve(ok(null)),
    forget: (merge) => Promise.resolve(mapped(mergeOf(merge).forget(), () => null)),
  };
};
