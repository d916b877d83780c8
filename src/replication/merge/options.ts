/** What the database parts of a merge need to know; filled from the configuration. */
import type { Millis, WallTime } from '../../core/words.ts';
import type { DatabaseRules, EventRule } from '../postgres/rules.ts';
import type { Connect } from './session.ts';

export interface EventsOptions {
  readonly connectHere: Connect;
  readonly connectThere: Connect;
  readonly schema: string;
  readonly events: readonly EventRule[];
  /** Added to both ends of each term. */
  readonly marginMs: Millis;
  /** A row younger than this that belongs to no other event yet may still be given one, and waits for the second pass. */
  readonly youngMs: Millis;
  /** Of times without a zone on the standby: an IANA name. */
  readonly zone: string;
  readonly batchRows: number;
  readonly now: () => WallTime;
}

export interface ChangesOptions {
  readonly connectHere: Connect;
  readonly connectThere: Connect;
  readonly schema: string;
  readonly rules: DatabaseRules;
}
