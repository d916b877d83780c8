/** A message in words. Whoever is woken by it must know from its subject what happened, who serves, since when, and how many calls. */
import type { WallTime } from '../../core/words.ts';
import { fits } from './rules.ts';
import { compareSeverity, type Item, type Outgoing, type Situation } from './words.ts';

export interface Text {
  /** One line. */
  readonly subject: string;
  readonly body: string;
}

export interface TextSettings {
  /** What the pair is called. */
  readonly site: string;
  /** IANA name; the machine's own where absent. */
  readonly timeZone?: string;
}

const SUBJECT_MOST = 200;

const RANK: readonly string[] = [
  'both-serve',
  'halted',
  'nobody-serves',
  'both-silent',
  'service-*',
  'telephony-down',
  'other-silent',
  'alone',
];

const rankOf = ({ code }: Item): number => {
  const at = RANK.findIndex((pattern) => fits(pattern, code));
  return at < 0 ? RANK.length : at;
};

const isOver = ({ endedWall }: Item): boolean => endedWall !== null;

/** What stays before what is over, the gravest first. */
export const inOrder = (items: readonly Item[]): readonly Item[] =>
  items.toSorted(
    (a, b) =>
      Number(isOver(a)) - Number(isOver(b)) ||
      compareSeverity(b.severity, a.severity) ||
      rankOf(a) - rankOf(b) ||
      a.beganWall - b.beganWall,
  );

const dayOf = (wall: WallTime, timeZone: string | undefined): string =>
  new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', ...(timeZone === undefined ? {} : { timeZone }) }).format(
    wall,
  );

const timeOf = (wall: WallTime, timeZone: string | undefined): string =>
  new Intl.DateTimeFormat('sv-SE', { timeStyle: 'medium', ...(timeZone === undefined ? {} : { timeZone }) }).format(
    wall,
  );

/** The time, with its day where that is not the day of the message. */
const at = (wall: WallTime, now: WallTime, { timeZone }: TextSettings): string => {
  const day = dayOf(wall, timeZone);
  const time = timeOf(wall, timeZone);
  return day === dayOf(now, timeZone) ? time : `${day} ${time}`;
};

const span = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} d`;
};

const callsOf = ({ calls }: Situation): string => (calls < 0 ? '' : calls === 1 ? ', 1 call' : `, ${calls} calls`);

/** `pbx2 (standby) serves since 03:12:04, 3 calls`. */
const stands = (situation: Situation, now: WallTime, settings: TextSettings): string => {
  const { who, sinceWall } = situation;
  const since = sinceWall === null ? '' : ` since ${at(sinceWall, now, settings)}`;
  return `${who}${since}${callsOf(situation)}`;
};

const tagOf = (item: Item): string => {
  if (isOver(item)) return 'RECOVERED';
  const word = item.severity.toUpperCase();
  return item.what === 'again' ? `STILL ${word}` : word;
};

const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

const titleOf = (item: Item): string => (isOver(item) ? `no longer: ${item.title}` : item.title);

const subjectOf = (message: Outgoing, items: readonly Item[], settings: TextSettings): string => {
  const [first] = items;
  if (first === undefined) return oneLine(`${settings.site}: nothing to tell`);
  const more = items.length - 1 + message.folded;
  const besides = more === 0 ? '' : ` (+${more} more)`;
  // Where the title says it, it is not said twice.
  const now =
    message.situation === null || first.title === message.situation.who
      ? ''
      : ` | ${stands(message.situation, message.wall, settings)}`;
  return cut(oneLine(`${tagOf(first)} ${settings.site}: ${titleOf(first)}${besides}${now}`), SUBJECT_MOST);
};

const when = (item: Item, now: WallTime, settings: TextSettings): string => {
  const began = at(item.beganWall, now, settings);
  if (item.endedWall !== null)
    return `${began} to ${at(item.endedWall, now, settings)} (${span(item.endedWall - item.beganWall)})`;
  if (item.count > 1) return `${item.count} times, ${began} to ${at(item.lastWall, now, settings)}`;
  return item.what === 'again' ? `since ${began} (${span(now - item.beganWall)})` : began;
};

const paragraph = (item: Item, now: WallTime, settings: TextSettings): readonly string[] => {
  const object = item.object === '' ? '' : ` ${item.object}`;
  return [
    `${tagOf(item)}  ${oneLine(titleOf(item))}`,
    `    When: ${when(item, now, settings)}`,
    ...(isOver(item)
      ? [`    It was: ${oneLine(item.detail)}`]
      : [`    What: ${oneLine(item.detail)}`, `    Do:   ${oneLine(item.next)}`]),
    `    [${item.code}${object}]`,
    '',
  ];
};

const nowLines = ({ situation, wall }: Outgoing, settings: TextSettings): readonly string[] => {
  if (situation === null) return [];
  const ready = situation.ready === '' ? [] : [`    ${oneLine(situation.ready)}`];
  return [
    `How it stood at ${timeOf(wall, settings.timeZone)}`,
    `    ${stands(situation, wall, settings)}`,
    ...ready,
    '',
  ];
};

/** Subject and body of a message, without anything that could break a header. */
export const textOf = (message: Outgoing, settings: TextSettings): Text => {
  const items = inOrder(message.items);
  const { wall, folded, openBesides, situation } = message;
  const lines = [
    ...items.flatMap((item) => paragraph(item, wall, settings)),
    ...(folded === 0 ? [] : [`And ${folded} more for which there was no room; see \`dualtone journal\`.`, '']),
    ...nowLines(message, settings),
    ...(openBesides.length === 0 ? [] : ['Also open', ...openBesides.map((title) => `    ${oneLine(title)}`), '']),
    `${dayOf(wall, settings.timeZone)} ${timeOf(wall, settings.timeZone)}, from ${situation?.from ?? 'Dualtone'}; message ${message.id}.`,
    'All open alarms: `dualtone alarm list`. No alarms for planned work: `dualtone maintenance on --for 2h --reason ...`.',
  ];
  return { subject: subjectOf(message, items, settings), body: `${lines.join('\n')}\n` };
};
