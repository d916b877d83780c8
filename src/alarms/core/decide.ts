/**
 * The alarms' own reducer: from what the agent tells to what is said, to whom, and when. Time is given. The new state must be on disk before a
 * message of its outbox leaves: then a kill at any point loses nothing, and repeats at most one message under its own id.
 */
import type { Instant, WallTime } from '../../core/words.ts';
import { conditionsOf, ownConditions } from './conditions.ts';
import { givenBack, itemOf, withPending } from './items.ts';
import { causeOfNotice, causeOfService } from './notices.ts';
import { ruleFor } from './rules.ts';
import { situationOf } from './situation.ts';
import {
  type Alarm,
  type AlarmEvent,
  type AlarmSettings,
  type AlarmsState,
  type Cause,
  type ChannelState,
  type Condition,
  compareSeverity,
  emptyChannel,
  type Item,
  type Rule,
} from './words.ts';

/** What happened and did not happen again for so long is another one the next time. */
const QUIET_MS = 600_000;
const MOST_ALARMS = 200;

/** Between tries; the last for all that follow. */
const RETRY_MS = [5000, 15_000, 60_000, 300_000, 600_000];
const REFUSED_MS = 600_000;

/** Above so many messages within an hour they come further apart. */
const MANY = 20;
const HOUR_MS = 3_600_000;
const APART_MS = 300_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Draft {
  readonly settings: AlarmSettings;
  readonly wall: WallTime;
  readonly s: Mutable<AlarmsState>;
}

const channelOf = (d: Draft, name: string): ChannelState => d.s.channelByName[name] ?? emptyChannel;

const setChannel = (d: Draft, name: string, channel: ChannelState): void => {
  d.s.channelByName = { ...d.s.channelByName, [name]: channel };
};

const put = (d: Draft, alarm: Alarm): void => {
  const at = d.s.alarms.findIndex(({ id }) => id === alarm.id);
  d.s.alarms = at < 0 ? [...d.s.alarms, alarm] : d.s.alarms.with(at, alarm);
};

const forget = (d: Draft, { id }: Alarm): void => {
  d.s.alarms = d.s.alarms.filter((alarm) => alarm.id !== id);
};

const inMaintenance = ({ s: { facts } }: Draft): boolean => facts?.kind === 'node' && facts.maintenance;

/** Tells these channels, and remembers that they were told. */
const tell = (d: Draft, alarm: Alarm, what: Item['what'], channels: readonly string[], rule: Rule | null): Alarm => {
  const ended = what === 'over' ? alarm.lastWall : null;
  for (const name of channels)
    setChannel(d, name, withPending(channelOf(d, name), itemOf(alarm, what, ended), d.s.now, rule?.groupMs ?? 0));
  const others = alarm.told.filter(({ channel }) => !channels.includes(channel));
  return { ...alarm, told: [...others, ...channels.map((channel) => ({ channel, at: d.s.now, count: alarm.count }))] };
};

/** Who has not heard of it hears of it as new, who has as a change. */
const tellAll = (d: Draft, alarm: Alarm): Alarm => {
  const rule = ruleFor(d.settings, alarm);
  if (rule === null) return alarm;
  const known = new Set(alarm.told.map(({ channel }) => channel));
  const told = tell(
    d,
    alarm,
    'new',
    rule.channels.filter((name) => !known.has(name)),
    rule,
  );
  return tell(
    d,
    told,
    'again',
    rule.channels.filter((name) => known.has(name)),
    rule,
  );
};

/** Room for a new one: the oldest event goes, it has been told. */
const makeRoom = (d: Draft): void => {
  if (d.s.alarms.length < MOST_ALARMS) return;
  const oldest = d.s.alarms.find(({ kind }) => kind === 'event') ?? d.s.alarms[0];
  if (oldest !== undefined) forget(d, oldest);
};

const begin = (d: Draft, cause: Cause, kind: Alarm['kind'], phase: Alarm['phase']): Alarm => {
  makeRoom(d);
  const { code, object, severity, title, detail, next } = cause;
  const id = d.s.nextAlarm;
  d.s.nextAlarm += 1;
  const times = { since: d.s.now, beganWall: d.wall, lastWall: d.wall };
  return { code, object, severity, title, detail, next, id, kind, phase, ...times, count: 1, told: [] };
};

const isSame = (a: Pick<Cause, 'code' | 'object'>, b: Pick<Cause, 'code' | 'object'>): boolean =>
  a.code === b.code && a.object === b.object;

/** Notices of one code may say different things; figures make no difference. */
const gist = ({ title }: Pick<Cause, 'title'>): string => title.replaceAll(/\d+/g, '');

const find = (d: Draft, cause: Cause, kind: Alarm['kind']): Alarm | undefined =>
  d.s.alarms.find(
    (alarm) => alarm.kind === kind && isSame(alarm, cause) && (kind === 'condition' || gist(alarm) === gist(cause)),
  );

