import type { Effect, GateAction, StepDirection } from './core/effect.ts';
import type { Event, Sample } from './core/event.ts';
import type { BootMemory, DiskMemory } from './core/memory.ts';
import type { Message } from './core/message.ts';
import type { Result } from './core/result.ts';
import type { Epoch, Instant, Millis, Reason, VoterName, WallTime } from './core/words.ts';

/** Time as the agent sees it. */
export interface Clock {
  /** CLOCK_MONOTONIC in ms with fraction; comparable between processes within one boot. */
  now(): Instant;
  wall(): WallTime;
  /** Calls `fire` once at or after `at`; returns what cancels it. */
  at(at: Instant, fire: () => void): () => void;
  /** Like `at`, for what recurs, where it is there: a little before or after, so that it rides on what wakes the process anyway. */
  about?(at: Instant, fire: () => void): () => void;
}

/** Calls in progress, -1 when not known; `at`: when the question was put, so that what began later is not in it for certain. */
export interface CallCount {
  readonly count: number;
  readonly at: Instant;
}

/** Asks one thing at its own pace, under a deadline, until stopped; every answer goes to `report`. */
export interface Probe {
  readonly name: string;
  start(report: (sample: Sample, calls?: CallCount) => void): void;
  stop(): Promise<void>;
}

/** The kernel gate: transactions in order, each answered. `ms` timeouts run in the kernel whatever happens to the agent. */
export interface Gate {
  /** Sets up what is missing (closed), adopts what a former agent left. */
  open(): Promise<Result<void>>;
  /** Sets all up with a granted ticket, in one transaction, where there was no gate: what passes goes on passing. `until`: of the ticket. */
  openServing(slot: number, until: Instant): Promise<Result<void>>;
  apply(action: GateAction): Promise<Result<void>>;
  /** For so long callers are known to be served by the other node: a closed gate refuses them instead of being silent, where it can. 0: not any more. */
  elsewhere(ms: Millis): Promise<Result<void>>;
  /** Called when another program took the gate's table away and it was put back. */
  onTampered(listener: (what: string) => void): void;
  /** Leaves the kernel's state as it is: timeouts go on. */
  dispose(): Promise<void>;
}

/** What a step found or did. `unknown`: the deadline passed before the outcome was seen. */
export interface StepOutcome {
  readonly outcome: 'done' | 'failed' | 'unknown';
  readonly detail: string;
  /** False when the look before acting showed that nothing had to be done. */
  readonly changed: boolean;
}

/** One kind of change to the system as a small reconciler: look, act if needed, look again. It never chooses. */
export interface StepAdapter {
  run(direction: StepDirection, signal: AbortSignal): Promise<StepOutcome>;
  /** What `run` would do, in words, without doing it. */
  preview(direction: StepDirection): Promise<string>;
  /** The right to serve was renewed until then. */
  keep?(until: Instant): void;
}

export interface JournalEntry {
  readonly seq: number;
  readonly wall: WallTime;
  readonly at: Instant;
  readonly epoch: Epoch;
  /** Decision, sample, step, notify, start, stop … */
  readonly kind: string;
  readonly reasons: readonly Reason[];
  readonly data: unknown;
  /** SHA-256 over the former hash and this entry, hexadecimal. */
  readonly hash: string;
}

/** Durable, hash-chained. If the disk refuses, entries stay in memory, in order, and are written when it can. */
export interface Journal {
  append(entry: Omit<JournalEntry, 'seq' | 'hash'>): void;
  /** Null while healthy; otherwise why entries are kept in memory. */
  trouble(): string | null;
  read(query: {
    readonly sinceSeq?: number;
    readonly sinceWall?: WallTime;
    readonly limit?: number;
  }): readonly JournalEntry[];
  verify(): Result<{ readonly entries: number; readonly lastHash: string }>;
  close(): void;
}

/** What the core must remember. Both writes are complete before any effect of the decision leaves. */
export interface StateStore {
  load(): { readonly boot: BootMemory | null; readonly disk: DiskMemory | null; readonly notes: readonly string[] };
  /** tmpfs, with the boot id. */
  saveBoot(memory: BootMemory): Result<void>;
  /** Disk, fsynced, atomically replaced. */
  saveDisk(memory: DiskMemory): Result<void>;
}

/** Signed, replay-proof datagrams to the rival and the checkpoints. */
export interface PeerLink {
  send(to: VoterName, message: Message): void;
  onMessage(listener: (from: VoterName, message: Message) => void): void;
  /** What was refused (bad signature, replay, other version), counted by reason and source. */
  onRefused(listener: (reason: string, source: string) => void): void;
  /** What a person must mend on the way to a voter, and that it is mended; absent where there is no such way. */
  onTrouble?(listener: Notifier['notify']): void;
  open(): Promise<Result<void>>;
  close(): Promise<void>;
}

export interface Notifier {
  notify(notice: Extract<Effect, { kind: 'notify' }>): void;
}

export type { Event, Millis };
