/** The process that copies database, files and voicemail: started by the agent, heard, told of the right, started again when it dies. */
import { fail, type Result } from '../../core/result.ts';
import type { Clock } from '../../ports.ts';
import { createQuestions, type Questions } from '../../process/questions.ts';
import type { StreamProgress, StreamRight } from '../../replication/stream.ts';
import type { FromReplicator, Term, ToReplicator, Work } from '../../replicator/protocol.ts';
import { type Beside, createBeside } from './beside.ts';

export type ReplicatorStatus = Omit<Extract<FromReplicator, { type: 'status' }>, 'type'>;

export interface ReplicatorListeners {
  note(kind: string, data: unknown): void;
  say(level: 'info' | 'warning' | 'alarm', code: string, text: string): void;
  /** Whether service may go back to the main by itself. */
  mayReturn(ready: boolean, why: string): void;
  settled(untilEpoch: number): void;
  /** To the other node's replicator. */
  toPeer(message: unknown): void;
}

export interface Replicator {
  start(): void;
  setRight(right: StreamRight): void;
  setTerms(terms: readonly Term[]): void;
  fromPeer(message: unknown): void;
  peerConnected(): void;
  /** Null until it has said something. */
  status(): ReplicatorStatus | null;
  /** Why it does not run; null while it does. */
  trouble(): string | null;
  /** Does what a person asked for. Faults: `replicator-not-running`, `replicator-ended`, and those of the work. */
  work(work: Work, onProgress: (progress: StreamProgress) => void, signal: AbortSignal): Promise<Result<unknown>>;
  /** Begins anew, with the configuration as it is now. */
  again(): void;
  stop(): Promise<void>;
}

const RESTART_MS = 1000;
const RESTART_MOST_MS = 60_000;
/** After its input has ended it may finish what it writes. */
const END_MS = 3000;

const ended = (why: string) =>
  fail('replicator-ended', `The replicator ended: ${why}.`, 'It starts again by itself; see the journal.');

const notRunning = (why: string) =>
  fail('replicator-not-running', `The replicator does not run: ${why}.`, 'See `dualtone status`.');

interface State {
  readonly listeners: ReplicatorListeners;
  readonly questions: Questions<StreamProgress>;
  right: StreamRight;
  terms: readonly Term[];
  status: ReplicatorStatus | null;
}

const take = (state: State, message: FromReplicator): void => {
  const { listeners, questions } = state;
  switch (message.type) {
    case 'status':
      state.status = { streams: message.streams, merge: message.merge, loss: message.loss };
      return;
    case 'note':
      return listeners.note(message.kind, message.data);
    case 'say':
      return listeners.say(message.level, message.code, message.text);
    case 'peer':
      return listeners.toPeer(message.message);
    case 'progress':
      return questions.progressed(message.id, message.progress);
    case 'done':
      return questions.answered(message.id, message.result);
    case 'return':
      return listeners.mayReturn(message.ready, message.why);
    case 'settled':
      return listeners.settled(message.untilEpoch);
  }
};

const besideOf = (argv: readonly string[], clock: Clock, state: State): Beside<ToReplicator> => {
  const { listeners, questions } = state;
  const beside = createBeside<ToReplicator, FromReplicator>({
    argv,
    clock,
    restartMs: RESTART_MS,
    restartMostMs: RESTART_MOST_MS,
    onMessage: (message) => take(state, message),
    onOdd: (line) => listeners.say('warning', 'replicator-odd', `The replicator said: ${line}`),
    onStarted: () => {
      beside.tell({ type: 'terms', terms: state.terms });
      beside.tell({ type: 'right', ...state.right });
    },
    onDied: (why, isStartedAgain) => {
      state.status = null;
      questions.failAll(ended(why));
      if (isStartedAgain)
        listeners.say('alarm', 'replicator-ended', `The replicator ended (${why}); it is started again.`);
    },
  });
  return beside;
};

/** `argv` runs `dualtone replicator`, at ordinary priority. */
export const createReplicator = (argv: readonly string[], clock: Clock, listeners: ReplicatorListeners): Replicator => {
  const questions = createQuestions<StreamProgress>();
  const state: State = { listeners, questions, right: { holding: 0, highest: 0 }, terms: [], status: null };
  const beside = besideOf(argv, clock, state);
  return {
    start: () => beside.start(),
    setRight: (right) => {
      state.right = right;
      beside.tell({ type: 'right', ...right });
    },
    setTerms: (terms) => {
      state.terms = terms;
      beside.tell({ type: 'terms', terms });
    },
    fromPeer: (message) => void beside.tell({ type: 'peer', message }),
    peerConnected: () => void beside.tell({ type: 'peer-connected' }),
    status: () => state.status,
    trouble: () => beside.trouble(),
    work: (work, onProgress, signal) =>
      questions.ask(
        (id) => beside.tell({ type: 'work', id, work }),
        () => notRunning(beside.trouble() ?? 'it does not listen'),
        {
          signal,
          onProgress,
          // What was begun is undone there, and the answer tells.
          onAbort: (id) => {
            beside.tell({ type: 'cancel', id });
            return null;
          },
        },
      ),
    again: () => beside.again(),
    stop: () => beside.end(END_MS),
  };
};
