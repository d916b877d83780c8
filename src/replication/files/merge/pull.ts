/** Fetches from the standby: directories and files into a staging folder, and the lists that a merge needs. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../../core/result.ts';
import type { Millis } from '../../../core/words.ts';
import type { SshTarget } from '../../../ssh/target.ts';
import { keptBelow, keptPatterns } from '../kept.ts';
import type { RsyncCall } from '../rsync.ts';
import { type Transfer, type TransferLimits, transfer } from '../transfer.ts';
import { type Manifests, readManifests } from './manifest.ts';
import type { FileMergeOptions, FileMergeSources } from './report.ts';

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

interface Wanted {
  readonly there: readonly string[];
  readonly staging: string;
  readonly compareWith?: string | null;
  readonly linkWith?: string;
  readonly deletions?: boolean;
}

const fetch = (options: PullOptions, wanted: Wanted, limits: FileMergeOptions): Promise<Result<Transfer>> => {
  const { target, exclude, bandwidthKbps, silenceMs, timeLimitMs } = options;
  const { there, staging, compareWith = null, linkWith, deletions = false } = wanted;
  const call: RsyncCall = {
    target,
    way: 'pull',
    here: slashed(staging),
    there,
    deletions,
    exclude,
    bandwidthKbps,
    silenceMs,
    only: null,
    compareWith,
    ...(linkWith === undefined ? {} : { linkWith }),
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
): Promise<Result<Transfer>> => fetch(options, { there: [slashed(directory)], staging, compareWith }, limits);

/**
 * Makes `copy` what a directory of the other node is; what is the same in `linkWith`, on the same file system, is linked and not fetched.
 * Faults: those of `transfer`.
 */
export const mirrorDirectory = (
  options: PullOptions,
  directory: string,
  copy: string,
  linkWith: string,
  limits: FileMergeOptions,
): Promise<Result<Transfer>> =>
  fetch(options, { there: [slashed(directory)], staging: copy, linkWith, deletions: true }, limits);

/** The standby's lists, by name in its folder of lists: what was there when it began to serve, and what is there now. */
export const BEFORE_LIST = 'before.jsonl';
export const NOW_LIST = 'now.jsonl';

export interface StandbyOptions extends PullOptions {
  /**
   * Asks the standby for its folder of lists, with `now` also to write `now.jsonl` afresh (`manifest` and `writeManifests` there). The
   * folder must be among what it lets be fetched.
   */
  readonly lists: (now: boolean, signal: AbortSignal) => Promise<Result<string>>;
  /** Absolute; what lies there is not fetched: it is the other node's own. */
  readonly kept: readonly string[];
  /** A folder here for the lists that were fetched. */
  readonly work: string;
}

/** The standby over SSH as what a merge brings home from. */
export const createStandbySources = (options: StandbyOptions): FileMergeSources => {
  const fetchLists = async (signal: AbortSignal): Promise<Result<void>> => {
    const lists = await options.lists(true, signal);
    if (!lists.ok) return lists;
    rmSync(options.work, { recursive: true, force: true });
    mkdirSync(options.work, { recursive: true, mode: 0o700 });
    const limits = { signal, onProgress: () => undefined };
    const fetched = await pullDirectory(options, lists.value, options.work, null, limits);
    return fetched.ok ? ok(undefined) : fetched;
  };
  /** Both lists come by one way; who asks for the one has the other for the next question. */
  let isFresh = false;
  return {
    there: async (signal): Promise<Result<Manifests>> => {
      const fetched = isFresh ? ok(undefined) : await fetchLists(signal);
      isFresh = false;
      if (!fetched.ok) return fetched;
      const read = readManifests(join(options.work, NOW_LIST));
      return read.ok ? ok(read.value ?? new Map()) : read;
    },
    before: async (signal) => {
      const fetched = await fetchLists(signal);
      isFresh = fetched.ok;
      return fetched.ok ? readManifests(join(options.work, BEFORE_LIST)) : fetched;
    },
    fetch: async (directory, staging, limits) => {
      const exclude = [...options.exclude, ...keptPatterns(keptBelow(options.kept, directory))];
      const fetched = await pullDirectory({ ...options, exclude }, directory, staging, directory, limits);
      return fetched.ok ? ok(undefined) : fetched;
    },
  };
};
