/** What a merge does next: a pure machine over what happened so far, so that it can be cut off anywhere and begun again. */
import type { Epoch, WallTime } from '../../core/words.ts';
import type { Pass, Term } from './part.ts';

/** What happened, in order; kept on disk, one line each. */
export type MergeEvent =
  | { readonly kind: 'pass-begun'; readonly at: WallTime; readonly pass: Pass; readonly terms: readonly Term[] }
  | { readonly kind: 'part-done'; readonly at: WallTime; readonly part: string }
  | {
      readonly kind: 'part-failed';
      readonly at: WallTime;
      readonly part: string;
      readonly code: string;
      readonly message: string;
    }
  | { readonly kind: 'noted'; readonly at: WallTime; readonly epoch: Epoch }
  | { readonly kind: 'settled'; readonly at: WallTime; readonly epoch: Epoch }
  | { readonly kind: 'undo-begun'; readonly at: WallTime }
  | { readonly kind: 'part-undone'; readonly at: WallTime; readonly part: string }
  | { readonly kind: 'undone'; readonly at: WallTime };

/**
 * `noted`: all parts know that all is home, and the standby is about to be told; `settled`: it was told. `undoing`, `undone`:
 * what was brought is taken back.
 */
export type MergePhase = 'new' | 'first' | 'second' | 'noted' | 'settled' | 'undoing' | 'undone';

export interface MergeState {
  readonly phase: MergePhase;
  /** Covered by the pass. */
  readonly terms: readonly Term[];
  /** Done in this pass. */
  readonly done: readonly string[];
  /** Failed in this pass. */
  readonly failed: readonly string[];
  readonly undone: readonly string[];
  /** Whether the standby had been told when the undo began. */
  readonly wasSettled: boolean;
  readonly lastAt: WallTime;
}

export const newMerge: MergeState = {
  phase: 'new',
  terms: [],
  done: [],
  failed: [],
  undone: [],
  wasSettled: false,
  lastAt: 0,
};

export const lastEpoch = (terms: readonly Term[]): Epoch => Math.max(0, ...terms.map((term) => term.epoch));

const withOne = (list: readonly string[], one: string): readonly string[] =>
  list.includes(one) ? list : [...list, one];

const inPass = (phase: MergePhase): boolean => phase === 'first' || phase === 'second';

const isUndo = (phase: MergePhase): boolean => phase === 'undoing' || phase === 'undone';

/** An event that does not fit the phase changes nothing: lines written twice do no harm. */
export const advance = (state: MergeState, event: MergeEvent): MergeState => {
  const { phase } = state;
  const next = { ...state, lastAt: event.at };
  switch (event.kind) {
    case 'pass-begun':
      if (isUndo(phase) || phase === 'settled') return state;
      return { ...next, phase: event.pass, terms: event.terms, done: [], failed: [] };
    case 'part-done':
      return inPass(phase) ? { ...next, done: withOne(state.done, event.part) } : state;
    case 'part-failed':
      return inPass(phase) ? { ...next, failed: withOne(state.failed, event.part) } : state;
    case 'noted':
      return phase === 'second' && event.epoch === lastEpoch(state.terms) ? { ...next, phase: 'noted' } : state;
    case 'settled':
      return phase === 'noted' && event.epoch === lastEpoch(state.terms) ? { ...next, phase: 'settled' } : state;
    case 'undo-begun':
      return isUndo(phase)
        ? state
        : { ...next, phase: 'undoing', wasSettled: phase === 'settled' || phase === 'noted' };
    case 'part-undone':
      return phase === 'undoing' ? { ...next, undone: withOne(state.undone, event.part) } : state;
    case 'undone':
      return phase === 'undoing' ? { ...next, phase: 'undone' } : state;
    default:
      return state;
  }
};

export const replay = (events: readonly MergeEvent[]): MergeState => events.reduce(advance, newMerge);

/** The standby as it is now. */
export interface StandbyView {
  readonly serving: boolean;
  /** Its terms that no merge has settled, the present one among them. */
  readonly terms: readonly Term[];
}

export type MergeAction =
  | { readonly kind: 'begin-pass'; readonly pass: Pass }
  | { readonly kind: 'run-part'; readonly part: string; readonly pass: Pass }
  /** Every part notes that all is home. */
  | { readonly kind: 'note' }
  | { readonly kind: 'tell-standby'; readonly epoch: Epoch }
  /** It was told, and power was lost before that was written down. */
  | { readonly kind: 'was-told'; readonly epoch: Epoch }
  /** Nothing more to do now. `complete` false: some part failed, or the standby serves still. */
  | { readonly kind: 'rest'; readonly complete: boolean };

/** Whether a pass is of the standby as it is now: quiet for the second, and no further term. */
const fits = (state: MergeState, standby: StandbyView): boolean =>
  (state.phase === 'first' || !standby.serving) && lastEpoch(state.terms) === lastEpoch(standby.terms);

/**
 * The next action of a run. `begun`: this run has begun its pass already; each run begins one, since the standby may have
 * collected more. Nothing is settled but by a second pass of this run, begun while the standby was quiet, in which every part
 * was done.
 */
export const nextAction = (
  state: MergeState,
  standby: StandbyView,
  parts: readonly string[],
  begun: boolean,
): MergeAction => {
  if (state.phase === 'settled' || isUndo(state.phase)) return { kind: 'rest', complete: true };
  const epoch = lastEpoch(state.terms);
  if (state.phase === 'noted' && standby.terms.every((term) => term.epoch > epoch)) return { kind: 'was-told', epoch };
  const pass: Pass = standby.serving ? 'first' : 'second';
  if (!begun || !fits(state, standby)) return { kind: 'begin-pass', pass };
  if (state.phase === 'noted') return { kind: 'tell-standby', epoch };
  if (state.phase === 'new') return { kind: 'begin-pass', pass };
  const next = parts.find((part) => !state.done.includes(part) && !state.failed.includes(part));
  if (next !== undefined) return { kind: 'run-part', part: next, pass: state.phase === 'first' ? 'first' : 'second' };
  if (state.failed.length > 0) return { kind: 'rest', complete: false };
  // The standby went quiet during the first pass: the second can follow at once.
  if (state.phase === 'first')
    return standby.serving ? { kind: 'rest', complete: false } : { kind: 'begin-pass', pass };
  return { kind: 'note' };
};

/** The next part to take back, the last first; null: all are. */
export const nextUndo = (state: MergeState, parts: readonly string[]): string | null =>
  parts.toReversed().find((part) => !state.undone.includes(part)) ?? null;
