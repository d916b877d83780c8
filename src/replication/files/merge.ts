/** Brings home what the standby's directories got while it served: three-way, repeatable, to be cut off anywhere, undoable. */
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../core/result.ts';
import type { StreamProgress } from '../stream.ts';
import { type FileMark, listDirectory, type Manifest, type Manifests } from './manifest.ts';
import { perform, prepare, type Site, takeBack, wasDone } from './merge-apply.ts';
import { type LogEntry, type MergeLog, openMergeLog } from './merge-log.ts';
import { type RawPath, shown } from './raw-path.ts';
import { type FileAction, planFiles } from './three-way.ts';

export interface FileMergeOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StreamProgress) => void;
}

/** Where the other versions come from. */
export interface FileMergeSources {
  /** What was in the standby's directories when it began to serve; null: not known, and then nothing is deleted. */
  before(): Promise<Result<Manifests | null>>;
  /** What is in them now. */
  there(signal: AbortSignal): Promise<Result<Manifests>>;
  /** Brings what differs of one directory into an empty folder, with times, modes and owners. */
  fetch(directory: string, staging: string, options: FileMergeOptions): Promise<Result<void>>;
}

export interface FileConflict {
  readonly item: string;
  readonly text: string;
}

export interface FileMergeReport {
  /** Files brought or taken away by this merge so far. */
  readonly count: number;
  /** What changed while it was looked at; the next run sees to it. */
  readonly left: number;
  readonly conflicts: readonly FileConflict[];
  readonly warnings: readonly string[];
}

export interface FileMerge {
  preview(options: FileMergeOptions): Promise<Result<FileMergeReport>>;
  run(options: FileMergeOptions): Promise<Result<FileMergeReport>>;
  undo(options: FileMergeOptions): Promise<Result<FileMergeReport>>;
  /** Drops what is kept for undo. */
  forget(): Result<void>;
}

/** So many are logged, then done. */
const BATCH = 50;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);

const failed = (error: unknown) =>
  fail(
    'files-merge-failed',
    `The merge of files stopped: ${codeOf(error)}.`,
    'See to the disk (space, permissions) and run it again: it goes on where it stopped.',
  );

const calledOff = () =>
  fail('files-merge-aborted', 'The merge of files was called off.', 'Run it again: it goes on where it stopped.');

const NOTHING: Manifest = new Map();

interface Survey {
  readonly site: Site;
  readonly actions: readonly FileAction[];
}

const mergedOf = (log: MergeLog, directory: string): ReadonlyMap<RawPath, FileMark | null> =>
  new Map(
    log.entries().flatMap((entry) => (entry.directory === directory ? [[entry.path, entry.theirs] as const] : [])),
  );

const siteOf = (folder: string, directories: readonly string[], directory: string): Site | null => {
  try {
    const staging = join(folder, 'staging', String(directories.indexOf(directory)));
    return { directory, root: realpathSync(directory), staging };
  } catch {
    return null;
  }
};

const counts = (entry: LogEntry): boolean => entry.deed !== 'keep' && entry.deed !== 'same';

const conflictsOf = (entries: readonly LogEntry[]): readonly FileConflict[] =>
  entries.flatMap(({ directory, path, conflict }) =>
    conflict === null ? [] : [{ item: `${directory}/${shown(path)}`, text: conflict }],
  );

const reportOf = (log: MergeLog, left: number, warnings: readonly string[]): FileMergeReport => ({
  count: log.entries().filter(counts).length,
  left,
  conflicts: conflictsOf(log.entries()),
  warnings,
});

const previewText = ({ deed, conflict }: FileAction): string | null => {
  if (!conflict) return null;
  if (deed === 'add') return "deleted on the main and changed on the standby: the standby's would be back";
  if (deed === 'keep') return "deleted on the standby and changed on the main: the main's would stay";
  return "changed on both nodes: the main's would stay, the standby's be kept beside it, unless they hold the same";
};

