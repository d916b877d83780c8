import type { FenceAction } from './effect.ts';
import { type Known, NOTHING_KNOWN, noOrders } from './in-force.ts';
import type { BootMemory, DiskMemory } from './memory.ts';
import type { Status } from './message.ts';
import type { Settings, Step } from './settings.ts';
import type { Epoch, Instant, Millis, Role, Verdict, VoterName, WallTime } from './words.ts';

/** One request under way: a ticket in the kernel and the votes that may grant it. */
export interface Round {
  readonly seq: number;
  readonly slot: number;
  /** For how long: the lease, longer where the agent is about to restart. */
  readonly ticketMs: Millis;
  /** When the ticket was ordered: the lease counts from here at the latest. */
  readonly armedAt: Instant;
  /** When the request left, after the kernel had taken the ticket; -1 before. */
  readonly sentAt: Instant;
  readonly own: boolean;
  readonly yes: readonly VoterName[];
  readonly granted: boolean;
}

/** Where this node stands with the right to serve. */
export type Lease =
  | { readonly name: 'none'; readonly since: Instant; readonly retryAt: Instant }
  | {
      readonly name: 'sounding';
      readonly seq: number;
      readonly until: Instant;
      readonly yes: readonly VoterName[];
      readonly answered: number;
      /** Shortest time after which a voter that said no may say yes. */
      readonly waitMs: number;
    }
  | {
      readonly name: 'asking';
      readonly epoch: Epoch;
      readonly until: Instant;
      readonly round: Round;
      readonly handed: Epoch;
    }
  | {
      readonly name: 'held';
      readonly epoch: Epoch;
      readonly since: Instant;
      readonly leaseUntil: Instant;
      readonly renewAt: Instant;
      readonly rounds: readonly Round[];
      /** A person's word or `onIsolation: serve` holds the gate open; until the kernel has confirmed its end, no ticket closes it. */
      readonly heldOpen: boolean;
      /** It is known to run: a former agent's may have run out unseen, until a round of this one is granted. */
      readonly proved: boolean;
      /** This machine may have stood still: the gate is closed, and opens by votes alone, in answer to a question of since then. */
      readonly doubted: boolean;
      /** The grant that ends the open end once the kernel confirms it, 0 when none is under way. */
      readonly endOp: number;
    };

export type Closing = 'handover' | 'stop' | 'yield' | 'lost';

/** What the node is doing about service. */
export type Phase =
  | { readonly name: 'passive' }
  | { readonly name: 'serving' }
  /** Serving still; moves when idle or at `until`. */
  | {
      readonly name: 'draining';
      readonly since: Instant;
      readonly until: Instant;
      readonly whenIdle: boolean;
      readonly ordered: boolean;
      readonly because: string;
    }
  /** The gate is being closed; only then the right is released. */
  | {
      readonly name: 'closing';
      readonly op: number;
      readonly sureAt: Instant;
      readonly epoch: Epoch;
      readonly why: Closing;
      /** The kernel refused: it is ordered again then. */
      readonly againAt: Instant;
      /** A person ordered it. */
      readonly ordered: boolean;
    }
  | { readonly name: 'halted'; readonly because: string };

export interface Health {
  readonly verdict: Verdict;
  readonly since: Instant;
  readonly bad: number;
  readonly good: number;
  readonly crashed: boolean;
  readonly reason: string;
  readonly calls: number;
  /** When they were counted. */
  readonly callsAt: Instant;
  /** This node's own network: link, gateway, ping targets. */
  readonly network: Verdict;
  readonly networkBad: number;
  /** When it last came back from `down`, -1e9 never. */
  readonly networkBackAt: Instant;
  /** When something beyond this node answered last. */
  readonly networkProvedAt: Instant;
  /** Looks at the rival (classic, blog2012, remsys). */
  readonly rivalBad: number;
  readonly rivalLastGood: boolean;
  /** When telephony was last restarted in place, -1 never. */
  readonly restartedAt: Instant;
}

