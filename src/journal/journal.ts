import { Worker } from 'node:worker_threads';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis, WallTime } from '../core/words.ts';
import type { Journal } from '../ports.ts';
import type { Line } from './book.ts';
import { canonicalJson, entryText, type Redact, redactByKey } from './chain.ts';
import { type JournalReader, openJournalReader } from './reader.ts';
import type { FromWriter, ToWriter, WriterData } from './writer-thread.ts';

export interface JournalOptions {
  readonly path: string;
  readonly maxAgeMs: Millis;
  readonly maxSizeBytes: number;
  /** Entries kept in memory while the disk refuses or is slow; above it the oldest are counted and dropped. */
  readonly memoryEntries: number;
  readonly redact?: Redact;
  /** After a refusal the disk is asked again after this long; 1 s. */
  readonly retryMs?: Millis;
  /** For tests of a full disk: most pages of the file. */
  readonly maxPages?: number;
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
/** A disk that does not answer for so long is trouble. */
const SLOW_MS = 5000;

interface Lost {
  readonly count: number;
  readonly from: WallTime;
  readonly to: WallTime;
}

const lostLine = ({ count, from, to }: Lost): Line => {
  const kind = 'entries-lost';
  return {
    wall: to,
    kind,
    text: canonicalJson({ wall: to, at: 0, epoch: 0, kind, reasons: [], data: { count, from, to } }),
  };
};

/** Lines that wait for the disk: bounded, in order, the oldest merged into one that counts them. */
const createBacklog = (most: number) => {
  const lines: Line[] = [];
  let lost: Lost | null = null;
  let lostInAll = 0;
  return {
    push: (line: Line): void => {
      lines.push(line);
      if (lines.length <= most) return;
      const gone = lines.shift();
      if (gone === undefined) return;
      lost = { count: (lost?.count ?? 0) + 1, from: lost?.from ?? gone.wall, to: gone.wall };
      lostInAll += 1;
    },
    take: (count: number): readonly Line[] => {
      const head = lost === null ? [] : [lostLine(lost)];
      lost = null;
      return [...head, ...lines.splice(0, count)];
    },
    size: (): number => lines.length + (lost === null ? 0 : 1),
    lost: (): number => lostInAll,
  };
};

interface Thread {
  post(message: ToWriter): void;
  /** Waits, at most `ms`, until the file is closed. */
  awaitClosed(ms: Millis): void;
  end(): void;
}

/** SQLite's commit waits for the disk; in a thread of its own a disk that stalls never costs the lease. */
const startThread = (options: JournalOptions, onAnswer: (answer: FromWriter) => void): Thread => {
  const closed = new Int32Array(new SharedArrayBuffer(4));
  const { path, maxAgeMs, maxSizeBytes, maxPages } = options;
  const data: WriterData = { path, retention: { maxAgeMs, maxSizeBytes }, closed, maxPages: maxPages ?? null };
  const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), {
    workerData: data,
    name: 'journal',
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 },
  });
  let ended = false;
  const failed = (message: string): void => {
    if (ended) return;
    ended = true;
    onAnswer({ trouble: `the journal's thread ended: ${message}`, note: null });
  };
  worker.on('message', (answer: FromWriter) => {
    worker.unref();
    onAnswer(answer);
  });
  worker.on('error', (error) => failed(error instanceof Error ? error.message : String(error)));
  worker.on('exit', (code) => failed(`exit code ${code}`));
  worker.unref();
  return {
    post: (message) => {
      // A process does not end while a write is on its way.
      worker.ref();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(message);
    },
    awaitClosed: (ms) => void Atomics.wait(closed, 0, 0, ms),
    end: () => {
      ended = true;
      worker.unref();
    },
  };
};

interface Writing {
  thread: Thread | null;
  inFlight: readonly Line[];
  sentAt: Millis;
  trouble: string | null;
  timer: NodeJS.Timeout | null;
  scheduled: boolean;
  closed: boolean;
  waiters: ((result: Result<void>) => void)[];
}

