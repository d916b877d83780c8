import { fail, ok, type Result } from '../../core/result.ts';
import type { Epoch, WallTime } from '../../core/words.ts';
import type { ContactRow } from './rows.ts';

/**
 * What travels between the nodes. The holder begins a session, sends all its rows in parts, ends the part with their digest,
 * and from then on only changes; each message of a session has the next `seq`, beginning with 0. The other acknowledges what
 * it has applied, and asks for a new session when something is missing.
 */
export type ContactsMessage = FromHolder | FromFollower;

export type FromHolder =
  | (InSession & { readonly type: 'begin'; readonly wall: WallTime })
  | (InSession & { readonly type: 'change'; readonly put: readonly ContactRow[]; readonly delete: readonly string[] })
  | (InSession & Digest & { readonly type: 'complete' })
  | (InSession & Digest & { readonly type: 'compare' });

export type FromFollower =
  | (InSession & { readonly type: 'applied' })
  | { readonly type: 'resync'; readonly epoch: Epoch; readonly reason: string };

export interface InSession {
  /** The holder's term; a follower that knows a newer one refuses. */
  readonly epoch: Epoch;
  readonly session: string;
  readonly seq: number;
}

interface Digest {
  /** Only rows that live longer are counted, so that clocks and expiry do not matter. */
  readonly cut: WallTime;
  readonly count: number;
  readonly digest: string;
}

/** How the messages travel; the agent has the connection. */
export interface ContactsTransport {
  /** False when there is no connection, or it takes no more: the session is over then. */
  send(message: ContactsMessage): boolean;
  /** Whatever came, read but not yet checked. */
  onMessage(listener: (message: unknown) => void): void;
  /** A connection is there (again); nothing of an older one arrives after this. */
  onConnected(listener: () => void): void;
}

/** Rows of one message at most, so that each is some 100 kB. */
export const mostRows = 200;
const longestKey = 512;
const longestValue = 8_192;

/** Checks what came over the wire. Fault: `contacts-bad-message`. */
export const readContactsMessage = (input: unknown): Result<ContactsMessage> => {
  const message = isRecord(input) ? known(input) : null;
  if (message !== null) return ok(message);
  return fail(
    'contacts-bad-message',
    'The other node sent a message about contacts that is not understood.',
    'Run the same version of Dualtone on both nodes.',
  );
};

type Fields = Readonly<Record<string, unknown>>;

const isRecord = (input: unknown): input is Fields =>
  typeof input === 'object' && input !== null && !Array.isArray(input);

const known = (input: Fields): ContactsMessage | null => {
  const { type, epoch, session, seq, reason } = input;
  if (!isCount(epoch)) return null;
  if (type === 'resync') return typeof reason === 'string' && reason.length <= 200 ? { type, epoch, reason } : null;
  if (typeof session !== 'string' || !/^[\w.-]{1,64}$/.test(session) || !isCount(seq)) return null;
  const place = { epoch, session, seq };
  switch (type) {
    case 'begin':
      return isCount(input['wall']) ? { type, ...place, wall: input['wall'] } : null;
    case 'change': {
      const { put, delete: gone } = input;
      return isRows(put) && isKeys(gone) && put.length + gone.length <= mostRows
        ? { type, ...place, put, delete: gone }
        : null;
    }
    case 'complete':
    case 'compare': {
      const { cut, count, digest } = input;
      const fits = isCount(cut) && isCount(count) && typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest);
      return fits ? { type, ...place, cut, count, digest } : null;
    }
    case 'applied':
      return { type, ...place };
    default:
      return null;
  }
};

const isCount = (input: unknown): input is number =>
  typeof input === 'number' && Number.isSafeInteger(input) && input >= 0;

const isText = (input: unknown, longest: number): input is string =>
  // No control characters: the values become lines of Asterisk's manager.
  typeof input === 'string' && input.length > 0 && input.length <= longest && !/\p{Cc}/u.test(input);

const isKeys = (input: unknown): input is readonly string[] =>
  Array.isArray(input) && input.every((key) => isText(key, longestKey));

const isRows = (input: unknown): input is readonly ContactRow[] =>
  Array.isArray(input) &&
  input.every((row: unknown) => isRecord(row) && isText(row['key'], longestKey) && isText(row['value'], longestValue));
