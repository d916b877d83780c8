import { mkdirSync } from 'node:fs';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { Journal } from '../ports.ts';
import { type Backlog, createBacklog } from './backlog.ts';
import { entryText, type Redact, redactByKey } from './chain.ts';
import { type Batch, type Disk, finishUnopened, type Ledger, openLedger, realDisk } from './ledger.ts';
import { createPruning, type Pruning, type PruningOptions } from './pruning.ts';
import { openJournalReader } from './reader.ts';

export interface JournalOptions extends PruningOptions {
  /** A directory; made, mode 0700. */
  readonly path: string;
  /** Entries kept in memory while the disk refuses or is slow; above it the oldest are counted and dropped. */
  readonly memoryEntries: number;
  readonly redact?: Redact;
  /** After a refusal the disk is asked again after this long; 1 s. */
  readonly retryMs?: Millis;
  /** A disk that does not answer for so long is trouble; 5 s. */
  readonly slowMs?: Millis;
  /** For tests of a bad disk. */
  readonly disk?: Disk;
}

/** The port's `Journal`, and what the agent and its status use besides. */
export interface WrittenJournal extends Journal {
  /** Everything appended so far is on disk, or why not. */
  flush(): Promise<Result<void>>;
  /** Entries that are not on disk yet. */
  pending(): number;
  /** Entries that were dropped because the disk refused for too long. */
  lost(): number;
  /** Called with what a person must hear: a damaged file, entries lost, the disk accepting again. */
  onNotice(listener: (text: string) => void): void;
}

const MAX_BATCH = 500;
const MOST_SEGMENT_BYTES = 4 * 1024 ** 2;

/** Numbered, hashed, and not known to be on disk. */
interface InFlight {
  readonly batch: Batch;
  readonly count: number;
}

interface Writing {
  ledger: Ledger | null;
  inFlight: InFlight | null;
  /** Since when the disk is asked; null while it is not. */
  askedAt: Millis | null;
  trouble: string | null;
  timer: NodeJS.Timeout | null;
  scheduled: boolean;
  closed: boolean;
  waiters: ((result: Result<void>) => void)[];
}

interface Pump {
  readonly backlog: Backlog;
  readonly state: Writing;
  readonly schedule: () => void;
}

const openedLedger = async (
  options: JournalOptions,
  pruning: Pruning,
  tell: (text: string) => void,
): Promise<Ledger> => {
  mkdirSync(options.path, { recursive: true, mode: 0o700 });
  const mostBytes = await pruning.mostBytes(options.path);
  const segmentBytes = Math.min(MOST_SEGMENT_BYTES, Math.ceil(mostBytes / 8));
  const { ledger, note } = await openLedger(options.path, segmentBytes, options.disk ?? realDisk);
  if (note !== null) tell(note);
  return ledger;
};

/** One try to bring what waits to the disk; true where nothing is left. Rejects with what the file system says. */
const writeSome = async (
  options: JournalOptions,
  backlog: Backlog,
  state: Writing,
  pruning: Pruning,
  tell: (text: string) => void,
): Promise<boolean> => {
  state.ledger ??= await openedLedger(options, pruning, tell);
  if (state.inFlight === null) {
    if (backlog.size() === 0) return true;
    const texts = backlog.take(MAX_BATCH);
    state.inFlight = { batch: state.ledger.prepare(texts), count: texts.length };
  }
  await state.ledger.write(state.inFlight.batch);
  state.inFlight = null;
  await pruning.tend(state.ledger, 'due');
  return backlog.size() === 0;
};