/** Something happened: told at once, and after that counted until it has been quiet. */
const happen = (d: Draft, cause: Cause): void => {
  const known = find(d, cause, 'event');
  if (known === undefined) return put(d, tellAll(d, begin(d, cause, 'event', 'open')));
  const graver = compareSeverity(cause.severity, known.severity) > 0;
  const { severity, title, detail, next } = graver ? cause : { ...known, detail: cause.detail };
  const again = { ...known, severity, title, detail, next, count: known.count + 1, since: d.s.now, lastWall: d.wall };
  put(d, graver ? tellAll(d, again) : again);
};

/** Its words as they are now, without telling of it again. */
const reworded = (alarm: Alarm, { title, detail, next }: Condition): Alarm =>
  alarm.title === title && alarm.detail === detail && alarm.next === next ? alarm : { ...alarm, title, detail, next };

const open = (d: Draft, alarm: Alarm): void => put(d, tellAll(d, { ...alarm, phase: 'open', since: d.s.now }));

/** A condition is there. */
const raise = (d: Draft, condition: Condition): void => {
  const known = find(d, condition, 'condition');
  const waits = inMaintenance(d) && !condition.always;
  if (known === undefined) {
    const alarm = begin(d, condition, 'condition', 'seen');
    return condition.afterMs <= 0 && !waits ? open(d, alarm) : put(d, alarm);
  }
  const alarm = reworded(known, condition);
  if (alarm.phase === 'seen') {
    // What lasts over the end of a maintenance is counted from there.
    if (waits) return put(d, { ...alarm, since: d.s.now });
    if (d.s.now - alarm.since >= condition.afterMs) return open(d, alarm);
    return;
  }
  const graver = compareSeverity(condition.severity, alarm.severity) > 0;
  if (alarm.phase === 'gone') {
    const back: Alarm = { ...alarm, phase: 'open', since: d.s.now, count: alarm.count + 1, lastWall: d.wall };
    return put(d, graver ? tellAll(d, { ...back, severity: condition.severity }) : back);
  }
  if (graver) put(d, tellAll(d, { ...alarm, severity: condition.severity }));
};

/** It is over: who was told hears it. What was not told yet is told with its end. */
const end = (d: Draft, alarm: Alarm): void => {
  const rule = ruleFor(d.settings, alarm);
  const channels = alarm.told
    .map(({ channel }) => channel)
    .filter((name) => d.settings.channels.includes(name))
    .filter((name) => rule?.recovery !== false || channelOf(d, name).pending.some((each) => each.alarm === alarm.id));
  tell(d, alarm, 'over', channels, rule);
  forget(d, alarm);
};

/** A condition is not there. */
const lower = (d: Draft, alarm: Alarm): void => {
  if (alarm.phase === 'seen') return forget(d, alarm);
  if (alarm.phase === 'open') return put(d, { ...alarm, phase: 'gone', since: d.s.now, lastWall: d.wall });
  if (d.s.now - alarm.since >= d.settings.settleMs) end(d, alarm);
};

const OWN: ReadonlySet<string> = new Set(['agent-stalled', 'channel-failing']);

const tendConditions = (d: Draft): void => {
  const { facts } = d.s;
  const present = [...ownConditions(d.s, d.settings), ...(facts === null ? [] : conditionsOf(facts, d.settings))];
  for (const condition of present) raise(d, condition);
  for (const alarm of d.s.alarms) {
    if (alarm.kind !== 'condition' || present.some((each) => isSame(each, alarm))) continue;
    // Before the first word of the agent nobody knows whether it is over.
    if (facts !== null || OWN.has(alarm.code)) lower(d, alarm);
  }
};

/** Told again: conditions that stay, and events that went on. */
const tendRepeats = (d: Draft): void => {
  for (const alarm of d.s.alarms) {
    const rule = ruleFor(d.settings, alarm);
    const quiet = alarm.kind === 'event' && d.s.now - alarm.since >= QUIET_MS;
    const due = alarm.told.filter(({ at, count }) => {
      if (alarm.kind === 'event' && count === alarm.count) return false;
      if (quiet) return true;
      return rule !== null && rule.repeatMs !== null && d.s.now - at >= rule.repeatMs;
    });
    const channels = due.map(({ channel }) => channel).filter((name) => d.settings.channels.includes(name));
    const stays = alarm.kind === 'event' || (alarm.phase === 'open' && !inMaintenance(d));
    if (channels.length > 0 && stays) put(d, tell(d, alarm, 'again', channels, rule));
    if (quiet) forget(d, alarm);
  }
};

/** When what is pending on a channel may become a message: not before the former is through, and not too often. */
const readyAt = (d: Draft, { dueAt, outbox, madeAt, nextTryAt }: ChannelState): Instant => {
  if (dueAt === null || outbox !== null) return Number.POSITIVE_INFINITY;
  const recent = madeAt.filter((at) => d.s.now - at < HOUR_MS);
  const spaced = recent.length < MANY ? 0 : (recent.at(-1) ?? 0) + APART_MS;
  return Math.max(dueAt, spaced, nextTryAt);
};

