/** Serving still, about to hand over: when idle, or at a deadline. */
import { because, type Draft } from '../draft.ts';
import { rivalIsFit } from '../rival-view.ts';
import type { Millis } from '../words.ts';
import { beginClosing } from './closing.ts';

export interface Drain {
  readonly why: string;
  readonly whenIdle: boolean;
  readonly maxWaitMs: Millis;
  /** By a person: service stays where it goes. */
  readonly ordered: boolean;
}

export const beginDraining = (d: Draft, { why, whenIdle, maxWaitMs, ordered }: Drain): void => {
  if (d.s.phase.name !== 'serving' && d.s.phase.name !== 'draining') return;
  const until = d.now + (whenIdle ? maxWaitMs : 0);
  d.s.phase = { name: 'draining', since: d.now, until, whenIdle, ordered, because: why };
  because(d, 'drain', { why, whenIdle, maxWaitMs: whenIdle ? maxWaitMs : 0 });
  tendDraining(d);
};

export const tendDraining = (d: Draft): void => {
  const { phase } = d.s;
  if (phase.name !== 'draining') return;
  // A count from before may miss the call that has just begun.
  const idle = d.s.health.calls === 0 && d.s.health.callsAt > phase.since;
  // Dead telephony has no calls to wait for.
  const due = d.now >= phase.until || (phase.whenIdle && (idle || d.s.health.verdict === 'down'));
  if (!due) return;
  if (rivalIsFit(d)) {
    because(d, 'hand-over', { why: phase.because, calls: d.s.health.calls, idle });
    return beginClosing(d, 'handover', phase.ordered);
  }
  // Nobody to hand over to: go on serving, and say so.
  because(d, 'rival-not-fit', { why: phase.because });
  d.s.phase = { name: 'serving' };
};
