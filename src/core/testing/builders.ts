/** Builders of settings, messages and events for tests: each takes what matters to the test and fills in the rest. */

import type { Event, Look, Sample } from '../event.ts';
import { noOrders } from '../in-force.ts';
import type { BootMemory, DiskMemory } from '../memory.ts';
import type { Answer, Ask, HandoverRequest, Order, Orders, Release, Status } from '../message.ts';
import type { Arbiter, Settings, Step, Timing, Watch } from '../settings.ts';
import { emptyDisk, freshBootMemory } from '../state.ts';
import type { Role, VoterName } from '../words.ts';

/** Times of preset `fast` (lease.md). */
export const fastTiming: Timing = {
  heartbeatMs: 100,
  promiseMs: 600,
  leaseMs: 560,
  restartMs: 400,
  gateLagMs: 12,
  clockPpm: 500,
  askMs: 80,
  headStartMs: 150,
};

export const quickTiming: Timing = { ...fastTiming, heartbeatMs: 40, promiseMs: 200, leaseMs: 170 };

export const step = (id: string, onFailure: Step['onFailure'] = 'continue', timeoutMs = 2000): Step => ({
  id,
  timeoutMs,
  onFailure,
});

/** `checkpoints(1)`, `checkpoints(3, 'likely')`; they are called c1, c2, c3. */
export const checkpoints = (count: number, whenLost: 'wait' | 'likely' = 'wait'): Arbiter => ({
  kind: 'checkpoints',
  voters: Array.from({ length: count }, (_none, i) => `c${i + 1}`),
  whenLost,
  lostAfterMs: 2000,
});

/** One etcd cluster votes. */
export const byEtcd = (whenLost: 'wait' | 'likely' = 'wait'): Arbiter => ({
  kind: 'etcd',
  voters: ['etcd'],
  whenLost,
  lostAfterMs: 2000,
});

export const noArbiter: Arbiter = { kind: 'none' };

/** How the presets of the originals watch the main. */
export const looksOf: Readonly<Record<'classic' | 'blog2012' | 'remsys', Watch>> = {
  classic: { kind: 'looks', badLooks: 1, lookMs: 60_000 },
  blog2012: { kind: 'looks', badLooks: 2, lookMs: 30_000 },
  remsys: { kind: 'looks', badLooks: 5, lookMs: 60_000 },
};

/** A main of preset `fast` with one checkpoint, unless said otherwise. */
export const settings = (change: Partial<Settings> = {}): Settings => ({
  role: 'main',
  timing: fastTiming,
  arbiter: checkpoints(1),
  watch: { kind: 'lease' },
  onIsolation: 'stop',
  telephony: 'warm',
  loneWaitMs: 2000,
  restartStep: null,
  health: { badLooks: 3, goodLooks: 2 },
  unfit: { policy: 'takeover', restartWaitMs: 1000, lastResortMs: 1000 },
  failback: { policy: 'manual', holdMs: 60_000, maxWaitMs: 0 },
  flapping: { maxSwitches: 3, windowMs: 3_600_000 },
  fencing: null,
  plan: [step('virtual-ip'), step('telephony', 'continue', 10_000)],
  slots: 8,
  ...change,
});

export const status = (role: Role, change: Partial<Status> = {}): Status => ({
  role,
  at: 0,
  life: 1,
  holding: 0,
  heldOpen: false,
  well: true,
  calls: 0,
  wantsLoose: false,
  loose: false,
  ...change,
});

/** One order and none besides; given at the main when its revision is even, and unless told otherwise in knowledge of all before it. */
export const orders = (change: Partial<Order> = {}): Orders => {
  const revision = change.revision ?? 0;
  const knew = Math.max(0, revision - 1);
  const manualSince = change.mode === 'manual' ? revision : 0;
  const text = { mode: 'automatic', maintenanceMs: 0, maintenanceReason: '' } as const;
  const order: Order = { revision, knew, manualSince, ...text, ...change };
  return revision % 2 === 0 ? { ...noOrders, main: order } : { ...noOrders, standby: order };
};

/** A request of `role`; `bind` as the question implies unless given. */
export const askOf = (role: Role, question: Ask['question'], epoch: number, change: Partial<Ask> = {}): Ask => ({
  type: 'ask',
  question,
  epoch,
  seq: 1,
  bind: question === 'ask' || question === 'renew',
  restarts: false,
  release: 0,
  vouched: false,
  status: status(role, { holding: question === 'renew' ? epoch : 0 }),
  orders: orders(),
  ...change,
});

/** What a voter says to `ask`: yes, unless `change` says otherwise. */
export const answerTo = (ask: Ask, change: Partial<Answer> = {}): Answer => ({
  type: 'answer',
  question: ask.question,
  epoch: ask.epoch,
  seq: ask.seq,
  yes: ask.question !== 'hello',
  why: ask.question === 'hello' ? 'not-asked' : null,
  waitMs: 0,
  // Sounding out and signs of life raise nothing.
  highest: ask.bind ? ask.epoch : 0,
  heard: null,
  status: null,
  orders: ask.orders,
  ...change,
});

export const releaseOf = (role: Role, epoch: number, change: Partial<Release> = {}): Release => ({
  type: 'release',
  role,
  epoch,
  addressee: null,
  ordered: false,
  ...change,
});

export const handoverRequest = (epoch: number, change: Partial<HandoverRequest> = {}): HandoverRequest => ({
  type: 'handover-request',
  epoch,
  heard: 0,
  validMs: 10_000,
  whenIdle: false,
  maxWaitMs: 0,
  ...change,
});

export const sample = (
  about: Sample['about'],
  outcome: Sample['outcome'] = 'ok',
  change: Partial<Sample> = {},
): Sample => ({
  probe: about === 'telephony' ? 'sip' : about,
  outcome,
  about,
  crashed: false,
  reason: outcome === 'ok' ? '' : 'no answer',
  ...change,
});

export const goodLook: Look = { samples: [sample('telephony'), sample('network')], calls: 0 };
export const badLook: Look = { samples: [sample('telephony', 'failed'), sample('network')], calls: 0 };
export const silentLook: Look = { samples: [sample('telephony', 'silent')], calls: -1 };
export const crashLook: Look = {
  samples: [sample('telephony', 'failed', { probe: 'ami', crashed: true, reason: 'connection refused' })],
  calls: -1,
};
export const cutLook: Look = { samples: [sample('telephony'), sample('network', 'silent')], calls: 0 };

/** A look at the rival: one outcome for each ping. */
export const rivalLook = (...outcomes: readonly Sample['outcome'][]): Look => ({
  samples: outcomes.map((outcome) => sample('rival', outcome)),
  calls: -1,
});

export const bootMemory = (change: Partial<BootMemory> = {}): BootMemory => ({
  ...freshBootMemory(emptyDisk, 0),
  ...change,
});

export const diskMemory = (change: Partial<DiskMemory> = {}): DiskMemory => ({ ...emptyDisk, ...change });

export const started = (at: number, change: Partial<Extract<Event, { kind: 'started' }>> = {}): Event => ({
  kind: 'started',
  at,
  wall: WALL + at,
  boot: bootMemory(),
  disk: null,
  seed: 7,
  ...change,
});

/** Wall time of instant 0 in these tests. */
export const WALL = 1_800_000_000_000;

export const heard = (at: number, from: VoterName, message: Extract<Event, { kind: 'message' }>['message']): Event => ({
  kind: 'message',
  at,
  from,
  message,
});
