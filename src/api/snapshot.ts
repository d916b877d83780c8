/** What the agent shows of itself: a projection of the core's state, the configuration and the agent's own health. */
import type { ChecksView } from '../checks/report.ts';
import type { Explanation } from '../core/explain.ts';
import type { Protection } from '../core/protection.ts';
import type { Epoch, Millis, Mode, Role, Verdict, VoterName, WallTime } from '../core/words.ts';
import type { DrillView } from '../drill/protocol.ts';
import type { StreamStatus } from '../replication/stream.ts';
import type { LossView, MergeView } from '../replicator/protocol.ts';
import type { SwitchView } from '../switcher/protocol.ts';

export const SNAPSHOT_VERSION = 1;

/** Who serves, as far as this node knows. `nobody`: for certain, or as far as it hears. */
export type Server = 'this' | 'other' | 'nobody' | 'both';

/** What matters at three in the morning. */
export interface Headline {
  readonly level: 'good' | 'warning' | 'alarm';
  /** Who serves. */
  readonly who: string;
  /** Whether the other could take over, or what is in the way. */
  readonly ready: string;
}

export interface NodeSnapshot {
  readonly kind: 'node';
  readonly version: typeof SNAPSHOT_VERSION;
  readonly program: string;
  readonly wall: WallTime;
  readonly node: { readonly role: Role; readonly name: string; readonly address: string };
  readonly peer: { readonly role: Role; readonly name: string; readonly address: string };
  readonly headline: Headline;
  readonly server: Server;
  /** When the present server began, as far as this agent knows; null when it saw no beginning. */
  readonly servesSince: WallTime | null;
  /** The term of service of who serves, 0 when nobody. */
  readonly epoch: Epoch;
  readonly phase: string;
  readonly phaseText: string;
  readonly lease: { readonly name: string; readonly leftMs: Millis | null; readonly heldOpen: boolean };
  readonly gate: { readonly open: boolean; readonly enforced: boolean };
  readonly mode: Mode;
  readonly maintenance: { readonly leftMs: Millis; readonly reason: string } | null;
  readonly needsAcknowledgement: boolean;
  readonly health: {
    readonly verdict: Verdict;
    readonly sinceMs: Millis;
    readonly reason: string;
    readonly calls: number;
    readonly network: Verdict;
  };
  readonly samples: readonly SampleView[];
  readonly other: {
    readonly heardMsAgo: Millis | null;
    readonly proven: boolean;
    readonly well: boolean | null;
    readonly holding: Epoch;
    readonly calls: number;
    /** Heard through a checkpoint, when later than directly. */
    readonly relayedMsAgo: Millis | null;
  };
  readonly voters: readonly {
    readonly name: VoterName;
    readonly answeredMsAgo: Millis | null;
    readonly said: string;
  }[];
  readonly plan: {
    readonly target: 'activate' | 'passivate';
    readonly steps: readonly { readonly id: string; readonly status: string }[];
  };
  readonly errand: { readonly name: string; readonly leftMs: Millis } | null;
  readonly explanation: Explanation;
  readonly protection: Protection;
  /** Of each stream its status as it shows itself; null: it is off. */
  readonly streams: {
    readonly astdb: unknown;
    /** Database, files, voicemail. */
    readonly copied: readonly StreamStatus[];
    readonly merge: MergeView | null;
    readonly loss: LossView | null;
    /** Why they do not run, null while they do. */
    readonly trouble: string | null;
  };
  /** Readiness, and what each prerequisite was found to be; null: `checks.enabled` is off. */
  readonly checks: ChecksView | null;
  /** Machines outside the pair that follow service; null: none is configured. */
  readonly switches: SwitchesView | null;
  /** Rehearsals of a takeover; null: `drill.enabled` is off. */
  readonly drill: DrillView | null;
  readonly journal: { readonly path: string; readonly trouble: string | null };
  readonly agent: AgentHealth;
}

export interface SwitchesView {
  readonly all: readonly SwitchView[];
  /** Why none is moved; null while the process runs that does. */
  readonly trouble: string | null;
}

export interface SampleView {
  readonly probe: string;
  readonly about: string;
  readonly outcome: string;
  readonly reason: string;
}

export interface AgentHealth {
  readonly pid: number;
  readonly startedAt: WallTime;
  readonly memoryMb: number;
  /** Share of one core since the start, in per cent. */
  readonly cpuPercent: number;
  /** The longest that the loop was late within the last minute. */
  readonly worstLagMs: Millis;
  readonly memoryTrouble: string | null;
  readonly refused: Readonly<Record<string, number>>;
  readonly notices: readonly { readonly wall: WallTime; readonly level: string; readonly text: string }[];
}

export interface CheckpointSnapshot {
  readonly kind: 'checkpoint';
  readonly version: typeof SNAPSHOT_VERSION;
  readonly program: string;
  readonly wall: WallTime;
  readonly name: VoterName;
  readonly headline: Headline;
  readonly promise: { readonly holder: Role; readonly epoch: Epoch; readonly leftMs: Millis } | null;
  readonly highest: Epoch;
  readonly silentMs: Millis;
  readonly heard: Readonly<
    Record<Role, { readonly msAgo: Millis | null; readonly holding: Epoch; readonly well: boolean | null }>
  >;
  readonly journal: { readonly path: string; readonly trouble: string | null };
  readonly agent: AgentHealth;
}

export type Snapshot = NodeSnapshot | CheckpointSnapshot;
