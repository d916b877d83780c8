/** What phones could have seen: when nobody served them, and when two gates were open. */
import type { Timeline } from './timeline.ts';

export interface Gap {
  /** True time, ms. */
  readonly from: number;
  readonly to: number;
}

export interface ServiceRecord {
  readonly gaps: Gap[];
  twoServingMs: number;
  served(isServed: boolean): void;
  /** True when two begin to serve with this. */
  both(areBoth: boolean): boolean;
  finish(): void;
}

export const createServiceRecord = (timeline: Timeline): ServiceRecord => {
  let gapSince = 0;
  let bothSince = -1;
  const r: ServiceRecord = {
    gaps: [],
    twoServingMs: 0,
    served(isServed) {
      if (!isServed && gapSince < 0) gapSince = timeline.now;
      if (!isServed || gapSince < 0) return;
      r.gaps.push({ from: gapSince, to: timeline.now });
      gapSince = -1;
    },
    both(areBoth) {
      const begins = areBoth && bothSince < 0;
      if (begins) bothSince = timeline.now;
      if (!areBoth && bothSince >= 0) {
        r.twoServingMs += timeline.now - bothSince;
        bothSince = -1;
      }
      return begins;
    },
    finish() {
      if (gapSince >= 0) r.gaps.push({ from: gapSince, to: timeline.now });
      if (bothSince >= 0) r.twoServingMs += timeline.now - bothSince;
    },
  };
  return r;
};