const isOpen = ({ kind, phase }: Alarm): boolean => kind === 'condition' && phase === 'open';

const makeMessage = (d: Draft, name: string, channel: ChannelState): void => {
  const inMessage = new Set(channel.pending.map(({ alarm }) => alarm));
  const outbox = {
    id: `${d.s.instance}-${d.s.nextMessage}`,
    wall: d.wall,
    items: channel.pending,
    folded: channel.folded,
    openBesides: d.s.alarms.filter((alarm) => isOpen(alarm) && !inMessage.has(alarm.id)).map(({ title }) => title),
    situation: d.s.facts === null ? null : situationOf(d.s.facts, d.s.now - d.s.factsAt, d.settings.language),
  };
  d.s.nextMessage += 1;
  const madeAt = [...channel.madeAt.filter((at) => d.s.now - at < HOUR_MS), d.s.now].slice(-MANY);
  setChannel(d, name, { ...channel, pending: [], folded: 0, dueAt: null, outbox, madeAt });
};

const tendMessages = (d: Draft): void => {
  for (const name of d.settings.channels) {
    const channel = channelOf(d, name);
    if (channel.pending.length > 0 && d.s.now >= readyAt(d, channel)) makeMessage(d, name, channel);
  }
};

const onTried = (d: Draft, e: Extract<AlarmEvent, { kind: 'tried' }>): void => {
  const channel = channelOf(d, e.channel);
  if (channel.outbox?.id !== e.id) return;
  if (e.outcome === 'delivered') {
    const well = { outbox: null, tries: 0, nextTryAt: 0, trouble: null, deliveredWall: e.wall };
    return setChannel(d, e.channel, { ...channel, ...well });
  }
  const tries = channel.tries + 1;
  const failed = { ...channel, tries, trouble: e.why };
  if (e.outcome === 'failed') {
    const waitMs = RETRY_MS[Math.min(tries, RETRY_MS.length) - 1] ?? REFUSED_MS;
    return setChannel(d, e.channel, { ...failed, nextTryAt: d.s.now + waitMs });
  }
  const back = givenBack(failed);
  setChannel(d, e.channel, { ...back, dueAt: d.s.now, nextTryAt: d.s.now + REFUSED_MS });
};

const onFacts = (d: Draft, e: Extract<AlarmEvent, { kind: 'facts' }>): void => {
  const { facts } = e;
  d.s.facts = facts;
  d.s.factsAt = d.s.now;
  if (facts.kind !== 'node') return;
  const own = facts.server === 'this' ? facts.epoch : 0;
  const former = d.s.servedEpoch;
  if (own <= former) return;
  d.s.servedEpoch = own;
  // What was there before the first word is no news.
  if (former >= 0) happen(d, causeOfService(facts, d.settings.language));
};

const onNotice = (d: Draft, e: Extract<AlarmEvent, { kind: 'notice' }>): void => {
  const { heard } = d.s;
  // Told again because this process died before it said that it had kept it.
  if (e.life === heard.life && e.number <= heard.number) return;
  d.s.heard = { life: e.life, number: e.number };
  const cause = causeOfNotice(e, d.s.facts, d.settings.language);
  if (cause !== null) happen(d, cause);
};

const apply = (d: Draft, e: AlarmEvent): void => {
  switch (e.kind) {
    case 'facts':
      return onFacts(d, e);
    case 'notice':
      return onNotice(d, e);
    case 'tried':
      return onTried(d, e);
    case 'tick':
      return;
  }
};

/** What follows from one event. Deterministic. */
export const decideAlarms = (settings: AlarmSettings, state: AlarmsState, event: AlarmEvent): AlarmsState => {
  const d: Draft = { settings, wall: event.wall, s: { ...state, now: Math.max(state.now, event.at) } };
  apply(d, event);
  tendConditions(d);
  tendRepeats(d);
  tendMessages(d);
  return d.s;
};

/** What the next process could not find out by itself; the words of an alarm change each second. A notice that changed nothing may come again. */
const essenceOf = ({ alarms }: AlarmsState): string =>
  JSON.stringify(
    alarms
      .filter(({ phase }) => phase !== 'seen')
      .map(({ id, phase, count, severity, told }) => [id, phase, count, severity, told]),
  );

/** Whether the new state must be kept on disk. */
export const mustBeKept = (before: AlarmsState, after: AlarmsState): boolean =>
  (before.alarms !== after.alarms && essenceOf(before) !== essenceOf(after)) ||
  before.channelByName !== after.channelByName ||
  before.servedEpoch !== after.servedEpoch;

/** The channels whose message may be tried now. */
export const dueOf = (settings: AlarmSettings, state: AlarmsState): readonly string[] =>
  settings.channels.filter((name) => {
    const channel = state.channelByName[name];
    return channel !== undefined && channel.outbox !== null && state.now >= channel.nextTryAt;
  });
