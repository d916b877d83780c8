/** The renewal with which an agent ends. */
import type { Settings } from '../core/settings.ts';
import type { Loop } from './loop.ts';

/**
 * A holder ends just after a renewal for longer, so that its successor finds the gate open; where none may be had, after an ordinary
 * one. Gives up after one and a half heartbeats, for what does not renew need not wait.
 */
export const renewLast = async ({ timing }: Settings, loop: Loop, listeners: Set<() => void>): Promise<void> => {
  const { heartbeatMs, leaseMs } = timing;
  const before = loop.state().lease;
  if (before.name !== 'held' || before.heldOpen) return;
  loop.post((at) => ({ kind: 'ending', at }));
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, 1.5 * heartbeatMs);
  const look = (): void => {
    const { lease } = loop.state();
    if (lease.name !== 'held') return resolve();
    const longer = lease.rounds.filter(({ ticketMs }) => ticketMs > leaseMs);
    const isRenewed = longer.length > 0 ? longer.some(({ granted }) => granted) : lease.leaseUntil > before.leaseUntil;
    if (isRenewed) resolve();
  };
  listeners.add(look);
  await promise;
  listeners.delete(look);
  clearTimeout(timer);
};
