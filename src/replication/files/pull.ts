/** Fetches from the standby: directories and files into a staging folder, and the lists that a merge needs. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { SshTarget } from '../../ssh/target.ts';
import { type Manifests, readManifests } from './manifest.ts';
import type { FileMergeOptions, FileMergeSources } from './merge.ts';
import type { RsyncCall } from './rsync.ts';
import { type Transfer, type TransferLimits, transfer } from './transfer.ts';

export interface PullOptions {
  readonly target: SshTarget;
  readonly exclude: readonly string[];
  readonly bandwidthKbps: number;
  readonly silenceMs: Millis;
  readonly timeLimitMs: Millis;
  /** For tests. */
  readonly transfer?: (call: RsyncCall, limits: TransferLimits) => Promise<Result<Transfer>>;
}

const slashed = (path: string): string => (path.endsWith('/') ? path : `${path}/`);

const fetch = (
  options: PullOptions,
  there: readonly string[],
  staging: string,
  compareWith: string | null,
  limits: FileMergeOptions,
): Promise<Result<Transfer>> => {
  const { target, exclude, bandwidthKbps, silenceMs, timeLimitMs } = options;
  const call: RsyncCall = {
    target,
    way: 'pull',
    here: slashed(staging),
    there,
    deletions: false,
    exclude,
    bandwidthKbps,
    silenceMs,
    only: null,
    compareWith,
  };
  return (options.transfer ?? transfer)(call, { ...limits, timeLimitMs });
};

/**
 * Fetches what is in a directory of the other node; what is the same in `compareWith` (size and time) is not fetched. Names within may be
 * anything. Faults: those of `transfer`.
 */
export const pullDirectory = (
  options: PullOptions,
  directory: string,
  staging: string,
  compareWith: string | null,
  limits: FileMergeOptions,
): Promise<Result<Transfer>> => fetch(options, [slashed(directory)], staging, compareWith, limits);

/** Fetches single files (their names of plain letters) into one folder, a hundred at most. Faults: those of `transfer`. */
export const pullFiles = (
  options: PullOptions,
  files: readonly string[],
  staging: string,
  limits: FileMergeOptions,
): Promise<Result<Transfer>> => fetch(options, files, staging, null, limits);

/** The standby's lists, by name in its folder of lists: what was there when it began to serve, and what is there now. */
export const BEFORE_LIST = 'before.jsonl';
export const NOW_LIST = 'now.jsonl';

export interface StandbyOptions extends PullOptions {
  /** The standby's folder of lists; it must be among what it lets be fetched. */
  readonly lists: string;
  /** Asks the standby to write `now.jsonl` afresh (`manifest` and `writeManifests` there). */
  readonly refresh: (signal: AbortSignal) => Promise<Result<void>>;
  /** A folder here for the lists that were fetched. */
  readonly work: string;
}

/** The standby over SSH as what a merge brings home from. */
export const createStandbySources = (options: StandbyOptions): FileMergeSources => {
  const fetchLists = async (signal: AbortSignal): Promise<Result<void>> => {
    rmSync(options.work, { recursive: true, force: true });
    mkdirSync(options.work, { recursive: true, mode: 0o700 });
    const fetched = await pullDirectory(options, options.lists, options.work, null, {
      signal,
      onProgress: () => undefined,
    });
    return fetched.ok ? ok(undefined) : fetched;
  };
  return {
    there: async (signal): Promise<Result<Manifests>> => {
      const refreshed = await options.refresh(signal);
      if (!refreshed.ok) return refreshed;
      const fetched = await fetchLists(signal);
      if (!fetched.ok) return fetched;
      const read = readManifests(join(options.work, NOW_LIST));
      return read.ok ? ok(read.value ?? new Map()) : read;
    },
    before: async (signal) => {
      const fetched = await fetchLists(signal);
      return fetched.ok ? readManifests(join(options.work, BEFORE_LIST)) : fetched;
    },
    fetch: async (directory, staging, limits) => {
      const fetched = await pullDirectory(options, directory, staging, directory, limits);
      return fetched.ok ? ok(undefined) : fetched;
    },
  };
};
