/** A way by which a person is told. */
import type { Language } from '../language/translator.ts';
import type { Text } from './core/text.ts';
import { inOrder } from './core/text.ts';
import type { Outgoing, Severity } from './core/words.ts';

export interface Message {
  readonly outgoing: Outgoing;
  readonly text: Text;
  readonly site: string;
  readonly language: Language;
  /** Asked for by a person, to see whether it arrives. */
  readonly test: boolean;
}

/** `refused`: surely not delivered, and it would be refused again; `failed`: to be tried again as it is. */
export interface Outcome {
  readonly outcome: 'delivered' | 'failed' | 'refused';
  /** For people; without secrets. With `delivered` empty, or what was not quite right. */
  readonly why: string;
}

export interface Channel {
  readonly name: string;
  readonly kind: string;
  /** Ends by its own time limit, or with the signal. Never throws. */
  send(message: Message, signal: AbortSignal): Promise<Outcome>;
}

export const delivered = (why = ''): Outcome => ({ outcome: 'delivered', why });
export const failed = (why: string): Outcome => ({ outcome: 'failed', why });
export const refused = (why: string): Outcome => ({ outcome: 'refused', why });

/** The gravest of what is still there; `info` where all of it is over. */
export const severityOf = ({ items }: Outgoing): Severity => {
  const [first] = inOrder(items);
  return first === undefined || first.endedWall !== null ? 'info' : first.severity;
};

/** The message as data, for webhook and command. Its fields are told in docs/alarms.md and only ever added to. */
export const documentOf = ({ outgoing, text, site, language, test }: Message): Readonly<Record<string, unknown>> => {
  const iso = (wall: number | null): string | null => (wall === null ? null : new Date(wall).toISOString());
  const { situation } = outgoing;
  return {
    version: 1,
    id: outgoing.id,
    time: iso(outgoing.wall),
    test,
    site,
    language,
    severity: severityOf(outgoing),
    subject: text.subject,
    text: text.body,
    situation: situation === null ? null : { ...situation, sinceWall: undefined, since: iso(situation.sinceWall) },
    alarms: inOrder(outgoing.items).map((item) => ({
      number: item.alarm,
      state: item.endedWall === null ? (item.what === 'again' ? 'still' : 'new') : 'over',
      code: item.code,
      object: item.object,
      severity: item.severity,
      title: item.title,
      detail: item.detail,
      next: item.next,
      began: iso(item.beganWall),
      last: iso(item.lastWall),
      ended: iso(item.endedWall),
      count: item.count,
    })),
    left_out: outgoing.folded,
  };
};
