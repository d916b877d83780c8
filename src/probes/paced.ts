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
  /** Asked at each turn; true: this one is left out, and what was said last stands. */
  readonly skip?: (() => boolean) | undefined;
  /** What no answer in time says of the subject: that it fails, which is the default, or nothing, where somebody else is asked about it. */
  readonly unanswered?: 'failed' | 'silent' | undefined;
  /** A question was not answered in time. */
  readonly onOverdue?: (() => void) | undefined;
}

/** Must settle soon after `signal` is aborted; what it gives then is not looked at. */
export type Ask = (signal: AbortSignal) => Promise<Answer>;

export interface PacedProbe extends WatchedProbe {
  /** Asks now, out of turn: something was noticed that a question will explain. */
  poke(): void;
}

interface Question {
  readonly number: number;
  readonly askedAt: Instant;
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
  /** Past their deadline, oldest first; their answers are still signs of life. */
  readonly overdue: Set<Question>;
  answeredAt: Instant;
  report: Report | null;
  cancelTick: () => void;
  due: Instant;
  next: number;
}

/**
 * Asks at a steady pace, each question under its own deadline. No answer in time is `failed`, if not told otherwise; when this process itself
 * came late by more than half a period it is `silent`, and open questions get their time anew. A newer answer settles
 * the questions before it, so that a lost packet is made good by the next. An answer after its deadline is a sign of life as well, and
 * a question is not held against one who has answered a former one since it was asked: so a short deadline finds who is
 * dead, and not who is slow.
 */
export const createPacedProbe = (options: PacedOptions, ask: Ask, clock: Clock): PacedProbe => {
  const state: State = {
    options,
    ask,
    clock,
    open: new Set(),
    overdue: new Set(),
    answeredAt: Number.NEGATIVE_INFINITY,
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
  state.due = now + options.periodMs;
  state.cancelTick = (clock.about ?? clock.at)(state.due, () => tick(state));
  if ((options.overlapping || state.open.size === 0) && options.skip?.() !== true) begin(state);
};

const isLate = ({ options }: State, byMs: Millis): boolean => byMs > options.periodMs / 2;

const begin = (state: State): void => {
  const question: Question = {
    number: state.next,
    askedAt: state.clock.now(),
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
    const judging = setImmediate(() => overdue(state, question));
    question.cancelDeadline = () => clearImmediate(judging);
  });
};

/** Overlapping questions that are listened to after their deadline: about a second's. */
const mostOverdue = 8;

const overdue = (state: State, question: Question): void => {
  const { timeoutMs, overlapping, unanswered, onOverdue } = state.options;
  close(state, question);
  if (overlapping) {
    state.overdue.add(question);
    const [oldest] = state.overdue;
    if (state.overdue.size > mostOverdue && oldest !== undefined) callOff(state, oldest);
    // Slow is not dead: whoever answered former questions in the meantime has its time.
    if (state.answeredAt >= question.askedAt) return;
  } else question.off.abort(calledOff);
  const reason = `no answer within ${timeoutMs} ms`;
  tell(state, unanswered === 'silent' ? silent(reason) : failed(reason));
  onOverdue?.();
};

const answered = (state: State, question: Question, answer: Answer): void => {
  const late = state.overdue.delete(question);
  if (question.over && !(late && answer.outcome === 'ok')) return;
  close(state, question);
  if (answer.outcome === 'ok') state.answeredAt = state.clock.now();
  for (const older of [...state.overdue, ...state.open]) if (older.number < question.number) callOff(state, older);
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
  state.overdue.delete(question);
  question.off.abort(calledOff);
};

const tell = (state: State, answer: Answer): void => {
  state.report?.(sampleOf({ probe: state.options.probe, about: state.options.about }, answer), answer.calls);
};

const stop = async (state: State): Promise<void> => {
  state.report = null;
  state.cancelTick();
  const asked = [...state.overdue, ...state.open];
  const ending = asked.map((question) => question.ended);
  for (const question of asked) callOff(state, question);
  await Promise.all(ending);
};
