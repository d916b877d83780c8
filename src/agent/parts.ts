/** What an agent is made of: what is given to it, and what it wires of that within. */
import type { CallLine } from '../ami/calls.ts';
import type { Config } from '../config/config.ts';
import type { Effect } from '../core/effect.ts';
import type { Look, Sample } from '../core/event.ts';
import type { Fault, Result } from '../core/result.ts';
import type { Settings } from '../core/settings.ts';
import type { Instant, VoterName } from '../core/words.ts';
import type { Clock, Gate, Journal, Notifier, PeerLink, StateStore, StepAdapter } from '../ports.ts';
import type { Checker } from './beside/checker.ts';
import type { Driller } from './beside/driller.ts';
import type { Replication } from './beside/replication.ts';
import type { Switcher } from './beside/switcher.ts';
import type { BothActive } from './both-active.ts';
import type { ClockReading } from './clock-watch.ts';
import type { Commands } from './commands.ts';
import type { Fences } from './fences.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Loop } from './loop.ts';
import type { Records } from './records.ts';
import type { RightFollower } from './right-teller.ts';
import type { ServiceClock } from './service-clock.ts';
import type { StepRunner } from './step-runner.ts';
import type { VitalSigns } from './vital-signs.ts';
/** What the agent needs of the board of probes. */
export interface LookBoard {
  start(onUrgent: (sample: Sample) => void, onTrouble: (news: boolean) => void): void;
  look(): Look;
  stop(): Promise<void>;
}

/** A stream that runs in the agent itself, turned by the right to serve. */
export interface StreamInAgent extends RightFollower {
  start(): void;
  status(): unknown;
  stop(): Promise<void>;
}

/** What a person ordered, and what this machine says to it. */
export interface Adoption {
  /** Takes the order away; null: there is none. */
  take(now: Instant): Result<void> | null;
  against(): Promise<Fault | null>;
}

export interface AgentParts {
  readonly config: Config;
  readonly settings: Settings;
  readonly program: string;
  readonly clock: Clock;
  /** The process is awake: whatever may ride on that does. */
  readonly onAwake: () => void;
  readonly readClocks: () => ClockReading | null;
  /** Seed of the core's chance. */
  readonly seed: number;
  readonly store: StateStore;
  readonly journal: Journal;
  readonly gate: Gate;
  readonly link: PeerLink & { proven?(name: VoterName): boolean; refused?(): Readonly<Record<string, number>> };
  /** By the ids of the plan; `dispose` leaves what they did. */
  readonly adapterById: ReadonlyMap<string, StepAdapter & { dispose?(): Promise<void> }>;
  readonly board: LookBoard;
  readonly rivalLooks: { start(onLook: (samples: readonly Sample[]) => void): void; stop(): void } | null;
  readonly astdb: StreamInAgent | null;
  /** Database, files, voicemail and merge; null where none of them is configured. */
  readonly replication: Replication | null;
  /** Tries prerequisites; null where `checks.enabled` is off. */
  readonly checker: Checker | null;
  /** Makes drills; null where `drill.enabled` is off. */
  readonly driller: Driller | null;
  /** Devices that turn the other node off; null where there are none. */
  readonly fences: Fences | null;
  /** Moves machines outside the pair; null where there are none. */
  readonly switcher: Switcher | null;
  /** The calls that Asterisk has; null where it cannot be asked. */
  readonly calls: (() => Promise<Result<readonly CallLine[]>>) | null;
  readonly notifier: Notifier;
  /** Null where no first start may go on with what serves. */
  readonly adoption: Adoption | null;
}

/** The inner parts of an agent, wired. */
export interface Works {
  readonly loop: Loop;
  readonly records: Records;
  readonly commands: Commands;
  readonly steps: StepRunner;
  readonly heartbeat: Heartbeat;
  readonly service: ServiceClock;
  readonly both: BothActive;
  readonly vital: VitalSigns;
  readonly say: (level: Extract<Effect, { kind: 'notify' }>['level'], code: string, text: string) => void;
  readonly listeners: Set<() => void>;
}
