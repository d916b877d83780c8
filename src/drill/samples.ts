/** From the answers to questions, of both nodes, to what telephones saw: slots of time, and how long nobody answered. Pure. */
import type { Millis, WallTime } from '../core/words.ts';

/** A question is put this often. */
export const STEP_MS: Millis = 100;

/**
 * By whom it was seen. `network`: the question went over the network, as a telephone's does. `own`: the address is on this node, which
 * holds its gate open. `blind`: it is on this node, and that says nothing of the network.
 */
export type Sight = 'network' | 'own' | 'blind';

export interface Sample {
  /** When the question was put, by the wall clock of the node that leads the drill. */
  readonly at: WallTime;
  readonly answered: boolean;
  readonly sight: Sight;
}

/** `y`: answered over the network; `o`: by the serving node's own word alone; `n`: not answered; `-`: nobody asked. */
export type Slot = 'y' | 'o' | 'n' | '-';

export interface Silence {
  /** First question that nobody answered, in milliseconds since the drill's first. */
  readonly at: Millis;
  /** Until the next that was answered; to the end where none was. */
  readonly ms: Millis;
  /** It was still silent at the end. */
  readonly isOpen: boolean;
}

export interface Seen {
  readonly startedAt: WallTime;
  readonly stepMs: Millis;
  readonly slots: string;
  readonly silences: readonly Silence[];
}

/** With a virtual address there is one that answers or does not; without, a telephone tries both nodes. */
const slotOf = (samples: readonly Sample[], isOneAddress: boolean): Slot => {
  const network = samples.filter(({ sight }) => sight === 'network');
  const yes = network.some(({ answered }) => answered);
  const no = network.some(({ answered }) => !answered);
  if (isOneAddress && no) return 'n';
  if (yes) return 'y';
  if (samples.some(({ sight, answered }) => sight === 'own' && answered)) return 'o';
  return no || samples.some(({ sight }) => sight === 'own') ? 'n' : '-';
};

/** Gaps between what was answered: nobody's word for a slot or two within one is no answer. */
const silencesOf = (slots: readonly Slot[]): readonly Silence[] => {
  const found: Silence[] = [];
  let from = -1;
  slots.forEach((slot, index) => {
    if (slot === 'n' && from < 0) from = index;
    if (from < 0 || slot === 'n' || slot === '-') return;
    found.push({ at: from * STEP_MS, ms: (index - from) * STEP_MS, isOpen: false });
    from = -1;
  });
  if (from >= 0) found.push({ at: from * STEP_MS, ms: (slots.length - from) * STEP_MS, isOpen: true });
  return found;
};

export const seenBy = (series: readonly (readonly Sample[])[], isOneAddress: boolean): Seen => {
  const all = series.flat();
  const startedAt = all.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
  const endedAt = all.reduce((most, { at }) => Math.max(most, at), Number.NEGATIVE_INFINITY);
  if (all.length === 0) return { startedAt: 0, stepMs: STEP_MS, slots: '', silences: [] };
  const bySlot = Map.groupBy(all, ({ at }) => Math.floor((at - startedAt) / STEP_MS));
  const length = Math.floor((endedAt - startedAt) / STEP_MS) + 1;
  const slots = Array.from({ length }, (_none, index) => slotOf(bySlot.get(index) ?? [], isOneAddress));
  return { startedAt, stepMs: STEP_MS, slots: slots.join(''), silences: silencesOf(slots) };
};

/** The longest silence that has to do with a move between these two instants. */
export const silenceBetween = ({ startedAt, silences }: Seen, from: WallTime, to: WallTime): Millis | null => {
  const touching = silences.filter(({ at, ms }) => startedAt + at < to && startedAt + at + ms > from);
  return touching.reduce((most, { ms }) => Math.max(most, ms), 0);
};

/** Share of the slots in which somebody asked that were answered, before anything was moved. */
export const answeredShare = (samples: readonly Sample[]): number => {
  const asked = samples.filter(({ sight }) => sight !== 'blind');
  return asked.length === 0 ? 0 : asked.filter(({ answered }) => answered).length / asked.length;
};
