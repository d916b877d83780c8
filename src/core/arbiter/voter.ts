import { knownOf, knowsAll } from '../in-force.ts';
import type { BootMemory } from '../memory.ts';
import type { Answer, Ask, Heard, Orders, Refusal, Release, Status } from '../message.ts';
import { longestPromiseMs, type Promises } from '../settings.ts';
import { type Epoch, type Instant, type Millis, type Role, rivalOf } from '../words.ts';

/** What a voter that is a node must consider besides its promises; null for a checkpoint. */
export interface NodeVoter {
  /** It holds the right to serve. */
  readonly holds: boolean;
}

export interface Vote {
  readonly yes: boolean;
  readonly why: Refusal | null;
  /** After this long the answer may differ. */
  readonly waitMs: Millis;
  /** The memory to be kept before the answer leaves. */
  readonly boot: BootMemory;
}

const releasedOf = (boot: BootMemory, role: Role): Epoch =>
  role === 'main' ? boot.releasedMain : boot.releasedStandby;

/** The epoch, and all before it of that role, are dead; a promise to them is dropped. Nobody serves under an older one after it. */
export const applyRelease = (boot: BootMemory, role: Role, epoch: Epoch): BootMemory => {
  if (epoch <= releasedOf(boot, role)) return boot;
  const promise = boot.promise?.holder === role && boot.promise.epoch <= epoch ? null : boot.promise;
  const released = role === 'main' ? { releasedMain: epoch } : { releasedStandby: epoch };
  return { ...boot, ...released, promise, highest: Math.max(boot.highest, epoch) };
};

/** What it promises now. A longer promise to the same holder stands: its longer ticket may be open. */
const promised = (boot: BootMemory, holder: Role, epoch: Epoch, until: Instant): BootMemory => {
  const { promise } = boot;
  const longest = promise?.holder === holder ? Math.max(promise.until, until) : until;
  return { ...boot, promise: { holder, epoch, until: longest } };
};

const refuse = (boot: BootMemory, why: Refusal, waitMs: Millis = 0): Vote => ({ yes: false, why, waitMs, boot });

/**
 * A voter's answer to a node's question (lease.md, "Asking and granting"). Pure: the promise, if any, is in the
 * returned memory, which must be kept before the answer leaves.
 */
export const vote = (
  memory: BootMemory,
  ask: Ask,
  holder: Role,
  now: Instant,
  promises: Promises,
  heldOpenBy: Role | null,
  node: NodeVoter | null,
): Vote => {
  // A request that shows its rival's release carries it to voters that missed it.
  const boot = ask.release > 0 ? applyRelease(memory, rivalOf(holder), ask.release) : memory;
  if (now < boot.silentUntil) return refuse(boot, 'silent', boot.silentUntil - now);
  if (ask.question === 'hello' || (ask.question === 'renew' && !ask.bind)) return refuse(boot, 'not-asked');
  if (ask.epoch <= releasedOf(boot, holder)) return refuse(boot, 'released');
  if (ask.epoch < boot.highest) return refuse(boot, 'older');
  const { promise } = boot;
  if (promise !== null && promise.holder !== holder && now < promise.until) {
    return refuse(boot, 'promised', promise.until - now);
  }
  if (heldOpenBy === rivalOf(holder) && !ask.vouched) return refuse(boot, 'held-open', promises.promiseMs);
  // A node's own gate may still be open for as long as it last asked for, also after a restart.
  if (node !== null && (node.holds || now < boot.openUntil)) {
    return refuse(boot, 'rival', Math.max(0, boot.openUntil - now));
  }
  if (ask.question === 'sound') return { yes: true, why: null, waitMs: 0, boot };
  const forMs = ask.restarts ? longestPromiseMs(promises) : promises.promiseMs;
  const given = promised(boot, holder, ask.epoch, now + forMs);
  return { yes: true, why: null, waitMs: 0, boot: { ...given, highest: ask.epoch } };
};

/**
 * Whose gate may be held open, after a word of a node and what it knew: no promise covers that, so it is kept, on disk, until the node
 * is heard to hold nothing open and to know all orders, or a person vouched for it and the vote went to the other.
 */
export const heldOpenAfter = (before: Role | null, status: Status, told: Orders, known: Orders): Role | null => {
  if (status.heldOpen) return status.role;
  return before === status.role && knowsAll(knownOf(told), known) ? null : before;
};

/** A node's vote for itself, which is a promise like any other and runs from the instant when the request was sent. */
export const voteForSelf = (
  boot: BootMemory,
  self: Role,
  epoch: Epoch,
  now: Instant,
  forMs: Millis,
): BootMemory | null => {
  // What it promised before the boot it does not know, not even whether it was to itself.
  if (now < boot.silentUntil) return null;
  if (boot.promise !== null && boot.promise.holder !== self && now < boot.promise.until) return null;
  return promised(boot, self, epoch, now + forMs);
};

export const answerOf = (
  ask: Ask,
  result: Vote,
  heard: Heard | null,
  status: Status | null,
  orders: Orders,
): Answer => ({
  type: 'answer',
  question: ask.question,
  epoch: ask.epoch,
  seq: ask.seq,
  yes: result.yes,
  why: result.why,
  waitMs: result.waitMs,
  highest: result.boot.highest,
  heard,
  status,
  orders,
});

export type { Release };
