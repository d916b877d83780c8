/** Spans and moments for people. */
import type { Millis, WallTime } from '../../core/words.ts';

/** `40 ms`, `3.2 s`, `4 min`, `2 h 10 min`, `3 d 4 h`. */
export const span = (ms: Millis): string => {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
};

const two = (value: number): string => String(value).padStart(2, '0');

/** Local time: `08:31:02` today, `2026-11-20 08:31:02` otherwise. */
export const moment = (wall: WallTime, now: WallTime): string => {
  const date = new Date(wall);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  if (date.toDateString() === new Date(now).toDateString()) return time;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
};

/** With milliseconds and always with the date, for the journal. */
export const stamp = (wall: WallTime): string => {
  const date = new Date(wall);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
};