export interface Rival {
  /** Heard directly. */
  readonly heardAt: Instant;
  readonly status: Status | null;
  /** Heard of through a checkpoint. */
  readonly relayedAt: Instant;
  readonly relayed: Status | null;
  /** It claimed the right to serve at this instant, under this epoch. */
  readonly claimAt: Instant;
  readonly claimEpoch: Epoch;
  /** Highest epoch that the rival was heard to release; what it claims under an older one is a late packet. */
  readonly releasedEpoch: Epoch;
  /** Well without a break since, -1 when not. */
  readonly wellSince: Instant;
  /** The newest life of its agent that was heard of, and since when. */
  readonly met: { readonly life: WallTime; readonly at: Instant };
  /** The orders that it is known to know. */
  readonly knows: Known;
  /** When a heartbeat of its service was last answered from here. */
  readonly answeredAt: Instant;
  /** When the last renewal left that it is known to have heard. */
  readonly hearsUsAt: Instant;
}

/** A checkpoint as seen from here. */
export interface VoterView {
  readonly name: VoterName;
  readonly answeredAt: Instant;
  readonly lastYes: boolean;
  readonly lastWhy: string;
  readonly knows: Known;
}

export type StepStatus = 'to-do' | 'running' | 'done' | 'failed';

export interface StepUnderWay {
  readonly op: number;
  /** Of the step in the plan. */
  readonly index: number;
  readonly direction: 'activate' | 'passivate';
  readonly deadline: Instant;
}

/** The plan's progress towards its target; begun again it converges, since each step looks before it acts. */
export interface PlanState {
  readonly target: 'activate' | 'passivate';
  readonly epoch: Epoch;
  readonly statuses: readonly StepStatus[];
  readonly running: StepUnderWay | null;
  /** Under way since before the plan was turned round: each is awaited before the same step begins in the new direction. */
  readonly leftover: readonly StepUnderWay[];
  readonly retryAt: Instant;
  readonly startedAt: Instant;
}

/** The release is told to all, several times. */
export interface Releasing {
  readonly epoch: Epoch;
  readonly addressee: Role | null;
  readonly ordered: boolean;
  readonly left: number;
  readonly nextAt: Instant;
}

/** A person's command on its way. */
export interface Errand {
  readonly id: string;
  readonly name: string;
  readonly wants: 'serve' | 'hand-over' | 'stop';
  readonly until: Instant;
  readonly confirmed: boolean;
  /** The request to the rival that serves; it is repeated, since packets get lost. */
  readonly request: { readonly whenIdle: boolean; readonly maxWaitMs: Millis };
  readonly requestAt: Instant;
}

export interface PendingGate {
  readonly op: number;
  readonly what: 'arm' | 'grant' | 'close' | 'hold-open';
  readonly seq: number;
}

/** What this node knows by its devices of a rival that it does not hear. */
export type Fence =
  | {
      readonly name: 'none';
      readonly retryAt: Instant;
      /** What the last request came to; empty: none was made since the rival was heard. */
      readonly failure: string;
    }
  | { readonly name: 'asked'; readonly op: number; readonly action: FenceAction; readonly until: Instant }
  /** Proved to be off, and not heard since. */
  | { readonly name: 'off'; readonly since: Instant };

export interface State {
  readonly version: 1;
  readonly now: Instant;
  readonly startedAt: Instant;
  /** Since then it has not stood still for half a promise or longer. */
  readonly awakeSince: Instant;
  readonly freshBoot: boolean;
  readonly chance: number;
  /** Of this agent's start. */
  readonly life: number;
  readonly lastOp: number;
  readonly boot: BootMemory;
  readonly disk: DiskMemory;
  /** End of the maintenance on the local monotonic clock, 0 when there is none. */
  readonly maintenanceUntil: Instant;
  /** A main that goes by looks: from then on the standby may serve; 1e15 while it does not. */
  readonly standbyMayServeAt: Instant;
  readonly lease: Lease;
  readonly gateOpen: boolean;
  readonly pendingGates: readonly PendingGate[];
  readonly phase: Phase;
  readonly health: Health;
  readonly rival: Rival;
  readonly voters: readonly VoterView[];
  readonly plan: PlanState;
  readonly releasing: Releasing | null;
  readonly helloAt: Instant;
  readonly keptAt: Instant;
  /** Checkpoints have all been silent since, -1 when not. */
  readonly votersLostSince: Instant;
  /** When a checkpoint answered again after all had been lost. */
  readonly votersBackAt: Instant;
  readonly errand: Errand | null;
  /** Since when nobody has been known to serve, -1 while somebody is; told once as an alarm. */
  readonly unservedSince: Instant;
  readonly unservedTold: boolean;
  /** Since when the other node could not take over, -1 while it could; told once. */
  readonly aloneSince: Instant;
  readonly aloneTold: boolean;
  /** Why service should not go back to the main by itself yet; empty: nothing speaks against it. */
  readonly returnHeld: string;
  /** The restart step under way. */
  readonly restartOp: number;
  readonly fence: Fence;
  /** That devices do not help was told since the rival was last heard. */
  readonly fenceTold: boolean;
  /** When a device said off; it outlives the proof, until the other node is heard. */
  readonly saidOffAt: Instant;
}

