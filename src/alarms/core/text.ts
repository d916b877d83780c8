/** A message in words. Whoever is woken by it must know from its subject what happened, who serves, since when, and how many calls. */
import type { WallTime } from '../../core/words.ts';
import type { Language } from '../../language/translator.ts';
import { type Teller, tellerOf } from './phrases.ts';
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
  readonly language: Language;
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

/** `pbx2 (standby) serves since 03:12:04, 3 calls`. */
const stands = (situation: Situation, now: WallTime, settings: TextSettings): string => {
  const teller = tellerOf(settings.language);
  const { who, sinceWall, calls } = situation;
  const begun = sinceWall === null ? who : teller.t('text.since', { who, at: at(sinceWall, now, settings) });
  return calls < 0 ? begun : `${begun}, ${teller.count('text.calls', calls)}`;
};

const tagOf = (item: Item, teller: Teller): string => {
  if (isOver(item)) return teller.t('tag.over');
  const tag = teller.t(`tag.${item.severity}`);
  return item.what === 'again' ? teller.t('tag.still', { tag }) : tag;
};

const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

const titleOf = (item: Item, teller: Teller): string =>
  isOver(item) ? teller.t('text.over', { title: item.title }) : item.title;

const subjectOf = (message: Outgoing, items: readonly Item[], settings: TextSettings): string => {
  const teller = tellerOf(settings.language);
  const [first] = items;
  if (first === undefined) return oneLine(`${settings.site}: ${teller.t('text.nothing')}`);
  const more = items.length - 1 + message.folded;
  const besides = more === 0 ? '' : ` ${teller.t('text.more', { n: more })}`;
  // Where the title says it, it is not said twice.
  const now =
    message.situation === null || first.title === message.situation.who
      ? ''
      : ` | ${stands(message.situation, message.wall, settings)}`;
  return cut(
    oneLine(`${tagOf(first, teller)} ${settings.site}: ${titleOf(first, teller)}${besides}${now}`),
    SUBJECT_MOST,
  );
};

const when = (item: Item, now: WallTime, settings: TextSettings): string => {
  const { t, span } = tellerOf(settings.language);
  const from = at(item.beganWall, now, settings);
  if (item.endedWall !== null)
    return t('text.from-to', {
      from,
      to: at(item.endedWall, now, settings),
      span: span(item.endedWall - item.beganWall),
    });
  if (item.count > 1) return t('text.times', { n: item.count, from, to: at(item.lastWall, now, settings) });
  return item.what === 'again' ? t('text.for', { from, span: span(now - item.beganWall) }) : from;
};

const paragraph = (item: Item, now: WallTime, settings: TextSettings): readonly string[] => {
  const teller = tellerOf(settings.language);
  const object = item.object === '' ? '' : ` ${item.object}`;
  const { t } = teller;
  return [
    `${tagOf(item, teller)}  ${oneLine(titleOf(item, teller))}`,
    `    ${t('text.when')}${when(item, now, settings)}`,
    ...(isOver(item)
      ? [`    ${t('text.was')}${oneLine(item.detail)}`]
      : [`    ${t('text.what')}${oneLine(item.detail)}`, `    ${t('text.do')}${oneLine(item.next)}`]),
    `    [${item.code}${object}]`,
    '',
  ];
};

const nowLines = ({ situation, wall }: Outgoing, settings: TextSettings): readonly string[] => {
  if (situation === null) return [];
  const ready = situation.ready === '' ? [] : [`    ${oneLine(situation.ready)}`];
  return [
    tellerOf(settings.language).t('text.stood', { at: timeOf(wall, settings.timeZone) }),
    `    ${stands(situation, wall, settings)}`,
    ...ready,
    '',
  ];
};

/** One alarm on one line, for a log. */
export const recordText = (item: Item, { site, language }: TextSettings): string => {
  const { t } = tellerOf(language);
  const { title, detail, next } = item;
  const state = isOver(item) ? 'text.over' : item.what === 'again' ? 'text.still' : null;
  const said = state === null ? title : t(state, { title });
  return oneLine(`${site}: ${t('text.record', { title: said, detail, next })}`);
};

/** Subject and body of a message, without anything that could break a header. */
export const textOf = (message: Outgoing, settings: TextSettings): Text => {
  const items = inOrder(message.items);
  const { t } = tellerOf(settings.language);
  const { id, wall, folded, openBesides, situation } = message;
  const made = `${dayOf(wall, settings.timeZone)} ${timeOf(wall, settings.timeZone)}`;
  const lines = [
    ...items.flatMap((item) => paragraph(item, wall, settings)),
    ...(folded === 0 ? [] : [t('text.folded', { n: folded }), '']),
    ...nowLines(message, settings),
    ...(openBesides.length === 0
      ? []
      : [t('text.besides'), ...openBesides.map((title) => `    ${oneLine(title)}`), '']),
    t('text.made', { at: made, from: situation?.from ?? 'Dualtone', id }),
    t('text.help'),
  ];
  return { subject: subjectOf(message, items, settings), body: `${lines.join('\n')}\n` };
};
