import type { Fault } from '../core/result.ts';
import type { Instant } from '../core/words.ts';
import { VERSION } from './packet.ts';

/** Why a datagram was thrown away. */
export type RefusalReason =
  | 'garbage'
  | 'other-version'
  | 'not-for-me'
  | 'own-name'
  | 'stranger'
  | 'bad-signature'
  | 'replay'
  | 'other-timing'
  | 'malformed';

const WORDS: Readonly<Record<RefusalReason, readonly [string, string]>> = {
  garbage: ['sent something that is not a Dualtone datagram', 'find out what speaks to this port, and shut it out'],
  'other-version': [
    `speaks another version of the protocol than ${VERSION}`,
    'upgrade both nodes and all checkpoints to the same version',
  ],
  'not-for-me': [
    'sent a datagram that is meant for another',
    "compare `peer`, `arbiter.checkpoints` and the checkpoint's `name` on both sides",
  ],
  'own-name': ['speaks under the name of this process', 'give one node the role main and the other standby'],
  stranger: [
    'speaks under a name that is not configured here',
    "compare `arbiter.checkpoints` with the checkpoint's `name`",
  ],
  'bad-signature': [
    'sent a datagram whose signature is wrong',
    'copy the same key file to both nodes and all checkpoints',
  ],
  replay: [
    'sent a datagram a second time',
    'nothing, if seldom (networks duplicate); often, somebody records and replays',
  ],
  'other-timing': [
    "has other lease times: one's lease would outlive the other's promise",
    'give `timing.promise` and `timing.lease` the same values everywhere, and restart the agents',
  ],
  malformed: [
    'sent a sealed datagram that makes no sense',
    'upgrade both nodes and all checkpoints to the same version',
  ],
};

/** A refusal for people. */
export const explainRefusal = (reason: RefusalReason, source: string): Fault => {
  const [message, remedy] = WORDS[reason];
  return { code: `peer-${reason}`, message: `${source} ${message}`, remedy };
};

/** Counts refusals by reason and source, and says which to tell: the first, then at most one a minute. Bounded. */
export interface Refusals {
  note(reason: RefusalReason, source: string, at: Instant): boolean;
  counts(): Readonly<Record<string, number>>;
}

const TELL_EVERY_MS = 60_000;
const MAX_SOURCES = 256;

export const createRefusals = (): Refusals => {
  const seenByKey = new Map<string, { count: number; toldAt: Instant }>();
  return {
    note: (reason, source, at) => {
      const own = `${reason} ${source}`;
      const key = seenByKey.has(own) || seenByKey.size < MAX_SOURCES ? own : `${reason} others`;
      const seen = seenByKey.get(key);
      if (seen === undefined) {
        seenByKey.set(key, { count: 1, toldAt: at });
        return true;
      }
      seen.count += 1;
      if (at - seen.toldAt < TELL_EVERY_MS) return false;
      seen.toldAt = at;
      return true;
    },
    counts: () => Object.fromEntries([...seenByKey].map(([key, { count }]) => [key, count])),
  };
};
