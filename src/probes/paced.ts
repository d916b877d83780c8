import type { Instant, Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import {
  type Answer,
  failed,
  lateReason,
  type Report,
  type Subject,
  sampleOf,
  silent,
  staleAfter,
  type WatchedProbe,
} from './answer.ts';

export interface Pace {
  readonly periodMs: Millis;
  /** How long one question may take. May be longer than the period. */
  readonly timeoutMs: Millis;
}

export interface PacedOptions extends Subject, Pace {
  /** A question begins on time although the former is still open; for cheap questions, so that each period has an answer of its own. */
  readonly overlapping: boolean;
}

/** Must settle soon after `signal` is aborted; what it gives then is not looked at. */
export type Ask = (signal: AbortSignal) => Promise<Answer>;

export interface PacedProbe extends WatchedProbe {
  /** Asks now, out of turn: something was noticed that a question will explain. */
  poke(): void;
}

interface Question {
  readonly number: number;
  readonly off: AbortController;
  deadline: Instant;
  cancelDeadline: () => void;
  over: boolean;
  ended: Promise<void>;
}

interface State {
  readonly options: PacedOptions;
  readonly ask: Ask;
  readonly clock: Clock;
  readonly open: Set<Question>;
  report: Report | null;
  cancelTick: () => void;
  due: Instant;
  next: number;
}

/**
 * Asks at a steady pace, each question under its own deadline. No answer in time is `failed`; when this process itself
 * came late by more than half a period it is `silent`, and open questions get their time anew. A newer answer settles
 * the questions before it, so that a lost packet is made good by the next.
 */
export const createPacedProbe = (options: PacedOptions, ask: Ask, clock: Clock): PacedProbe => {
  const state: State = {
    options,
    ask,
    clock,
    open: new Set(),
    report: null,
    cancelTick: () => undefined,
    due: 0,
    next: 1,
  };
  return {
    name: options.probe,
    subjects: [{ probe: options.probe, about: options.about }],
    staleAfterMs: staleAfter(options.periodMs, options.timeoutMs),
    start: (report) => {
      if (state.report !== null) throw new Error(`The probe ${options.probe} was started twice.`);
      state.report = report;
      state.due = clock.now();
      tick(state);
    },
    stop: () => stop(state),
    poke: () => {
      if (state.report !== null) begin(state);
    },
  };
};

const tick = (state: State): void => {
  const { clock, options } = state;
  const now = clock.now();
  if (isLate(state, now - state.due)) tell(state, silent(lateReason));
  state.due = Math.max(state.due + options.periodMs, now);
  state.cancelTick = clock.at(state.due, () => tick(state));
  if (options.overlapping || state.open.size === 0) begin(state);
};

const isLate = ({ options }: State, byMs: Millis): boolean => byMs > options.periodMs / 2;

const begin = (state: State): void => {
  const question: Question = {
    number: state.next,
    off: new AbortController(),
    deadline: 0,
    cancelDeadline: () => undefined,
    over: false,
    ended: Promise.resolve(),
  };
  state.next += 1;
  state.open.add(question);
  setDeadline(state, question);
  question.ended = state.ask(question.off.signal).then(
    (answer) => answered(state, question, answer),
    // A probe that breaks says nothing about what it looks at.
    (error: unknown) =>
      answered(state, question, silent(`the probe broke: ${error instanceof Error ? error.message : 'unknown'}`)),
  );
};

const setDeadline = (state: State, question: Question): void => {
  question.deadline = state.clock.now() + state.options.timeoutMs;
  question.cancelDeadline = state.clock.at(question.deadline, () => {
    if (isLate(state, state.clock.now() - question.deadline)) {
      tell(state, silent(lateReason));
      setDeadline(state, question);
      return;
    }
    // What the kernel already holds for us is read before we judge.
    const judging = setImmediate(() => {
      answered(state, question, failed(`no answer within ${state.options.timeoutMs} ms`));
      question.off.abort(calledOff);
    });
    question.cancelDeadline = () => clearImmediate(judging);
  });
};

const answered = (state: State, question: Question, answer: Answer): void => {
  if (question.over) return;
  close(state, question);
  for (const older of state.open) if (older.number < question.number) callOff(state, older);
  tell(state, answer);
};

const close = (state: State, question: Question): void => {
  question.over = true;
  question.cancelDeadline();
  state.open.delete(question);
};

/** Given as the reason of an abort: without one, each would make an exception with a stack, ten times a second. */
const calledOff = 'called off';

const callOff = (state: State, question: Question): void => {
  close(state, question);
  question.off.abort(calledOff);
};

const tell = (state: State, answer: Answer): void => {
  state.report?.(sampleOf({ probe: state.options.probe, about: state.options.about }, answer), answer.calls);
};

const stop = async (state: State): Promise<void> => {
  state.report = null;
  state.cancelTick();
  const ending = [...state.open].map((question) => question.ended);
  for (const question of state.open) callOff(state, question);
  await Promise.all(ending);
};
