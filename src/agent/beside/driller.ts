/** The process that makes drills, as the agent has it: started when one is asked for or due, ended when it has nothing to do. It never makes the agent wait. */
import type { Config } from '../../config/config.ts';
import { fail, type Result } from '../../core/result.ts';
import type { Millis, WallTime } from '../../core/words.ts';
import type { DrillAsk, DrillRun, DrillSummary, DrillView, FromDriller, ToDriller } from '../../drill/protocol.ts';
import { createDrillStore } from '../../drill/store.ts';
import type { Clock } from '../../ports.ts';
import { createQuestions } from '../../process/questions.ts';
import { createSchedule, type Schedule } from '../../time/schedule.ts';
import { type Beside, createBeside } from './beside.ts';
import type { PeerTalk } from './replication.ts';

export interface DrillerListeners {
  note(kind: string, data: unknown): void;
  say(level: 'info' | 'warning' | 'alarm', code: string, text: string): void;
  /** What is shown has changed. */
  changed(): void;
}

export interface Driller {
  start(listeners: DrillerListeners): void;
  view(): DrillView;
  /** Faults: `driller-ended`, and those of docs/drill.md. */
  ask(ask: DrillAsk, by: string): Promise<Result<unknown>>;
  stop(): Promise<void>;
}

const RESTART_MS: Millis = 1000;
const RESTART_MOST_MS: Millis = 60_000;
const REMIND_EVERY_MS: Millis = 24 * 3_600_000;
/** After a start there are more urgent things to tell. */
const REMIND_FIRST_MS: Millis = 60_000;

const ended = (why: string) =>
  fail(
    'driller-ended',
    `The process that makes drills ended: ${why}.`,
    'It ends an unfinished drill when it is back; see `dualtone journal`.',
  );

/** One that moved service and passed. */
const passedIn = (all: readonly DrillSummary[]): WallTime | null =>
  all.find(({ kind, outcome }) => kind !== 'dry' && outcome === 'passed')?.startedAt ?? null;

interface State {
  readonly config: Config;
  readonly argv: readonly string[];
  readonly clock: Clock;
  readonly talk: PeerTalk;
  readonly questions: ReturnType<typeof createQuestions>;
  listeners: DrillerListeners | null;
  /** Null: none runs, and none is needed. */
  beside: Beside<ToDriller> | null;
  /** How many messages it was told. */
  told: number;
  run: DrillRun | null;
  last: DrillSummary | null;
  passedAt: WallTime | null;
  cancelRemind: () => void;
}

const take = (state: State, beside: Beside<ToDriller>, message: FromDriller): void => {
  const { listeners, talk, questions } = state;
  switch (message.type) {
    case 'run':
      state.run = message.run;
      return listeners?.changed();
    case 'ended':
      state.last = message.summary;
      state.passedAt = passedIn([message.summary]) ?? state.passedAt;
      return listeners?.changed();
    case 'note':
      return listeners?.note(message.kind, message.data);
    case 'say':
      return listeners?.say(message.level, message.code, message.text);
    case 'peer':
      return void talk.send(message.message);
    case 'done':
      return questions.answered(message.id, message.result);
    case 'idle':
      // What it was told meanwhile would be lost with it.
      if (state.beside !== beside || message.done !== state.told) return;
      state.beside = null;
      return beside.letGo();
  }
};

/** The one that runs; started where there is none. */
const besideOf = (state: State): Beside<ToDriller> => {
  if (state.beside !== null) return state.beside;
  const beside: Beside<ToDriller> = createBeside<ToDriller, FromDriller>({
    argv: state.argv,
    clock: state.clock,
    restartMs: RESTART_MS,
    restartMostMs: RESTART_MOST_MS,
    onStarted: () => {
      state.told = 0;
    },
    onMessage: (message) => take(state, beside, message),
    onOdd: (line) => state.listeners?.say('warning', 'driller-odd', `The driller said: ${line}`),
    onDied: (why, isStartedAgain) => {
      if (state.beside !== beside) return;
      state.run = null;
      state.questions.failAll(ended(why));
      if (isStartedAgain)
        state.listeners?.say(
          'warning',
          'driller-ended',
          `The process that makes drills ended (${why}); it is started again.`,
        );
    },
  });
  state.beside = beside;
  beside.start();
  return beside;
};

