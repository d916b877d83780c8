import type { Orders, Release } from './message.ts';
import type { Epoch, Instant, Role, WallTime } from './words.ts';

/** A voter's word to one holder at a time. */
export interface PromiseGiven {
  readonly holder: Role;
  readonly epoch: Epoch;
  readonly until: Instant;
}

/** Kept on tmpfs with the boot id, written before any effect leaves: what must outlive the process but not the boot. */
export interface BootMemory {
  readonly promise: PromiseGiven | null;
  readonly highest: Epoch;
  /** Highest released epoch of each role; all of that role's up to it are dead. */
  readonly releasedMain: Epoch;
  readonly releasedStandby: Epoch;
  /** Until then a ticket of this node may be open: the longest promise that it has asked for. It grants the rival nothing. -1e9: never asked, or known closed. */
  readonly openUntil: Instant;
  /** Voters say nothing until then (the longest promise, from a boot). */
  readonly silentUntil: Instant;
  /** The epoch held when last written, 0 when none: a restarted agent goes on with it. */
  readonly holding: Epoch;
  /** Last sequence number used, so that slots go on in order. */
  readonly seq: number;
  /** The node may have its gate held open without a timeout (manual mode). */
  readonly heldOpen: boolean;
  /** A main that goes by looks: how far it has counted. */
  readonly looksBad: number;
}

/** Kept on disk, written before any effect leaves; changes seldom. */
export interface DiskMemory {
  /** No epoch above this was ever seen or used; written some epochs ahead. A boot begins at it. */
  readonly epochCeiling: Epoch;
  readonly orders: Orders;
  /** End of a maintenance on the wall clock, for the time after a boot; 0 when none. */
  readonly maintenanceUntilWall: WallTime;
  /** Agreed to do without the checkpoints that stay lost. */
  readonly loose: boolean;
  /** The node was serving when last written: in hold, only it may go on. */
  readonly serving: boolean;
  /** A person put service on this node: it does not go back by itself. */
  readonly pinned: boolean;
  /** The node whose gate may be held open: it said so, or manual mode ended and it has not been heard to know that and to hold nothing open. */
  readonly heldOpenBy: Role | null;
  /** Wall times of this node's takings-over within the window. */
  readonly switches: readonly WallTime[];
  /** The main's, where only looks tell: from then on the standby may serve, as it has not been heard to be passive since; 0: it does not. */
  readonly standbyMayServeFrom: WallTime;
  /** A cap was reached; voluntary moves wait for a person. */
  readonly needsAcknowledgement: boolean;
}

export type { Release };
