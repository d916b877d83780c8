/** The process that tells people of alarms, as the agent has it: started, told, started again when it dies or hangs. It never makes the agent wait. */
import type { AlarmAsk, Facts, FromAlarms, ToAlarms } from '../../alarms/protocol.ts';
import { fail, type Result } from '../../core/result.ts';
import type { Instant } from '../../core/words.ts';
import type { Clock, Notifier } from '../../ports.ts';
import { createQuestions, type Questions } from '../../process/questions.ts';
import { type Beside, createBeside } from './beside.ts';

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

const RESTART_MS = 1000;
const RESTART_MOST_MS = 60_000;
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

const ended = (why: string) =>
  fail('alarms-ended', `The process of alarms ended: ${why}.`, 'It starts again by itself; ask again.');

const notRunning = (why: string) =>
  fail(
    'alarms-not-running',
    `The process of alarms does not run: ${why}.`,
    'It starts again by itself; see `journalctl -u dualtone`.',
  );

const cancelled = fail('cancelled', 'The request was called off.', 'Ask again.');

interface State {
  readonly clock: Clock;
  /** Of this agent's life. */
  readonly life: number;
  readonly beside: Beside<ToAlarms>;
  source: AlarmSource | null;
  factsAt: Instant;
  news: boolean;
  waiting: Numbered[];
  lastNumber: number;
  /** Told to the process that runs now. */
  written: number;
  cancelPace: () => void;
}

const tellNotices = (state: State): void => {
  for (const notice of state.waiting) {
    if (notice.number <= state.written) continue;
    if (!state.beside.tell(notice)) return;
    state.written = notice.number;
  }
};

const tellFacts = (state: State): void => {
  const { beside, source } = state;
  const now = state.clock.now();
  if (source === null || now - state.factsAt < (state.news ? NEWS_MS : FACTS_MS)) return;
  state.factsAt = now;
  state.news = false;
  tellNotices(state);
  beside.tell({ type: 'facts', facts: source.facts() });
  if (beside.silentMs() > SILENT_MS) beside.kill();
};

const notify = (state: State, { level, code, text }: Notice): void => {
  state.lastNumber += 1;
  const { clock, life, lastNumber: number } = state;
  state.waiting.push({ type: 'notice', life, number, wall: clock.wall(), level, code, text });
  if (state.waiting.length > MOST_NOTICES) state.waiting.shift();
  state.news = true;
  tellNotices(state);
};

const pace = (state: State): void => {
  tellFacts(state);
  state.cancelPace = state.clock.at(state.clock.now() + FACTS_MS, () => pace(state));
};

/** What it needs besides the path: where systemd put its credentials. */
const environment = (): Record<string, string> => {
  const credentials = process.env['CREDENTIALS_DIRECTORY'];
  return credentials === undefined ? {} : { CREDENTIALS_DIRECTORY: credentials };
};

type Say = (level: Notice['level'], code: string, text: string) => void;

const take = (state: State, questions: Questions, say: Say, message: FromAlarms): void => {
  switch (message.type) {
    case 'kept':
      if (message.life === state.life) state.waiting = state.waiting.filter(({ number }) => number > message.number);
      return;
    case 'alive':
      return;
    case 'note':
      return state.source?.note(message.kind, message.data);
    case 'say':
      return say(message.level, message.code, message.text);
    case 'done':
      return questions.answered(message.id, message.result);
  }
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

/** `argv` runs `dualtone alarms`, at ordinary priority; `aside` hears of its own troubles. */
export const createAlarmTeller = (argv: readonly string[], clock: Clock, aside: Notifier): AlarmTeller => {
  const questions = createQuestions();
  // Not to the alarms themselves.
  const say: Say = (level, code, text) => aside.notify({ kind: 'notify', level, code, text });
  const beside = createBeside<ToAlarms, FromAlarms>({
    argv,
    env: environment(),
    clock,
    restartMs: RESTART_MS,
    restartMostMs: RESTART_MOST_MS,
    mostUnreadBytes: MOST_UNREAD_BYTES,
    onMessage: (message) => take(state, questions, say, message),
    onOdd: (line) => say('warning', 'alarms-odd', `The process of alarms said: ${line}`),
    onStarted: () => {
      state.written = 0;
      tellNotices(state);
    },
    onDrained: () => tellNotices(state),
    onDied: (why, isStartedAgain) => {
      questions.failAll(ended(why));
      if (isStartedAgain) say('warning', 'alarms-ended', `The process of alarms ended (${why}); it is started again.`);
    },
  });
  const state: State = {
    clock,
    life: Math.floor(clock.wall()),
    beside,
    source: null,
    factsAt: Number.NEGATIVE_INFINITY,
    news: false,
    waiting: [],
    lastNumber: 0,
    written: 0,
    cancelPace: () => undefined,
  };
  return {
    notify: (notice) => notify(state, notice),
    start: (source) => {
      state.source = source;
      beside.start();
      if (source.paced) pace(state);
    },
    look: () => tellFacts(state),
    ask: (ask, signal) =>
      questions.ask(
        (id) => beside.tell({ type: 'ask', id, ask }),
        () => notRunning(beside.trouble() ?? 'it does not listen'),
        { signal, onAbort: () => cancelled },
      ),
    trouble: () => beside.trouble(),
    stop: () => {
      state.cancelPace();
      return beside.end(END_MS);
    },
  };
};
