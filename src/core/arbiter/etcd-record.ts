/** The pair's one value in etcd: what a checkpoint would keep, without its clock. */
import { inForce, withLeft } from '../in-force.ts';
import type { Orders, Release, Status } from '../message.ts';
import { longestPromiseMs, type Promises } from '../settings.ts';
import { emptyDisk, freshBootMemory, NEVER } from '../state.ts';
import type { Epoch, Instant, Role, WallTime } from '../words.ts';
import type { CheckpointState } from './checkpoint.ts';

export interface EtcdRecord {
  /** Rises with each promise: who waits for one to end watches it stand still. */
  readonly stamp: number;
  /** `restarts`: the longer promise of an agent that is about to restart may still run. */
  readonly promise: { readonly holder: Role; readonly epoch: Epoch; readonly restarts: boolean } | null;
  readonly highest: Epoch;
  readonly releasedMain: Epoch;
  readonly releasedStandby: Epoch;
  readonly heldOpenBy: Role | null;
  readonly orders: Orders;
  /** When it was written, by the writer's wall clock: so much of a maintenance has passed since. */
  readonly wall: WallTime;
  /** The last right that was handed to somebody. */
  readonly handed: Release | null;
  readonly main: Status | null;
  readonly standby: Status | null;
}

/** The value as this node saw it last, with what only its own clock can tell. */
export interface EtcdView {
  /** etcd's revision of the value, 0 when there is none. */
  readonly revision: number;
  readonly record: EtcdRecord | null;
  /** When the request left that showed it. */
  readonly askedAt: Instant;
  /** This node gives no vote by it until then: it has just begun to look, or the value has gone back. */
  readonly silentUntil: Instant;
  /** The end of the promise in it, counted from when this node first saw it, having looked ever since. */
  readonly until: Instant;
  /** What is left of a maintenance counts from here. */
  readonly ordersAt: Instant;
  readonly orders: Orders;
  readonly mainAt: Instant;
  readonly standbyAt: Instant;
}

const forMs = (record: EtcdRecord, promises: Promises): number =>
  record.promise?.restarts === true ? longestPromiseMs(promises) : promises.promiseMs;

/** Without a longer break: within a shorter one no store can be put back to what it was. */
export const isWatched = (view: EtcdView, now: Instant, { promiseMs }: Promises): boolean =>
  now - view.askedAt <= promiseMs / 2;

/** It stands where this node saw it, and this node has looked ever since. */
const standsStill = (before: EtcdView, record: EtcdRecord, now: Instant, promises: Promises): boolean => {
  const then = before.record;
  if (then === null || !isWatched(before, now, promises)) return false;
  const same = then.promise?.holder === record.promise?.holder && then.promise?.epoch === record.promise?.epoch;
  return same && then.stamp === record.stamp;
};

/** A store that was put back to what it was, or emptied: what it promised meanwhile is forgotten. */
export const wentBack = (before: EtcdView, revision: number, record: EtcdRecord | null): boolean =>
  revision < before.revision || (record?.highest ?? 0) < (before.record?.highest ?? 0);

/** When the role's word in the value was written at the earliest: after the look before the one that showed it. Never, where there was none before. */
const heardAt = (before: EtcdView | null, record: EtcdRecord, role: Role): Instant => {
  if (before === null) return NEVER;
  const [was, is] = [before.record?.[role], record[role]];
  const same = was?.life === is?.life && was?.at === is?.at;
  return same ? (role === 'main' ? before.mainAt : before.standbyAt) : before.askedAt;
};

const ordersOf = (record: EtcdRecord, wall: WallTime): Orders =>
  withLeft(record.orders, Math.max(0, inForce(record.orders).maintenanceMs - Math.max(0, wall - record.wall)));

export interface Sight {
  readonly revision: number;
  readonly record: EtcdRecord | null;
  readonly askedAt: Instant;
  readonly now: Instant;
  readonly wall: WallTime;
}

/** What this node knows after it has seen the value once more. */
export const seeRecord = (before: EtcdView | null, sight: Sight, promises: Promises): EtcdView => {
  const { revision, record, askedAt, now, wall } = sight;
  const begins = before === null || wentBack(before, revision, record);
  const silentUntil = begins ? now + longestPromiseMs(promises) : before.silentUntil;
  const common = { revision, record, askedAt, silentUntil, ordersAt: now };
  if (record === null) return { ...common, until: now, orders: emptyDisk.orders, mainAt: NEVER, standbyAt: NEVER };
  const watched = !begins && standsStill(before, record, now, promises);
  return {
    ...common,
    until: watched ? before.until : now + forMs(record, promises),
    orders: ordersOf(record, wall),
    mainAt: heardAt(before, record, 'main'),
    standbyAt: heardAt(before, record, 'standby'),
  };
};

const heardIn = (status: Status | null | undefined, at: Instant): CheckpointState['heardMain'] =>
  status === null || status === undefined || at === NEVER ? null : { at, status };

/** The view as a checkpoint's state, so that a checkpoint's own rules decide. */
export const checkpointOf = (view: EtcdView, silentUntil: Instant): CheckpointState => {
  const { record } = view;
  const fresh = freshBootMemory(emptyDisk, silentUntil);
  const promise = record?.promise ?? null;
  return {
    boot: {
      ...fresh,
      promise: promise === null ? null : { holder: promise.holder, epoch: promise.epoch, until: view.until },
      highest: record?.highest ?? 0,
      releasedMain: record?.releasedMain ?? 0,
      releasedStandby: record?.releasedStandby ?? 0,
    },
    disk: { ...emptyDisk, orders: view.orders, heldOpenBy: record?.heldOpenBy ?? null },
    ordersAt: view.ordersAt,
    heardMain: heardIn(record?.main, view.mainAt),
    heardStandby: heardIn(record?.standby, view.standbyAt),
  };
};
