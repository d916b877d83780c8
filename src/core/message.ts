import type { Epoch, Instant, Millis, Mode, Role, VoterName, WallTime } from './words.ts';

/** What a node says of itself with everything it sends. */
export interface Status {
  readonly role: Role;
  /** The sender's own instant when it said so; with `life` it tells an older word from a newer one. */
  readonly at: Instant;
  /** When its agent was started, by its wall clock, in whole ms. */
  readonly life: WallTime;
  /** The epoch under which it holds the right to serve, 0 when it does not. */
  readonly holding: Epoch;
  /** By a person's order its gate is held open, or was and the kernel has not confirmed the end: no lease closes it. */
  readonly heldOpen: boolean;
  /** Its telephony could serve. */
  readonly well: boolean;
  /** Calls in progress, -1 when not known. */
  readonly calls: number;
  /** All checkpoints have been silent for so long that it wants them left out (`whenLost: likely`). */
  readonly wantsLoose: boolean;
  /** It no longer needs a checkpoint's vote. */
  readonly loose: boolean;
}

/** What a person ordered for the pair at one node. */
export interface Order {
  /** Counts up; even at the main, odd at the standby; 0 when none was ever given there. */
  readonly revision: number;
  /** The other node's newest revision that was known where it was given. */
  readonly knew: number;
  readonly mode: Mode;
  /** The revision with which manual mode began, 0 in automatic mode. */
  readonly manualSince: number;
  /** Time left of a maintenance, 0 when there is none. */
  readonly maintenanceMs: Millis;
  readonly maintenanceReason: string;
}

/** Each node's last order; `in-force.ts` says which of the two holds, so that both nodes and all voters come to agree. */
export interface Orders {
  readonly main: Order;
  readonly standby: Order;
}

/** When the voter last heard the asker's rival, and what it said. */
export interface Heard {
  readonly agoMs: Millis;
  readonly status: Status;
}

/** Why a voter says no. */
export type Refusal = 'silent' | 'released' | 'older' | 'promised' | 'held-open' | 'rival' | 'not-asked';

/**
 * `sound`: would you? `ask`: promise me. `renew`: a holder's heartbeat. `hello`: a passive node's sign of life.
 * `bind`: the voter is asked to promise (not by a sign of life, nor in manual mode, where no lease runs).
 */
export interface Ask {
  readonly type: 'ask';
  readonly question: 'sound' | 'ask' | 'renew' | 'hello';
  readonly epoch: Epoch;
  readonly seq: number;
  readonly bind: boolean;
  /** The asker's agent is about to restart: the promise is asked for longer. */
  readonly restarts: boolean;
  /** The rival's released epoch that was handed to the asker, 0 when none. */
  readonly release: Epoch;
  /** A person vouched that the silent rival does not serve. */
  readonly vouched: boolean;
  readonly status: Status;
  readonly orders: Orders;
}

export interface Answer {
  readonly type: 'answer';
  readonly question: Ask['question'];
  readonly epoch: Epoch;
  readonly seq: number;
  readonly yes: boolean;
  readonly why: Refusal | null;
  /** With `promised` and `silent`: after this long the answer may differ. */
  readonly waitMs: Millis;
  readonly highest: Epoch;
  readonly heard: Heard | null;
  /** The voter's own status, when it is a node. */
  readonly status: Status | null;
  readonly orders: Orders;
}

/** The holder's gate is closed; its epoch never comes back. `addressee` null: a withdrawn request. */
export interface Release {
  readonly type: 'release';
  readonly role: Role;
  readonly epoch: Epoch;
  readonly addressee: Role | null;
  /** A person ordered it: service stays with the addressee until a person moves it again. */
  readonly ordered: boolean;
}

/** A person at a passive node asks the holder to hand over. Expires so that none lands late. */
export interface HandoverRequest {
  readonly type: 'handover-request';
  /** The epoch that the sender believes in service: a holder of a newer one refuses. */
  readonly epoch: Epoch;
  /** The holder's own instant in the last status that was heard of it; the request holds for `validMs` from then. */
  readonly heard: Instant;
  readonly validMs: Millis;
  readonly whenIdle: boolean;
  readonly maxWaitMs: Millis;
}

export type Message = Ask | Answer | Release | HandoverRequest;

export interface Envelope {
  readonly from: VoterName;
  readonly at: Instant;
  readonly message: Message;
}
