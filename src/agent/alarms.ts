/** The process that tells people of alarms, as the agent has it: started, told, started again when it dies or hangs. It never makes the agent wait. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { AlarmAsk, Facts, FromAlarms, ToAlarms } from '../alarms/protocol.ts';
import { fail, type Result } from '../core/result.ts';
import type { Instant, Millis } from '../core/words.ts';
import type { Clock, Notifier } from '../ports.ts';
import { createLineReader } from '../process/json-lines.ts';
import { childEnv } from '../process/programs.ts';

export interface AlarmSource {
  /** Asked at most each second, and after a notice. */
  readonly facts: () => Facts;
  /** By a clock of its own, where nothing may call `look`. */
  readonly paced: boolean;
  /** To the journal: who was told of what, and who was not. */
  readonly note: (kind: string, data: unknown) => void;
}

export interface AlarmTeller extends Notifier {
  start(source: AlarmSource): void;
  /** Something may have changed. */
  look(): void;
  /** Faults: `alarms-not-running`, `alarms-ended`, and those of the request. */
  ask(ask: AlarmAsk, signal: AbortSignal): Promise<Result<unknown>>;
  /** Why nobody is told; null while all is well. */
  trouble(): string | null;
  stop(): Promise<void>;
}

type Notice = Parameters<Notifier['notify']>[0];
type Numbered = Extract<ToAlarms, { type: 'notice' }>;

/** After a death; doubles up to a minute. */
const RESTART_MS = 1000;
const RESTART_MOST_MS = 60_000;
/** Who lived so long begins anew with the short wait. */
const WELL_MS = 60_000;
/** After its input has ended it may finish what it sends. */
const END_MS = 4000;
const FACTS_MS = 1000;
/** With news the facts follow sooner. */
const NEWS_MS = 50;
/** It says something every five seconds. */
const SILENT_MS = 30_000;
/** Notices that are not kept yet; above it the oldest go, which the journal has. */
const MOST_NOTICES = 500;
/** More than this unread, and it is not reading: what waits, waits here. */
const MOST_UNREAD_BYTES = 64 * 1024;

const isFrom = (input: unknown): input is FromAlarms =>
  typeof input === 'object' && input !== null && typeof (input as { readonly type?: unknown }).type === 'string';

interface State {
  readonly argv: readonly string[];
  readonly clock: Clock;
  /** Not to the alarms themselves. */
  readonly aside: Notifier;
  /** Of this agent's life. */
  readonly life: number;
  readonly settleById: Map<string, (result: Result<unknown>) => void>;
  source: AlarmSource | null;
  factsAt: Instant;
  news: boolean;
  waiting: Numbered[];
  lastNumber: number;
  /** Told to the child that runs now. */
  written: number;
  child: ChildProcess | null;
  heardAt: Instant;
  trouble: string | null;
  waitMs: Millis;
  startedAt: Instant;
  cancelRestart: () => void;
  cancelPace: () => void;
  lastId: number;
  stopped: boolean;
}

const say = (state: State, level: Notice['level'], code: string, text: string): void =>
  state.aside.notify({ kind: 'notify', level, code, text });

const tell = (state: State, message: ToAlarms): boolean => {
  const input = state.child?.stdin;
  if (input === null || input === undefined || !input.writable || input.writableLength > MOST_UNREAD_BYTES)
    return false;
  input.write(`${JSON.stringify(message)}\n`);
  return true;
};

const tellNotices = (state: State): void => {
  for (const notice of state.waiting) {
    if (notice.number <= state.written) continue;
    if (!tell(state, notice)) return;
    state.written = notice.number;
  }
};

const tellFacts = (state: State): void => {
  const now = state.clock.now();
  if (state.source === null || now - state.factsAt < (state.news ? NEWS_MS : FACTS_MS)) return;
  state.factsAt = now;
  state.news = false;
  tellNotices(state);
  tell(state, { type: 'facts', facts: state.source.facts() });
  // One that hangs is as good as dead, and its end brings the next.
  if (state.child !== null && now - state.heardAt > SILENT_MS) state.child.kill('SIGKILL');
};

const take = (state: State, message: FromAlarms): void => {
  switch (message.type) {
    case 'kept':
      if (message.life === state.life) state.waiting = state.waiting.filter(({ number }) => number > message.number);
      return;
    case 'alive':
      return;
    case 'note':
      return state.source?.note(message.kind, message.data);
    case 'say':
      return say(state, message.level, message.code, message.text);
    case 'done':
      return state.settleById.get(message.id)?.(message.result);
  }
};

