/** Persons' orders for the pair: the higher revision wins everywhere (mode, maintenance). */
import {
  because,
  type Draft,
  inMaintenance,
  isManual,
  notify,
  orderGate,
  ownOrders,
  setBoot,
  setDisk,
} from './draft.ts';
import { loseLease, manualIsKnown, withdraw } from './lease.ts';
import type { Orders } from './message.ts';
import { FOR_EVER } from './state.ts';
import type { WallTime } from './words.ts';

/** A holder's gate follows the mode: in manual mode no lease runs out. */
const followMode = (d: Draft): void => {
  const { lease } = d.s;
  if (lease.name !== 'held' || d.s.phase.name === 'closing') return;
  if (d.s.disk.orders.mode !== 'automatic' || !lease.heldOpen) return;
  // One last term that the kernel ends by itself takes the place of the open end; from then on votes are needed.
  const { leaseMs } = d.settings.timing;
  const seq = d.s.boot.seq + 1;
  const slot = seq % d.settings.slots;
  orderGate(d, { type: 'arm', slot, ms: leaseMs }, seq);
  orderGate(d, { type: 'grant', slot }, seq);
  setBoot(d, { seq, heldOpen: false });
  d.s.lease = { ...lease, heldOpen: false, leaseUntil: d.now + leaseMs, renewAt: d.now, rounds: [] };
};

/** In manual mode no lease runs out, once it is sure that no other node can win one: the rival knows, or enough voters refuse. */
export const tendMode = (d: Draft): void => {
  const { lease } = d.s;
  if (lease.name !== 'held' || lease.heldOpen || d.s.phase.name === 'closing') return;
  if (!isManual(d.s) || !manualIsKnown(d)) return;
  orderGate(d, { type: 'hold-open' });
  d.s.lease = { ...lease, heldOpen: true, leaseUntil: FOR_EVER };
  setBoot(d, { heldOpen: true });
};

/** Orders that came while this node was asking: it asks no more, unless a person wants it to. */
const stopAsking = (d: Draft): void => {
  const { lease } = d.s;
  const mayAsk = !isManual(d.s) && (!inMaintenance(d.s) || d.s.disk.serving);
  if (mayAsk || d.s.errand?.wants === 'serve') return;
  if (lease.name === 'sounding') loseLease(d, d.now);
  else if (lease.name === 'asking' && lease.handed === 0) withdraw(d, lease);
};

/** The rival may serve by hand and not know yet: until it is heard to know, this node does not ask for the right to serve. */
const leaveManual = (d: Draft, byPerson: boolean): void => {
  const { lease } = d.s;
  if (!byPerson || lease.name === 'held') return;
  setDisk(d, { leftManual: true });
  // What was asked by hand would now be won by votes, and a node that serves by hand needs none.
  if (lease.name === 'sounding') loseLease(d, d.now);
  else if (lease.name === 'asking' && lease.handed === 0) withdraw(d, lease);
};

/** Orders given here that the rival had not heard of are overruled by its own. */
const tellOverruled = (d: Draft, orders: Orders): void => {
  const own = d.s.disk.orders;
  const ours = own.revision % 2 === (d.settings.role === 'main' ? 0 : 1);
  if (own.revision === 0 || !ours || d.s.rival.knowsRevision >= own.revision || orders.mode === own.mode) return;
  because(d, 'orders-overruled', { given: own.mode, now: orders.mode });
  notify(
    d,
    'warning',
    'orders-overruled',
    `Another person ordered ${orders.mode} mode at the same time; the ${own.mode} mode that was ordered here does not hold.`,
  );
};

export const adoptOrders = (d: Draft, orders: Orders, byPerson = false): void => {
  if (orders.revision <= d.s.disk.orders.revision) return;
  const before = d.s.disk.orders;
  if (!byPerson) tellOverruled(d, orders);
  setDisk(d, { orders });
  if (before.mode === 'manual' && orders.mode === 'automatic') leaveManual(d, byPerson);
  d.s.maintenanceUntil = orders.maintenanceMs > 0 ? d.now + orders.maintenanceMs : 0;
  because(d, 'orders', {
    revision: orders.revision,
    mode: orders.mode,
    maintenanceMs: Math.round(orders.maintenanceMs),
    reason: orders.maintenanceReason,
  });
  if (orders.mode !== before.mode) followMode(d);
  stopAsking(d);
};

/** A person changed the orders at this node; all others learn of it with the next message. */
export const giveOrders = (d: Draft, change: Partial<Omit<Orders, 'revision'>>): void => {
  // Both nodes may be told at once: parity keeps two revisions apart.
  const parity = d.settings.role === 'main' ? 0 : 1;
  const revision = d.s.disk.orders.revision + 2 - ((d.s.disk.orders.revision + parity) % 2);
  adoptOrders(d, { ...ownOrders(d.s), ...change, revision }, true);
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
