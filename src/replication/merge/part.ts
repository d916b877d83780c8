/** What takes part in a merge: one small interface for events, status, configuration, voicemail and files. */
import type { Result } from '../../core/result.ts';
import type { Epoch, WallTime } from '../../core/words.ts';
import type { StreamProgress } from '../stream.ts';

/** A term of service of the standby, by its own wall clock. */
export interface Term {
  readonly epoch: Epoch;
  readonly from: WallTime;
  /** Null: it serves still. */
  readonly to: WallTime | null;
}

/** `first`: the standby serves, and most is brought; `second`: it is quiet, and the rest is brought. */
export type Pass = 'first' | 'second';

/** Something that a person should see: both versions are kept. */
export interface Conflict {
  /** Which row, message or file. */
  readonly item: string;
  /** What stood against what, and what was done. */
  readonly text: string;
}

/** Something that waits for a person's decision. */
export interface PendingEntry {
  /** For `--accept ID` and `--refuse ID`. */
  readonly id: string;
  readonly text: string;
}

export interface PartPreview {
  readonly part: string;
  /** What would be brought: rows, messages, files. */
  readonly count: number;
  /** `1,203 call events`; `nothing`. */
  readonly what: string;
  readonly conflicts: readonly Conflict[];
  readonly pending: readonly PendingEntry[];
  readonly warnings: readonly string[];
}

export interface PartReport {
  readonly part: string;
  /** Brought by this merge so far, all its runs together. */
  readonly count: number;
  /** Left for the second pass. */
  readonly left: number;
  readonly what: string;
  readonly conflicts: readonly Conflict[];
  readonly pending: readonly PendingEntry[];
  /** Refused by a person's decision, and kept here. */
  readonly refused: readonly PendingEntry[];
  readonly warnings: readonly string[];
}

/** Which merge it is. */
export interface MergeIdentity {
  /** A UUID: what was brought is marked with it, so that it can be told and undone. */
  readonly mergeKey: string;
  /** The merge's own directory for what a part keeps of it (mode 0700). */
  readonly directory: string;
  readonly terms: readonly Term[];
  /** All is home, and the standby may have been overwritten: only what waits for a decision can still be done. */
  readonly settled: boolean;
}

/** Persons' decisions about configuration. */
export interface DecisionsInput {
  readonly all: 'accept' | 'refuse' | 'ask';
  readonly byId: Readonly<Record<string, 'accept' | 'refuse' | 'ask'>>;
}

export interface PartRunOptions {
  readonly pass: Pass;
  readonly decisions: DecisionsInput;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StreamProgress) => void;
}

export interface PartUndoOptions {
  /** True: the standby may have been overwritten since, so that whatever is taken away must be kept aside. */
  readonly settled: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StreamProgress) => void;
}

/**
 * Each operation is repeatable, and may be cut off at any point: begun again it converges, and nothing comes twice.
 * A preview changes nothing.
 */
export interface MergePart {
  readonly name: string;
  preview(merge: MergeIdentity, options: PartRunOptions): Promise<Result<PartPreview>>;
  run(merge: MergeIdentity, options: PartRunOptions): Promise<Result<PartReport>>;
  undo(merge: MergeIdentity, options: PartUndoOptions): Promise<Result<PartReport>>;
  /** All that the standby collected is home: what a later merge must not bring again is noted. Before the standby is told. */
  settle(merge: MergeIdentity, signal: AbortSignal): Promise<Result<null>>;
  /** Drops what was kept for undo; the merge is settled or undone. */
  forget(merge: MergeIdentity, signal: AbortSignal): Promise<Result<null>>;
}

/** `1 row`, `1,203 rows`, `nothing` for 0. */
export const countText = (count: number, one: string, many: string): string =>
  count === 0 ? 'nothing' : `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
