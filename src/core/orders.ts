/** Persons' orders for the pair (mode, maintenance): given here, learned from others, followed. */
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
import { inForce, inForceOf, joined, knownOf, knowsAll, withLeft, withOrder } from './in-force.ts';
import { loseLease, manualIsKnown, withdraw } from './lease.ts';
import type { Order, Orders } from './message.ts';
import { FOR_EVER } from './state.ts';
import { rivalOf, type WallTime } from './words.ts';

/** A holder's gate follows the mode: in manual mode no lease runs out. */
const followMode = (d: Draft): void => {
  const { lease } = d.s;
  if (lease.name !== 'held' || d.s.phase.name === 'closing') return;
  if (isManual(d.s) || !lease.heldOpen) return;
  // The open end stays until the kernel has taken a term that was won by votes; without one by then, service stops.
  d.s.lease = { ...lease, leaseUntil: d.now + d.settings.timing.leaseMs, renewAt: d.now, rounds: [] };
};

/** In manual mode no lease runs out, once it is sure that no other node can win one: the rival knows, or would learn of it from any majority. */
export const tendMode = (d: Draft): void => {
  const { lease } = d.s;
  if (lease.name !== 'held' || lease.leaseUntil === FOR_EVER || d.s.phase.name === 'closing') return;
  // What may have run out unseen may have been won by the other before it knew.
  if (!lease.proved || !isManual(d.s) || !manualIsKnown(d)) return;
  orderGate(d, { type: 'hold-open' });
  d.s.lease = { ...lease, heldOpen: true, endOp: 0, leaseUntil: FOR_EVER };
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

/** The rival may serve by hand: until it is heard to know, and not to hold its gate open, this node does not ask for the right to serve. */
const leaveManual = (d: Draft): void => {
  const { lease } = d.s;
  if (lease.name === 'held') return;
  setDisk(d, { heldOpenBy: rivalOf(d.settings.role) });
  // What was asked by hand would now be won by votes, and a node that serves by hand needs none.
  if (lease.name === 'sounding') loseLease(d, d.now);
  else if (lease.name === 'asking' && lease.handed === 0) withdraw(d, lease);
};

/** An order given here that the rival had not heard of does not hold, since another person's does. */
const tellOverruled = (d: Draft, before: Orders, after: Order): void => {
  const { role } = d.settings;
  const own = before[role];
  const unheard = own.revision > 0 && d.s.rival.knows[role] < own.revision;
  if (!unheard || inForceOf(before) !== role || after.mode === own.mode) return;
  because(d, 'orders-overruled', { given: own.mode, now: after.mode });
  notify(
    d,
    'warning',
    'orders-overruled',
    `Another person ordered ${after.mode} mode at the same time; the ${own.mode} mode that was ordered here does not hold.`,
  );
};

const follow = (d: Draft, orders: Orders, byPerson: boolean): void => {
  const before = inForce(d.s.disk.orders);
  const after = inForce(orders);
  if (!byPerson) tellOverruled(d, d.s.disk.orders, after);
  setDisk(d, { orders });
  if (after.revision === before.revision) return;
  if (before.mode === 'manual' && after.mode === 'automatic') leaveManual(d);
  d.s.maintenanceUntil = after.maintenanceMs > 0 ? d.now + after.maintenanceMs : 0;
  because(d, 'orders', {
    revision: after.revision,
    mode: after.mode,
    maintenanceMs: Math.round(after.maintenanceMs),
    reason: after.maintenanceReason,
  });
  if (after.mode !== before.mode) followMode(d);
  stopAsking(d);
};

/** What another machine knows of persons' orders is known here from now on, and what is in force is followed. */
export const adoptOrders = (d: Draft, told: Orders): void => {
  if (knowsAll(knownOf(d.s.disk.orders), told)) return;
  follow(d, joined(ownOrders(d.s), told), false);
};

/** A person changed the orders at this node; all others learn of it with the next message. */
export const giveOrders = (d: Draft, change: Partial<Omit<Order, 'revision' | 'knew'>>): void =>
  follow(d, withOrder(ownOrders(d.s), d.settings.role, change), true);

export const tendOrders = (d: Draft): void => {
  if (d.s.maintenanceUntil === 0 || d.now < d.s.maintenanceUntil) return;
  d.s.maintenanceUntil = 0;
  setDisk(d, { maintenanceUntilWall: 0, orders: withLeft(d.s.disk.orders, 0) });
  because(d, 'maintenance-over');
  notify(d, 'info', 'maintenance-over', 'The maintenance is over; the pair looks after itself again.');
};

/** Remembers on the wall clock when the maintenance ends, for the time after a boot. */
export const rememberMaintenance = (d: Draft, wall: WallTime): void => {
  const left = d.s.maintenanceUntil - d.now;
  setDisk(d, { maintenanceUntilWall: left > 0 ? wall + left : 0 });
};
