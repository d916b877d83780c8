/** Serving still, about to hand over: when idle, or at a deadline. */
import { because, type Draft } from '../draft.ts';
import { rivalIsFit } from '../rival-view.ts';
import type { Millis } from '../words.ts';
import { beginClosing } from './closing.ts';

export const beginDraining = (d: Draft, why: string, whenIdle: boolean, maxWaitMs: Millis): void => {
  if (d.s.phase.name !== 'serving' && d.s.phase.name !== 'draining') return;
  d.s.phase = { name: 'draining', until: d.now + (whenIdle ? maxWaitMs : 0), whenIdle, because: why };
  because(d, 'drain', { why, whenIdle, maxWaitMs: whenIdle ? maxWaitMs : 0 });
  tendDraining(d);
};

export const tendDraining = (d: Draft): void => {
  const { phase } = d.s;
  if (phase.name !== 'draining') return;
  const idle = d.s.health.calls === 0;
  const due = d.now >= phase.until || (phase.whenIdle && idle);
  if (!due) return;
  if (rivalIsFit(d)) {
    because(d, 'hand-over', { why: phase.because, calls: d.s.health.calls, idle });
    return beginClosing(d, 'handover');
  }
  // Nobody to hand over to: go on serving, and say so.
  because(d, 'rival-not-fit', { why: phase.because });
  d.s.phase = { name: 'serving' };
};
