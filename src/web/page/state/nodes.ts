/** Both nodes, the main first, whichever of them the page comes from, and how old what is known of each is. */
import type { Millis, NodeSnapshot, Role, WallTime } from '../../contract.ts';
import type { PageState } from './state.ts';

/** Above this the page says that what it shows is old. */
export const OLD_MS = 5000;

export interface NodeFacts {
  readonly role: Role;
  readonly name: string;
  readonly address: string;
  readonly isThis: boolean;
  /** What it last showed of itself; null: nothing yet. */
  readonly snapshot: NodeSnapshot | null;
  /** Of the snapshot; null without one. */
  readonly ageMs: Millis | null;
  readonly isOld: boolean;
}

export interface PairFacts {
  readonly main: NodeFacts;
  readonly standby: NodeFacts;
  readonly own: NodeFacts;
  readonly other: NodeFacts;
}

type Known = Pick<PageState, 'pair' | 'pairAt' | 'otherAt' | 'now'>;

const facts = (
  who: { readonly role: Role; readonly name: string; readonly address: string },
  isThis: boolean,
  snapshot: NodeSnapshot | null,
  ageMs: Millis | null,
): NodeFacts => ({ ...who, isThis, snapshot, ageMs, isOld: ageMs === null || ageMs > OLD_MS });

/** Null while nothing is known of either. */
export const pairFacts = ({ pair, pairAt, otherAt, now }: Known): PairFacts | null => {
  const source = pair?.this ?? null;
  const shown = pair?.other?.snapshot ?? null;
  const own = source?.node ?? shown?.peer;
  const peer = source?.peer ?? shown?.node;
  if (pair === null || own === undefined || peer === undefined) return null;
  const thisAge = source === null ? null : (pair.thisMsAgo ?? 0) + Math.max(0, now - pairAt);
  const otherAge = pair.other === null ? null : pair.other.heardMsAgo + Math.max(0, now - otherAt);
  const here = facts(own, true, source, thisAge);
  const there = facts(peer, false, shown, otherAge);
  return own.role === 'main'
    ? { main: here, standby: there, own: here, other: there }
    : { main: there, standby: here, own: here, other: there };
};

/** The node's time now, as far as this browser can tell. */
export const wallNow = ({ pair, wallAt, now }: Pick<PageState, 'pair' | 'wallAt' | 'now'>): WallTime =>
  pair === null ? now : pair.wall + Math.max(0, now - wallAt);

/** The node that does `doing` now, by the word of the one that is not old. */
export const serverOf = (pair: PairFacts): 'nobody' | 'both' | 'unknown' | NodeFacts => {
  const { own, other } = pair;
  const seer = own.snapshot !== null && !own.isOld ? own : other.snapshot !== null && !other.isOld ? other : null;
  const from = seer ?? own;
  if (seer === null || from.snapshot === null) return 'unknown';
  switch (from.snapshot.server) {
    case 'this':
      return from;
    case 'other':
      return from.isThis ? other : own;
    case 'nobody':
      return 'nobody';
    case 'both':
      return 'both';
  }
};
