import type { Sample } from '../core/event.ts';
import type { Millis } from '../core/words.ts';
import type { CallCount, Probe } from '../ports.ts';

/** What a probe found, before it is signed with the probe's name. */
export interface Answer {
  readonly outcome: Sample['outcome'];
  /** The telephony is gone for certain. */
  readonly crashed?: boolean;
  readonly reason: string;
  /** Where the probe learns of them. */
  readonly calls?: CallCount;
}

export type Report = (sample: Sample, calls?: CallCount) => void;

/** A probe that says beforehand what it will speak of, so that its silence is noticed. */
export interface WatchedProbe extends Probe {
  /** Every sample it gives bears one of these names. */
  readonly subjects: readonly Subject[];
  /** A sample older than this says nothing any more. */
  readonly staleAfterMs: Millis;
}

export interface Subject {
  readonly probe: string;
  readonly about: Sample['about'];
}

export const well = (reason: string): Answer => ({ outcome: 'ok', reason });
export const failed = (reason: string): Answer => ({ outcome: 'failed', reason });
/** Nothing came back, or the fault may be our own: no evidence. */
export const silent = (reason: string): Answer => ({ outcome: 'silent', reason });

/** The reason of a sample that says nothing because the asker itself was late. */
export const lateReason = 'late: this node itself was busy or stopped';

export const sampleOf = (subject: Subject, answer: Answer): Sample => ({
  ...subject,
  outcome: answer.outcome,
  // A crash is evidence about telephony only; of anything else, a refused port is just a failure.
  crashed: answer.crashed === true && subject.about === 'telephony',
  reason: answer.reason,
});

/** Three periods, and at least until a question could have come to its deadline. */
export const staleAfter = (periodMs: Millis, timeoutMs: Millis): Millis =>
  Math.max(3 * periodMs, timeoutMs + 2 * periodMs);
