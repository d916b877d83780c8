/** A readiness counts when it has held for a while: nobody is woken for what passes by itself. Pure. */
import type { Instant, Millis, WallTime } from '../core/words.ts';
import type { ReadinessState } from './report.ts';

export interface Settling {
  /** What was told last; null: nothing yet. */
  readonly settled: { readonly state: ReadinessState; readonly since: WallTime } | null;
  readonly candidate: {
    readonly state: ReadinessState;
    readonly from: Instant;
    readonly wall: WallTime;
  } | null;
}

export interface Change {
  readonly from: ReadinessState;
  readonly to: ReadinessState;
  /** When it began to be so. */
  readonly wall: WallTime;
}

/** How long a state must hold before it is told. */
export const SETTLE_MS: Millis = 15_000;

/** One more look; `change` when something is to be told. `unknown` is never told: it waits for something known. */
export const settle = (
  before: Settling,
  state: ReadinessState,
  now: Instant,
  wall: WallTime,
  settleMs: Millis = SETTLE_MS,
): { readonly after: Settling; readonly change: Change | null } => {
  const told = before.settled?.state ?? 'unknown';
  if (state === told || state === 'unknown') return { after: { ...before, candidate: null }, change: null };
  const same = before.candidate?.state === state ? before.candidate : null;
  const candidate = same ?? { state, from: now, wall };
  if (now - candidate.from < settleMs) return { after: { ...before, candidate }, change: null };
  return {
    after: { settled: { state, since: candidate.wall }, candidate: null },
    change: { from: told, to: state, wall: candidate.wall },
  };
};
