/** Spans without a serving node, as the journal of this node tells them. Pure. */
import { isRecord } from '../../../core/words.ts';
import type { JournalEntry, Millis, WallTime } from '../../contract.ts';

export interface Outage {
  /** When somebody served again. */
  readonly wall: WallTime;
  readonly ms: Millis;
  /** Who served before and after, as seen from this node. */
  readonly from: 'this' | 'other' | 'unknown';
  readonly to: 'this' | 'other';
}

/** When somebody was last known to serve by this entry, and who. */
const sightingOf = (entry: JournalEntry): { readonly who: 'this' | 'other'; readonly wall: WallTime } | null => {
  const stand = isRecord(entry.data) ? entry.data['stand'] : null;
  if (!isRecord(stand)) return null;
  if (stand['gateOpen'] === true) return { who: 'this', wall: entry.wall };
  const { rival, rivalHeardMsAgo } = stand;
  if (!isRecord(rival) || typeof rivalHeardMsAgo !== 'number' || typeof rival['holding'] !== 'number') return null;
  return rival['holding'] > 0 ? { who: 'other', wall: entry.wall - rivalHeardMsAgo } : null;
};

const hasStand = (entry: JournalEntry): boolean => isRecord(entry.data) && isRecord(entry.data['stand']);

/** Entries in any order; the newest outage first. A change of hands without a gap counts with its length, however short. */
export const outagesOf = (entries: readonly JournalEntry[]): readonly Outage[] => {
  const found: Outage[] = [];
  let last: { readonly who: 'this' | 'other'; readonly wall: WallTime } | null = null;
  let hadGap = false;
  for (const entry of entries.toSorted((a, b) => a.seq - b.seq)) {
    if (!hasStand(entry)) continue;
    const seen = sightingOf(entry);
    if (seen === null) {
      hadGap = true;
      continue;
    }
    if (
      last !== null &&
      (last.who !== seen.who || hadGap) &&
      seen.wall > last.wall &&
      (last.who !== seen.who || seen.who === 'this')
    ) {
      found.push({ wall: seen.wall, ms: Math.round(seen.wall - last.wall), from: last.who, to: seen.who });
    }
    hadGap = false;
    last = last !== null && last.who === seen.who && last.wall > seen.wall ? last : seen;
  }
  return found.toReversed();
};
