/** The working parts of a merge of files: what there is to do, what a cut left, and doing it. */
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../../core/result.ts';
import { isKept, keptBelow } from '../kept.ts';
import { type RawPath, shown } from '../raw-path.ts';
import { perform, prepare, type Site, takeBack, wasDone } from './apply.ts';
import type { LogEntry, MergeLog } from './log.ts';
import { type FileMark, listDirectory, type Manifest } from './manifest.ts';
import type { FileConflict, FileMergeOptions, FileMergeReport, FileMergeSources, MergedPlaces } from './report.ts';
import { type FileAction, planFiles } from './three-way.ts';

/** One merge at work. */
export interface Work extends MergedPlaces {
  readonly sources: FileMergeSources;
  readonly folder: string;
  readonly log: MergeLog;
  readonly warnings: string[];
}

/** So many are logged, then done. */
const BATCH = 50;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);

export const failed = (error: unknown) =>
  fail(
    'files-merge-failed',
    `The merge of files stopped: ${codeOf(error)}.`,
    'See to the disk (space, permissions) and run it again: it goes on where it stopped.',
  );

export const calledOff = () =>
  fail('files-merge-aborted', 'The merge of files was called off.', 'Run it again: it goes on where it stopped.');

const UNKNOWN =
  'What was on the standby when it began to serve is not known: nothing is deleted, and what differs is kept in both versions.';

const NOTHING: Manifest = new Map();

export interface Survey {
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

export const reportOf = (log: MergeLog, left: number, warnings: readonly string[]): FileMergeReport => ({
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

/** What there is to do, and what is to be said about it. */
export const survey = async (work: Work, signal: AbortSignal): Promise<Result<readonly Survey[]>> => {
  const { directories, kept, sources, folder, log, warnings } = work;
  const before = await sources.before(signal);
  if (!before.ok) return before;
  const there = await sources.there(signal);
  if (!there.ok) return there;
  if (before.value === null) warnings.push(UNKNOWN);
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
    const below = keptBelow(kept, directory);
    const actions = planFiles(base, ours.value ?? NOTHING, theirs, mergedOf(log, directory));
    surveys.push({ site, actions: actions.filter(({ path }) => !isKept(below, path)) });
  }
  return ok(surveys);
};

/** Settles what a cut left open: done, or not begun. */
export const recover = ({ directories, folder, log }: Work): void => {
  const open = log.open();
  const isDone = (entry: LogEntry): boolean => {
    const site = siteOf(folder, directories, entry.directory);
    return site !== null && wasDone(site, entry, log);
  };
  const done = new Set(open.filter(isDone));
  log.done(open.filter((entry) => done.has(entry)).map(({ number }) => number));
  log.dropped(open.filter((entry) => !done.has(entry)).map(({ number }) => number));
};

const fetch = async ({ site, actions }: Survey, work: Work, options: FileMergeOptions): Promise<Result<void>> => {
  rmSync(site.staging, { recursive: true, force: true });
  mkdirSync(site.staging, { recursive: true, mode: 0o700 });
  const wanted = actions.some(({ theirs }) => theirs !== null);
  return wanted ? work.sources.fetch(site.directory, site.staging, options) : ok(undefined);
};

const batch = async (site: Site, actions: readonly FileAction[], { log, warnings }: Work): Promise<number> => {
  let left = 0;
  const drafts: Omit<LogEntry, 'number'>[] = [];
  for (const action of actions) {
    const prepared = await prepare(site, action);
    if ('left' in prepared) left += 1;
    else if ('refused' in prepared) warnings.push(`${prepared.refused}; it was not brought.`);
    else drafts.push(prepared);
  }
  const entries = log.write(drafts);
  const failedOnes = entries.filter((entry) => !perform(site, entry, log));
  log.dropped(failedOnes.map(({ number }) => number));
  log.done(entries.filter((entry) => !failedOnes.includes(entry)).map(({ number }) => number));
  return left + failedOnes.length;
};

/** Brings one directory home; how much was left for the next run. */
export const bring = async (one: Survey, work: Work, options: FileMergeOptions): Promise<Result<number>> => {
  const { site, actions } = one;
  const fetched = await fetch(one, work, options);
  if (!fetched.ok) return fetched;
  let left = 0;
  for (let at = 0; at < actions.length; at += BATCH) {
    if (options.signal.aborted) return calledOff();
    left += await batch(site, actions.slice(at, at + BATCH), work);
    options.onProgress({ what: site.directory, done: Math.min(at + BATCH, actions.length), total: actions.length });
  }
  return ok(left);
};

/** Takes all back, the last first. Fault: `files-merge-aborted`. */
export const unbring = (work: Work, { signal, onProgress }: FileMergeOptions): Result<void> => {
  const { directories, folder, log, warnings } = work;
  const entries = log.entries().toReversed();
  for (const [index, entry] of entries.entries()) {
    if (signal.aborted) return calledOff();
    const site = siteOf(folder, directories, entry.directory);
    const text = site === null ? `${entry.directory} is missing here` : takeBack(site, entry, log);
    if (text !== null) warnings.push(text);
    log.dropped([entry.number]);
    onProgress({ what: entry.directory, done: index + 1, total: entries.length });
  }
  return ok(undefined);
};

/** What a run would do. */
export const previewOf = (surveys: readonly Survey[], warnings: readonly string[]): FileMergeReport => {
  const all = surveys.flatMap(({ site, actions }) => actions.map((action) => ({ site, action })));
  const conflicts = all.flatMap(({ site, action }) => {
    const text = previewText(action);
    return text === null ? [] : [{ item: `${site.directory}/${shown(action.path)}`, text }];
  });
  return { count: all.filter(({ action }) => action.deed !== 'keep').length, left: 0, conflicts, warnings };
};
