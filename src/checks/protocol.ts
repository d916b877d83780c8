/** What the agent and its checker say to each other: one JSON object a line, over the checker's standard input and output. */
import type { Result } from '../core/result.ts';
import type { Instant, WallTime } from '../core/words.ts';
import type { HistoryEntry, NodeReport, Readiness, ReadinessState } from './report.ts';

/** What the checker knows, for the agent's snapshot. */
export interface CheckerStatus {
  readonly own: NodeReport;
  readonly other: NodeReport | null;
  /** By the monotonic clock, which all processes of a boot share. */
  readonly otherHeardAt: Instant | null;
  /** The readiness that was settled last. */
  readonly settled: { readonly state: ReadinessState; readonly since: WallTime } | null;
  readonly history: readonly HistoryEntry[];
}

/** A person wants it tried now, on both nodes; `only`: this check alone. */
export interface CheckWork {
  readonly name: 'check';
  readonly only: string | null;
}

export type ToChecker =
  /** First of all: the digest of what the agent runs with. */
  | { readonly type: 'in-force'; readonly digest: string }
  | { readonly type: 'peer'; readonly message: unknown }
  | { readonly type: 'peer-connected' }
  /** There is no connection: it was not sent. */
  | { readonly type: 'peer-unsent'; readonly message: unknown }
  | { readonly type: 'run'; readonly id: string; readonly only: string | null };

export type FromChecker =
  | { readonly type: 'status'; readonly status: CheckerStatus }
  | { readonly type: 'peer'; readonly message: unknown }
  | { readonly type: 'note'; readonly kind: string; readonly data: unknown }
  | {
      readonly type: 'say';
      readonly level: 'info' | 'warning' | 'alarm';
      readonly code: string;
      readonly text: string;
    }
  | { readonly type: 'done'; readonly id: string; readonly result: Result<null> };

export type { Readiness };
