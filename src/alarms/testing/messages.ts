/** A message for tests of channels. */
import type { Message } from '../channel.ts';
import { textOf } from '../core/text.ts';
import type { Item, Outgoing } from '../core/words.ts';
import { WALL } from './facts.ts';

export const item = (change: Partial<Item> = {}): Item => ({
  alarm: 7,
  what: 'new',
  code: 'telephony-down',
  object: '',
  severity: 'alarm',
  title: 'telephony on pbx1 is DOWN – à 3 h',
  detail: 'asterisk: process is gone.',
  next: 'See "systemctl status asterisk".',
  beganWall: WALL,
  lastWall: WALL,
  endedWall: null,
  count: 1,
  ...change,
});

export const message = (items: readonly Item[] = [item()], id = 'abc-1'): Message => {
  const situation = { from: 'pbx2 (standby)', who: 'pbx2 (standby) serves', sinceWall: WALL, calls: 3, ready: '' };
  const outgoing: Outgoing = { id, wall: WALL, items, folded: 0, openBesides: [], situation };
  return {
    outgoing,
    text: textOf(outgoing, { site: 'Hôtel', language: 'en', timeZone: 'UTC' }),
    site: 'Hôtel',
    language: 'en',
    test: false,
  };
};

export const never = new AbortController().signal;
