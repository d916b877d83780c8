/** A merge on disk: a numbered directory with its plan, what happened, and its report; whole after a loss of power at any point. */
import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import type { WallTime } from '../../core/words.ts';
import { syncFolder, writeWholeSync } from '../../files/whole.ts';
import { type MergeEvent, type MergeState, replay } from './machine.ts';
import type { PartReport } from './part.ts';

export interface MergePlanFile {
  readonly number: number;
  /** Marks in databases and spools what this merge brought. */
  readonly mergeKey: string;
  readonly createdAt: WallTime;
}

export interface StoredMerge extends MergePlanFile {
  readonly directory: string;
  readonly state: MergeState;
  readonly events: readonly MergeEvent[];
  /** The last report of each part. */
  readonly reports: Readonly<Record<string, PartReport>>;
}

export interface MergeStore {
  /** For a preview before there is a merge: never made here. */
  readonly previewDirectory: string;
  /** The oldest first; what is damaged is left out. Faults: `merge-not-kept`. */
  list(): Result<readonly StoredMerge[]>;
  create(now: WallTime): Result<StoredMerge>;
  /** On disk when it returns. */
  append(merge: Pick<StoredMerge, 'directory'>, event: MergeEvent): Result<null>;
  saveReports(merge: Pick<StoredMerge, 'directory'>, reports: StoredMerge['reports']): Result<null>;
  remove(merge: Pick<StoredMerge, 'directory'>): Result<null>;
}

const PLAN = 'plan.json';
const PROGRESS = 'progress.jsonl';
const REPORT = 'report.json';

const notKept = (path: string, error: unknown) =>
  fail(
    'merge-not-kept',
    `What the merge does cannot be kept in ${path}: ${messageOf(error)}.`,
    'Make space on the disk of state-dir, and see its permissions; the merge goes on where it was.',
  );

const guarded = <T>(path: string, act: () => T): Result<T> => {
  try {
    return ok(act());
  } catch (error) {
    return notKept(path, error);
  }
};

const DURABLE = { mode: 0o600, flush: true } as const;

/** A line that was cut off by a loss of power did not happen. */
const parseLines = (text: string): readonly MergeEvent[] =>
  text.split('\n').flatMap((line) => {
    try {
      const event: unknown = JSON.parse(line);
      return typeof event === 'object' && event !== null && 'kind' in event ? [event as MergeEvent] : [];
    } catch {
      return [];
    }
  });

const readOr = (path: string, otherwise: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : otherwise);

const readMerge = (directory: string, number: number): StoredMerge | null => {
  const planText = readOr(join(directory, PLAN), '');
  if (planText === '') return null;
  try {
    const plan = JSON.parse(planText) as MergePlanFile;
    const events = parseLines(readOr(join(directory, PROGRESS), ''));
    const reports = JSON.parse(readOr(join(directory, REPORT), '{}')) as StoredMerge['reports'];
    return {
      number,
      mergeKey: plan.mergeKey,
      createdAt: plan.createdAt,
      directory,
      events,
      state: replay(events),
      reports,
    };
  } catch {
    return null;
  }
};

const numbersIn = (directory: string): readonly number[] =>
  existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => /^[1-9][0-9]{0,8}$/.test(name))
        .map(Number)
        .toSorted((a, b) => a - b)
    : [];

/** `directory`: made when it is missing, mode 0700 like all below it. */
export const createMergeStore = (directory: string): MergeStore => ({
  previewDirectory: join(directory, '.preview'),
  list: () =>
    guarded(directory, () =>
      numbersIn(directory).flatMap((number) => readMerge(join(directory, String(number)), number) ?? []),
    ),
  create: (now) =>
    guarded(directory, () => {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      for (const name of readdirSync(directory))
        if (name.startsWith('.new-')) rmSync(join(directory, name), { recursive: true, force: true });
      const number = (numbersIn(directory).at(-1) ?? 0) + 1;
      const mergeKey = randomUUID();
      const fresh = join(directory, `.new-${mergeKey}`);
      mkdirSync(fresh, { mode: 0o700 });
      const plan: MergePlanFile = { number, mergeKey, createdAt: now };
      writeFileSync(join(fresh, PLAN), `${JSON.stringify(plan)}\n`, { ...DURABLE, flag: 'wx' });
      syncFolder(fresh);
      const final = join(directory, String(number));
      renameSync(fresh, final);
      syncFolder(directory);
      return { ...plan, directory: final, events: [], state: replay([]), reports: {} };
    }),
  append: (merge, event) =>
    guarded(merge.directory, () => {
      const path = join(merge.directory, PROGRESS);
      const torn = existsSync(path) && !/^$|\n$/.test(readFileSync(path, 'utf8').slice(-1));
      appendFileSync(path, `${torn ? '\n' : ''}${JSON.stringify(event)}\n`, DURABLE);
      return null;
    }),
  saveReports: (merge, reports) =>
    guarded(merge.directory, () => {
      writeWholeSync(join(merge.directory, REPORT), `${JSON.stringify(reports, null, 1)}\n`);
      return null;
    }),
  remove: (merge) =>
    guarded(merge.directory, () => {
      // The plan first: a directory without one is no merge, so that a cut leaves nothing half.
      rmSync(join(merge.directory, PLAN), { force: true });
      rmSync(merge.directory, { recursive: true, force: true });
      return null;
    }),
});
