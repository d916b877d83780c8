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
