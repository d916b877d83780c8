import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis, WallTime } from '../core/words.ts';
import type { Journal, JournalEntry } from '../ports.ts';
import { readPlace } from './book.ts';
import { canonicalJson, entryHash } from './chain.ts';

type Query = Parameters<Journal['read']>[0];
export type Verified = ReturnType<Journal['verify']>;

/** Reads the journal while the agent writes it, from any process. Methods throw what SQLite throws. */
export interface JournalReader {
  /**
   * In order. `sinceSeq`: what comes after that number; `sinceWall`: at or after that time. With neither, the newest `limit` (1,000).
   */
  read(query: Query): readonly JournalEntry[];
  /** Names the first entry that is wrong: changed, missing, or cut off at the end. Fails with `journal-broken`. */
  verify(): Verified;
  /** All entries as JSON lines; the first line tells from which hash the chain begins. */
  export(): Iterable<string>;
  /** Calls with new entries until the signal; looks every `everyMs`. */
  follow(
    sinceSeq: number,
    signal: AbortSignal,
    onEntries: (entries: readonly JournalEntry[]) => void,
    everyMs?: Millis,
  ): void;
  close(): void;
}

const DEFAULT_LIMIT = 1000;
const CHUNK = 500;

type Row = Readonly<Record<string, unknown>>;

const toEntry = (row: Row): JournalEntry => {
  const body = JSON.parse(String(row['text'])) as Omit<JournalEntry, 'seq' | 'hash'>;
  return { seq: Number(row['seq']), ...body, hash: String(row['hash']) };
};

const readRows = (database: DatabaseSync, { sinceSeq, sinceWall, limit = DEFAULT_LIMIT }: Query): readonly Row[] => {
  const most = Math.max(0, Math.floor(limit));
  if (sinceSeq === undefined && sinceWall === undefined) {
    return database.prepare('SELECT * FROM entries ORDER BY seq DESC LIMIT ?').all(most).toReversed();
  }
  const wall: WallTime = sinceWall ?? Number.MIN_SAFE_INTEGER;
  return database
    .prepare('SELECT * FROM entries WHERE seq > ? AND wall >= ? ORDER BY seq LIMIT ?')
    .all(sinceSeq ?? -1, wall, most);
};

const broken = (message: string): Verified =>
  fail(
    'journal-broken',
    message,
    'keep the file as it is, and compare it with a backup or the journal of the other node',
  );

const wrongWith = (row: Row, seq: number, hash: string): string | null => {
  const found = Number(row['seq']);
  if (found !== seq) return `${found - 1 === seq ? `entry ${seq} is` : `entries ${seq} to ${found - 1} are`} missing`;
  const text = String(row['text']);
  if (entryHash(hash, seq, text) !== row['hash']) return `entry ${seq} was changed, or the one before it`;
  const { wall, kind } = JSON.parse(text) as { wall?: unknown; kind?: unknown };
  return wall === row['wall'] && kind === row['kind'] ? null : `entry ${seq} was changed beside its text`;
};

const verifyAll = (database: DatabaseSync): Verified => {
  let { seq, hash } = readPlace(database, 'anchor');
  const head = readPlace(database, 'head');
  const next = database.prepare('SELECT * FROM entries WHERE seq > ? ORDER BY seq LIMIT ?');
  let entries = 0;
  for (;;) {
    const rows = next.all(seq, CHUNK);
    if (rows.length === 0) break;
    for (const row of rows) {
      const wrong = wrongWith(row, seq + 1, hash);
      if (wrong !== null) return broken(wrong);
      seq += 1;
      hash = String(row['hash']);
      entries += 1;
    }
  }
  if (head.seq !== seq) return broken(`entries ${seq + 1} to ${head.seq} at the end are missing`);
  return head.hash === hash ? ok({ entries, lastHash: hash }) : broken(`entry ${seq}, the last, was changed`);
};

function* exportAll(database: DatabaseSync): Iterable<string> {
  const anchor = readPlace(database, 'anchor');
  yield canonicalJson({ chain: 'dualtone-journal-1', after: anchor.seq, hash: anchor.hash });
  let { seq } = anchor;
  const next = database.prepare('SELECT * FROM entries WHERE seq > ? ORDER BY seq LIMIT ?');
  for (;;) {
    const rows = next.all(seq, CHUNK);
    if (rows.length === 0) return;
    for (const row of rows) {
      seq = Number(row['seq']);
      yield `{"seq":${seq},"hash":"${String(row['hash'])}","entry":${String(row['text'])}}`;
    }
  }
}

const followAll = (
  database: DatabaseSync,
  sinceSeq: number,
  signal: AbortSignal,
  onEntries: (entries: readonly JournalEntry[]) => void,
  everyMs: Millis,
): void => {
  let seq = sinceSeq;
  let version: unknown = null;
  const look = (): void => {
    const now = database.prepare('PRAGMA data_version').get()?.['data_version'];
    if (now === version) return;
    const entries = readRows(database, { sinceSeq: seq, limit: CHUNK }).map(toEntry);
    if (entries.length < CHUNK) version = now;
    if (entries.length === 0) return;
    seq = entries.at(-1)?.seq ?? seq;
    onEntries(entries);
  };
  if (signal.aborted) return;
  const timer = setInterval(look, everyMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  look();
};

/** Opens the journal for reading. Fails with `journal-missing` or `journal-not-opened`. */
export const openJournalReader = (path: string): Result<JournalReader> => {
  if (!existsSync(path)) {
    return fail(
      'journal-missing',
      `there is no journal at ${path}`,
      'start the agent, or give its configuration with --config',
    );
  }
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      database.exec('PRAGMA busy_timeout = 2000');
      readPlace(database, 'head');
    } catch (error) {
      database.close();
      throw error;
    }
    return ok({
      read: (query) => readRows(database, query).map(toEntry),
      verify: () => verifyAll(database),
      export: () => exportAll(database),
      follow: (sinceSeq, signal, onEntries, everyMs = 200) => followAll(database, sinceSeq, signal, onEntries, everyMs),
      close: () => database.close(),
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return fail(
      'journal-not-opened',
      `the journal ${path} cannot be read: ${message}`,
      'run as root, or as the agent’s user',
    );
  }
};
