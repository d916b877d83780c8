/** Data of the record types that telephones follow: from the text of a zone file to bytes and back, always the same text for the same data. Pure. */
import { isIPv4, isIPv6 } from 'node:net';
import { decodeName, encodeName, isName } from './name.ts';

export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'SRV' | 'NAPTR' | 'TXT';

export const CODE_BY_TYPE: Readonly<Record<RecordType, number>> = {
  A: 1,
  CNAME: 5,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
};

export const typeOfCode = (code: number): RecordType | null =>
  (Object.keys(CODE_BY_TYPE) as RecordType[]).find((type) => CODE_BY_TYPE[type] === code) ?? null;

const MOST_STRING = 255;

const bytesOfIPv6 = (address: string): Buffer => {
  // The platform's own reading knows every way to write one, and gives it in full hexadecimal or with a dotted end.
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...first, ...zeros, ...last].entries())
    bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * index);
  return bytes;
};

const textOfIPv6 = (bytes: Buffer): string => {
  const groups = Array.from({ length: 8 }, (_none, index) => bytes.readUInt16BE(2 * index).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
};

/** Words of a line, quoted ones whole; null where a quote is left open. */
const wordsOf = (text: string): readonly { readonly word: string; readonly quoted: boolean }[] | null => {
  const words: { word: string; quoted: boolean }[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const match = /^(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?:\s+|$)/.exec(rest);
    if (match === null) return null;
    const [whole, quoted, bare = ''] = match;
    words.push({ word: quoted === undefined ? bare : quoted.replaceAll(/\\(.)/g, '$1'), quoted: quoted !== undefined });
    rest = rest.slice(whole.length);
  }
  return words;
};

const encodeString = (text: string): Buffer | null => {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length > MOST_STRING ? null : Buffer.concat([Buffer.from([bytes.length]), bytes]);
};

const number16 = (text: string | undefined): Buffer | null => {
  if (text === undefined || !/^\d{1,5}$/.test(text) || Number(text) > 65_535) return null;
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(Number(text));
  return bytes;
};

const nameBytes = (text: string | undefined): Buffer | null =>
  text !== undefined && (text === '.' || isName(text)) ? encodeName(text) : null;

const joined = (parts: readonly (Buffer | null)[]): Buffer | null => {
  const whole = parts.filter((part) => part !== null);
  return whole.length === parts.length ? Buffer.concat(whole) : null;
};

const ENCODERS: Readonly<Record<RecordType, (words: readonly string[]) => Buffer | null>> = {
  A: ([address = '', ...more]) =>
    more.length === 0 && isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : null,
  AAAA: ([address = '', ...more]) =>
    more.length === 0 && isIPv6(address) && !address.includes('%') ? bytesOfIPv6(address) : null,
  CNAME: ([target, ...more]) => (more.length === 0 ? nameBytes(target) : null),
  SRV: ([priority, weight, port, target, ...more]) =>
    more.length > 0 ? null : joined([number16(priority), number16(weight), number16(port), nameBytes(target)]),
  NAPTR: ([order, preference, flags = '', service = '', expression = '', target, ...more]) =>
    more.length > 0
      ? null
      : joined([
          number16(order),
          number16(preference),
          encodeString(flags),
          encodeString(service),
          encodeString(expression),
          nameBytes(target),
        ]),
  TXT: (words) => (words.length === 0 ? null : joined(words.map(encodeString))),
};

/** The bytes of `text`, written as in a zone file; null where it is none of this type. */
export const encodeData = (type: RecordType, text: string): Buffer | null => {
  const words = wordsOf(text);
  return words === null ? null : ENCODERS[type](words.map(({ word }) => word));
};

const quoted = (bytes: Buffer): string => `"${bytes.toString('utf8').replaceAll(/(["\\])/g, '\\$1')}"`;

/** Reads counted strings from `at`; null where they go over `end`. */
const stringAt = (
  message: Buffer,
  at: number,
  end: number,
): { readonly bytes: Buffer; readonly next: number } | null => {
  const length = at < end ? message[at] : undefined;
  if (length === undefined || at + 1 + length > end) return null;
  return { bytes: message.subarray(at + 1, at + 1 + length), next: at + 1 + length };
};

const stringsOf = (message: Buffer, from: number, end: number, most: number) => {
  const texts: string[] = [];
  let at = from;
  while (at < end && texts.length < most) {
    const read = stringAt(message, at, end);
    if (read === null) return null;
    texts.push(quoted(read.bytes));
    at = read.next;
  }
  return { texts, next: at };
};

const targetAt = (message: Buffer, at: number, end: number): string | null => {
  const read = decodeName(message, at);
  return read !== null && read.next === end ? read.name : null;
};

/** The text of the data at `from` up to `end`, in its one form; null where it is malformed. Names in it may point back into the message. */
export const decodeData = (type: RecordType, message: Buffer, from: number, end: number): string | null => {
  const length = end - from;
  const at16 = (offset: number): number => message.readUInt16BE(from + offset);
  switch (type) {
    case 'A':
      return length === 4 ? [...message.subarray(from, end)].join('.') : null;
    case 'AAAA':
      return length === 16 ? textOfIPv6(message.subarray(from, end)) : null;
    case 'CNAME':
      return targetAt(message, from, end);
    case 'SRV': {
      const target = length < 7 ? null : targetAt(message, from + 6, end);
      return target === null ? null : `${at16(0)} ${at16(2)} ${at16(4)} ${target}`;
    }
    case 'NAPTR': {
      const strings = length < 8 ? null : stringsOf(message, from + 4, end, 3);
      const target = strings === null ? null : targetAt(message, strings.next, end);
      return target === null ? null : `${at16(0)} ${at16(2)} ${strings?.texts.join(' ')} ${target}`;
    }
    case 'TXT': {
      const strings = stringsOf(message, from, end, MOST_STRING);
      return strings === null || strings.next !== end || strings.texts.length === 0 ? null : strings.texts.join(' ');
    }
  }
};

/** The one form of a text: what is the same to a name server is the same text. Null where it is none of this type. */
export const canonicalData = (type: RecordType, text: string): string | null => {
  const bytes = encodeData(type, text);
  return bytes === null ? null : decodeData(type, bytes, 0, bytes.length);
};