const gone = (state: State, why: string): void => {
  state.child = null;
  state.written = 0;
  state.trouble = why;
  const ended = fail('alarms-ended', `The process of alarms ended: ${why}.`, 'It starts again by itself; ask again.');
  for (const settle of state.settleById.values()) settle(ended);
  if (state.stopped) return;
  const { clock } = state;
  if (clock.now() - state.startedAt > WELL_MS) state.waitMs = RESTART_MS;
  say(state, 'warning', 'alarms-ended', `The process of alarms ended (${why}); it is started again.`);
  state.cancelRestart = clock.at(clock.now() + state.waitMs, () => begin(state));
  state.waitMs = Math.min(2 * state.waitMs, RESTART_MOST_MS);
};

/** What it needs besides the path: where systemd put its credentials. */
const environment = (): Record<string, string> => {
  const credentials = process.env['CREDENTIALS_DIRECTORY'];
  return childEnv(credentials === undefined ? {} : { CREDENTIALS_DIRECTORY: credentials });
};

const begin = (state: State): void => {
  const [program = '', ...args] = state.argv;
  state.startedAt = state.clock.now();
  state.heardAt = state.startedAt;
  state.trouble = null;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: environment(), detached: false });
  state.child = child;
  const odd = (line: string): void => say(state, 'warning', 'alarms-odd', `The process of alarms said: ${line}`);
  const read = createLineReader((message) => (isFrom(message) ? take(state, message) : odd('something odd')), odd);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    state.heardAt = state.clock.now();
    read(text);
  });
  child.stdin.on('drain', () => tellNotices(state));
  child.stdin.on('error', () => {
    // Its end is told by `exit`.
  });
  child.once('error', (error) => {
    if (child.pid === undefined) gone(state, error.message);
  });
  child.once('exit', (code, signal) => gone(state, signal ?? `exit code ${code ?? '?'}`));
  tellNotices(state);
};

const notify = (state: State, { level, code, text }: Notice): void => {
  state.lastNumber += 1;
  const { clock, life, lastNumber: number } = state;
  state.waiting.push({ type: 'notice', life, number, wall: clock.wall(), level, code, text });
  if (state.waiting.length > MOST_NOTICES) state.waiting.shift();
  state.news = true;
  tellNotices(state);
};

const ask = (state: State, asked: AlarmAsk, signal: AbortSignal): Promise<Result<unknown>> => {
  state.lastId += 1;
  const id = String(state.lastId);
  return new Promise((resolve) => {
    if (!tell(state, { type: 'ask', id, ask: asked })) {
      const why = state.trouble ?? 'it does not listen';
      const remedy = 'It starts again by itself; see `journalctl -u dualtone`.';
      resolve(fail('alarms-not-running', `The process of alarms does not run: ${why}.`, remedy));
      return;
    }
    const onAbort = (): void => settle(fail('cancelled', 'The request was called off.', 'Ask again.'));
    const settle = (result: Result<unknown>): void => {
      signal.removeEventListener('abort', onAbort);
      state.settleById.delete(id);
      resolve(result);
    };
    state.settleById.set(id, settle);
    signal.addEventListener('abort', onAbort, { once: true });
  });
};

const pace = (state: State): void => {
  tellFacts(state);
  state.cancelPace = state.clock.at(state.clock.now() + FACTS_MS, () => pace(state));
};

const stop = async (state: State): Promise<void> => {
  state.stopped = true;
  state.cancelRestart();
  state.cancelPace();
  const { child } = state;
  if (child === null) return;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  child.stdin?.end();
  const cancel = state.clock.at(state.clock.now() + END_MS, () => child.kill('SIGKILL'));
  await ended;
  cancel();
};

/** Notices go to both; without alarms to the first alone. */
export const toldBy = (first: Notifier, alarms: AlarmTeller | null): Notifier =>
  alarms === null
    ? first
    : {
        notify: (notice) => {
          first.notify(notice);
          alarms.notify(notice);
        },
      };

/** `argv` runs `dualtone alarms`, at ordinary priority; `aside` hears of its own troubles. It ends when its input does. */
export const createAlarmTeller = (argv: readonly string[], clock: Clock, aside: Notifier): AlarmTeller => {
  const state: State = {
    argv,
    clock,
    aside,
    life: Math.floor(clock.wall()),
    settleById: new Map(),
    source: null,
    factsAt: Number.NEGATIVE_INFINITY,
    news: false,
    waiting: [],
    lastNumber: 0,
    written: 0,
    child: null,
    heardAt: 0,
    trouble: 'it has not been started',
    waitMs: RESTART_MS,
    startedAt: 0,
    cancelRestart: () => undefined,
    cancelPace: () => undefined,
    lastId: 0,
    stopped: false,
  };
  return {
    notify: (notice) => notify(state, notice),
    start: (source) => {
      state.source = source;
      begin(state);
      if (source.paced) pace(state);
    },
    look: () => tellFacts(state),
    ask: (asked, signal) => ask(state, asked, signal),
    trouble: () => state.trouble,
    stop: () => stop(state),
  };
};