const tell = (state: State, message: ToDriller): boolean => {
  const isTold = besideOf(state).tell(message);
  if (isTold) state.told += 1;
  return isTold;
};

const ask = (state: State, asked: DrillAsk, by: string): Promise<Result<unknown>> =>
  state.questions.ask(
    (id) => tell(state, { type: 'ask', id, by, ask: asked }),
    () => ended('it does not listen'),
    { signal: new AbortController().signal, onAbort: () => null },
  );

const beginScheduled = async (state: State): Promise<void> => {
  const { kind } = state.config.drill;
  const begun = await ask(
    state,
    { name: 'begin', kind, withCalls: false, acceptLoss: false, anyTime: false },
    'schedule',
  );
  if (begun.ok) return;
  const { code, message, remedy } = begun.error;
  const text = `The scheduled drill was not begun: ${message} ${remedy} (${code})`;
  state.listeners?.say('warning', 'drill-not-begun', text);
};

const scheduleOf = (state: State): Schedule | null => {
  const { config, clock } = state;
  const { schedule } = config.drill;
  // The standby leads; a schedule in the other file is for the day when the roles are.
  if (schedule === null || config.node.role !== 'standby') return null;
  return createSchedule({
    at: schedule,
    missed: 'skip',
    stateFile: `${config.stateDir}/drill-schedule.json`,
    clock,
    canRun: () => true,
    onDue: () => void beginScheduled(state),
    onTrouble: (text) => state.listeners?.say('warning', 'drill-schedule-not-kept', text),
  });
};

/** Once a day, on the standby alone: both would say the same. */
const remind = (state: State, inMs: Millis): void => {
  const { clock, config } = state;
  const { remindAfterMs } = config.drill;
  if (remindAfterMs === 0 || config.node.role !== 'standby') return;
  state.cancelRemind = clock.at(clock.now() + inMs, () => {
    const { passedAt } = state;
    // One from the far future is none to rely on: the clock was set back since.
    if (passedAt === null || Math.abs(clock.wall() - passedAt) > remindAfterMs) {
      const since = passedAt === null ? 'No drill' : `Since ${new Date(passedAt).toISOString().slice(0, 10)} no drill`;
      const text = `${since} that moved service has passed: nobody knows that the standby takes over. Make one: dualtone drill switchover.`;
      state.listeners?.say('alarm', 'drill-overdue', text);
    }
    remind(state, REMIND_EVERY_MS);
  });
};

/** Null where `drill.enabled` is off. `argv` runs `dualtone driller`, at ordinary priority. */
export const createDriller = (
  config: Config,
  argv: readonly string[],
  talk: PeerTalk,
  clock: Clock,
): Driller | null => {
  if (!config.drill.enabled) return null;
  const store = createDrillStore(config.stateDir);
  const all = store.list();
  const state: State = {
    config,
    argv,
    clock,
    talk,
    questions: createQuestions(),
    listeners: null,
    beside: null,
    told: 0,
    run: null,
    last: all[0] ?? null,
    passedAt: passedIn(all),
    cancelRemind: () => undefined,
  };
  const schedule = scheduleOf(state);
  talk.onMessage((message) => {
    if (state.listeners !== null) tell(state, { type: 'peer', message });
  });
  return {
    start: (listeners) => {
      state.listeners = listeners;
      // An agent that was ended in the middle of one: it is brought to its end.
      if (store.current() !== null) besideOf(state);
      schedule?.start();
      remind(state, REMIND_FIRST_MS);
    },
    view: () => ({ run: state.run, last: state.last, passedAt: state.passedAt, nextAt: schedule?.next() ?? null }),
    ask: (asked, by) => ask(state, asked, by),
    stop: async () => {
      schedule?.stop();
      state.cancelRemind();
      state.beside?.letGo();
    },
  };
};
