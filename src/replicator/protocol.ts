/** What the agent and its replicator say to each other: one JSON object a line, over the replicator's standard input and output. */
import type { Result } from '../core/result.ts';
import type { Epoch, WallTime } from '../core/words.ts';
import type { StreamProgress, StreamRight, StreamStatus } from '../replication/stream.ts';

/** A time in which this node served, by its own wall clock; `to` null: it still does. Kept by the agent, on disk. */
export interface Term {
  readonly epoch: Epoch;
  readonly from: WallTime;
  readonly to: WallTime | null;
  /** What was collected in it is at home at the main. */
  readonly settled: boolean;
}

/** The id of something that waits for a person's decision in a merge. */
export const ENTRY = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

/** `compare`: both nodes' rows; `resume`: what stopped by an error; `join`: what is on this side only may flow to the other. */
export type MysqlDeed = 'compare' | 'resume' | 'join';

/** What a person may ask for. */
export type Work =
  | { readonly name: 'replicate'; readonly stream: string | null }
  | { readonly name: 'merge-preview' }
  | {
      readonly name: 'merge-run';
      /** For all that waits for a decision. */
      readonly configuration: 'ask' | 'accept' | 'refuse';
      /** For single entries, by their ids of the report. */
      readonly accept: readonly string[];
      readonly refuse: readonly string[];
    }
  | { readonly name: 'merge-undo'; readonly merge: number }
  | { readonly name: 'merge-report'; readonly merge: number | null }
  | { readonly name: 'loss' }
  | { readonly name: 'mysql'; readonly deed: MysqlDeed }
  /** On the main: its key for files is made, and let in at the standby. */
  | { readonly name: 'sync-init' }
  /** On the main: what `sync-init` made goes again. */
  | { readonly name: 'sync-remove'; readonly preview: boolean; readonly withKey: boolean; readonly force: boolean };

/** What would be lost if service moved now. */
export interface LossView {
  /** `takeover`: the standby would serve; `failback`: the main. */
  readonly move: 'takeover' | 'failback';
  readonly exceedsLimit: boolean;
  readonly text: string;
  readonly items: readonly { readonly stream: string; readonly text: string }[];
}

/** How far what was collected is on its way home. */
export interface MergeView {
  readonly condition: 'nothing' | 'waiting' | 'running' | 'rest' | 'blocked' | 'settled';
  readonly text: string;
  readonly last: string | null;
}

export type ToReplicator =
  | ({ readonly type: 'right' } & StreamRight)
  | { readonly type: 'terms'; readonly terms: readonly Term[] }
  | { readonly type: 'peer'; readonly message: unknown }
  | { readonly type: 'peer-connected' }
  | { readonly type: 'work'; readonly id: string; readonly work: Work }
  | { readonly type: 'cancel'; readonly id: string };

export type FromReplicator =
  | {
      readonly type: 'status';
      readonly streams: readonly StreamStatus[];
      readonly merge: MergeView | null;
      readonly loss: LossView | null;
    }
  | { readonly type: 'note'; readonly kind: string; readonly data: unknown }
  | {
      readonly type: 'say';
      readonly level: 'info' | 'warning' | 'alarm';
      readonly code: string;
      readonly text: string;
    }
  | { readonly type: 'peer'; readonly message: unknown }
  | { readonly type: 'progress'; readonly id: string; readonly progress: StreamProgress }
  | { readonly type: 'done'; readonly id: string; readonly result: Result<unknown> }
  /** Whether service may go back to the main by itself. */
  | { readonly type: 'return'; readonly ready: boolean; readonly why: string }
  /** What this node collected in terms up to this epoch is at home. */
  | { readonly type: 'settled'; readonly untilEpoch: Epoch };
