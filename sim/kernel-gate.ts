/** The kernel's gate of one machine: tickets with timeouts on the machine's own clock, grants, and a pipe of commands that can stall. */
import type { GateAction } from '../src/core/effect.ts';

export interface KernelGate {
  /** Applies one transaction at local time `now`. */
  apply(action: GateAction, now: number): void;
  /** A packet would pass at local time `now`. */
  isOpen(now: number): boolean;
  /** When it closes by itself, on the local clock; Infinity when held open, -1 when closed. */
  closesAt(now: number): number;
  reset(): void;
}

/** `lagMs` is how late the kernel notices that a timeout is over: up to `g`, drawn for each ticket. */
export const createKernelGate = (slots: number, lagMs: () => number): KernelGate => {
  const ticketUntil = new Float64Array(slots);
  const granted = new Uint8Array(slots);
  let held = false;
  const closesAt = (now: number): number => {
    if (held) return Number.POSITIVE_INFINITY;
    let last = -1;
    for (let i = 0; i < slots; i += 1) {
      const until = ticketUntil[i] ?? 0;
      if (granted[i] === 1 && until > now && until > last) last = until;
    }
    return last;
  };
  const reset = (): void => {
    ticketUntil.fill(0);
    granted.fill(0);
    held = false;
  };
  return {
    apply(action, now) {
      switch (action.type) {
        case 'arm':
          granted[action.slot] = 0;
          ticketUntil[action.slot] = now + action.ms + lagMs();
          return;
        case 'grant':
          held = false;
          granted[action.slot] = 1;
          return;
        case 'close':
          return reset();
        case 'hold-open':
          held = true;
          return;
      }
    },
    isOpen: (now) => closesAt(now) > now,
    closesAt,
    reset,
  };
};
