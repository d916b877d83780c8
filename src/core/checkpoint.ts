/** A checkpoint: an outside voter. It holds no right itself, promises it to one node at a time, and tells each what it heard of the other. */

import type { BootMemory, DiskMemory } from './memory.ts';
import type { Heard, Message, Orders, Release, Status } from './message.ts';
import { emptyDisk, freshBootMemory } from './state.ts';
import { answerOf, applyRelease, vote } from './voter.ts';
import { type Instant, type Millis, type Role, rivalOf } from './words.ts';

export interface CheckpointState {
  readonly boot: BootMemory;
  readonly disk: DiskMemory;
  /** When the orders came, so that what is left of a maintenance can be told. */
  readonly ordersAt: Instant;
  readonly heardMain: { readonly at: Instant; readonly status: Status } | null;
  readonly heardStandby: { readonly at: Instant; readonly status: Status } | null;
}

export interface CheckpointDecision {
  readonly state: CheckpointState;
  readonly sends: readonly { readonly to: Role; readonly message: Message }[];
}

/** How a checkpoint begins: silent for one promise after a boot, otherwise with what it promised before. */
export const startCheckpoint = (
  boot: BootMemory | null,
  disk: DiskMemory | null,
  now: Instant,
  promiseMs: Millis,
): CheckpointState => {
  const kept = disk ?? emptyDisk;
  return {
    boot: boot ?? freshBootMemory(kept, now + promiseMs),
    disk: kept,
    ordersAt: now,
    heardMain: null,
    heardStandby: null,
  };
};

const heardOf = (state: CheckpointState, role: Role, now: Instant): Heard | null => {
  const heard = role === 'main' ? state.heardMain : state.heardStandby;
  return heard === null ? null : { agoMs: now - heard.at, status: heard.status };
};

const withOrders = (disk: DiskMemory, orders: Orders): DiskMemory =>
  orders.revision > disk.orders.revision ? { ...disk, orders } : disk;

/** The orders as they are now: a maintenance grows shorter. */
const ordersNow = (orders: Orders, ordersAt: Instant, now: Instant): Orders =>
  orders.maintenanceMs === 0
    ? orders
    : { ...orders, maintenanceMs: Math.max(0, orders.maintenanceMs - (now - ordersAt)) };

const withEpoch = (disk: DiskMemory, boot: BootMemory): DiskMemory =>
  boot.highest > disk.epochCeiling ? { ...disk, epochCeiling: boot.highest + 16 } : disk;

const onRelease = (state: CheckpointState, from: Role, release: Release): CheckpointDecision => {
  if (release.role !== from) return { state, sends: [] };
  const boot = applyRelease(state.boot, release.role, release.epoch);
  const { addressee } = release;
  // The nodes may be cut from each other: the addressee hears of it through here.
  const relay = boot !== state.boot && addressee !== null && addressee !== from;
  return {
    state: { ...state, boot, disk: withEpoch(state.disk, boot) },
    sends: relay ? [{ to: addressee, message: release }] : [],
  };
};

/** What the checkpoint answers to a node's message. The new state must be kept before the sends leave. */
export const decideCheckpoint = (
  state: CheckpointState,
  from: Role,
  message: Message,
  now: Instant,
  promiseMs: Millis,
): CheckpointDecision => {
  if (message.type === 'release') return onRelease(state, from, message);
  if (message.type !== 'ask') return { state, sends: [] };
  const orders = withOrders(state.disk, message.orders);
  const result = vote(state.boot, message, from, now, promiseMs, orders.orders.revision, null);
  const heard = { at: now, status: message.status };
  const ordersAt = orders === state.disk ? state.ordersAt : now;
  const next: CheckpointState = {
    boot: result.boot,
    ordersAt,
    disk: withEpoch(orders, result.boot),
    heardMain: from === 'main' ? heard : state.heardMain,
    heardStandby: from === 'standby' ? heard : state.heardStandby,
  };
  const answer = answerOf(
    message,
    result,
    heardOf(state, rivalOf(from), now),
    null,
    ordersNow(orders.orders, ordersAt, now),
  );
  return { state: next, sends: [{ to: from, message: answer }] };
};
