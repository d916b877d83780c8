/** What a stream is: one kind of data that follows from the active node to the passive one. It copies, and decides nothing. */
import type { Fault, Result } from '../core/result.ts';
import type { Epoch, Millis, WallTime } from '../core/words.ts';

/** What this node may do, as the core says. Direction follows the epoch. */
export interface StreamRight {
  /** The term under which this node serves, 0 when it does not. */
  readonly holding: Epoch;
  /** The highest term it knows of. */
  readonly highest: Epoch;
}

/**
 * `waiting`: for its time, or for the other node; `running`; `in-step`: what is there is there too; `behind`: it is being
 * caught up; `blocked`: nothing may be overwritten now (`error` says why); `failed`: the last run did not do its work.
 */
export type StreamCondition = 'off' | 'waiting' | 'running' | 'in-step' | 'behind' | 'blocked' | 'failed';

/** How far a run is; `total` null when it is not known. */
export interface StreamProgress {
  readonly what: string;
  readonly done: number;
  readonly total: number | null;
}

/** What has changed here and is not known to be there. */
export interface StreamPending {
  readonly count: number;
  /** For people, with its number: `3 voicemail messages`, `up to 1,200 rows`. */
  readonly text: string;
}

/** A stream as `status`, `watch` and the page show it. All that is not known is null. */
export interface StreamStatus {
  readonly name: string;
  /** `out`: this node's data goes to the other; `in`: the other's comes here. */
  readonly direction: 'out' | 'in' | 'none';
  readonly condition: StreamCondition;
  /** One short sentence for a person. */
  readonly text: string;
  /** How much older the copy is than the original at most. */
  readonly lagMs: Millis | null;
  readonly lastSuccess: WallTime | null;
  readonly lastError: (Fault & { readonly at: WallTime }) | null;
  readonly nextRun: WallTime | null;
  /** Of the last run. */
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly tookMs: Millis | null;
  readonly progress: StreamProgress | null;
  /** Absent or null: it is not counted now. */
  readonly pending?: StreamPending | null;
  /** What did not follow and did not fail the rest, or should be known, as of the last whole run. */
  readonly warnings?: readonly string[];
}

/** One finished run. */
export interface StreamRun {
  readonly stream: string;
  readonly startedAt: WallTime;
  readonly tookMs: Millis;
  /** Rows, files or messages that were changed at the other side. */
  readonly changed: number;
  readonly bytes: number;
  /** What was not done and did not fail the rest (a missing directory). */
  readonly warnings: readonly Fault[];
  /** For people and the journal. */
  readonly text: string;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StreamProgress) => void;
}

/** One stream on this node. The agent starts it, tells it each change of the right, and stops it. */
export interface Stream {
  readonly name: string;
  start(): void;
  /** Told at every change of the right, and once in the beginning. */
  setRight(right: StreamRight): void;
  status(): StreamStatus;
  /** On request; a run under way is waited for, never doubled. Null: the stream is continuous and has no runs. */
  readonly run: ((options: RunOptions) => Promise<Result<StreamRun>>) | null;
  stop(): Promise<void>;
}

/** What streams tell the journal and people. */
export interface StreamReporter {
  /** To the journal. */
  note(kind: string, data: unknown): void;
  /** To people. */
  say(level: 'info' | 'warning' | 'alarm', code: string, text: string): void;
}
