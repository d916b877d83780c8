/** Windows of time in which a drill may move service: local time, over midnight where the end comes first. */
import { WINDOW } from '../config/schema/drill.ts';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const minutesOf = (text: string): number => {
  const [hours, minutes] = text.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
};

/** Days from the first to the last, over the end of the week. */
const isDay = (day: number, first: string | undefined, last: string | undefined): boolean => {
  if (first === undefined) return true;
  const from = DAYS.indexOf(first);
  const length = (DAYS.indexOf(last ?? first) - from + 7) % 7;
  return (day - from + 7) % 7 <= length;
};

/** A window over midnight belongs to the day on which it begins. */
export const isWithin = (windows: readonly string[], { day, minutes }: LocalTime): boolean => {
  if (windows.length === 0) return true;
  return windows.some((window) => {
    const [, first, last, from = '', to = ''] = WINDOW.exec(window) ?? [];
    if (from === '') return false;
    const [begin, end] = [minutesOf(from), minutesOf(to)];
    if (begin < end) return isDay(day, first, last) && minutes >= begin && minutes < end;
    return (isDay(day, first, last) && minutes >= begin) || (isDay((day + 6) % 7, first, last) && minutes < end);
  });
};

export interface LocalTime {
  /** 0 is Sunday. */
  readonly day: number;
  /** Since midnight. */
  readonly minutes: number;
}

export const localTime = (wall: number): LocalTime => {
  const date = new Date(wall);
  return { day: date.getDay(), minutes: date.getHours() * 60 + date.getMinutes() };
};
