import type { GateAction } from '../../core/effect.ts';
import type { Instant } from '../../core/words.ts';

export interface Ticket {
  readonly until: Instant;
  granted: boolean;
}

/** What the kernel was told, so that it can be told again. */
export interface GateMemory {
  /** Called when the action is handed to the kernel: a ticket's time counts from before the kernel's. */
  note(action: GateAction, now: Instant): void;
  isHeld(): boolean;
  ticketIn(slot: number): Ticket | undefined;
  /** The granted ticket that runs longest, null when none was granted. */
  best(): { readonly slot: number; readonly ticket: Ticket } | null;
}

export const createMemory = (): GateMemory => {
  const ticketBySlot = new Map<number, Ticket>();
  let held = false;
  const grant = (slot: number): void => {
    held = false;
    const ticket = ticketBySlot.get(slot);
    if (ticket !== undefined) ticket.granted = true;
  };
  return {
    note: (action, now) => {
      switch (action.type) {
        case 'arm':
          ticketBySlot.set(action.slot, { until: now + action.ms, granted: false });
          return;
        case 'grant':
          grant(action.slot);
          return;
        case 'hold-open':
          held = true;
          return;
        case 'close':
          held = false;
          ticketBySlot.clear();
      }
    },
    isHeld: () => held,
    ticketIn: (slot) => ticketBySlot.get(slot),
    best: () => {
      const granted = [...ticketBySlot].filter(([, ticket]) => ticket.granted);
      const longest = granted.toSorted(([, a], [, b]) => b.until - a.until)[0];
      return longest === undefined ? null : { slot: longest[0], ticket: longest[1] };
    },
  };
};
