import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { Journal, JournalEntry } from '../ports.ts';
import { canonicalJson, type ParsedLine, type Place, parseLine, wrongWith } from './chain.ts';
import { listSegments, readHead, readSegmentIfThere, type Segment } from './segment.ts';

type Query = Parameters<Journal['read']>[0];
export type Verified = ReturnType<Journal['verify']>;

/** Reads the journal while the agent writes it, from any process. Methods throw what the file system throws. */
export interface JournalReader {
  /**
   * In order. `sinceSeq`: what comes after that number; `sinceWall`: at or after that time. With neither, the newest `limit` (1,000).
   */
  read(query: Query): readonly JournalEntry[];
  /** Names the first entry that is wrong: changed, missing, or cut off at the end. Fails with `journal-broken`. */
  verify(): Verified;
  /** All entries as JSON lines; the first line tells after which entry and hash the chain goes on. */
  export(): Iterable<string>;
  /** Calls with new entries until the signal; looks every `everyMs` (200). */
  follow(
    sinceSeq: number,
    signal: AbortSignal,
    onEntries: (entries: readonly JournalEntry[]) => void,
    everyMs?: Millis,
  ): void;
}

const DEFAULT_LIMIT = 1000;

const toEntry = ({ seq, hash, text }: ParsedLine): JournalEntry => {
  const body = JSON.parse(text) as Omit<JournalEntry, 'seq' | 'hash'>;
  return { seq, ...body, hash };
};

const entriesOf = ({ path }: Segment): readonly JournalEntry[] =>
  (readSegmentIfThere(path)?.lines ?? []).flatMap((line) => (line === null ? [] : [toEntry(line)]));

const newest = (segments: readonly Segment[], limit: number): readonly JournalEntry[] => {
  let found: readonly JournalEntry[] = [];
  for (const segment of segments.toReversed()) {
    if (found.length >= limit) break;
    found = [...entriesOf(segment), ...found];
  }
  return limit === 0 ? [] : found.slice(-limit);
};

/** Segments that may hold what comes after `seq`. */
const from = (segments: readonly Segment[], seq: number): readonly Segment[] =>
  segments.filter((_, index) => (segments[index + 1]?.firstSeq ?? Number.POSITIVE_INFINITY) > seq + 1);

const readEntries = (
  directory: string,
  { sinceSeq, sinceWall, limit = DEFAULT_LIMIT }: Query,
): readonly JournalEntry[] => {
  const most = Math.max(0, Math.floor(limit));
  const segments = listSegments(directory);
  if (sinceSeq === undefined && sinceWall === undefined) return newest(segments, most);
  const found: JournalEntry[] = [];
  for (const segment of from(segments, sinceSeq ?? 0)) {
    // A segment that was written to the last before that time has nothing of it.
    const writtenAt = sinceWall === undefined ? undefined : statSync(segment.path, { throwIfNoEntry: false })?.mtimeMs;
    if (writtenAt !== undefined && writtenAt < (sinceWall ?? 0) - 60_000 && segment !== segments.at(-1)) continue;
    const fitting = entriesOf(segment).filter(
      ({ seq, wall }) => seq > (sinceSeq ?? 0) && wall >= (sinceWall ?? Number.NEGATIVE_INFINITY),
    );
    found.push(...fitting.slice(0, most - found.length));
    if (found.length >= most) break;
  }
  return found;
};

const broken = (message: string): Verified =>
  fail(
    'journal-broken',
    message,
    'keep the files as they are, and compare them with a backup or the journal of the other node',
  );

/** What is wrong where one segment goes on after another. */
const wrongSeam = (header: Place | null, last: Place): string | null => {
  if (header === null) return `the segment after entry ${last.seq} is not to be read`;
  if (header.seq > last.seq) return `entries ${last.seq + 1} to ${header.seq} are missing`;
  return header.seq === last.seq && header.hash === last.hash
    ? null
    : `entry ${last.seq} was changed, or the one before it`;
};

