/** Packets of NRPE, versions 2 and 4: bytes in, bytes out. Version 3 is left out: nrpe 4 drops it, and its own client then falls back to 2. Pure. */
import { crc32 } from 'node:zlib';
import { fail, ok, type Result } from '../core/result.ts';

export type NrpeVersion = 2 | 4;

/** What the daemon answered. */
export interface NrpeAnswer {
  /** Exit code of its plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; others are a broken plugin's. */
  readonly code: number;
  /** First line without performance data, in plain characters. */
  readonly text: string;
}

const QUERY = 1;
const RESPONSE = 2;
/** Version 2: header of 10 bytes, 1024 of text, and two with which C fills up the structure. */
const V2_TEXT = 1024;
const V2_AT = 10;
const V2_SIZE = V2_AT + V2_TEXT + 2;
/** Version 4: header of 16 bytes with the text's length at its end. */
const V4_AT = 16;
const V4_LENGTH_AT = 12;
const CRC_AT = 4;
/** nrpe itself cuts its plugins' words at 64 KiB. */
const MOST_TEXT = 64 * 1024;

/** More than any honest answer has. */
export const MOST_ANSWER_BYTES: number = V4_AT + MOST_TEXT;

const malformed = (what: string) =>
  fail(
    'nrpe-malformed',
    `What answered is no NRPE answer: ${what}.`,
    'See with `check_nrpe` what listens there, and which protocol version and TLS it wants.',
  );

const sealed = (packet: Buffer): Buffer => {
  packet.writeUInt32BE(crc32(packet), CRC_AT);
  return packet;
};

/** A question. Throws where `command` does not fit: the configuration has seen to it. */
export const encodeQuery = (version: NrpeVersion, command: string): Buffer => encodePacket(version, QUERY, 0, command);

/** An answer as a daemon sends it; for tests. */
export const encodeAnswer = (version: NrpeVersion, code: number, text: string): Buffer =>
  encodePacket(version, RESPONSE, code, text);

const encodePacket = (version: NrpeVersion, type: number, code: number, text: string): Buffer => {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length >= (version === 2 ? V2_TEXT : MOST_TEXT)) throw new Error(`${bytes.length} bytes are no NRPE text`);
  const packet = Buffer.alloc(version === 2 ? V2_SIZE : V4_AT + bytes.length + 1);
  packet.writeInt16BE(version, 0);
  packet.writeInt16BE(type, 2);
  packet.writeInt16BE(code, 8);
  if (version === 4) packet.writeInt32BE(bytes.length + 1, V4_LENGTH_AT);
  bytes.copy(packet, version === 2 ? V2_AT : V4_AT);
  return sealed(packet);
};

/** How long the whole answer is, as far as its beginning tells; null: not yet known. Fault: `nrpe-malformed`. */
export const answerSize = (bytes: Buffer): Result<number | null> => {
  if (bytes.length < 4) return ok(null);
  const version = bytes.readInt16BE(0);
  if (bytes.readInt16BE(2) !== RESPONSE) return malformed(`its packet type is ${bytes.readInt16BE(2)}`);
  if (version === 2) return ok(V2_SIZE);
  if (version !== 4) return malformed(`its packet version is ${version}`);
  if (bytes.length < V4_AT) return ok(null);
  const length = bytes.readInt32BE(V4_LENGTH_AT);
  if (length < 0 || length > MOST_TEXT) return malformed(`it announces ${length} bytes of text`);
  return ok(V4_AT + length);
};

/** Up to the first NUL, wherever a character was cut off; control characters, that a terminal might obey, are blanks. */
const textOf = (bytes: Buffer): string => {
  const end = bytes.indexOf(0);
  const text = (end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
  const [first = ''] = text.split('\n');
  const [words = ''] = first.split('|');
  return words.replaceAll(/\p{Cc}+/gu, ' ').trim();
};

/** A whole answer to a question of `version`. Fault: `nrpe-malformed`. */
export const decodeAnswer = (version: NrpeVersion, bytes: Buffer): Result<NrpeAnswer> => {
  const size = answerSize(bytes);
  if (!size.ok) return size;
  if (size.value === null || bytes.length < size.value) return malformed(`it ends after ${bytes.length} bytes`);
  if (bytes.length > size.value) return malformed(`${bytes.length - size.value} bytes follow its end`);
  const said = bytes.readInt16BE(0);
  if (said !== version) return malformed(`it is of version ${said}, asked was in ${version}`);
  const blank = Buffer.from(bytes);
  blank.writeUInt32BE(0, CRC_AT);
  if (crc32(blank) !== bytes.readUInt32BE(CRC_AT)) return malformed('its checksum is wrong');
  return ok({ code: bytes.readInt16BE(8), text: textOf(bytes.subarray(version === 2 ? V2_AT : V4_AT)) });
};
