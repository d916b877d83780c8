import { fail, ok, type Result } from '../../core/result.ts';
import { type Epoch, type Fields, isRecord, type WallTime } from '../../core/words.ts';
import type { FamilyRules } from './families.ts';
import type { AstDbRow, Change } from './rows.ts';

/**
 * What travels between the nodes. The holder begins a session with the families that it sends (of others the follower must take
 * nothing away), sends all its rows in parts, ends the part with their digest, and from then on only changes; each message of a session has the next `seq`, beginning with 0. The other acknowledges what
 * it has applied, and asks for a new session when something is missing.
 */
export type AstDbMessage = FromHolder | FromFollower;

export type FromHolder =
  | (InSession & FamilyRules & { readonly type: 'begin'; readonly wall: WallTime })
  | (InSession & { readonly type: 'change'; readonly put: readonly AstDbRow[]; readonly delete: readonly string[] })
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
export interface AstDbTransport {
  /** False when there is no connection, or it takes no more: the session is over then. */
  send(message: AstDbMessage): boolean;
  /** Whatever came, read but not yet checked. */
  onMessage(listener: (message: unknown) => void): void;
  /** A connection is there (again); nothing of an older one arrives after this. */
  onConnected(listener: () => void): void;
}

/** Of one message at most: one frame of the pair's stream takes a megabyte, and a letter may need six as JSON. */
const mostRows = 200;
const mostLetters = 100_000;
const longestKey = 512;
const longestValue = 16_384;
const mostPatterns = 1_000;

/** Rows that do not travel: too long, or with letters in their path that no manager takes. */
export const canTravel = ({ key, value }: AstDbRow): boolean => isKey(key) && isValue(value);

/** A change in pieces that fit a message each. */
export const partsOf = function* (change: Change): Generator<Change> {
  for (let at = 0; at < change.delete.length; at += mostRows) {
    yield { put: [], delete: change.delete.slice(at, at + mostRows) };
  }
  let put: AstDbRow[] = [];
  let letters = 0;
  for (const row of change.put) {
    const length = row.key.length + row.value.length;
    if (put.length === mostRows || (put.length > 0 && letters + length > mostLetters)) {
      yield { put, delete: [] };
      put = [];
      letters = 0;
    }
    put.push(row);
    letters += length;
  }
  if (put.length > 0) yield { put, delete: [] };
};

/** Checks what came over the wire. Fault: `astdb-bad-message`. */
export const readAstDbMessage = (input: unknown): Result<AstDbMessage> => {
  const message = isRecord(input) ? known(input) : null;
  if (message !== null) return ok(message);
  return fail(
    'astdb-bad-message',
    'The other node sent a message about AstDB that is not understood.',
    'Run the same version of Dualtone on both nodes.',
  );
};

const known = (input: Fields): AstDbMessage | null => {
  const { type, epoch, session, seq, reason } = input;
  if (!isCount(epoch)) return null;
  if (type === 'resync') return typeof reason === 'string' && reason.length <= 200 ? { type, epoch, reason } : null;
  if (typeof session !== 'string' || !/^[\w.-]{1,64}$/.test(session) || !isCount(seq)) return null;
  const place = { epoch, session, seq };
  switch (type) {
    case 'begin': {
      const { wall, include, exclude } = input;
      return isCount(wall) && isPatterns(include) && isPatterns(exclude)
        ? { type, ...place, wall, include, exclude }
        : null;
    }
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

const isKey = (input: unknown): input is string =>
  typeof input === 'string' && input.length > 0 && input.length <= longestKey && !/\p{Cc}/u.test(input);

const isValue = (input: unknown): input is string => typeof input === 'string' && input.length <= longestValue;

const isKeys = (input: unknown): input is readonly string[] => Array.isArray(input) && input.every(isKey);

const isPatterns = (input: unknown): input is readonly string[] => isKeys(input) && input.length <= mostPatterns;

const isRows = (input: unknown): input is readonly AstDbRow[] =>
  Array.isArray(input) && input.every((row: unknown) => isRecord(row) && isKey(row['key']) && isValue(row['value']));
