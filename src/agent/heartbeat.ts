import type { Clock } from '../ports.ts';

/**
 * Looks at everything each period. The core wakes by itself about as often, and each awakening costs: where it comes within
 * a quarter of the period, the look joins it.
 */
export const createHeartbeat = (clock: Clock, periodMs: number, beat: (lateMs: number) => void) => {
  let due = 0;
  let cancel = (): void => undefined;
  const ring = (now: number, late: number): void => {
    cancel();
    due = now + periodMs;
    cancel = clock.at(due + periodMs / 4, () => {
      const rungAt = clock.now();
      ring(rungAt, rungAt - due - periodMs / 4);
    });
    beat(late);
  };
  return {
    start: (): void => ring(clock.now(), 0),
    /** The agent is awake for another reason. */
    awake: (): void => {
      const now = clock.now();
      if (now >= due - periodMs / 4) ring(now, Math.max(0, now - due - periodMs / 4));
    },
    /** Something about telephony failed, or is well again: it counts now, and the next look comes a period later. */
    hasten: (news: boolean): void => {
      const now = clock.now();
      if (news || now >= due - periodMs / 4) ring(now, 0);
    },
    stop: (): void => cancel(),
  };
};

export type Heartbeat = ReturnType<typeof createHeartbeat>;
