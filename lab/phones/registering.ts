import { setTimeout as sleep } from 'node:timers/promises';
import type { Result } from '../../src/core/result.ts';
import { monotonicMs } from './clock.ts';
import type { Phone, Population } from './population.ts';
import type { RegisterPlan, RegisterReport } from './protocol.ts';

export interface Registering {
  /** Registers all telephones at the pace of the plan, and keeps them registered. Settles when each has been tried. */
  readonly register: (plan: RegisterPlan) => Promise<RegisterReport>;
  /** Takes all registrations back, and lets it be. */
  readonly unregister: () => Promise<RegisterReport>;
}

/** A telephone that was refused or not heard tries again after this long, as telephones do. */
const retryMs = 5000;

/** Keeps a population registered, until its signal is aborted. */
export function createRegistering({ phoneByUser, ledger }: Population, signal: AbortSignal): Registering {
  const timerByUser = new Map<string, NodeJS.Timeout>();
  const stopTimers = (): void => {
    for (const timer of timerByUser.values()) clearTimeout(timer);
    timerByUser.clear();
  };
  signal.addEventListener('abort', stopTimers, { once: true });
  const refresh = async (phone: Phone, plan: Required<RegisterPlan>): Promise<Result<number>> => {
    ledger.note('registration-begun', monotonicMs());
    const { timeoutMs, expiresS } = plan;
    const granted = await phone.registration.refresh(expiresS, { timeoutMs, signal });
    ledger.note(granted.ok ? 'registration-granted' : 'registration-failed', monotonicMs());
    if (expiresS > 0 && !signal.aborted) {
      // Spread over a tenth, so that those who came together do not stay together.
      const spread = 0.85 + 0.1 * Math.random();
      const pauseMs = granted.ok ? granted.value * 1000 * spread : retryMs * spread;
      const timer = setTimeout(() => void refresh(phone, plan), Math.min(pauseMs, 2 ** 31 - 1));
      timerByUser.set(phone.account.user, timer);
    }
    return granted;
  };
  const each = async (plan: RegisterPlan): Promise<RegisterReport> => {
    stopTimers();
    const beganMs = monotonicMs();
    const full = { ratePerS: plan.ratePerS ?? 200, expiresS: plan.expiresS ?? 3600, timeoutMs: plan.timeoutMs ?? 8000 };
    const tries: Promise<readonly [string, Result<number>]>[] = [];
    for (const phone of phoneByUser.values()) {
      const dueMs = beganMs + (tries.length * 1000) / full.ratePerS;
      const waitMs = dueMs - monotonicMs();
      if (waitMs > 1) await sleep(waitMs);
      if (signal.aborted) break;
      tries.push(refresh(phone, full).then((result) => [phone.account.user, result] as const));
    }
    const results = await Promise.all(tries);
    const failed = results.flatMap(([user, result]) => (result.ok ? [] : [{ user, error: result.error }]));
    return { registered: results.length - failed.length, failed, tookMs: monotonicMs() - beganMs };
  };
  return { register: each, unregister: () => each({ expiresS: 0 }) };
}
