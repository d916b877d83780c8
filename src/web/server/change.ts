/** From one view of the pair to the next: only what changed travels, to hundreds of viewers. */
import type { NodeSnapshot, PairChange, PairView } from '../contract.ts';

type Texts = ReadonlyMap<string, string>;

/** The reports are large, and an age that grows is no news of them. */
const steady = (key: string, value: unknown): unknown =>
  key === 'checks' && value !== null ? { ...(value as object), otherHeardMsAgo: null } : value;

const textsOf = (snapshot: NodeSnapshot | null): Texts =>
  new Map(
    snapshot === null ? [] : Object.entries(snapshot).map(([key, value]) => [key, JSON.stringify(steady(key, value))]),
  );

const setOf = (snapshot: NodeSnapshot, now: Texts, before: Texts): Partial<NodeSnapshot> =>
  Object.fromEntries(Object.entries(snapshot).filter(([key]) => now.get(key) !== before.get(key)));

/** What a person waits for; anything else may come a moment later. */
const notable = (snapshot: NodeSnapshot | null): string => {
  if (snapshot === null) return '';
  const { headline, server, epoch, phase, gate, mode, maintenance, needsAcknowledgement, health, plan, errand } =
    snapshot;
  const parts = [headline, server, epoch, phase, gate, mode, maintenance === null, needsAcknowledgement, plan.target];
  const statuses = plan.steps.map(({ status }) => status);
  return JSON.stringify([parts, statuses, health.verdict, errand?.name ?? null]);
};

export interface Differ {
  /** What viewers have, once they have heard all changes: the whole must be of the same moment, or a change back would be missed. */
  sent(): PairView;
  /** Null: nothing worth sending yet. */
  next(view: PairView, nowMs: number): PairChange | null;
}

/** `everyMs`: with nothing notable. */
export const createDiffer = (first: PairView, nowMs: number, everyMs: number): Differ => {
  let [own, other] = [textsOf(first.this), textsOf(first.other?.snapshot ?? null)];
  const sign = (view: PairView): string =>
    [notable(view.this), notable(view.other?.snapshot ?? null), view.thisTrouble ?? ''].join('\n');
  let seen = sign(first);
  let sentAt = nowMs;
  let sent = first;
  return {
    sent: () => sent,
    next: (view, now) => {
      const signed = sign(view);
      if (signed === seen && now - sentAt < everyMs) return null;
      seen = signed;
      sentAt = now;
      sent = view;
      const [ownNow, otherNow] = [textsOf(view.this), textsOf(view.other?.snapshot ?? null)];
      const change: PairChange = {
        wall: view.wall,
        this: view.this === null ? null : setOf(view.this, ownNow, own),
        thisTrouble: view.thisTrouble,
        thisMsAgo: view.thisMsAgo,
        other:
          view.other === null
            ? null
            : { set: setOf(view.other.snapshot, otherNow, other), heardMsAgo: view.other.heardMsAgo },
      };
      [own, other] = [ownNow, otherNow];
      return change;
    },
  };
};
