/** What waits to be told on a channel: joined where it is the same alarm, and bounded. */
import type { Instant, Millis, WallTime } from '../../core/words.ts';
import { type Alarm, type ChannelState, compareSeverity, type Item } from './words.ts';

/** Of one message. */
const MOST_ITEMS = 50;

export const itemOf = (alarm: Alarm, what: Item['what'], endedWall: WallTime | null): Item => {
  const { id, code, object, severity, title, detail, next, beganWall, lastWall, count } = alarm;
  return { alarm: id, what, code, object, severity, title, detail, next, beganWall, lastWall, endedWall, count };
};

/** The same alarm told later: what was not told yet stays `new`. */
const joined = (earlier: Item, later: Item): Item => ({
  ...later,
  what: earlier.what === 'new' ? 'new' : later.what,
  beganWall: earlier.beganWall,
});

/** One item more; of the same alarm there is only one. */
const withItem = (items: readonly Item[], item: Item): readonly Item[] => {
  const at = items.findIndex(({ alarm }) => alarm === item.alarm);
  const earlier = items[at];
  if (earlier === undefined) return [...items, item];
  return items.with(at, joined(earlier, item));
};

/** What may be left out first: what is over, then what weighs least, then what is oldest. */
const leastOf = (items: readonly Item[]): number => {
  let least = 0;
  for (const [index, item] of items.entries()) {
    const best = items[least];
    if (best === undefined) continue;
    const ended = Number(item.endedWall !== null) - Number(best.endedWall !== null);
    if (ended > 0 || (ended === 0 && compareSeverity(item.severity, best.severity) < 0)) least = index;
  }
  return least;
};

/** Adds to what waits on a channel; it is due within `groupMs`. */
export const withPending = (channel: ChannelState, item: Item, now: Instant, groupMs: Millis): ChannelState => {
  const due = now + groupMs;
  const pending = withItem(channel.pending, item);
  const tooMany = pending.length > MOST_ITEMS;
  return {
    ...channel,
    pending: tooMany ? pending.toSpliced(leastOf(pending), 1) : pending,
    folded: channel.folded + Number(tooMany),
    dueAt: channel.dueAt === null ? due : Math.min(channel.dueAt, due),
  };
};

/** What was surely not delivered waits again, before what came later. */
export const givenBack = (channel: ChannelState): ChannelState => {
  const { outbox } = channel;
  if (outbox === null) return channel;
  const pending = channel.pending.reduce(withItem, outbox.items);
  const tooMany = Math.max(0, pending.length - MOST_ITEMS);
  let kept = pending;
  while (kept.length > MOST_ITEMS) kept = kept.toSpliced(leastOf(kept), 1);
  return { ...channel, pending: kept, folded: channel.folded + outbox.folded + tooMany, outbox: null };
};