/** `folder` is the merge's own: its journal and what is kept for undo. It should lie on the same file system as the directories. */
export const createFileMerge = (
  directories: readonly string[],
  sources: FileMergeSources,
  folder: string,
): FileMerge => {
  /** What there is to do, and what is to be said about it. */
  const survey = async (log: MergeLog, signal: AbortSignal, warnings: string[]): Promise<Result<readonly Survey[]>> => {
    const before = await sources.before();
    if (!before.ok) return before;
    const there = await sources.there(signal);
    if (!there.ok) return there;
    if (before.value === null)
      warnings.push(
        'What was on the standby when it began to serve is not known: nothing is deleted, and what differs is kept in both versions.',
      );
    const surveys: Survey[] = [];
    for (const directory of directories) {
      const site = siteOf(folder, directories, directory);
      const theirs = there.value.get(directory) ?? null;
      if (site === null || theirs === null) {
        warnings.push(`${directory} is missing ${site === null ? 'here' : 'on the standby'} and was left as it is.`);
        continue;
      }
      const ours = await listDirectory(site.root, signal);
      if (!ours.ok) return ours;
      const base = before.value?.get(directory) ?? NOTHING;
      surveys.push({ site, actions: planFiles(base, ours.value ?? NOTHING, theirs, mergedOf(log, directory)) });
    }
    return ok(surveys);
  };

  const recover = (log: MergeLog): void => {
    const open = log.open();
    const isDone = (entry: LogEntry): boolean => {
      const site = siteOf(folder, directories, entry.directory);
      return site !== null && wasDone(site, entry, log);
    };
    const done = new Set(open.filter(isDone));
    log.done(open.filter((entry) => done.has(entry)).map(({ number }) => number));
    log.dropped(open.filter((entry) => !done.has(entry)).map(({ number }) => number));
  };

  const fetch = async ({ site, actions }: Survey, options: FileMergeOptions): Promise<Result<void>> => {
    rmSync(site.staging, { recursive: true, force: true });
    mkdirSync(site.staging, { recursive: true, mode: 0o700 });
    const wanted = actions.some(({ theirs }) => theirs !== null);
    return wanted ? sources.fetch(site.directory, site.staging, options) : ok(undefined);
  };

  const apply = async (
    { site, actions }: Survey,
    log: MergeLog,
    warnings: string[],
    options: FileMergeOptions,
  ): Promise<number | null> => {
    let left = 0;
    for (let at = 0; at < actions.length; at += BATCH) {
      if (options.signal.aborted) return null;
      const drafts: Omit<LogEntry, 'number'>[] = [];
      for (const action of actions.slice(at, at + BATCH)) {
        const prepared = await prepare(site, action);
        if ('left' in prepared) left += 1;
        else if ('refused' in prepared) warnings.push(`${prepared.refused}; it was not brought.`);
        else drafts.push(prepared);
      }
      const entries = log.write(drafts);
      const undone = entries.filter((entry) => !perform(site, entry, log));
      left += undone.length;
      log.dropped(undone.map(({ number }) => number));
      log.done(entries.filter((entry) => !undone.includes(entry)).map(({ number }) => number));
      options.onProgress({ what: site.directory, done: Math.min(at + BATCH, actions.length), total: actions.length });
    }
    return left;
  };

  const opened = async <T>(act: (log: MergeLog) => Promise<Result<T>>): Promise<Result<T>> => {
    let log: MergeLog | null = null;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      log = openMergeLog(folder);
      return await act(log);
    } catch (error) {
      return failed(error);
    } finally {
      log?.close();
    }
  };

  const run = (options: FileMergeOptions): Promise<Result<FileMergeReport>> =>
    opened(async (log) => {
      const warnings: string[] = [];
      recover(log);
      const surveyed = await survey(log, options.signal, warnings);
      if (!surveyed.ok) return surveyed;
      let left = 0;
      for (const one of surveyed.value) {
        const fetched = await fetch(one, options);
        if (!fetched.ok) return fetched;
        const remaining = await apply(one, log, warnings, options);
        if (remaining === null) return calledOff();
        left += remaining;
      }
      rmSync(join(folder, 'staging'), { recursive: true, force: true });
      return ok(reportOf(log, left, warnings));
    });

  const undo = ({ signal, onProgress }: FileMergeOptions): Promise<Result<FileMergeReport>> =>
    opened(async (log) => {
      const warnings: string[] = [];
      recover(log);
      const entries = log.entries().toReversed();
      for (const [index, entry] of entries.entries()) {
        if (signal.aborted) return calledOff();
        const site = siteOf(folder, directories, entry.directory);
        const text = site === null ? `${entry.directory} is missing here` : takeBack(site, entry, log);
        if (text !== null) warnings.push(text);
        log.dropped([entry.number]);
        onProgress({ what: entry.directory, done: index + 1, total: entries.length });
      }
      return ok(reportOf(log, 0, warnings));
    });

  return {
    preview: ({ signal }) =>
      opened(async (log) => {
        const warnings: string[] = [];
        const surveyed = await survey(log, signal, warnings);
        if (!surveyed.ok) return surveyed;
        const all = surveyed.value.flatMap(({ site, actions }) => actions.map((action) => ({ site, action })));
        const conflicts = all.flatMap(({ site, action }) => {
          const text = previewText(action);
          return text === null ? [] : [{ item: `${site.directory}/${shown(action.path)}`, text }];
        });
        return ok({ count: all.filter(({ action }) => action.deed !== 'keep').length, left: 0, conflicts, warnings });
      }),
    run,
    undo,
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
