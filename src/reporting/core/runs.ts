/**
 * Which event has which number at a target that numbers by itself: runs of numbers that go along with each other. They are the target's whole
 * memory of what was sent: a year's events are a few of them. Pure.
 */
import type { Identity, Key, Span } from './words.ts';

/** Events `from` to `to` of an origin are rows `id` and following. */
export interface Run extends Span {
  readonly origin: string;
  readonly id: Key;
}

const covers = (run: Run, { origin, key }: Identity): boolean =>
  run.origin === origin && run.from <= key && key <= run.to;

/** Those that no run covers; one that comes twice in the list comes once. */
export const notCovered = <E extends Identity>(events: readonly E[], runs: readonly Run[]): readonly E[] => {
  const seen = new Set<string>();
  return events.filter((event) => {
    const name = `${event.key} ${event.origin}`;
    if (seen.has(name) || runs.some((run) => covers(run, event))) return false;
    seen.add(name);
    return true;
  });
};

const goesOn = (run: Run, { origin, key }: Identity, id: Key): boolean =>
  run.origin === origin && run.to + 1 === key && run.id + (key - run.from) === id;

/** Of events that become rows `firstId` and following, in their order. */
export const runsOf = (events: readonly Identity[], firstId: Key): readonly Run[] => {
  const runs: Run[] = [];
  for (const [index, event] of events.entries()) {
    const id = firstId + index;
    const last = runs.at(-1);
    if (last !== undefined && goesOn(last, event, id)) runs[runs.length - 1] = { ...last, to: event.key };
    else runs.push({ origin: event.origin, from: event.key, to: event.key, id });
  }
  return runs;
};

/** New runs after those that are there: one that goes on with an old one lengthens it. Old ones are told by origin and `from`. */
export const withNewRuns = (
  old: readonly Run[],
  fresh: readonly Run[],
): { readonly lengthened: readonly Run[]; readonly added: readonly Run[] } => {
  const lengthened: Run[] = [];
  const added: Run[] = [];
  for (const run of fresh) {
    const before = old.find((one) => goesOn(one, { origin: run.origin, key: run.from }, run.id));
    if (before === undefined) added.push(run);
    else lengthened.push({ ...before, to: run.to });
  }
  return { lengthened, added };
};

/** What lies between spans from `within.from` to `within.to`; spans may overlap and come in any order. */
export const holesIn = (within: Span, spans: readonly Span[]): readonly Span[] => {
  const holes: Span[] = [];
  let next = within.from;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    if (to < next) continue;
    if (from > within.to) break;
    if (from > next) holes.push({ from: next, to: from - 1 });
    next = to + 1;
  }
  if (next <= within.to) holes.push({ from: next, to: within.to });
  return holes;
};

export const lengthOf = ({ from, to }: Span): number => to - from + 1;
