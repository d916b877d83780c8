/** The process that tries prerequisites: started by the agent some time after its own start, heard, started again when it dies. */
import type { NodeSnapshot } from '../../api/snapshot.ts';
import type { CheckerStatus, FromChecker, ToChecker } from '../../checks/protocol.ts';
import { readinessOf } from '../../checks/readiness.ts';
import type { ChecksView } from '../../checks/report.ts';
import { standingOf } from '../../checks/standing.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Instant, Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import { createQuestions, type Questions } from '../../process/questions.ts';
import { type Beside, createBeside } from './beside.ts';
import type { PeerTalk } from './replication.ts';

export interface CheckerListeners {
  note(kind: string, data: unknown): void;
  say(level: 'info' | 'warning' | 'alarm', code: string, text: string): void;
}

export interface Checker {
  start(listeners: CheckerListeners): void;
  /** What is known now, with readiness as the agent stands at this moment. */
  view(snapshot: Omit<NodeSnapshot, 'checks'>): ChecksView;
  /** Tries now, on both nodes. Faults: `checker-not-running`, `checker-ended`, `cancelled`. */
  runNow(only: string | null, signal: AbortSignal): Promise<Result<null>>;
  /** Begins anew, with the configuration as it is now. */
  again(): void;
  stop(): Promise<void>;
}

/** An agent that has just started has better things to do with this machine. */
export const START_AFTER_MS: Millis = 5000;
const RESTART_MS: Millis = 2000;
const RESTART_MOST_MS: Millis = 300_000;

const ended = (why: string) =>
  fail('checker-ended', `The checker ended: ${why}.`, 'It starts again by itself; see the journal.');

const notRunning = (why: string) =>
  fail('checker-not-running', `The checker does not run: ${why}.`, 'See `dualtone journal`.');

const cancelled = fail('cancelled', 'The check was called off.', 'Ask for it again.');

interface State {
  readonly talk: PeerTalk;
  readonly questions: Questions;
  listeners: CheckerListeners | null;
  status: CheckerStatus | null;
  /** Until it has said how it stands. */
  trouble: string | null;
}

const viewOf = ({ status, trouble }: State, snapshot: Omit<NodeSnapshot, 'checks'>, now: Instant): ChecksView => {
  const own = status?.own ?? null;
  const other = status?.other ?? null;
  const heardAt = status?.otherHeardAt ?? null;
  const otherHeardMsAgo = heardAt === null ? null : Math.max(0, Math.round(now - heardAt));
  const readiness = readinessOf(standingOf(snapshot, own, other, otherHeardMsAgo));
  const settled = status?.settled ?? null;
  return {
    readiness,
    since: settled?.state === readiness.state ? settled.since : null,
    own,
    other,
    otherHeardMsAgo,
    history: status?.history ?? [],
    trouble: trouble ?? (status === null ? 'the checker has just been started' : null),
  };
};

const take = (state: State, beside: Beside<ToChecker>, message: FromChecker): void => {
  const { talk, questions, listeners } = state;
  switch (message.type) {
    case 'status':
      state.status = message.status;
      state.trouble = null;
      return;
    case 'peer':
      if (!talk.send(message.message)) beside.tell({ type: 'peer-unsent', message: message.message });
      return;
    case 'note':
      return listeners?.note(message.kind, message.data);
    case 'say':
      return listeners?.say(message.level, message.code, message.text);
    case 'done':
      return questions.answered(message.id, message.result);
  }
};

const besideOf = (argv: readonly string[], inForce: () => string, clock: Clock, state: State): Beside<ToChecker> => {
  const beside = createBeside<ToChecker, FromChecker>({
    argv,
    clock,
    restartMs: RESTART_MS,
    restartMostMs: RESTART_MOST_MS,
    onMessage: (message) => take(state, beside, message),
    onOdd: (line) => state.listeners?.say('warning', 'checker-odd', `The checker said: ${line}`),
    onStarted: () => void beside.tell({ type: 'in-force', digest: inForce() }),
    onDied: (why, isStartedAgain) => {
      state.trouble = `the checker ended: ${why}`;
      state.questions.failAll(ended(why));
      if (isStartedAgain)
        state.listeners?.say('warning', 'checker-ended', `The checker ended (${why}); it is started again.`);
    },
  });
  return beside;
};

/** `argv` runs `dualtone checker`, at low priority. `inForce` gives the digest of the agent's configuration. */
export const createChecker = (
  argv: readonly string[],
  inForce: () => string,
  talk: PeerTalk,
  clock: Clock,
): Checker => {
  const questions = createQuestions();
  const state: State = { talk, questions, listeners: null, status: null, trouble: null };
  const beside = besideOf(argv, inForce, clock, state);
  /** Who wants to know something need not wait for the rest of this start, nor for that of a new one. */
  const hurry = (): void => {
    if (state.listeners !== null) beside.start();
  };
  talk.onMessage((message) => {
    hurry();
    beside.tell({ type: 'peer', message });
  });
  talk.onConnected(() => void beside.tell({ type: 'peer-connected' }));
  return {
    start: (listeners) => {
      state.listeners = listeners;
      beside.startAfter(START_AFTER_MS);
    },
    view: (snapshot) => viewOf(state, snapshot, clock.now()),
    runNow: async (only, signal) => {
      hurry();
      const done = await questions.ask(
        (id) => beside.tell({ type: 'run', id, only }),
        () => notRunning(beside.trouble() ?? 'it does not listen'),
        { signal, onAbort: () => cancelled },
      );
      return done.ok ? ok(null) : done;
    },
    again: () => beside.again(),
    // Nobody waits for it, for an agent that is restarted has one lease for all of it.
    stop: async () => beside.letGo(),
  };
};

const noChecker = () =>
  fail('checks-off', 'Nothing is checked on this node: `checks.enabled` is off.', 'Set it, and restart the agent.');

/** A person wants to know now; the answer is what `view` then shows. Faults: `checks-off` and those of `runNow`. */
export const checkNow = async (
  checker: Checker | null,
  only: string | null,
  signal: AbortSignal,
  view: () => ChecksView | null,
): Promise<Result<unknown>> => {
  if (checker === null) return noChecker();
  const done = await checker.runNow(only, signal);
  return done.ok ? ok(view()) : done;
};
