/** Spans, moments and numbers for people, in their language. */
import type { Millis, WallTime } from '../core/words.ts';
import type { Language } from './translator.ts';

export interface Format {
  /** `40 ms`, `3.2 s`, `4 min`, `2 h 10 min`, `3 d 4 h`; as the command line has it. */
  readonly span: (ms: Millis) => string;
  /** Today the time, else with the date. */
  readonly moment: (wall: WallTime, now: WallTime) => string;
  /** Date and time with milliseconds. */
  readonly stamp: (wall: WallTime) => string;
  readonly number: (value: number) => string;
  readonly bytes: (value: number) => string;
  readonly list: (items: readonly string[]) => string;
}

const DAY: Readonly<Record<Language, string>> = { en: 'd', fr: 'j' };

const spanIn = (language: Language, ms: Millis): string => {
  const decimal = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${decimal.format(seconds)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} ${DAY[language]} ${hours % 24} h`;
};

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
const OCTETS = ['o', 'ko', 'Mo', 'Go', 'To'] as const;

const bytesIn = (language: Language, value: number): string => {
  const power = Math.min(4, value < 1 ? 0 : Math.floor(Math.log10(value) / 3));
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: power === 0 ? 0 : 1 });
  return `${number.format(value / 1000 ** power)} ${(language === 'fr' ? OCTETS : UNITS)[power]}`;
};

const isSameDay = (a: Date, b: Date): boolean => a.toDateString() === b.toDateString();

/** With a time zone other than the reader's in tests. */
export const createFormat = (language: Language, timeZone?: string): Format => {
  const zone = timeZone === undefined ? {} : { timeZone };
  const locale = language === 'en' ? 'en-GB' : language;
  const time = new Intl.DateTimeFormat(locale, { ...zone, timeStyle: 'medium' });
  const day = new Intl.DateTimeFormat(locale, { ...zone, day: 'numeric', month: 'short', year: 'numeric' });
  const number = new Intl.NumberFormat(locale);
  const list = new Intl.ListFormat(locale, { type: 'conjunction' });
  return {
    span: (ms) => spanIn(language, ms),
    moment: (wall, now) =>
      isSameDay(new Date(wall), new Date(now)) ? time.format(wall) : `${day.format(wall)}, ${time.format(wall)}`,
    stamp: (wall) => `${day.format(wall)}, ${time.format(wall)}.${String(Math.floor(wall % 1000)).padStart(3, '0')}`,
    number: (value) => number.format(value),
    bytes: (value) => bytesIn(language, value),
    list: (items) => list.format(items),
  };
};
