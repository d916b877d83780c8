import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ParsedLine, type Place, parseLine } from './chain.ts';

/**
 * The journal is a directory of segments. A segment is named after its first entry; its first line tells after which entry and
 * hash it goes on, so that the oldest may be deleted and the rest still verifies; then one line an entry. `head` holds the last
 * entry that was surely on disk.
 */
export interface Segment {
  readonly path: string;
  readonly firstSeq: number;
}

export const HEAD = 'head';
const FORMAT = 1;
const NAME = /^(\d{12})\.jsonl$/;

export const segmentPath = (directory: string, firstSeq: number): string =>
  join(directory, `${String(firstSeq).padStart(12, '0')}.jsonl`);

/** Oldest first. Throws where the directory cannot be read. */
export const listSegments = (directory: string): readonly Segment[] =>
  readdirSync(directory)
    .flatMap((name) => {
      const firstSeq = NAME.exec(name)?.[1];
      return firstSeq === undefined ? [] : [{ path: join(directory, name), firstSeq: Number(firstSeq) }];
    })
    .toSorted((a, b) => a.firstSeq - b.firstSeq);

export const headerLine = ({ seq, hash }: Place): string =>
  `{"dualtone-journal":${FORMAT},"after":${seq},"hash":"${hash}"}`;

const HEADER = /^\{"dualtone-journal":(\d+),"after":(\d{1,15}),"hash":"([0-9a-f]{64})"\}$/;

/** Null for what is no header of this format. */
const parseHeader = (line: string): Place | null => {
  const [, format, seq, hash] = HEADER.exec(line) ?? [];
  return hash === undefined || Number(format) !== FORMAT ? null : { seq: Number(seq), hash };
};

export interface SegmentText {
  /** Null where the first line is no header. */
  readonly header: Place | null;
  /** Whole lines after the header; null for one that is no entry. */
  readonly lines: readonly (ParsedLine | null)[];
  /** Where each of them begins, in bytes, and at the end where the last whole line ends. */
  readonly offsets: readonly number[];
  /** Length of the file in bytes. */
  readonly size: number;
}

/** What follows the last newline was cut off in the middle of a write: it is no line. */
const parseSegment = (bytes: Buffer): SegmentText => {
  const texts: string[] = [];
  const offsets: number[] = [];
  let at = 0;
  for (let end = bytes.indexOf(0x0a, at); end !== -1; end = bytes.indexOf(0x0a, at)) {
    texts.push(bytes.toString('utf8', at, end));
    offsets.push(at);
    at = end + 1;
  }
  offsets.push(at);
  const [first, ...rest] = texts;
  return {
    header: first === undefined ? null : parseHeader(first),
    lines: rest.map(parseLine),
    offsets: first === undefined ? [at] : offsets.slice(1),
    size: bytes.length,
  };
};

/** Throws what the file system throws. */
export const readSegment = (path: string): SegmentText => parseSegment(readFileSync(path));

/** Null: it is gone, as when it was dropped for its age since it was listed. Throws what else the file system throws. */
export const readSegmentIfThere = (path: string): SegmentText | null => {
  try {
    return readSegment(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

/** The last entry that was surely on disk; null where nothing says so. Never throws. */
export const readHead = (directory: string): Place | null => {
  try {
    return parseHeader(readFileSync(join(directory, HEAD), 'utf8').trimEnd());
  } catch {
    return null;
  }
};
