/** A process beside the agent: started, told and heard by lines of JSON, started again when it dies. It never makes the agent wait. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Instant, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import { createMessageReader } from '../../process/json-lines.ts';
import { childEnv } from '../../process/programs.ts';

/** What both sides say; each pair of processes has a protocol of its own. */
interface Message {
  readonly type: string;
}

export interface BesideOptions<From extends Message> {
  /** Runs the program; it ends when its input does, so that it never outlives the agent. */
  readonly argv: readonly string[];
  /** What it needs besides the path. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** How long after a death; doubles with each up to the most. Who lived a minute begins anew. */
  readonly restartMs: Millis;
  readonly restartMostMs: Millis;
  /** With more than this unread nothing is told any more, until it has read. Default: no limit. */
  readonly mostUnreadBytes?: number;
  /** Null: it says nothing, and its output goes nowhere. */
  readonly onMessage: ((message: From) => void) | null;
  /** What it said is no message; the beginning of it. */
  readonly onOdd?: (line: string) => void;
  /** It was started: what it must know first is told now. */
  readonly onStarted?: () => void;
  /** It has read all that it was told. */
  readonly onDrained?: () => void;
  /** It died, or could not be started; it is started again unless it was ended. */
  readonly onDied: (why: string, isStartedAgain: boolean) => void;
}

export interface Beside<To extends Message> {
  /** Starts it now, unless it runs or was ended; cuts a wait short. */
  start(): void;
  startAfter(ms: Millis): void;
  /** False: it does not run, or does not read, and this was not told. */
  tell(message: To): boolean;
  /** Why it does not run; null while it does. */
  trouble(): string | null;
  /** How long it has said nothing since its start or its last word; 0 where it does not run. */
  silentMs(): Millis;
  /** One that hangs is as good as dead, and its end brings the next. */
  kill(): void;
  /** Ends it and starts it again, as when its configuration has changed; that is no death to tell of. */
  again(): void;
  /** Ends its input and waits; killed after `withinMs`. */
  end(withinMs: Millis): Promise<void>;
  /** Ends its input, and nobody waits for it. */
  letGo(): void;
}

const WELL_MS: Millis = 60_000;
/** Who is started again may finish what it writes. */
const RENEW_MS: Millis = 3000;

interface State<From extends Message> {
  readonly options: BesideOptions<From>;
  child: ChildProcess | null;
  trouble: string | null;
  waitMs: Millis;
  startedAt: Instant;
  heardAt: Instant;
  cancelStart: () => void;
  ended: boolean;
  /** Its end is wanted, and its next start too. */
  isRenewed: boolean;
}

const died = <From extends Message>(state: State<From>, why: string): void => {
  const { clock, restartMs, restartMostMs, onDied } = state.options;
  state.child = null;
  state.trouble = why;
  const isRenewed = state.isRenewed && !state.ended;
  state.isRenewed = false;
  if (isRenewed) startAfter(state, 0);
  else if (!state.ended) {
    if (clock.now() - state.startedAt > WELL_MS) state.waitMs = restartMs;
    startAfter(state, state.waitMs);
    state.waitMs = Math.min(2 * state.waitMs, restartMostMs);
  }
  onDied(why, !state.ended && !isRenewed);
};

const hear = <From extends Message>(state: State<From>, output: NodeJS.ReadableStream): void => {
  const { clock, onMessage, onOdd } = state.options;
  const read = createMessageReader(
    (message: From) => onMessage?.(message),
    (line) => onOdd?.(line),
  );
  output.setEncoding('utf8');
  output.on('data', (text: string | Buffer) => {
    state.heardAt = clock.now();
    read(String(text));
  });
};

const start = <From extends Message>(state: State<From>): void => {
  if (state.child !== null || state.ended) return;
  state.cancelStart();
  const { argv, env, clock, onMessage, onStarted, onDrained } = state.options;
  const [program = '', ...args] = argv;
  state.startedAt = clock.now();
  state.heardAt = state.startedAt;
  state.trouble = null;
  const output = onMessage === null ? 'ignore' : 'pipe';
  const child = spawn(program, args, { stdio: ['pipe', output, 'inherit'], env: childEnv(env) });
  state.child = child;
  if (child.stdout !== null) hear(state, child.stdout);
  child.stdin?.on('drain', () => onDrained?.());
  child.stdin?.on('error', () => {
    // Its end is told by `exit`.
  });
  child.once('error', (error) => {
    if (child.pid === undefined) died(state, error.message);
  });
  child.once('exit', (code, signal) => died(state, signal ?? `exit code ${code ?? '?'}`));
  onStarted?.();
};

const startAfter = <From extends Message>(state: State<From>, ms: Millis): void => {
  const { clock } = state.options;
  state.cancelStart();
  state.cancelStart = clock.at(clock.now() + ms, () => start(state));
};

const tell = <From extends Message>(state: State<From>, message: Message): boolean => {
  const input = state.child?.stdin;
  const { mostUnreadBytes = Number.POSITIVE_INFINITY } = state.options;
  if (input === null || input === undefined || !input.writable || input.writableLength > mostUnreadBytes) return false;
  input.write(`${JSON.stringify(message)}\n`);
  return true;
};

/** The child that runs, whose input has now ended; nothing is started any more. */
const close = <From extends Message>(state: State<From>): ChildProcess | null => {
  state.ended = true;
  state.cancelStart();
  state.child?.stdin?.end();
  return state.child;
};

const end = async <From extends Message>(state: State<From>, withinMs: Millis): Promise<void> => {
  const { clock } = state.options;
  const child = close(state);
  if (child === null) return;
  const { promise: over, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  const cancel = clock.at(clock.now() + withinMs, () => child.kill('SIGKILL'));
  await over;
  cancel();
};

export const createBeside = <To extends Message, From extends Message = never>(
  options: BesideOptions<From>,
): Beside<To> => {
  const state: State<From> = {
    options,
    child: null,
    trouble: 'it has not been started',
    waitMs: options.restartMs,
    startedAt: 0,
    heardAt: 0,
    cancelStart: () => undefined,
    ended: false,
    isRenewed: false,
  };
  return {
    start: () => start(state),
    startAfter: (ms) => startAfter(state, ms),
    tell: (message) => tell(state, message),
    trouble: () => state.trouble,
    silentMs: () => (state.child === null ? 0 : options.clock.now() - state.heardAt),
    kill: () => void state.child?.kill('SIGKILL'),
    again: () => {
      if (state.child === null) return;
      const { child } = state;
      state.isRenewed = true;
      child.stdin?.end();
      const cancel = options.clock.at(options.clock.now() + RENEW_MS, () => child.kill('SIGKILL'));
      child.once('exit', cancel);
    },
    end: (withinMs) => end(state, withinMs),
    letGo: () => {
      const child = close(state);
      child?.stdout?.destroy();
      child?.unref();
    },
  };
};
