/** Brings home what the standby's directories got while it served: three-way, repeatable, to be cut off anywhere, undoable. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../../core/result.ts';
import { openMergeLog } from './log.ts';
import type { FileMergeOptions, FileMergeReport, FileMergeSources, MergedPlaces } from './report.ts';
import { bring, failed, previewOf, recover, reportOf, survey, unbring, type Work } from './run.ts';

export interface FileMerge {
  preview(options: FileMergeOptions): Promise<Result<FileMergeReport>>;
  run(options: FileMergeOptions): Promise<Result<FileMergeReport>>;
  undo(options: FileMergeOptions): Promise<Result<FileMergeReport>>;
  /** What was done so far. */
  report(): Promise<Result<FileMergeReport>>;
  /** Drops what is kept for undo. */
  forget(): Result<void>;
}

/**
 * `folder` is the merge's own: its journal, what is kept for undo, and for a while what was fetched. Where it lies on the file system of
 * the directories nothing is copied twice.
 */
export const createFileMerge = (places: MergedPlaces, sources: FileMergeSources, folder: string): FileMerge => {
  const opened = async <T>(act: (work: Work) => Promise<Result<T>> | Result<T>): Promise<Result<T>> => {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const log = openMergeLog(folder);
      try {
        return await act({ ...places, sources, folder, log, warnings: [] });
      } finally {
        log.close();
      }
    } catch (error) {
      return failed(error);
    }
  };
  return {
    preview: ({ signal }) =>
      opened(async (work) => {
        const surveyed = await survey(work, signal);
        return surveyed.ok ? ok(previewOf(surveyed.value, work.warnings)) : surveyed;
      }),
    run: (options) =>
      opened(async (work) => {
        recover(work);
        const surveyed = await survey(work, options.signal);
        if (!surveyed.ok) return surveyed;
        let left = 0;
        for (const one of surveyed.value) {
          const brought = await bring(one, work, options);
          if (!brought.ok) return brought;
          left += brought.value;
        }
        rmSync(join(folder, 'staging'), { recursive: true, force: true });
        return ok(reportOf(work.log, left, work.warnings));
      }),
    undo: (options) =>
      opened((work) => {
        recover(work);
        const taken = unbring(work, options);
        return taken.ok ? ok(reportOf(work.log, 0, work.warnings)) : taken;
      }),
    report: () => opened(({ log }) => ok(reportOf(log, 0, []))),
    forget: () => {
      try {
        rmSync(folder, { recursive: true, force: true });
        return ok(undefined);
      } catch (error) {
        return failed(error);
      }
    },
  };
};
