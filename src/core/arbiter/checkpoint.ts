/** A checkpoint: an outside voter. It holds no right itself, promises it to one node at a time, and tells each what it heard of the other. */
import { inForce, joined, knownOf, knowsAll, withLeft } from '../in-force.ts';
import type { BootMemory, DiskMemory } from '../memory.ts';
import type { Heard, Message, Orders, Release, Status } from '../message.ts';
import { longestPromiseMs, type Promises } from '../settings.ts';
import { emptyDisk, freshBootMemory } from '../state.ts';
import { type Instant, type Role, rivalOf } from '../words.ts';
import { answerOf, applyRelease, heldOpenAfter, vote } from './voter.ts';

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

/** How a checkpoint begins: silent for the longest promise after a boot, otherwise with what it promised before. */
export const startCheckpoint = (
  boot: BootMemory | null,
  disk: DiskMemory | null,
  now: Instant,
  promises: Promises,
): CheckpointState => {
  const kept = disk ?? emptyDisk;
  return {
    boot: boot ?? freshBootMemory(kept, now + longestPromiseMs(promises)),
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

/** The orders as they are now: a maintenance grows shorter. */
export const ordersNow = ({ disk, ordersAt }: CheckpointState, now: Instant): Orders =>
  withLeft(disk.orders, Math.max(0, inForce(disk.orders).maintenanceMs - (now - ordersAt)));

/** Together with what the message brings; the same state when it brings nothing new. */
const learnOrders = (state: CheckpointState, told: Orders, now: Instant): CheckpointState => {
  if (knowsAll(knownOf(state.disk.orders), told)) return state;
  return { ...state, disk: { ...state.disk, orders: joined(ordersNow(state, now), told) }, ordersAt: now };
};

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

/** Whose gate may be held open, before the word of a node is counted. Who tells that manual mode is over does not speak for its rival, which may serve by hand yet. */
const openBefore = (state: CheckpointState, told: CheckpointState, from: Role): Role | null => {
  const ends = inForce(state.disk.orders).mode === 'manual' && inForce(told.disk.orders).mode !== 'manual';
  return ends ? rivalOf(from) : state.disk.heldOpenBy;
};

/** What the checkpoint answers to a node's message. The new state must be kept before the sends leave. */
export const decideCheckpoint = (
  state: CheckpointState,
  from: Role,
  message: Message,
  now: Instant,
  promises: Promises,
): CheckpointDecision => {
  if (message.type === 'release') return onRelease(state, from, message);
  if (message.type !== 'ask') return { state, sends: [] };
  const told = learnOrders(state, message.orders, now);
  const before = heldOpenAfter(openBefore(state, told, from), message.status, message.orders, told.disk.orders);
  const result = vote(told.boot, message, from, now, promises, before, null);
  const heldOpenBy = result.yes && message.bind && before !== from ? null : before;
  const disk = heldOpenBy === told.disk.heldOpenBy ? told.disk : { ...told.disk, heldOpenBy };
  const heard = { at: now, status: message.status };
  const next: CheckpointState = {
    boot: result.boot,
    ordersAt: told.ordersAt,
    disk: withEpoch(disk, result.boot),
    heardMain: from === 'main' ? heard : state.heardMain,
    heardStandby: from === 'standby' ? heard : state.heardStandby,
  };
  const answer = answerOf(message, result, heardOf(state, rivalOf(from), now), null, ordersNow(told, now));
  return { state: next, sends: [{ to: from, message: answer }] };
};