export const NEVER = -1e9;
export const FOR_EVER = 1e15;

export const NO_FENCE: Fence = { name: 'none', retryAt: NEVER, failure: '' };

export const emptyDisk: DiskMemory = {
  epochCeiling: 0,
  orders: noOrders,
  maintenanceUntilWall: 0,
  loose: false,
  serving: false,
  pinned: false,
  heldOpenBy: null,
  switches: [],
  standbyMayServeFrom: 0,
  needsAcknowledgement: false,
};

export const freshBootMemory = (disk: DiskMemory, silentUntil: Instant): BootMemory => ({
  promise: null,
  highest: disk.epochCeiling,
  releasedMain: disk.epochCeiling,
  releasedStandby: disk.epochCeiling,
  openUntil: NEVER,
  silentUntil,
  holding: 0,
  seq: 0,
  heldOpen: false,
  looksBad: 0,
});

const startHealth = (now: Instant): Health => ({
  verdict: 'unknown',
  since: now,
  bad: 0,
  good: 0,
  crashed: false,
  reason: 'no look yet',
  calls: -1,
  callsAt: NEVER,
  network: 'unknown',
  networkBad: 0,
  networkBackAt: NEVER,
  networkProvedAt: NEVER,
  rivalBad: 0,
  rivalLastGood: false,
  restartedAt: NEVER,
});

const startRival: Rival = {
  heardAt: NEVER,
  status: null,
  relayedAt: NEVER,
  relayed: null,
  claimAt: NEVER,
  claimEpoch: 0,
  releasedEpoch: 0,
  wellSince: -1,
  met: { life: -1, at: NEVER },
  knows: NOTHING_KNOWN,
  answeredAt: NEVER,
  hearsUsAt: NEVER,
};

export const startPlan = (
  target: PlanState['target'],
  steps: readonly Step[],
  epoch: Epoch,
  now: Instant,
): PlanState => ({
  target,
  epoch,
  statuses: steps.map(() => 'to-do'),
  running: null,
  leftover: [],
  retryAt: now,
  startedAt: now,
});

/** The state of an agent that has not been told yet how it started. */
export const initialState = (settings: Settings): State => ({
  version: 1,
  now: 0,
  startedAt: 0,
  awakeSince: 0,
  freshBoot: true,
  chance: 1,
  life: 0,
  lastOp: 0,
  boot: freshBootMemory(emptyDisk, 0),
  disk: emptyDisk,
  maintenanceUntil: 0,
  standbyMayServeAt: FOR_EVER,
  lease: { name: 'none', since: 0, retryAt: 0 },
  gateOpen: false,
  pendingGates: [],
  phase: { name: 'passive' },
  health: startHealth(0),
  rival: startRival,
  voters:
    settings.arbiter.kind !== 'none'
      ? settings.arbiter.voters.map((name) => ({
          name,
          answeredAt: NEVER,
          lastYes: false,
          lastWhy: 'never answered',
          knows: NOTHING_KNOWN,
        }))
      : [],
  plan: startPlan('passivate', settings.plan, 0, 0),
  releasing: null,
  helloAt: 0,
  keptAt: NEVER,
  votersLostSince: -1,
  votersBackAt: NEVER,
  errand: null,
  unservedSince: -1,
  unservedTold: false,
  aloneSince: -1,
  aloneTold: false,
  returnHeld: '',
  restartOp: 0,
  fence: NO_FENCE,
  fenceTold: false,
  saidOffAt: NEVER,
});
