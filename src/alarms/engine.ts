/** Around the reducer: keeps what it decided, then sends what is due, one message a channel at a time. */
import type { Result } from '../core/result.ts';
import { fail, ok } from '../core/result.ts';
import type { Instant, Millis, WallTime } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import type { Channel, Message, Outcome } from './channel.ts';
import { decideAlarms, dueOf, mustBeKept } from './core/decide.ts';
import { type Teller, tellerOf } from './core/phrases.ts';
import { situationOf } from './core/situation.ts';
import { type TextSettings, textOf } from './core/text.ts';
import {
  type Alarm,
  type AlarmEvent,
  type AlarmSettings,
  type AlarmsState,
  emptyAlarms,
  emptyChannel,
  type Facts,
  type Item,
  type Outgoing,
} from './core/words.ts';
import type { AlarmList, AlarmNote, ChannelTest, ChannelView, OpenAlarmView, ToAlarms } from './protocol.ts';
import type { AlarmStore } from './store.ts';

export interface EngineParts {
  readonly settings: AlarmSettings;
  /** By what the agent said last: another machine may have taken the other node's place. */
  readonly text: (facts: Facts | null) => TextSettings;
  readonly channels: readonly Channel[];
  readonly store: AlarmStore;
  readonly clock: Clock;
  /** Of a new installation: random, for the ids of messages. */
  readonly instance: () => string;
  /** Notices of that life of the agent are kept up to this number. */
  readonly onKept: (life: number, number: number) => void;
  /** What became of a message, for the journal. */
  readonly onTried: (delivered: boolean, note: AlarmNote) => void;
  readonly onSay: (level: 'info' | 'warning' | 'alarm', code: string, text: string) => void;
}

export interface Engine {
  start(): void;
  facts(facts: Facts): void;
  notice(notice: Extract<ToAlarms, { type: 'notice' }>): void;
  list(): Omit<AlarmList, 'heartbeat'>;
  /** Sends at once, beside the queue. Fault: `alarm-channel-unknown`. */
  test(channel: string | null): Promise<Result<readonly ChannelTest[]>>;
  /** Keeps all and ends at once: what is being sent is called off, and the next process sends it again under its id. */
  stop(): Promise<void>;
}

const TICK_MS = 1000;
/** Decisions within this are kept together. */
const KEEP_MS = 20;
/** A wall clock that was set by more than this while nothing ran is not believed. */
const LONGEST_PAUSE_MS = 30 * 86_400_000;

interface Works {
  readonly parts: EngineParts;
  readonly flying: Map<string, Promise<void>>;
  readonly gone: AbortController;
  state: AlarmsState;
  /** Since the last save. */
  dirty: boolean;
  queueTrouble: string | null;
  /** Added to the monotonic clock: instants go on over restarts. */
  base: Millis;
  cancelTick: () => void;
  cancelKeep: (() => void) | null;
  stopped: boolean;
}

const nowOf = ({ parts, base }: Works): Instant => parts.clock.now() + base;

const messageOf = ({ parts, state }: Works, outgoing: Outgoing, test: boolean): Message => {
  const settings = parts.text(state.facts);
  const { site, language } = settings;
  return { outgoing, text: textOf(outgoing, settings), site, language, test };
};

