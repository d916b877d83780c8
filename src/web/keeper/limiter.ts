/** Counts attempts by key within a window, in bounded memory: the oldest key goes where there are too many. */
import { isIPv6 } from 'node:net';
import type { Instant, Millis } from '../../core/words.ts';

export interface Limiter {
  /** Counts an attempt; the time to wait before the next where there were too many, else 0. */
  take(key: string, now: Instant): Millis;
  /** It was a good one: it does not count. */
  giveBack(key: string): void;
}

export const createLimiter = (most: number, windowMs: Millis, mostKeys = 10_000): Limiter => {
  const countByKey = new Map<string, { since: Instant; count: number }>();
  return {
    take: (key, now) => {
      const known = countByKey.get(key);
      if (known !== undefined && now - known.since < windowMs) {
        if (known.count >= most) return known.since + windowMs - now;
        known.count += 1;
        return 0;
      }
      countByKey.delete(key);
      const oldest = countByKey.size >= mostKeys ? countByKey.keys().next() : null;
      if (oldest?.done === false) countByKey.delete(oldest.value);
      countByKey.set(key, { since: now, count: 1 });
      return 0;
    },
    giveBack: (key) => {
      const known = countByKey.get(key);
      if (known !== undefined && known.count > 0) known.count -= 1;
    },
  };
};

/** An IPv6 client has a whole network of addresses: its /64 counts as one. */
export const networkOf = (address: string): string => {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail = ''] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? Array.from({ length: 8 - before.length - after.length }, () => '0') : [];
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
};
