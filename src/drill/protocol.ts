/** What a drill is to those around it: what is asked, what is shown, and what the agent and the process that makes drills say to each other. */
import type { Result } from '../core/result.ts';
import { isRecord, type Millis, type WallTime } from '../core/words.ts';

/** `dry` asks everything and switches nothing; `switchover` moves service in order; `takeover` has the main fall silent. All come back. */
export type DrillKind = 'dry' | 'switchover' | 'takeover';

export const DRILL_KINDS: readonly DrillKind[] = ['dry', 'switchover', 'takeover'];

export const isDrillKind = (input: unknown): input is DrillKind => DRILL_KINDS.some((kind) => kind === input);

export interface DrillOptions {
  readonly kind: DrillKind;
  /** Calls that are up may end. */
  readonly withCalls: boolean;
  /** More than `streams.loss-limit` may be lost. */
  readonly acceptLoss: boolean;
  /** Also outside `drill.windows`. */
  readonly anyTime: boolean;
  /** While service is away, its devices turn the main off and on again; only with `switchover`, and only where it is said. */
  readonly withPower?: boolean;
}

export type DrillAsk =
  | ({ readonly name: 'begin' } & DrillOptions)
  /** What would be done, and what stands against it. */
  | ({ readonly name: 'preview' } & DrillOptions)
  | { readonly name: 'stop' };

export type DrillStage = 'asking' | 'before' | 'moving' | 'away' | 'power' | 'returning' | 'after' | 'reporting';

/** `gave-way`: something real happened, and the drill ended for it. `interrupted`: what made it died, and came back to end it. */
export type DrillOutcome = 'passed' | 'failed' | 'stopped' | 'gave-way' | 'interrupted';

/** One that is being made. */
export interface DrillRun {
  readonly id: string;
  readonly kind: DrillKind;
  readonly by: string;
  readonly startedAt: WallTime;
  readonly stage: DrillStage;
  /** One sentence: what it does now. */
  readonly text: string;
}

/** A drill that is over, in a line. */
export interface DrillSummary {
  readonly id: string;
  readonly kind: DrillKind;
  readonly by: string;
  readonly startedAt: WallTime;
  readonly outcome: DrillOutcome;
  readonly text: string;
  /** For how long nobody answered on the way there and back; null: not measured. */
  readonly thereMs: Millis | null;
  readonly backMs: Millis | null;
}

/** As the agent shows it. */
export interface DrillView {
  readonly run: DrillRun | null;
  readonly last: DrillSummary | null;
  /** When one that moved service passed last; null: never, as far as the reports that are kept tell. */
  readonly passedAt: WallTime | null;
  readonly nextAt: WallTime | null;
}

/** What `preview` answers. */
export interface DrillPreview {
  readonly kind: DrillKind;
  readonly lines: readonly string[];
  /** Why it would be refused, each with what lifts it; empty: it would begin. */
  readonly against: readonly { readonly code: string; readonly text: string; readonly remedy: string }[];
}

export type ToDriller =
  | { readonly type: 'ask'; readonly id: string; readonly by: string; readonly ask: DrillAsk }
  | { readonly type: 'peer'; readonly message: unknown };

export type FromDriller =
  | { readonly type: 'run'; readonly run: DrillRun | null }
  | { readonly type: 'ended'; readonly summary: DrillSummary }
  | { readonly type: 'note'; readonly kind: string; readonly data: unknown }
  | {
      readonly type: 'say';
      readonly level: 'info' | 'warning' | 'alarm';
      readonly code: string;
      readonly text: string;
    }
  | { readonly type: 'peer'; readonly message: unknown }
  | { readonly type: 'done'; readonly id: string; readonly result: Result<unknown> }
  /** Nothing is going on, and `done` messages of the agent are done with: it may be ended, unless another one is on its way to it. */
  | { readonly type: 'idle'; readonly done: number };

/** A person's question, checked; null where it is none. */
export const readDrillAsk = (input: unknown): DrillAsk | null => {
  if (!isRecord(input)) return null;
  const { name, kind, withCalls = false, acceptLoss = false, anyTime = false, withPower = false } = input;
  if (name === 'stop') return { name };
  if (name !== 'begin' && name !== 'preview') return null;
  if (typeof withCalls !== 'boolean' || typeof acceptLoss !== 'boolean' || typeof anyTime !== 'boolean') return null;
  if (typeof withPower !== 'boolean' || !isDrillKind(kind)) return null;
  return { name, kind, withCalls, acceptLoss, anyTime, ...(withPower ? { withPower } : {}) };
};
