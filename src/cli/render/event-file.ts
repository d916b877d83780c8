/**
 * The journal as the event file of the REMSYS scheme had it: start, stop, counter, failure, a line each, for those whose tools read that.
 * What the scheme knew nothing of (votes, leases, checks, streams) is left out.
 */
import type { JournalEntry } from '../../api/protocol.ts';
import { sentenceOf } from '../../core/sentences.ts';
import { stamp } from './time.ts';

type Reason = JournalEntry['reasons'][number];
type Event = 'script' | 'counter' | 'start' | 'stop' | 'service' | 'order' | 'dns' | 'mail' | 'failure';

/** The word of the file and its text. */
type Line = readonly [Event, string];

const counter = (facts: Reason['facts']): string => {
  const { bad, needed } = facts;
  return bad === 0 ? `reset, of ${String(needed)}` : `${String(bad)} of ${String(needed)}`;
};

const EVENT_BY_RULE: Readonly<Record<string, Event>> = {
  command: 'order',
  verdict: 'service',
  won: 'start',
  close: 'stop',
  'lease-out': 'stop',
  'rival-claims-newer-epoch': 'stop',
};

const lineOfReason = (reason: Reason): readonly Line[] => {
  const { rule, facts } = reason;
  if (rule === 'look-at-rival') return [['counter', counter(facts)]];
  if (rule === 'plan-finished' && facts['failed'] !== 0) return [['failure', sentenceOf(reason)]];
  if (rule === 'step' && facts['outcome'] === 'failed') return [['failure', sentenceOf(reason)]];
  const event = EVENT_BY_RULE[rule];
  return event === undefined ? [] : [[event, sentenceOf(reason)]];
};

const lineOfData = (kind: string, data: unknown): readonly Line[] => {
  const said = (key: string): string => {
    const value: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, key) : undefined;
    return typeof value === 'string' ? value : '';
  };
  const text = said('text');
  switch (kind) {
    case 'agent-started':
      return [['script', `${said('program')} begins on ${said('name')}, the ${said('role')}`]];
    case 'switch':
      return said('name') === 'dns' ? [['dns', text.replace(/^dns: /, '')]] : [];
    case 'alarm-told':
      return [['mail', `by ${said('channel')}: ${text}`]];
    case 'alarm-not-told':
      return [['mail', `NOT by ${said('channel')}: ${text}`]];
    case 'notice':
      return said('level') === 'alarm' ? [['failure', text]] : [];
    default:
      return [];
  }
};

/** Lines without their ends: `2026-11-22 08:03:07 counter  3 of 5`. None for what the scheme has no word for. */
export const eventLines = ({ wall, kind, reasons, data }: JournalEntry): readonly string[] => {
  const at = stamp(wall).slice(0, 'YYYY-MM-DD hh:mm:ss'.length);
  const lines = reasons.length > 0 ? reasons.flatMap(lineOfReason) : lineOfData(kind, data);
  return lines.map(([event, text]) => `${at} ${event.padEnd(8)} ${text}`);
};
