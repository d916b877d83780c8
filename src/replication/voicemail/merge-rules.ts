/** Who is right about one message or one greeting, when main and standby both went on from a common ancestor. Pure. */
import type { Folder } from './spool.ts';

/** Which node serves now: where both changed the same thing, its change is the later one. */
export type Serving = 'main' | 'standby';

export type MergeRule =
  /** Removed at one side, and put where people keep things at the other: kept. */
  | 'kept-over-deleted'
  /** Listened to at one side and removed at the other: removed. */
  | 'deleted-over-read'
  /** Left unread, or made so, at one side and read at the other: read. */
  | 'read-over-unread'
  /** Changed at both sides: what the node that serves has is in force, the other is kept aside. */
  | 'serving-node'
  /** Changed at one side, removed at the other: the changed one stays. */
  | 'changed-over-deleted';

/** What stands where; null: it is not there. */
export type Place = Folder | null;

export interface Settled<T> {
  readonly value: T;
  /** Set when both sides changed and one had to give way. */
  readonly rule: MergeRule | null;
}

const isGone = (place: Place): boolean => place === null || place === 'Deleted';
const isUnread = (place: Place): boolean => place === 'INBOX' || place === 'Urgent';

/** Three ways: what only one side changed is right; else the rules, in the order of `MergeRule`. */
export const settlePlace = (ancestor: Place, main: Place, standby: Place, serving: Serving): Settled<Place> => {
  if (main === standby || standby === ancestor) return { value: main, rule: null };
  if (main === ancestor) return { value: standby, rule: null };
  if (isGone(main) && isGone(standby)) return { value: main, rule: null };
  if (isGone(main) || isGone(standby)) {
    const [gone, other] = isGone(main) ? [main, standby] : [standby, main];
    return other === 'Old' && ancestor !== null
      ? { value: gone, rule: 'deleted-over-read' }
      : { value: other, rule: 'kept-over-deleted' };
  }
  if (isUnread(main) !== isUnread(standby)) return { value: isUnread(main) ? standby : main, rule: 'read-over-unread' };
  return { value: serving === 'main' ? main : standby, rule: 'serving-node' };
};

/** The same for what has no place but only a content (digest; null: not there): greetings. */
export const settleContent = (
  ancestor: string | null,
  main: string | null,
  standby: string | null,
  serving: Serving,
): Settled<'main' | 'standby'> => {
  if (main === standby || standby === ancestor) return { value: 'main', rule: null };
  if (main === ancestor) return { value: 'standby', rule: null };
  if (main === null) return { value: 'standby', rule: 'changed-over-deleted' };
  if (standby === null) return { value: 'main', rule: 'changed-over-deleted' };
  return { value: serving, rule: 'serving-node' };
};
