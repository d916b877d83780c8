import { type Fault, fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { type LineChild, startLineChild } from './line-child.ts';

export interface PipeProgramOptions {
  /** Reads commands from its standard input, one a line, and says on standard error what it does not understand. */
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A line that is not answered by then: the child is killed, so that nothing of it takes effect later. */
  readonly timeoutMs: Millis;
  /** After so many lines a fresh child takes over: some programs keep every line that they ever read. */
  readonly recycleAfter: number;
  /** What the program said against a line, `''` for nothing; `said` ends with its complaint about the tag. */
  readonly complaintIn: (said: string, tag: string) => string;
}

/** A long-lived program fed through a pipe. */
export interface PipeProgram {
  /**
   * Hands over one line; answers come in order, each when the program has done with the line: `''`, or what it complained of.
   * Faults: `pipe-program-timeout` and `pipe-program-ended` (in both the line may or may not have taken effect), and those of a start.
   */
  ask(line: string): Promise<Result<string>>;
  /** Settles when no child is left that was given up, so that nothing of it can take effect any more. */
  quiet(): Promise<void>;
  /** Ends the child after what is under way; whatever it did stays. */
  close(): Promise<void>;
}

interface Pending {
  readonly line: string;
  readonly tag: string;
  readonly settle: (result: Result<string>) => void;
}

type Failure = { readonly ok: false; readonly error: Fault };

const timeoutFault = (program: string, timeoutMs: Millis): Failure =>
  fail(
    'pipe-program-timeout',
    `${program} did not answer within ${timeoutMs} ms; it was killed, and a fresh one takes over.`,
    'If it happens again, look at the load of the machine.',
  );

const closedFault = (program: string): Failure =>
  fail('pipe-program-closed', `${program} was ended with the agent.`, 'Nothing: the agent is stopping.');

/** Lines that wait for their answers, in order, with one alarm for the oldest. */
const createQueue = (timeoutMs: Millis, onOverdue: () => void) => {
  let waiting: Pending[] = [];
  let isWatched = false;
  let oldestSince = 0;
  let said = '';
  // One timer for many lines: nearly all are answered long before, and then it only looks again. The child keeps this process, not it.
  const ringAfter = (ms: Millis): void => {
    isWatched = true;
    setTimeout(ring, Math.ceil(ms)).unref();
  };
  const ring = (): void => {
    isWatched = false;
    if (waiting.length === 0) return;
    const leftMs = oldestSince + timeoutMs - performance.now();
    if (leftMs <= 0) onOverdue();
    else ringAfter(leftMs);
  };
  const watchOldest = (): void => {
    oldestSince = performance.now();
    if (waiting.length > 0 && !isWatched) ringAfter(timeoutMs);
  };
  return {
    all: (): readonly Pending[] => waiting,
    push: (pending: Pending): void => {
      waiting.push(pending);
      if (waiting.length === 1) watchOldest();
    },
    forgetSaid: (): void => {
      said = '';
    },
    /** Settles what is answered by `text` and what was said before it. */
    hear: (text: string, complaintIn: PipeProgramOptions['complaintIn']): void => {
      said += text;
      for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
        const at = said.indexOf(first.tag);
        const end = at < 0 ? -1 : said.indexOf('\n', at);
        if (end < 0) return;
        const answer = said.slice(0, end + 1);
        said = said.slice(end + 1);
        waiting.shift();
        watchOldest();
        first.settle(ok(complaintIn(answer, first.tag)));
      }
    },
    failAll: (failure: Failure): void => {
      const failed = waiting;
      waiting = [];
      watchOldest();
      for (const each of failed) each.settle(failure);
    },
  };
};

const endWithin = async (child: LineChild, timeoutMs: Millis): Promise<void> => {
  child.endInput();
  const timer = setTimeout(() => child.kill(), timeoutMs);
  await child.ended;
  clearTimeout(timer);
};

/**
 * How an answer is known: after each line follows a word that no program understands, the tag. The complaint about the tag
 * comes on the same stream as a complaint about the line, and after it, so nothing can be mistaken for silence.
 * While a killed child is not yet gone (`dying`), lines wait: two children would not keep the order.
 */
export const createPipeProgram = (options: PipeProgramOptions): PipeProgram => {
  const program = options.argv[0] ?? '';
  let current: { readonly child: LineChild; asked: number } | null = null;
  let tags = 0;
  let closed = false;
  let dying: Promise<void> | null = null;
  const queue = createQueue(options.timeoutMs, () => replace());

  const start = (): { readonly child: LineChild; asked: number } => {
    queue.forgetSaid();
    const child = startLineChild(options.argv, options.env ?? {}, {
      said: (text) => {
        if (current?.child !== child) return;
        queue.hear(text, options.complaintIn);
        if (queue.all().length === 0 && current.asked >= options.recycleAfter && !closed) {
          child.endInput();
          current = start();
        }
      },
      gone: (failure) => {
        if (current?.child !== child) return;
        current = null;
        queue.failAll(closed ? closedFault(program) : failure);
      },
    });
    return { child, asked: 0 };
  };

  const write = (pending: Pending): void => {
    current ??= start();
    current.asked += 1;
    current.child.write(`${pending.line}\n${pending.tag}\n`);
  };

  const replace = (): void => {
    const killed = current?.child;
    current = null;
    dying = (async () => {
      killed?.kill();
      await killed?.ended;
      dying = null;
      for (const each of queue.all()) write(each);
    })();
    queue.failAll(timeoutFault(program, options.timeoutMs));
  };

  return {
    ask: (line) =>
      new Promise((resolve) => {
        if (closed) return resolve(closedFault(program));
        tags += 1;
        const pending: Pending = { line, tag: `answer${tags}q`, settle: resolve };
        queue.push(pending);
        if (dying === null) write(pending);
      }),
    quiet: () => dying ?? Promise.resolve(),
    close: async () => {
      closed = true;
      const last = current?.child;
      if (last === undefined) return queue.failAll(closedFault(program));
      await endWithin(last, options.timeoutMs);
    },
  };
};