const verifyAll = (directory: string): Verified => {
  // Before the entries: they only grow meanwhile.
  const head = readHead(directory);
  let last: Place | null = null;
  let entries = 0;
  const segments = listSegments(directory);
  for (const [index, { path }] of segments.entries()) {
    const read = readSegmentIfThere(path);
    // The oldest may be dropped meanwhile; one between others leaves a gap, which the next one's header tells.
    if (read === null) continue;
    const { header, lines, offsets, size } = read;
    const seam = last === null && header !== null ? null : wrongSeam(header, last ?? { seq: 0, hash: '' });
    if (seam !== null || header === null) return broken(seam ?? 'the journal has no beginning');
    last ??= header;
    for (const line of lines) {
      const wrong = wrongWith(line, last);
      if (wrong !== null || line === null) return broken(wrong ?? '');
      if (head?.seq === line.seq && head.hash !== line.hash) return broken(`entry ${line.seq} was changed`);
      last = line;
      entries += 1;
    }
    if (offsets.at(-1) !== size && index < segments.length - 1) return broken(`entry ${last.seq + 1} is cut off`);
  }
  if (head !== null && head.seq > (last?.seq ?? 0))
    return broken(`entries ${(last?.seq ?? 0) + 1} to ${head.seq} at the end are missing`);
  return ok({ entries, lastHash: last?.hash ?? '' });
};

function* exportAll(directory: string): Iterable<string> {
  let begun = false;
  for (const { path } of listSegments(directory)) {
    const read = readSegmentIfThere(path);
    if (read === null) continue;
    const { header, lines } = read;
    if (!begun && header !== null)
      yield canonicalJson({ chain: 'dualtone-journal-1', after: header.seq, hash: header.hash });
    begun = true;
    for (const line of lines) if (line !== null) yield `{"seq":${line.seq},"hash":"${line.hash}","entry":${line.text}}`;
  }
}

const tail = (path: string, offset: number): Buffer => {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= offset) return Buffer.alloc(0);
  const bytes = Buffer.alloc(size - offset);
  const file = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset));
  } finally {
    closeSync(file);
  }
};

/** Reads on where it was, over the ends of segments. */
const createFollower = (directory: string, sinceSeq: number) => {
  let seq = sinceSeq;
  let place: { readonly firstSeq: number; readonly offset: number } | null = null;
  const some = (): readonly JournalEntry[] => {
    const segments = existsSync(directory) ? listSegments(directory) : [];
    const current: Segment | undefined =
      segments.find(({ firstSeq }) => firstSeq === place?.firstSeq) ?? from(segments, seq)[0];
    if (current === undefined) return [];
    const offset = current.firstSeq === place?.firstSeq ? place.offset : 0;
    const bytes = tail(current.path, offset);
    const end = bytes.lastIndexOf(0x0a) + 1;
    place = { firstSeq: current.firstSeq, offset: offset + end };
    const lines = bytes.toString('utf8', 0, end).split('\n').map(parseLine);
    const found = lines.flatMap((line) => (line === null || line.seq <= seq ? [] : [toEntry(line)]));
    seq = found.at(-1)?.seq ?? seq;
    const next = segments.find(({ firstSeq }) => firstSeq > current.firstSeq);
    if (end > 0 || next === undefined) return found;
    place = { firstSeq: next.firstSeq, offset: 0 };
    return some();
  };
  return some;
};

const followAll = (
  directory: string,
  sinceSeq: number,
  signal: AbortSignal,
  onEntries: (entries: readonly JournalEntry[]) => void,
  everyMs: Millis,
): void => {
  if (signal.aborted) return;
  const some = createFollower(directory, sinceSeq);
  const look = (): void => {
    for (let found = some(); found.length > 0 && !signal.aborted; found = some()) onEntries(found);
  };
  const timer = setInterval(look, everyMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  look();
};

/** Opens the journal for reading. Fails with `journal-missing` or `journal-not-opened`. */
export const openJournalReader = (directory: string): Result<JournalReader> => {
  if (!existsSync(directory)) {
    return fail(
      'journal-missing',
      `there is no journal at ${directory}`,
      'start the agent, or give its configuration with --config',
    );
  }
  try {
    listSegments(directory);
  } catch (error) {
    const message = messageOf(error);
    return fail(
      'journal-not-opened',
      `the journal ${directory} cannot be read: ${message}`,
      'run as root, or as the agent’s user',
    );
  }
  return ok({
    read: (query) => readEntries(directory, query),
    verify: () => verifyAll(directory),
    export: () => exportAll(directory),
    follow: (sinceSeq, signal, onEntries, everyMs = 200) => followAll(directory, sinceSeq, signal, onEntries, everyMs),
  });
};
