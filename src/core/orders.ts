/** Persons' orders for the pair: the higher revision wins everywhere (mode, maintenance). */
import { because, type Draft, notify, orderGate, ownOrders, setBoot, setDisk } from './draft.ts';
import type { Orders } from './message.ts';
import { FOR_EVER } from './state.ts';
import type { WallTime } from './words.ts';

/** A holder's gate follows the mode: in manual mode no lease runs out. */
const followMode = (d: Draft): void => {
  const { lease } = d.s;
  if (lease.name !== 'held' || d.s.phase.name === 'closing') return;
  if (d.s.disk.orders.mode === 'manual' && !lease.heldOpen) {
    orderGate(d, { type: 'hold-open' });
    d.s.lease = { ...lease, heldOpen: true, leaseUntil: FOR_EVER, rounds: [] };
    setBoot(d, { heldOpen: true });
  } else if (d.s.disk.orders.mode === 'automatic' && lease.heldOpen) {
    // The first grant ends the open-ended one; without votes the right is lost as always.
    d.s.lease = { ...lease, leaseUntil: d.now + 2 * d.settings.timing.leaseMs, renewAt: d.now };
  }
};

export const adoptOrders = (d: Draft, orders: Orders): void => {
  if (orders.revision <= d.s.disk.orders.revision) return;
  const before = d.s.disk.orders;
  setDisk(d, { orders });
  d.s.maintenanceUntil = orders.maintenanceMs > 0 ? d.now + orders.maintenanceMs : 0;
  because(d, 'orders', {
    revision: orders.revision,
    mode: orders.mode,
    maintenanceMs: Math.round(orders.maintenanceMs),
    reason: orders.maintenanceReason,
  });
  if (orders.mode !== before.mode) followMode(d);
};

/** A person changed the orders at this node; all others learn of it with the next message. */
export const giveOrders = (d: Draft, change: Partial<Omit<Orders, 'revision'>>): void => {
  // Both nodes may be told at once: parity keeps two revisions apart.
  const parity = d.settings.role === 'main' ? 0 : 1;
  const revision = d.s.disk.orders.revision + 2 - ((d.s.disk.orders.revision + parity) % 2);
  adoptOrders(d, { ...ownOrders(d.s), ...change, revision });
};

export const tendOrders = (d: Draft): void => {
  if (d.s.maintenanceUntil === 0 || d.now < d.s.maintenanceUntil) return;
  d.s.maintenanceUntil = 0;
  setDisk(d, { maintenanceUntilWall: 0, orders: { ...d.s.disk.orders, maintenanceMs: 0 } });
  because(d, 'maintenance-over');
  notify(d, 'info', 'maintenance-over', 'The maintenance is over; the pair looks after itself again.');
};

/** Remembers on the wall clock when the maintenance ends, for the time after a boot. */
export const rememberMaintenance = (d: Draft, wall: WallTime): void => {
  const left = d.s.maintenanceUntil - d.now;
  setDisk(d, { maintenanceUntilWall: left > 0 ? wall + left : 0 });
};
