/** What a merge of files is given and what it tells. */
import type { Result } from '../../../core/result.ts';
import type { StreamProgress } from '../../stream.ts';
import type { Manifests } from './manifest.ts';

export interface FileMergeOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StreamProgress) => void;
}

/** What a merge of files is about. */
export interface MergedPlaces {
  /** The same on both nodes; absolute. */
  readonly directories: readonly string[];
  /** Absolute; what lies there below the directories each node keeps, whatever is there. */
  readonly kept: readonly string[];
}

/** Where the other versions come from. */
export interface FileMergeSources {
  /** What was in the standby's directories when it began to serve; null: not known, and then nothing is deleted. */
  before(signal: AbortSignal): Promise<Result<Manifests | null>>;
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
