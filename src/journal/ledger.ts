import { closeSync, constants, fdatasyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Millis, WallTime } from '../core/words.ts';
import { entryHash, entryLine, type Place } from './chain.ts';
import { recover } from './recover.ts';
import { HEAD, headerLine, listSegments, segmentPath } from './segment.ts';

const HEAD_BYTES = 160;

/** The two calls that wait for the disk; tests give others. They run in libuv's threads and never hold the loop. */
export interface Disk {
  readonly write: (file: FileHandle, bytes: Buffer, position: number) => Promise<void>;
  readonly sync: (file: FileHandle) => Promise<void>;
}

export const realDisk: Disk = {
  write: async (file, bytes, position) => {
    for (let done = 0; done < bytes.length; ) {
      done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
    }
  },
  sync: (file) => file.datasync(),
};

export interface Retention {
  readonly maxAgeMs: Millis;
  readonly maxSizeBytes: number;
  /** So many segments may go for their age alone; default: all that are too old. */
  readonly mostByAge?: number;
}

/** Entries that are numbered and hashed, as bytes. */
export interface Batch {
  readonly bytes: Buffer;
  readonly before: Place;
  readonly after: Place;
}

/** The files, for one writer. */
export interface Ledger {
  /** Numbers and hashes texts after what was prepared last. */
  prepare(texts: readonly string[]): Batch;
  /** On disk when it resolves; rejects with what the file system says, and may be tried again with the same batch. */
  write(batch: Batch): Promise<void>;
  /** Deletes the oldest segments: too old, or too much. Returns how many. */
  prune(now: WallTime, retention: Retention): Promise<number>;
  /** Writes batches at once, without the loop, the first of them perhaps a second time; for the end of the process. */
  finish(batches: readonly Batch[]): void;
  close(): Promise<void>;
}

export interface OpenedLedger {
  readonly ledger: Ledger;
  readonly note: string | null;
}

interface State {
  /** The end of what was prepared. */
  prepared: Place;
  file: { readonly handle: FileHandle; readonly path: string } | null;
  size: number;
  head: FileHandle | null;
  /** A segment that is on its way. */
  beginning: string | null;
}

const syncDirectory = async (directory: string): Promise<void> => {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** The end is a hint beside the chain: written after the entries and without a sync of its own it may lag behind, and is never ahead. */
const moveHead = async (directory: string, state: State, place: Place): Promise<void> => {
  try {
    state.head ??= await open(join(directory, HEAD), constants.O_RDWR | constants.O_CREAT, 0o600);
    const line = Buffer.from(headerLine(place).padEnd(HEAD_BYTES));
    await state.head.write(line, 0, line.length, 0);
  } catch {
    // It lags then; the entries are on disk.
  }
};

const beginSegment = async (directory: string, state: State, disk: Disk, after: Place): Promise<FileHandle> => {
  const path = segmentPath(directory, after.seq + 1);
  state.beginning = path;
  const handle = await open(path, 'w', 0o600);
  try {
    const header = Buffer.from(`${headerLine(after)}\n`);
    await disk.write(handle, header, 0);
    await disk.sync(handle);
    await syncDirectory(directory);
    const former = state.file;
    state.file = { handle, path };
    state.size = header.length;
    state.beginning = null;
    await former?.handle.close();
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
};

const prune = async (directory: string, now: WallTime, retention: Retention): Promise<number> => {
  const { maxAgeMs, maxSizeBytes, mostByAge = Number.POSITIVE_INFINITY } = retention;
  const segments = await Promise.all(
    listSegments(directory).map(async ({ path }) => {
      const { size, mtimeMs } = await stat(path);
      return { path, size, mtimeMs };
    }),
  );
  let total = segments.reduce((sum, { size }) => sum + size, 0);
  let dropped = 0;
  let byAge = 0;
  // The newest always stays. A segment is as old as its last entry.
  for (const { path, size, mtimeMs } of segments.slice(0, -1)) {
    const isTooMuch = total > maxSizeBytes;
    if (!isTooMuch && (now - mtimeMs <= maxAgeMs || byAge >= mostByAge)) break;
    await unlink(path);
    total -= size;
    dropped += 1;
    if (!isTooMuch) byAge += 1;
  }
  return dropped;
};

const prepareAfter = (before: Place, texts: readonly string[]): Batch => {
  let { seq, hash } = before;
  const lines = texts.map((text) => {
    seq += 1;
    hash = entryHash(hash, seq, text);
    return `${entryLine(seq, hash, text)}\n`;
  });
  return { bytes: Buffer.from(lines.join('')), before, after: { seq, hash } };
};

interface Open {
  readonly path: string | null;
  readonly size: number;
  /** A segment that is just being begun. */
  readonly beginning: string | null;
}

const finish = (directory: string, { path, size, beginning }: Open, batches: readonly Batch[]): void => {
  const [first] = batches;
  if (first === undefined) return;
  // What is just being begun is begun here: the same bytes at the same place, whoever comes last.
  const fresh = beginning ?? (path === null ? segmentPath(directory, first.before.seq + 1) : null);
  const header = fresh === null ? Buffer.alloc(0) : Buffer.from(`${headerLine(first.before)}\n`);
  const bytes = Buffer.concat([header, ...batches.map((batch) => batch.bytes)]);
  const from = fresh === null ? size : 0;
  const file = openSync(fresh ?? path ?? '', constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(file, bytes, done, bytes.length - done, from + done);
    }
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** Writes texts where nothing was opened yet; for a process that ends at once. Throws what the file system throws. */
export const finishUnopened = (directory: string, texts: readonly string[]): void => {
  if (texts.length === 0) return;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { last, open: found } = recover(directory);
  finish(directory, { path: found?.path ?? null, size: found?.size ?? 0, beginning: null }, [
    prepareAfter(last, texts),
  ]);
};

/** Opens or makes the journal, mode 0700. Throws what the file system throws. */
export const openLedger = async (
  directory: string,
  segmentBytes: number,
  disk: Disk = realDisk,
): Promise<OpenedLedger> => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { last, open: found, note } = recover(directory);
  const file = found === null ? null : { handle: await open(found.path, 'r+'), path: found.path };
  const state: State = { prepared: last, file, size: found?.size ?? 0, head: null, beginning: null };
  await moveHead(directory, state, last);
  const write = async ({ bytes, before, after }: Batch): Promise<void> => {
    const full = state.file === null || state.size >= segmentBytes;
    const handle = full ? await beginSegment(directory, state, disk, before) : state.file?.handle;
    if (handle === undefined) throw new Error('no segment is open');
    await disk.write(handle, bytes, state.size);
    await disk.sync(handle);
    state.size += bytes.length;
    await moveHead(directory, state, after);
  };
  const ledger: Ledger = {
    prepare: (texts) => {
      const batch = prepareAfter(state.prepared, texts);
      state.prepared = batch.after;
      return batch;
    },
    write,
    prune: (now, retention) => prune(directory, now, retention),
    finish: (batches) => finish(directory, { ...state, path: state.file?.path ?? null }, batches),
    close: async () => {
      await state.file?.handle.close();
      await state.head?.close();
    },
  };
  return { ledger, note };
};
