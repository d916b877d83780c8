/**
 * Persons' orders may be given at both nodes, also while these do not hear each other. Each node's last one is kept, with what its giver
 * knew of the other's; so all who know the same two orders agree which is in force, whatever came first (ADR 0016).
 */
import type { Order, Orders } from './message.ts';
import { type Role, rivalOf } from './words.ts';

/** Up to which revision a node's orders are known. */
export type Known = Readonly<Record<Role, number>>;

export const NOTHING_KNOWN: Known = { main: 0, standby: 0 };

const noOrder: Order = {
  revision: 0,
  knew: 0,
  mode: 'automatic',
  manualSince: 0,
  maintenanceMs: 0,
  maintenanceReason: '',
};

/** At which node an order of this revision was given: parity keeps the two apart. */
const roleOf = (revision: number): Role => (revision % 2 === 0 ? 'main' : 'standby');

export const noOrders: Orders = { main: noOrder, standby: noOrder };

/** Who gave the automatic mode of `role` knew of the manual mode that it would end. */
const endsManual = (orders: Orders, role: Role): boolean => {
  const { manualSince } = orders[rivalOf(role)];
  return manualSince <= (roleOf(manualSince) === role ? orders[role].revision : orders[role].knew);
};

/**
 * Whose order is in force. One given in knowledge of the other replaces it. Of two that did not know of each other the higher revision
 * holds, but manual mode is ended only by who knew that it had begun.
 */
export const inForceOf = (orders: Orders): Role => {
  const { main, standby } = orders;
  if (main.knew >= standby.revision) return 'main';
  if (standby.knew >= main.revision) return 'standby';
  if (main.mode !== standby.mode) {
    const automatic = main.mode === 'automatic' ? 'main' : 'standby';
    return endsManual(orders, automatic) ? automatic : rivalOf(automatic);
  }
  return main.revision > standby.revision ? 'main' : 'standby';
};

export const inForce = (orders: Orders): Order => orders[inForceOf(orders)];

export const knownOf = (orders: Orders): Known => ({ main: orders.main.revision, standby: orders.standby.revision });

/** `known` has all that `orders` says. */
export const knowsAll = (known: Known, orders: Orders): boolean =>
  known.main >= orders.main.revision && known.standby >= orders.standby.revision;

export const highestKnown = (a: Known, b: Known): Known => ({
  main: Math.max(a.main, b.main),
  standby: Math.max(a.standby, b.standby),
});

const newer = (a: Order, b: Order): Order => (b.revision > a.revision ? b : a);

/** What is known once both are: each node's newest order. */
export const joined = (a: Orders, b: Orders): Orders => ({
  main: newer(a.main, b.main),
  standby: newer(a.standby, b.standby),
});

/** The orders as they are told now: `leftMs` of the maintenance in force is left, and one that is not in force has none. */
export const withLeft = (orders: Orders, leftMs: number): Orders => {
  const role = inForceOf(orders);
  const other = rivalOf(role);
  if (orders[role].maintenanceMs === leftMs && orders[other].maintenanceMs === 0) return orders;
  const both = { [role]: { ...orders[role], maintenanceMs: leftMs }, [other]: { ...orders[other], maintenanceMs: 0 } };
  return { ...orders, ...both };
};

/** A person's order at the node `role`, in knowledge of `orders`; it is in force with all who know no other. */
export const withOrder = (orders: Orders, role: Role, change: Partial<Omit<Order, 'revision' | 'knew'>>): Orders => {
  const knew = orders[rivalOf(role)].revision;
  const last = Math.max(orders.main.revision, orders.standby.revision);
  const revision = last + (roleOf(last) === role ? 2 : 1);
  const order = { ...inForce(orders), ...change, revision, knew };
  // Who orders manual mode while it is begins it anew: an end that did not know of that does not end it.
  const manualSince = order.mode === 'automatic' ? 0 : change.mode === 'manual' ? revision : order.manualSince;
  return { ...orders, [role]: { ...order, manualSince } };
};
