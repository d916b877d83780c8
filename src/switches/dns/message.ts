/** Messages of the DNS: questions, updates (RFC 2136), answers. Pure; what cannot be read is null. */
import { decodeName, encodeName } from './name.ts';
import { CODE_BY_TYPE, decodeData, encodeData, type RecordType, typeOfCode } from './rdata.ts';

export const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const;
export const SOA = 6;
const QUERY = 0;
const UPDATE = 5;
const HEADER = 12;
/** Sections of one record each in a message that is read; more than any answer about one name has. */
const MOST_RECORDS = 500;

export interface RecordSet {
  readonly name: string;
  readonly type: RecordType;
  readonly ttl: number;
  /** In the one form of `canonicalData`; empty: there is none. */
  readonly data: readonly string[];
}

export interface Answer {
  readonly id: number;
  readonly rcode: number;
  /** It comes from a server that has the zone. */
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly question: { readonly name: string; readonly type: number } | null;
  /** Of the types that are known here; others are left out. */
  readonly records: readonly (Omit<RecordSet, 'data'> & { readonly data: string })[];
  /** Where its last record begins, if that is a TSIG. */
  readonly tsigAt: number | null;
}

const header = (id: number, flags: number, counts: readonly [number, number, number, number]): Buffer => {
  const bytes = Buffer.alloc(HEADER);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt16BE(flags, 2);
  for (const [index, count] of counts.entries()) bytes.writeUInt16BE(count, 4 + 2 * index);
  return bytes;
};

const zoneOf = (name: string, type: number): Buffer => {
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(type, 0);
  tail.writeUInt16BE(CLASS.IN, 2);
  return Buffer.concat([encodeName(name), tail]);
};

/** One record. */
export const encodeRecord = (name: string, type: number, klass: number, ttl: number, data: Buffer): Buffer => {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(klass, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(name), fixed, data]);
};

/** A question to a server that has the zone itself: no recursion is asked for. */
export const encodeQuestion = (id: number, name: string, type: number): Buffer =>
  Buffer.concat([header(id, QUERY << 11, [1, 0, 0, 0]), zoneOf(name, type)]);

const dataOf = (type: RecordType, text: string): Buffer => {
  const bytes = encodeData(type, text);
  if (bytes === null) throw new Error(`"${text}" is no ${type}`);
  return bytes;
};

const NOTHING = Buffer.alloc(0);

/** Any type of record: of a name that must have none. */
const ANY = 255;

/** It must be exactly as it was seen: the same values, or none at all; where a CNAME is to come, nothing else either. */
const prerequisites = ({ name, type, data }: RecordSet): readonly Buffer[] =>
  data.length === 0
    ? [encodeRecord(name, type === 'CNAME' ? ANY : CODE_BY_TYPE[type], CLASS.NONE, 0, NOTHING)]
    : data.map((each) => encodeRecord(name, CODE_BY_TYPE[type], CLASS.IN, 0, dataOf(type, each)));

const replacement = ({ name, type, ttl, data }: RecordSet): readonly Buffer[] => [
  encodeRecord(name, CODE_BY_TYPE[type], CLASS.ANY, 0, NOTHING),
  ...data.map((each) => encodeRecord(name, CODE_BY_TYPE[type], CLASS.IN, ttl, dataOf(type, each))),
];

/** All of it or nothing: `seen` must be as it is said, then each of `wanted` takes the place of what is there. Not signed yet. */
export const encodeUpdate = (
  id: number,
  zone: string,
  seen: readonly RecordSet[],
  wanted: readonly RecordSet[],
): Buffer => {
  const before = seen.flatMap(prerequisites);
  const after = wanted.flatMap(replacement);
  const counts = [1, before.length, after.length, 0] as const;
  return Buffer.concat([header(id, UPDATE << 11, counts), zoneOf(zone, SOA), ...before, ...after]);
};

interface RawRecord {
  readonly at: number;
  readonly name: string;
  readonly type: number;
  readonly klass: number;
  readonly ttl: number;
  readonly dataAt: number;
  readonly next: number;
}

/** The record at `at`; null where it is malformed. */
export const readRecord = (message: Buffer, at: number): RawRecord | null => {
  const read = decodeName(message, at);
  if (read === null || read.next + 10 > message.length) return null;
  const { name, next } = read;
  const dataAt = next + 10;
  const end = dataAt + message.readUInt16BE(next + 8);
  if (end > message.length) return null;
  const [type, klass] = [message.readUInt16BE(next), message.readUInt16BE(next + 2)];
  return { at, name, type, klass, ttl: message.readUInt32BE(next + 4), dataAt, next: end };
};

const TSIG = 250;

const readAll = (message: Buffer, from: number, count: number): readonly RawRecord[] | null => {
  const found: RawRecord[] = [];
  let at = from;
  for (let i = 0; i < count; i += 1) {
    const record = readRecord(message, at);
    if (record === null) return null;
    found.push(record);
    at = record.next;
  }
  return at === message.length ? found : null;
};

/** Of what was answered; null where it is malformed. */
export const decodeAnswer = (message: Buffer): Answer | null => {
  if (message.length < HEADER) return null;
  const flags = message.readUInt16BE(2);
  const counts = [4, 6, 8, 10].map((at) => message.readUInt16BE(at));
  const [questions = 0, answers = 0, authorities = 0, additions = 0] = counts;
  const total = answers + authorities + additions;
  if ((flags & 0x8000) === 0 || questions > 1 || total > MOST_RECORDS) return null;
  const asked = questions === 0 ? null : decodeName(message, HEADER);
  if (questions === 1 && (asked === null || asked.next + 4 > message.length)) return null;
  const question = asked === null ? null : { name: asked.name, type: message.readUInt16BE(asked.next) };
  const all = readAll(message, asked === null ? HEADER : asked.next + 4, total);
  if (all === null) return null;
  const records: Answer['records'][number][] = [];
  for (const { name, type: code, klass, ttl, dataAt, next } of all.slice(0, answers)) {
    const type = klass === CLASS.IN ? typeOfCode(code) : null;
    if (type === null) continue;
    const data = decodeData(type, message, dataAt, next);
    if (data === null) return null;
    records.push({ name, type, ttl, data });
  }
  const last = additions > 0 ? all.at(-1) : undefined;
  return {
    id: message.readUInt16BE(0),
    rcode: flags & 0xf,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    question,
    records,
    tsigAt: last?.type === TSIG ? last.at : null,
  };
};
