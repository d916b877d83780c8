/** What the agent and the process that tells its alarms say to each other: one JSON object a line, over that one's standard input and output. */
import type { Result } from '../core/result.ts';
import type { Millis, WallTime } from '../core/words.ts';
import type { Facts, Severity } from './core/words.ts';

export type { CheckpointFacts, Facts, NodeFacts, Troubles } from './core/words.ts';

/** What a person may ask for. */
export type AlarmAsk =
  | { readonly name: 'alarm-list' }
  /** Null: all channels. */
  | { readonly name: 'alarm-test'; readonly channel: string | null };

export interface OpenAlarmView {
  readonly id: number;
  readonly code: string;
  readonly object: string;
  readonly severity: Severity;
  readonly title: string;
  readonly detail: string;
  readonly next: string;
  readonly since: WallTime;
  readonly count: number;
  readonly toldTo: readonly string[];
}

export interface ChannelView {
  readonly name: string;
  readonly kind: string;
  /** Alarms that wait for the next message. */
  readonly waiting: number;
  /** A message that is on its way. */
  readonly sending: string | null;
  readonly tries: number;
  readonly nextTryInMs: Millis | null;
  readonly trouble: string | null;
  readonly delivered: WallTime | null;
}

export interface AlarmList {
  readonly alarms: readonly OpenAlarmView[];
  readonly channels: readonly ChannelView[];
  /** Why the queue cannot be kept; null while it can. */
  readonly queueTrouble: string | null;
  readonly heartbeat: { readonly lastOk: WallTime | null; readonly trouble: string | null } | null;
}

export interface ChannelTest {
  readonly channel: string;
  readonly delivered: boolean;
  readonly why: string;
  readonly tookMs: Millis;
}

export interface AlarmNote {
  readonly channel: string;
  readonly id: string;
  /** Its subject, and why it was not told. */
  readonly text: string;
}

export type ToAlarms =
  | { readonly type: 'facts'; readonly facts: Facts }
  /** Told again, with its number, until it is kept. */
  | {
      readonly type: 'notice';
      readonly life: number;
      readonly number: number;
      readonly wall: WallTime;
      readonly level: Severity;
      readonly code: string;
      readonly text: string;
    }
  | { readonly type: 'ask'; readonly id: string; readonly ask: AlarmAsk };

export type FromAlarms =
  /** All notices of that life of the agent up to this number are on disk. */
  | { readonly type: 'kept'; readonly life: number; readonly number: number }
  | { readonly type: 'alive' }
  /** For the journal: what became of a message. */
  | { readonly type: 'note'; readonly kind: 'alarm-told' | 'alarm-not-told'; readonly data: AlarmNote }
  | { readonly type: 'say'; readonly level: Severity; readonly code: string; readonly text: string }
  | { readonly type: 'done'; readonly id: string; readonly result: Result<unknown> };

/** A channel's own name, as `dualtone alarm test` takes it. */
export const CHANNEL_NAME = /^[a-z0-9]([a-z0-9._-]{0,30}[a-z0-9])?$/;
