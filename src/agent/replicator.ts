/** The process that copies database, files and voicemail: started by the agent, heard, told of the right, started again when it dies. */

import { type ChildProcess, spawn } from 'node:child_process';
import { fail, type Result } from '../core/result.ts';
import type { Clock } from '../ports.ts';
import { createLineReader } from '../process/json-lines.ts';
import { childEnv } from '../process/programs.ts';
import type { StreamProgress, StreamRight } from '../replication/stream.ts';
import type { FromReplicator, Term, ToReplicator, Work } from '../replicator/protocol.ts';

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
  stop(): Promise<void>;
}

interface Pending {
  readonly onProgress: (progress: StreamProgress) => void;
  readonly settle: (result: Result<unknown>) => void;
}

/** After a death; doubles up to a minute. */
const RESTART_MS = 1000;
const RESTART_MOST_MS = 60_000;
/** Who lived so long begins anew with the short wait. */
const WELL_MS = 60_000;
/** After its input has ended it may finish what it writes. */
const END_MS = 3000;

const isFrom = (input: unknown): input is FromReplicator =>
  typeof input === 'object' && input !== null && typeof (input as { readonly type?: unknown }).type === 'string';

interface State {
  readonly argv: readonly string[];
  readonly clock: Clock;
  readonly listeners: ReplicatorListeners;
  readonly pendingById: Map<string, Pending>;
  child: ChildProcess | null;
  right: StreamRight;
  terms: readonly Term[];
  status: ReplicatorStatus | null;
  trouble: string | null;
  waitMs: number;
  startedAt: number;
  cancelRestart: () => void;
  lastId: number;
  stopped: boolean;
}

const tell = (state: State, message: ToReplicator): boolean => {
  const input = state.child?.stdin;
  if (input === null || input === undefined || !input.writable) return false;
  input.write(`${JSON.stringify(message)}\n`);
  return true;
};

const take = (state: State, message: FromReplicator): void => {
  const { listeners, pendingById } = state;
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
      return pendingById.get(message.id)?.onProgress(message.progress);
    case 'done':
      return pendingById.get(message.id)?.settle(message.result);
    case 'return':
      return listeners.mayReturn(message.ready, message.why);
    case 'settled':
      return listeners.settled(message.untilEpoch);
  }
};

const gone = (state: State, why: string): void => {
  state.child = null;
  state.status = null;
  state.trouble = why;
  const ended = fail(
    'replicator-ended',
    `The replicator ended: ${why}.`,
    'It starts again by itself; see the journal.',
  );
  for (const pending of state.pendingById.values()) pending.settle(ended);
  if (state.stopped) return;
  const { clock, listeners } = state;
  if (clock.now() - state.startedAt > WELL_MS) state.waitMs = RESTART_MS;
  listeners.say('alarm', 'replicator-ended', `The replicator ended (${why}); it is started again.`);
  state.cancelRestart = clock.at(clock.now() + state.waitMs, () => begin(state));
  state.waitMs = Math.min(2 * state.waitMs, RESTART_MOST_MS);
};

const begin = (state: State): void => {
  const [program = '', ...args] = state.argv;
  state.startedAt = state.clock.now();
  state.trouble = null;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: childEnv(), detached: false });
  state.child = child;
  const odd = (line: string): void => state.listeners.say('warning', 'replicator-odd', `The replicator said: ${line}`);
  const read = createLineReader((message) => (isFrom(message) ? take(state, message) : odd('something odd')), odd);
  child.stdout.setEncoding('utf8').on('data', read);
  child.stdin.on('error', () => {
    // Its end is told by `exit`.
  });
  child.once('error', (error) => {
    if (child.pid === undefined) gone(state, error.message);
  });
  child.once('exit', (code, signal) => gone(state, signal ?? `exit code ${code ?? '?'}`));
  tell(state, { type: 'terms', terms: state.terms });
  tell(state, { type: 'right', ...state.right });
};

const work = (
  state: State,
  asked: Work,
  onProgress: (progress: StreamProgress) => void,
  signal: AbortSignal,
): Promise<Result<unknown>> => {
  state.lastId += 1;
  const id = String(state.lastId);
  return new Promise((resolve) => {
    if (!tell(state, { type: 'work', id, work: asked })) {
      const why = state.trouble ?? 'it has not been started';
      resolve(fail('replicator-not-running', `The replicator does not run: ${why}.`, 'See `dualtone status`.'));
      return;
    }
    const cancel = (): void => void tell(state, { type: 'cancel', id });
    const settle = (result: Result<unknown>): void => {
      signal.removeEventListener('abort', cancel);
      state.pendingById.delete(id);
      resolve(result);
    };
    state.pendingById.set(id, { onProgress, settle });
    signal.addEventListener('abort', cancel, { once: true });
  });
};

const stop = async (state: State): Promise<void> => {
  state.stopped = true;
  state.cancelRestart();
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

/** `argv` runs `dualtone replicator`, at ordinary priority. It ends when its input does, so that it never outlives the agent. */
export const createReplicator = (argv: readonly string[], clock: Clock, listeners: ReplicatorListeners): Replicator => {
  const state: State = {
    argv,
    clock,
    listeners,
    pendingById: new Map(),
    child: null,
    right: { holding: 0, highest: 0 },
    terms: [],
    status: null,
    trouble: 'it has not been started',
    waitMs: RESTART_MS,
    startedAt: 0,
    cancelRestart: () => undefined,
    lastId: 0,
    stopped: false,
  };
  return {
    start: () => begin(state),
    setRight: (right) => {
      state.right = right;
      tell(state, { type: 'right', ...right });
    },
    setTerms: (terms) => {
      state.terms = terms;
      tell(state, { type: 'terms', terms });
    },
    fromPeer: (message) => void tell(state, { type: 'peer', message }),
    peerConnected: () => void tell(state, { type: 'peer-connected' }),
    status: () => state.status,
    trouble: () => state.trouble,
    work: (asked, onProgress, signal) => work(state, asked, onProgress, signal),
    stop: () => stop(state),
  };
};
