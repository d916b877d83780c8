/** What alarms are made of. This folder is pure: it knows no clock, no disk, no network. */

import type { Epoch, Instant, Millis, Role, Verdict, WallTime } from '../../core/words.ts';
import type { Language } from '../../language/translator.ts';

export type Severity = 'info' | 'warning' | 'alarm';

const WEIGHT: Readonly<Record<Severity, number>> = { info: 0, warning: 1, alarm: 2 };

/** Above 0: `a` weighs more than `b`. */
export const compareSeverity = (a: Severity, b: Severity): number => WEIGHT[a] - WEIGHT[b];

/** What is in the way of a takeover: a rule of docs/rules.md, and the agent's own sentence. */
export interface Lack {
  readonly rule: string;
  readonly text: string;
}

/** What a node's agent tells of itself each second: what alarms open by, stay by, and end by. */
export interface NodeFacts {
  readonly kind: 'node';
  readonly wall: WallTime;
  readonly self: { readonly role: Role; readonly name: string };
  readonly peer: { readonly role: Role; readonly name: string };
  readonly server: 'this' | 'other' | 'nobody' | 'both';
  /** The term of service of who serves, 0 when nobody. */
  readonly epoch: Epoch;
  readonly servesSince: WallTime | null;
  /** At the node that serves, -1 when not known. */
  readonly calls: number;
  /** How this node came by its present or last term: the other gave it, or it was taken. */
  readonly came: 'handed-over' | 'taken';
  /** A person wanted it so. */
  readonly ordered: boolean;
  /** Null while it has not halted itself. */
  readonly halted: string | null;
  readonly manual: boolean;
  readonly maintenance: boolean;
  readonly needsAcknowledgement: boolean;
  readonly telephony: { readonly verdict: Verdict; readonly reason: string };
  /** Null: not since the agent's start. */
  readonly otherHeardMsAgo: Millis | null;
  /** Through a checkpoint. */
  readonly otherRelayedMsAgo: Millis | null;
  /** Were the one that serves to die now. */
  readonly takesOver: boolean;
  /** What is in the way of that; where nobody serves, what is in the way of this node. */
  readonly missing: readonly Lack[];
  readonly checkpoints: readonly { readonly name: string; readonly answeredMsAgo: Millis | null }[];
  readonly streams: readonly { readonly name: string; readonly condition: string; readonly text: string }[];
  /** Machines outside the pair that do not follow service, and why. */
  readonly switches: readonly { readonly name: string; readonly trouble: string }[];
  /** What a takeover would lose, where that is above the limit; null otherwise. */
  readonly lossAboveLimit: string | null;
  /** What the checks come to; null: they are off, or know nothing yet. */
  readonly readiness: {
    readonly state: 'ready' | 'degraded' | 'not-ready';
    readonly text: string;
    readonly reasons: readonly string[];
  } | null;
  readonly troubles: Troubles;
}

/** Why something of the agent itself does not work; null while it does. */
export interface Troubles {
  readonly journal: string | null;
  readonly memory: string | null;
  readonly replicator: string | null;
}

/** What a checkpoint tells of itself. */
export interface CheckpointFacts {
  readonly kind: 'checkpoint';
  readonly wall: WallTime;
  readonly name: string;
  /** Whom it has promised its vote to. */
  readonly votesFor: Role | null;
  readonly heardMsAgo: Readonly<Record<Role, Millis | null>>;
  readonly troubles: Troubles;
}

export type Facts = NodeFacts | CheckpointFacts;

/** What opens an alarm: something that lasts (`condition`), or something that happened (`event`). */
export interface Cause {
  readonly code: string;
  /** What it is about, where there may be several: a stream, a checkpoint, a channel; else empty. */
  readonly object: string;
  readonly severity: Severity;
  /** Few words, fit for a subject line. */
  readonly title: string;
  readonly detail: string;
  /** The next step of the person who reads it. */
  readonly next: string;
}

export interface Condition extends Cause {
  /** It must last so long before it is an alarm. */
  readonly afterMs: Millis;
  /** Told during a maintenance too. */
  readonly always: boolean;
}

/** Which channels hear of what, and how. The first rule that fits decides. */
export interface Rule {
  readonly severities: readonly Severity[];
  /** Patterns; `*` stands for any letters. */
  readonly codes: readonly string[];
  readonly channels: readonly string[];
  /** What comes within this of the first goes into one message. */
  readonly groupMs: Millis;
  /** What stays is told again after this; null: never. */
  readonly repeatMs: Millis | null;
  /** Told when it is over. */
  readonly recovery: boolean;
}

