import { chmodSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis, WallTime } from '../core/words.ts';
import { entryHash, GENESIS } from './chain.ts';

/** An entry on its way to the disk. */
export interface Line {
  readonly wall: WallTime;
  readonly kind: string;
  readonly text: string;
}

export interface Retention {
  readonly maxAgeMs: Millis;
  readonly maxSizeBytes: number;
}

/** The journal's file with its one writer. Synchronous: it lives in a thread of its own. Methods throw what SQLite throws. */
export interface Book {
  /** All or none, on disk when it returns. */
  append(lines: readonly Line[]): void;
  /** Drops what is too old or too much, oldest first; the anchor keeps the rest verifiable. Returns how many went. */
  prune(now: WallTime, retention: Retention): number;
  lastSeq(): number;
  close(): void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY, wall REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS entries_wall ON entries (wall);
  -- 'anchor': the last entry that was dropped; 'head': the last that was written.
  CREATE TABLE IF NOT EXISTS places (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
  INSERT OR IGNORE INTO places VALUES ('anchor', 0, '${GENESIS}'), ('head', 0, '${GENESIS}');
`;

const FORMAT = 1;
const PRUNE_CHUNK = 2000;

export interface Place {
  readonly seq: number;
  readonly hash: string;
}

/** One of the two places; throws where the file is not a journal. */
export const readPlace = (database: DatabaseSync, name: 'anchor' | 'head'): Place => {
  const row = database.prepare('SELECT seq, hash FROM places WHERE name = ?').get(name);
  if (row === undefined || typeof row['seq'] !== 'number' || typeof row['hash'] !== 'string') {
    throw new Error(`the journal has no ${name}`);
  }
  return { seq: row['seq'], hash: row['hash'] };
};

const prepare = (path: string, maxPages: number | null): DatabaseSync => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path);
  try {
    chmodSync(path, 0o600);
    database.exec('PRAGMA busy_timeout = 2000; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;');
    database.exec('PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 4194304;');
    if (maxPages !== null) database.exec(`PRAGMA max_page_count = ${maxPages}`);
    const format = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
    if (format > FORMAT) throw new Error(`the journal was written by a newer version (format ${format})`);
    database.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${FORMAT}; COMMIT;`);
    readPlace(database, 'head');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

const usedBytes = (database: DatabaseSync): number => {
  const pragma = (name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
  return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
};

/** Runs `act` in one transaction; what it throws undoes it. */
const transaction = <T>(database: DatabaseSync, act: () => T): T => {
  database.exec('BEGIN IMMEDIATE');
  try {
    const value = act();
    database.exec('COMMIT');
    return value;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
};

const createBook = (database: DatabaseSync): Book => {
  const insert = database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?)');
  const move = database.prepare('UPDATE places SET seq = ?, hash = ? WHERE name = ?');
  const oldest = database.prepare('SELECT seq, hash, wall FROM entries ORDER BY seq LIMIT 1 OFFSET ?');
  const drop = database.prepare('DELETE FROM entries WHERE seq <= ?');
  let head = readPlace(database, 'head');

  /** Drops the oldest `count` entries at most, never the last. */
  const dropOldest = (count: number): number =>
    transaction(database, () => {
      const row = oldest.get(count - 1);
      if (row === undefined || Number(row['seq']) >= head.seq) return 0;
      move.run(Number(row['seq']), String(row['hash']), 'anchor');
      return Number(drop.run(Number(row['seq'])).changes);
    });
  const countOlder = database.prepare('SELECT count(*) AS count FROM entries WHERE wall < ?');

  return {
    append: (lines) => {
      let { seq, hash } = head;
      transaction(database, () => {
        for (const { wall, kind, text } of lines) {
          seq += 1;
          hash = entryHash(hash, seq, text);
          insert.run(seq, wall, kind, text, hash);
        }
        move.run(seq, hash, 'head');
      });
      head = { seq, hash };
    },
    prune: (now, { maxAgeMs, maxSizeBytes }) => {
      const tooOld = Number(countOlder.get(now - maxAgeMs)?.['count'] ?? 0);
      let dropped = tooOld > 0 ? dropOldest(tooOld) : 0;
      while (usedBytes(database) > maxSizeBytes) {
        const went = dropOldest(
          Math.min(PRUNE_CHUNK, Math.max(1, Math.ceil((head.seq - readPlace(database, 'anchor').seq) / 4))),
        );
        if (went === 0) break;
        dropped += went;
      }
      if (dropped > 0) database.exec('PRAGMA incremental_vacuum');
      return dropped;
    },
    lastSeq: () => head.seq,
    close: () => database.close(),
  };
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const isDamaged = (error: unknown): boolean =>
  /malformed|not a database|disk image|has no (head|anchor)/.test(messageOf(error));

export interface OpenedBook {
  readonly book: Book;
  /** Where a damaged file was moved to; null as a rule. */
  readonly movedTo: string | null;
}

/**
 * Opens or makes the journal, mode 0600. A file that SQLite cannot read is moved aside, never thrown away.
 * Fails with `journal-not-opened`. `maxPages` is for tests of a full disk.
 */
export const openBook = (path: string, now: WallTime, maxPages: number | null = null): Result<OpenedBook> => {
  const remedy = `see that ${dirname(path)} is there, is writable and has space`;
  try {
    return ok({ book: createBook(prepare(path, maxPages)), movedTo: null });
  } catch (error) {
    if (!isDamaged(error))
      return fail('journal-not-opened', `the journal cannot be opened: ${messageOf(error)}`, remedy);
  }
  const movedTo = `${path}.damaged-${now}`;
  try {
    for (const suffix of ['', '-wal', '-shm'])
      if (existsSync(path + suffix)) renameSync(path + suffix, movedTo + suffix);
    return ok({ book: createBook(prepare(path, maxPages)), movedTo });
  } catch (error) {
    return fail('journal-not-opened', `the journal is damaged and cannot be replaced: ${messageOf(error)}`, remedy);
  }
};
