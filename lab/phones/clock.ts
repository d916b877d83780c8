/**
 * Milliseconds of CLOCK_MONOTONIC, with fractions. All processes and network namespaces of one machine share this clock, so
 * moments from the lab, the phones and the provider compare.
 */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

export interface Ticker {
  readonly stop: () => void;
}

/**
 * Calls `tick` every `everyMs`, by the clock and not by the last call, with how late the call is. Ticks that were missed
 * altogether are left out, not made up for, unless `catchUp` says how many may follow at once.
 */
export function startTicker(everyMs: number, tick: (lateMs: number) => void, catchUp = 0): Ticker {
  let dueMs = monotonicMs();
  let timer: NodeJS.Timeout | undefined;
  const step = (): void => {
    let nowMs = monotonicMs();
    tick(Math.max(0, nowMs - dueMs));
    dueMs += everyMs;
    for (let extra = 0; extra < catchUp && dueMs <= nowMs; extra += 1) {
      tick(nowMs - dueMs);
      dueMs += everyMs;
    }
    nowMs = monotonicMs();
    if (dueMs <= nowMs) dueMs += Math.ceil((nowMs - dueMs) / everyMs) * everyMs;
    timer = setTimeout(step, Math.max(1, Math.round(dueMs - nowMs)));
  };
  timer = setTimeout(step, 1);
  return { stop: () => clearTimeout(timer) };
}
