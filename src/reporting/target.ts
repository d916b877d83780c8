/** What both kinds of target offer to who sends; each keeps its own position. */
import { fail, type Result } from '../core/result.ts';
import type { Missing } from './core/missing.ts';
import {
  type Batch,
  type Event,
  type Key,
  MOST_REFUSED,
  type Refused,
  type SourceTable,
  type Span,
  type Standing,
  type Step,
  type Written,
} from './core/words.ts';
import type { Source } from './source.ts';

export interface Audit {
  readonly position: Key;
  /** Nothing up to here was to be sent. */
  readonly begun: Key;
  readonly gone: readonly Span[];
  /** Sent or passed over, and not there; the first ones. */
  readonly missing: readonly Missing[];
  /** Rows by others since sending began; null: cannot be known. */
  readonly others: number | null;
  /** Of those: second copies of events that were sent. */
  readonly twice: number | null;
}

export interface TargetSession {
  /** How far `sender` has sent a table; null: nothing is known, it begins. Asked once a session. */
  standing(table: SourceTable): Promise<Result<Standing | null>>;
  /** Nothing up to here is sent. */
  begin(table: SourceTable, position: number): Promise<Result<Standing>>;
  /** All or a part of it, in order; where it fails, `standing` of the next session tells what came in. */
  write(batch: Batch): Promise<Result<Written>>;
  /** As `standing`; waits for nobody, and changes nothing. */
  look(table: SourceTable): Promise<Result<Standing | null>>;
  /** What is there held against what is here; null: nothing was sent yet. */
  audit(source: Source, table: SourceTable): Promise<Result<Audit | null>>;
  refused(): Promise<Result<readonly Refused[]>>;
  /** Offers again what was refused of this sender's own; how many came in. What is refused again stays as it is. */
  retry(source: Source, table: SourceTable): Promise<Result<number>>;
  close(): Promise<void>;
}

export interface SessionOptions {
  /** Identity of the database that is read; also the name of who sends. */
  readonly sender: string;
  readonly tables: readonly SourceTable[];
  readonly signal: AbortSignal;
  /** Told of each step; tests end it there. */
  readonly onStep: (step: Step) => void;
}

export interface Target {
  readonly name: 'postgres' | 'elasticsearch';
  /** Connects, and looks whether all fits before anything is written. */
  open(options: SessionOptions): Promise<Result<TargetSession>>;
}

/** Part of a batch: events from `begin` to before `end`. What was gone before the first belongs to the first part. */
export const partOf = (batch: Batch, begin: number, end: number): Batch => ({
  ...batch,
  after: begin === 0 ? batch.after : (batch.events[begin - 1]?.readKey ?? batch.after),
  events: batch.events.slice(begin, end),
  gone: begin === 0 ? batch.gone : null,
});

/** After these events; where there are none, as it was. */
export const standingAfter = (events: readonly Event[], before: Standing): Standing => {
  const last = events.at(-1);
  return last === undefined ? before : { position: last.readKey, digest: last.digest };
};

/** What refuses so much is not to be trusted with the rest. */
export const manyRefused = (table: string, reason: string) =>
  fail(
    'reporting-many-refused',
    `More than ${MOST_REFUSED} events of \`${table}\` do not fit into the target, the last one because: ${reason.replace(/\.$/, '')}.`,
    'Correct the table or mapping there: what was refused is offered again each minute, and what waits on this node follows.',
  );
