import { createHash } from 'node:crypto';
import type { JournalEntry } from '../ports.ts';

/** What an entry says, without its place in the chain. */
export type EntryBody = Omit<JournalEntry, 'seq' | 'hash'>;

/** The hash before the first entry. */
export const GENESIS = '0'.repeat(64);

/** An entry above this is cut: the journal is for decisions, not for dumps. */
const MAX_TEXT = 64 * 1024;
const MAX_DEPTH = 32;

/** Hides what must not be written; gets every text and every value under a telling key. */
export type Redact = (key: string, value: unknown) => unknown;

const TELLING = /password|passwd|secret|token|private|credential|(^|[-_.])(key|psk)$|pairKey/i;

/** Values under keys that tell of a secret are hidden. */
export const redactByKey: Redact = (key, value) => (TELLING.test(key) && value !== null ? '(hidden)' : value);

const canonicalAny = (key: string, value: unknown, redact: Redact, depth: number): string => {
  const shown = redact(key, value);
  if (depth > MAX_DEPTH) return '"(too deep)"';
  if (Array.isArray(shown)) return `[${shown.map((item) => canonicalAny('', item, redact, depth + 1)).join(',')}]`;
  if (typeof shown === 'object' && shown !== null) {
    const entries = Object.entries(shown)
      .filter(([, item]) => item !== undefined && typeof item !== 'function')
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${canonicalAny(name, item, redact, depth + 1)}`).join(',')}}`;
  }
  if (typeof shown === 'bigint') return JSON.stringify(String(shown));
  return JSON.stringify(shown ?? null) ?? 'null';
};

/** JSON with sorted keys and no spaces: the same value always gives the same text. Numbers that JSON lacks become null. */
export const canonicalJson = (value: unknown, redact: Redact = (_, inner) => inner): string =>
  canonicalAny('', value, redact, 0);

/** The text of an entry as it is written and hashed. */
export const entryText = (body: EntryBody, redact: Redact): string => {
  const { wall, at, epoch, kind, reasons, data } = body;
  const text = canonicalJson({ wall, at, epoch, kind, reasons, data }, redact);
  if (text.length <= MAX_TEXT) return text;
  return canonicalJson({
    wall,
    at,
    epoch,
    kind,
    reasons: [],
    data: { cut: true, length: text.length, begin: text.slice(0, 4096) },
  });
};

/** SHA-256 over the former hash, the number and the text, hexadecimal. */
export const entryHash = (formerHash: string, seq: number, text: string): string =>
  createHash('sha256').update(`${formerHash}\n${seq}\n${text}`).digest('hex');

/** A place in the chain: what was written last, or what lies before the first entry that is left. */
export interface Place {
  readonly seq: number;
  readonly hash: string;
}

export const BEGINNING: Place = { seq: 0, hash: GENESIS };

/** The entry's line in the file and in an export, without the newline. */
export const entryLine = (seq: number, hash: string, text: string): string =>
  `{"seq":${seq},"hash":"${hash}","entry":${text}}`;

const LINE = /^\{"seq":(\d{1,15}),"hash":"([0-9a-f]{64})","entry":(\{.*\})\}$/;

export interface ParsedLine extends Place {
  readonly text: string;
}

/** Null for what is no entry. */
export const parseLine = (line: string): ParsedLine | null => {
  const match = LINE.exec(line);
  const [, seq, hash, text] = match ?? [];
  return hash === undefined || text === undefined ? null : { seq: Number(seq), hash, text };
};

/** What is wrong with the line that should follow `former`, null when nothing is. */
export const wrongWith = (line: ParsedLine | null, former: Place): string | null => {
  const due = former.seq + 1;
  if (line === null) return `entry ${due} is not to be read`;
  if (line.seq > due)
    return line.seq - 1 === due ? `entry ${due} is missing` : `entries ${due} to ${line.seq - 1} are missing`;
  if (line.seq < due) return `entry ${line.seq} is there twice`;
  return entryHash(former.hash, due, line.text) === line.hash ? null : `entry ${due} was changed, or the one before it`;
};