export interface AlarmSettings {
  /** Of the words that people read. */
  readonly language: Language;
  readonly channels: readonly string[];
  readonly rules: readonly Rule[];
  /** How long the other node (for a checkpoint: both) may be silent. */
  readonly silentMs: Millis;
  /** How long a condition must be gone before it counts as over. */
  readonly settleMs: Millis;
}

export interface Alarm extends Cause {
  /** Its own number; the same trouble a day later is another alarm. */
  readonly id: number;
  readonly kind: 'condition' | 'event';
  /** `seen`: it does not last long enough yet; `gone`: it may come back yet. */
  readonly phase: 'seen' | 'open' | 'gone';
  /** When the phase began; of an event when it last happened. */
  readonly since: Instant;
  readonly beganWall: WallTime;
  readonly lastWall: WallTime;
  /** How often it happened, or came back. */
  readonly count: number;
  readonly told: readonly Told[];
}

export interface Told {
  readonly channel: string;
  readonly at: Instant;
  /** The count that was told. */
  readonly count: number;
}

/** One alarm in a message. `new`: for the first time; `again`: it is still there, or happened again; `over`. */
export interface Item {
  readonly alarm: number;
  readonly what: 'new' | 'again' | 'over';
  readonly code: string;
  readonly object: string;
  readonly severity: Severity;
  readonly title: string;
  readonly detail: string;
  readonly next: string;
  readonly beganWall: WallTime;
  readonly lastWall: WallTime;
  /** Null while it is there, and of events. */
  readonly endedWall: WallTime | null;
  readonly count: number;
}

/** A message on its way, the same at each try. */
export interface Outgoing {
  readonly id: string;
  readonly wall: WallTime;
  readonly items: readonly Item[];
  /** Items for which there was no room. */
  readonly folded: number;
  /** Alarms that are open besides those of the message. */
  readonly openBesides: readonly string[];
  readonly situation: Situation | null;
}

/** What somebody who was asleep a minute ago must know. */
export interface Situation {
  readonly from: string;
  /** Who serves; no end mark. */
  readonly who: string;
  readonly sinceWall: WallTime | null;
  /** -1: not known. */
  readonly calls: number;
  readonly ready: string;
}

export interface ChannelState {
  readonly pending: readonly Item[];
  readonly folded: number;
  /** When what is pending becomes a message; null: nothing is. */
  readonly dueAt: Instant | null;
  readonly outbox: Outgoing | null;
  /** Failed tries in a row. */
  readonly tries: number;
  readonly nextTryAt: Instant;
  readonly trouble: string | null;
  readonly deliveredWall: WallTime | null;
  /** When the last messages were made. */
  readonly madeAt: readonly Instant[];
}

export interface AlarmsState {
  readonly version: 1;
  readonly now: Instant;
  /** Of this installation, for the ids of messages. */
  readonly instance: string;
  readonly nextMessage: number;
  readonly nextAlarm: number;
  /** The last notice that was taken in, of which life of the agent. */
  readonly heard: { readonly life: number; readonly number: number };
  /** The last own term of service that was told; -1 before the first word of the agent. */
  readonly servedEpoch: Epoch;
  readonly alarms: readonly Alarm[];
  readonly channelByName: Readonly<Record<string, ChannelState>>;
  /** Not kept over a restart. */
  readonly facts: Facts | null;
  readonly factsAt: Instant;
}

/** `at`: an instant that never goes back, also over restarts. */
export type AlarmEvent =
  | { readonly kind: 'facts'; readonly at: Instant; readonly wall: WallTime; readonly facts: Facts }
  | {
      readonly kind: 'notice';
      readonly at: Instant;
      readonly wall: WallTime;
      readonly life: number;
      readonly number: number;
      readonly level: Severity;
      readonly code: string;
      readonly text: string;
    }
  | { readonly kind: 'tick'; readonly at: Instant; readonly wall: WallTime }
  | {
      readonly kind: 'tried';
      readonly at: Instant;
      readonly wall: WallTime;
      readonly channel: string;
      readonly id: string;
      /** `refused`: surely not delivered, and the same message would be refused again. */
      readonly outcome: 'delivered' | 'failed' | 'refused';
      readonly why: string;
    };

export const emptyChannel: ChannelState = {
  pending: [],
  folded: 0,
  dueAt: null,
  outbox: null,
  tries: 0,
  nextTryAt: 0,
  trouble: null,
  deliveredWall: null,
  madeAt: [],
};

export const emptyAlarms = (instance: string): AlarmsState => ({
  version: 1,
  now: 0,
  instance,
  nextMessage: 1,
  nextAlarm: 1,
  heard: { life: 0, number: 0 },
  servedEpoch: -1,
  alarms: [],
  channelByName: {},
  facts: null,
  factsAt: 0,
});