/** Everything that lies between `append` and the thread. */
const createPump = (options: JournalOptions, tell: (text: string) => void) => {
  const backlog = createBacklog(options.memoryEntries);
  const state: Writing = {
    thread: null,
    inFlight: [],
    sentAt: 0,
    trouble: null,
    timer: null,
    scheduled: false,
    closed: false,
    waiters: [],
  };
  const settle = (result: Result<void>): void => {
    for (const waiter of state.waiters.splice(0)) waiter(result);
  };
  const send = (): void => {
    state.scheduled = false;
    if (state.closed || state.timer !== null) return;
    if (state.inFlight.length === 0) state.inFlight = backlog.take(MAX_BATCH);
    else if (state.sentAt !== 0) return;
    if (state.inFlight.length === 0) return settle(ok(undefined));
    state.thread ??= startThread(options, onAnswer);
    state.sentAt = performance.now();
    state.thread.post({ type: 'write', lines: state.inFlight });
  };
  const onTrouble = (trouble: string): void => {
    if (state.trouble === null) tell(`the journal is kept in memory: ${trouble}`);
    state.trouble = trouble;
    if (trouble.includes('thread ended')) state.thread = null;
    settle(
      fail('journal-not-written', `the journal cannot be written: ${trouble}`, 'make space on the disk of state-dir'),
    );
    state.timer = setTimeout(() => {
      state.timer = null;
      send();
    }, options.retryMs ?? 1000);
    state.timer.unref();
  };
  const onAnswer = ({ trouble, note }: FromWriter): void => {
    state.sentAt = 0;
    if (state.closed) return;
    if (note !== null) tell(note);
    if (trouble !== null) return onTrouble(trouble);
    if (state.trouble !== null) tell('the journal is on disk again');
    state.trouble = null;
    state.inFlight = [];
    send();
  };
  const schedule = (): void => {
    if (state.scheduled || state.timer !== null) return;
    state.scheduled = true;
    // All entries of one turn of the loop go into one transaction.
    setImmediate(send);
  };
  return { backlog, state, schedule };
};

type Pump = ReturnType<typeof createPump>;

const closePump = ({ backlog, state }: Pump): void => {
  if (state.closed) return;
  state.closed = true;
  if (state.timer !== null) clearTimeout(state.timer);
  const unsent = state.sentAt === 0 ? state.inFlight : [];
  const { thread } = state;
  if (thread === null) return;
  thread.post({ type: 'close', lines: [...unsent, ...backlog.take(Number.POSITIVE_INFINITY)] });
  thread.end();
  thread.awaitClosed(2000);
};

const troubleOf = ({ backlog, state }: Pump): string | null => {
  const stalled = state.sentAt !== 0 && performance.now() - state.sentAt > SLOW_MS;
  const why = state.trouble ?? (stalled ? 'the disk does not answer' : null);
  if (why === null) return null;
  const waiting = backlog.size() + state.inFlight.length;
  const lost = backlog.lost() === 0 ? '' : `, and ${backlog.lost()} are LOST`;
  return `${why}; ${waiting} entries wait in memory${lost}`;
};

/**
 * The journal: durable, hash-chained, written by a thread of its own. Opens in the background; while the disk refuses,
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
  let reader: JournalReader | null = null;
  const opened = (): Result<JournalReader> => {
    if (reader !== null) return ok(reader);
    const result = openJournalReader(options.path);
    if (result.ok) reader = result.value;
    return result;
  };
  return {
    append: (entry) => {
      if (state.closed) return;
      const before = backlog.lost();
      backlog.push({ wall: entry.wall, kind: entry.kind, text: entryText(entry, redact) });
      if (before === 0 && backlog.lost() > 0) tell('the journal overflows: the oldest entries in memory are LOST');
      schedule();
    },
    trouble: () => troubleOf(pump),
    read: (query) => {
      const result = opened();
      return result.ok ? result.value.read(query) : [];
    },
    verify: () => {
      const result = opened();
      return result.ok ? result.value.verify() : result;
    },
    flush: () =>
      new Promise((resolve) => {
        if (state.inFlight.length === 0 && backlog.size() === 0) return resolve(ok(undefined));
        if (state.closed) return resolve(fail('journal-closed', 'the journal is closed', 'open it again'));
        state.waiters.push(resolve);
        schedule();
      }),
    pending: () => backlog.size() + state.inFlight.length,
    lost: () => backlog.lost(),
    onNotice: (listener) => void listeners.push(listener),
    close: () => {
      closePump(pump);
      reader?.close();
      reader = null;
    },
  };
};