/** Sends what a channel has in its outbox; the outcome is an event. */
const send = async (works: Works, channel: Channel, outgoing: Outgoing): Promise<void> => {
  const { parts, gone } = works;
  let result: Outcome;
  const message = messageOf(works, outgoing, false);
  try {
    result = await channel.send(message, gone.signal);
  } catch (error) {
    result = { outcome: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
  works.flying.delete(channel.name);
  const { outcome, why } = result;
  if (works.stopped) return;
  const text = why === '' ? message.text.subject : `${message.text.subject}: ${why}`;
  parts.onTried(outcome === 'delivered', { channel: channel.name, id: outgoing.id, text });
  if (outcome !== 'delivered' || why !== '')
    parts.onSay('warning', 'channel-failing', `Alarm message ${outgoing.id} by channel ${channel.name}: ${why}`);
  handle(works, (at, wall) => ({ kind: 'tried', at, wall, channel: channel.name, id: outgoing.id, outcome, why }));
};

/** Only what is kept may leave: a kill before it is told by the next process, one after it repeats it under its id. */
const sendDue = (works: Works): void => {
  const { parts, state, flying } = works;
  for (const name of dueOf(parts.settings, state)) {
    const channel = parts.channels.find((each) => each.name === name);
    const outgoing = state.channelByName[name]?.outbox ?? null;
    if (channel === undefined || outgoing === null || flying.has(name)) continue;
    flying.set(name, send(works, channel, outgoing));
  }
};

const keep = (works: Works): void => {
  const { parts, state } = works;
  works.cancelKeep?.();
  works.cancelKeep = null;
  if (works.dirty) {
    const saved = parts.store.save({ state, wall: parts.clock.wall() });
    const trouble = saved.ok ? null : saved.error.message;
    if (trouble !== null && works.queueTrouble === null)
      parts.onSay('alarm', 'alarm-queue-not-kept', saved.ok ? '' : `${saved.error.message} ${saved.error.remedy}`);
    works.queueTrouble = trouble;
    works.dirty = trouble !== null;
    // Told from memory where the disk refuses; but the agent goes on keeping what it said.
    if (trouble === null) parts.onKept(state.heard.life, state.heard.number);
  }
  sendDue(works);
};

const handle = (works: Works, make: (at: Instant, wall: WallTime) => AlarmEvent): void => {
  if (works.stopped) return;
  const before = works.state;
  works.state = decideAlarms(works.parts.settings, before, make(nowOf(works), works.parts.clock.wall()));
  works.dirty ||= mustBeKept(before, works.state);
  const { clock } = works.parts;
  if (works.dirty) works.cancelKeep ??= clock.at(clock.now() + KEEP_MS, () => keep(works));
  else sendDue(works);
};

const tick = (works: Works): void => {
  const { clock } = works.parts;
  works.cancelTick = clock.at(clock.now() + TICK_MS, () => tick(works));
  handle(works, (at, wall) => ({ kind: 'tick', at, wall }));
};

const load = (works: Works): void => {
  const { parts } = works;
  const { kept, note } = parts.store.load();
  const paused = kept === null ? 0 : Math.min(Math.max(0, parts.clock.wall() - kept.wall), LONGEST_PAUSE_MS);
  works.state = kept?.state ?? emptyAlarms(parts.instance());
  works.base = works.state.now + paused - parts.clock.now();
  if (note !== null) parts.onSay('alarm', 'alarm-queue-damaged', `${note}.`);
};

const viewOfAlarm = (alarm: Alarm): OpenAlarmView => {
  const { id, code, object, severity, title, detail, next, beganWall: since, count, told } = alarm;
  return { id, code, object, severity, title, detail, next, since, count, toldTo: told.map(({ channel }) => channel) };
};

const viewOfChannel = (works: Works, { name, kind }: Channel): ChannelView => {
  const channel = works.state.channelByName[name] ?? emptyChannel;
  const { pending, outbox, tries, nextTryAt, trouble, deliveredWall } = channel;
  return {
    name,
    kind,
    waiting: pending.length,
    sending: outbox?.id ?? null,
    tries,
    nextTryInMs: tries === 0 ? null : Math.max(0, Math.round(nextTryAt - nowOf(works))),
    trouble,
    delivered: deliveredWall,
  };
};

const listOf = (works: Works): Omit<AlarmList, 'heartbeat'> => ({
  alarms: works.state.alarms.filter(({ kind, phase }) => kind === 'condition' && phase !== 'seen').map(viewOfAlarm),
  channels: works.parts.channels.map((channel) => viewOfChannel(works, channel)),
  queueTrouble: works.queueTrouble,
});

const testItem = (wall: WallTime, { t }: Teller): Item => ({
  alarm: 0,
  what: 'new',
  code: 'test',
  object: '',
  severity: 'info',
  title: t('test.title'),
  detail: t('test.detail'),
  next: t('test.next'),
  beganWall: wall,
  lastWall: wall,
  endedWall: null,
  count: 1,
});

const test = async (works: Works, name: string | null): Promise<Result<readonly ChannelTest[]>> => {
  const { parts, state, gone } = works;
  const chosen = parts.channels.filter((channel) => name === null || channel.name === name);
  if (chosen.length === 0)
    return fail(
      'alarm-channel-unknown',
      name === null ? 'No channel is configured.' : `There is no channel ${name}.`,
      parts.channels.length === 0
        ? 'Configure one under `alarms.channels`; see docs/alarms.md.'
        : `There are: ${parts.channels.map((each) => each.name).join(', ')}.`,
    );
  const wall = parts.clock.wall();
  const { language } = parts.settings;
  const outgoing: Outgoing = {
    id: `${state.instance}-test-${wall.toString(36)}`,
    wall,
    items: [testItem(wall, tellerOf(language))],
    folded: 0,
    openBesides: state.alarms.filter(({ kind, phase }) => kind === 'condition' && phase === 'open').map((a) => a.title),
    situation: state.facts === null ? null : situationOf(state.facts, nowOf(works) - state.factsAt, language),
  };
  const results = chosen.map(async (channel): Promise<ChannelTest> => {
    const begun = parts.clock.now();
    const { outcome, why } = await channel.send(messageOf(works, outgoing, true), gone.signal);
    const tookMs = Math.round(parts.clock.now() - begun);
    return { channel: channel.name, delivered: outcome === 'delivered', why, tookMs };
  });
  return ok(await Promise.all(results));
};

/** Nothing is written after this: the next process may have begun, and the file is its own. */
const stop = async (works: Works): Promise<void> => {
  works.cancelTick();
  keep(works);
  works.stopped = true;
  works.gone.abort();
  await Promise.allSettled(works.flying.values());
};

export const createEngine = (parts: EngineParts): Engine => {
  const works: Works = {
    parts,
    flying: new Map(),
    gone: new AbortController(),
    state: emptyAlarms(''),
    dirty: false,
    queueTrouble: null,
    base: 0,
    cancelTick: () => undefined,
    cancelKeep: null,
    stopped: false,
  };
  return {
    start: () => {
      load(works);
      tick(works);
    },
    facts: (facts) => handle(works, (at, wall) => ({ kind: 'facts', at, wall, facts })),
    notice: ({ life, number, wall, level, code, text }) => {
      handle(works, (at) => ({ kind: 'notice', at, wall, life, number, level, code, text }));
      // Known already: said again, since the agent has not heard that it is kept.
      if (!works.dirty) parts.onKept(works.state.heard.life, works.state.heard.number);
    },
    list: () => listOf(works),
    test: (channel) => test(works, channel),
    stop: () => stop(works),
  };
};