/** Everything between `append` and the files. The disk is waited for in libuv's threads: one that stalls never costs the lease. */
const createPump = (options: JournalOptions, tell: (text: string) => void): Pump => {
  const backlog = createBacklog(options.memoryEntries);
  const pruning = createPruning(options);
  const state: Writing = {
    ledger: null,
    inFlight: null,
    askedAt: null,
    trouble: null,
    timer: null,
    scheduled: false,
    closed: false,
    waiters: [],
  };
  const settle = (result: Result<void>): void => {
    for (const waiter of state.waiters.splice(0)) waiter(result);
  };
  const onTrouble = (trouble: string): void => {
    if (state.trouble === null) tell(`the journal is kept in memory: ${trouble}`);
    state.trouble = trouble;
    settle(
      fail('journal-not-written', `the journal cannot be written: ${trouble}`, 'make space on the disk of state-dir'),
    );
    state.timer = setTimeout(() => {
      state.timer = null;
      void pump();
    }, options.retryMs ?? 1000);
    state.timer.unref();
  };
  const pump = async (): Promise<void> => {
    state.scheduled = false;
    if (state.closed || state.timer !== null || state.askedAt !== null) return;
    state.askedAt = performance.now();
    try {
      for (let done = false; !done && !state.closed; ) {
        done = await writeSome(options, backlog, state, pruning, tell);
        if (state.trouble !== null) tell('the journal is on disk again');
        state.trouble = null;
        state.askedAt = performance.now();
      }
      state.askedAt = null;
      settle(ok(undefined));
    } catch (error) {
      // A full disk may be full of what is too much anyway.
      if (state.ledger !== null) await pruning.tend(state.ledger, 'now').catch(() => undefined);
      state.askedAt = null;
      if (!state.closed) onTrouble(messageOf(error));
    }
    if (state.closed) void state.ledger?.close().catch(() => undefined);
  };
  const schedule = (): void => {
    if (state.scheduled || state.timer !== null || state.askedAt !== null) return;
    state.scheduled = true;
    // All entries of one turn of the loop go to the disk together.
    setImmediate(() => void pump());
  };
  return { backlog, state, schedule };
};

/** What waits is written at once and without the loop: the process is about to end. */
const closePump = (path: string, { backlog, state }: Pump): void => {
  if (state.closed) return;
  state.closed = true;
  if (state.timer !== null) clearTimeout(state.timer);
  const { ledger, inFlight } = state;
  const texts = backlog.take(Number.POSITIVE_INFINITY);
  try {
    if (ledger === null) finishUnopened(path, texts);
    else
      ledger.finish([
        ...(inFlight === null ? [] : [inFlight.batch]),
        ...(texts.length === 0 ? [] : [ledger.prepare(texts)]),
      ]);
  } catch {
    // The disk refuses still; there is nobody left to tell.
  }
  if (state.askedAt === null) void ledger?.close().catch(() => undefined);
};

const troubleOf = ({ backlog, state }: Pump, slowMs: Millis): string | null => {
  const stalled = state.askedAt !== null && performance.now() - state.askedAt > slowMs;
  const why = state.trouble ?? (stalled ? 'the disk does not answer' : null);
  if (why === null) return null;
  const waiting = backlog.size() + (state.inFlight?.count ?? 0);
  const lost = backlog.lost() === 0 ? '' : `, and ${backlog.lost()} are LOST`;
  return `${why}; ${waiting} entries wait in memory${lost}`;
};

/**
 * The journal: durable, hash-chained, in plain lines (see `segment.ts`). Opens in the background; while the disk refuses or stalls,
 * entries stay in memory in order and are written when it can. `read` and `verify` see what is on disk.
 */
export const createJournal = (options: JournalOptions): WrittenJournal => {
  const listeners: ((text: string) => void)[] = [];
  const tell = (text: string): void => {
    for (const listener of listeners) listener(text);
  };
  const pump = createPump(options, tell);
  const { backlog, state, schedule } = pump;
  const redact = options.redact ?? redactByKey;
  return {
    append: (entry) => {
      if (state.closed) return;
      const before = backlog.lost();
      backlog.push({ wall: entry.wall, text: entryText(entry, redact) });
      if (before === 0 && backlog.lost() > 0) tell('the journal overflows: the oldest entries in memory are LOST');
      schedule();
    },
    trouble: () => troubleOf(pump, options.slowMs ?? 5000),
    read: (query) => {
      const reader = openJournalReader(options.path);
      return reader.ok ? reader.value.read(query) : [];
    },
    verify: () => {
      const reader = openJournalReader(options.path);
      return reader.ok ? reader.value.verify() : reader;
    },
    flush: () =>
      new Promise((resolve) => {
        if (state.inFlight === null && backlog.size() === 0) return resolve(ok(undefined));
        if (state.closed) return resolve(fail('journal-closed', 'the journal is closed', 'open it again'));
        if (state.timer !== null) {
          return resolve(
            fail(
              'journal-not-written',
              `the journal waits for the disk: ${state.trouble ?? ''}`,
              'make space on the disk of state-dir',
            ),
          );
        }
        state.waiters.push(resolve);
        schedule();
      }),
    pending: () => backlog.size() + (state.inFlight?.count ?? 0),
    lost: () => backlog.lost(),
    onNotice: (listener) => void listeners.push(listener),
    close: () => closePump(options.path, pump),
  };
};
