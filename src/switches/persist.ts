/** Tries until it comes about, ever more slowly, as long as it is wanted: a host that is down must not stay on the wrong side. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';

export interface Persistence {
  readonly firstMs: Millis;
  readonly mostMs: Millis;
  readonly signal: AbortSignal;
  /** Each failed try, with how many there were. */
  readonly onFault: (fault: Fault, tries: number) => void;
  /** For tests. */
  readonly wait?: (ms: Millis, signal: AbortSignal) => Promise<void>;
}

const waitUnless = async (ms: Millis, signal: AbortSignal): Promise<void> => {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
};

/** The first good result; the last fault when the signal ends it. */
export const persist = async <T>(
  attempt: (signal: AbortSignal) => Promise<Result<T>>,
  { firstMs, mostMs, signal, onFault, wait = waitUnless }: Persistence,
): Promise<Result<T>> => {
  for (let tries = 1; ; tries += 1) {
    const done = await attempt(signal);
    if (done.ok || signal.aborted) return done;
    onFault(done.error, tries);
    await wait(Math.min(mostMs, firstMs * 2 ** Math.min(tries - 1, 20)), signal);
    if (signal.aborted) return done;
  }
};
