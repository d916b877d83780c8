/** The process that tries prerequisites: started by the agent some time after its own start, heard, started again when it dies. */

import { type ChildProcess, spawn } from 'node:child_process';
import type { NodeSnapshot } from '../api/snapshot.ts';
import type { CheckerStatus, FromChecker, ToChecker } from '../checks/protocol.ts';
import { readinessOf } from '../checks/readiness.ts';
import type { ChecksView } from '../checks/report.ts';
import { standingOf } from '../checks/standing.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { createLineReader } from '../process/json-lines.ts';
import { childEnv } from '../process/programs.ts';
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
  stop(): Promise<void>;
}

/** An agent that has just started has better things to do with this machine. */
export const START_AFTER_MS: Millis = 5000;
/** After a death; doubles up to the most. */
const RESTART_MS: Millis = 2000;
const RESTART_MOST_MS: Millis = 300_000;
const WELL_MS: Millis = 60_000;

interface State {
  readonly argv: readonly string[];
  readonly inForce: string;
  readonly talk: PeerTalk;
  readonly clock: Clock;
  readonly pendingById: Map<string, (result: Result<null>) => void>;
  listeners: CheckerListeners | null;
  child: ChildProcess | null;
  status: CheckerStatus | null;
  trouble: string | null;
  waitMs: Millis;
  startedAt: number;
  cancelStart: () => void;
  lastId: number;
  stopped: boolean;
}

const isFrom = (input: unknown): input is FromChecker =>
  typeof input === 'object' && input !== null && typeof (input as { readonly type?: unknown }).type === 'string';

const tell = (state: State, message: ToChecker): boolean => {
  const input = state.child?.stdin;
  if (input === null || input === undefined || !input.writable) return false;
  input.write(`${JSON.stringify(message)}\n`);
  return true;
};

const take = (state: State, message: FromChecker): void => {
  switch (message.type) {
    case 'status':
      state.status = message.status;
      state.trouble = null;
      return;
    case 'peer':
      if (!state.talk.send(message.message)) tell(state, { type: 'peer-unsent', message: message.message });
      return;
    case 'note':
      return state.listeners?.note(message.kind, message.data);
    case 'say':
      return state.listeners?.say(message.level, message.code, message.text);
    case 'done':
      return state.pendingById.get(message.id)?.(message.result);
  }
};

const gone = (state: State, why: string): void => {
  state.child = null;
  state.trouble = `the checker ended: ${why}`;
  const ended = fail('checker-ended', `The checker ended: ${why}.`, 'It starts again by itself; see the journal.');
  for (const settle of state.pendingById.values()) settle(ended);
  if (state.stopped) return;
  const { clock, listeners } = state;
  if (clock.now() - state.startedAt > WELL_MS) state.waitMs = RESTART_MS;
  listeners?.say('warning', 'checker-ended', `The checker ended (${why}); it is started again.`);
  state.cancelStart = clock.at(clock.now() + state.waitMs, () => begin(state));
  state.waitMs = Math.min(2 * state.waitMs, RESTART_MOST_MS);
};

const begin = (state: State): void => {
  const [program = '', ...args] = state.argv;
  state.startedAt = state.clock.now();
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: childEnv(), detached: false });
  state.child = child;
  const odd = (line: string): void => state.listeners?.say('warning', 'checker-odd', `The checker said: ${line}`);
  const read = createLineReader((message) => (isFrom(message) ? take(state, message) : odd('something odd')), odd);
  child.stdout.setEncoding('utf8').on('data', read);
  child.stdin.on('error', () => {
    // Its end is told by `exit`.
  });
  child.once('error', (error) => {
    if (child.pid === undefined) gone(state, error.message);
  });
  child.once('exit', (code, signal) => gone(state, signal ?? `exit code ${code ?? '?'}`));
  tell(state, { type: 'in-force', digest: state.inForce });
};

const hurry = (state: State): void => {
  if (state.child !== null || state.stopped || state.listeners === null) return;
  state.cancelStart();
  begin(state);
};

const cancelled = () => fail('cancelled', 'The check was called off.', 'Ask for it again.');

const runNow = (state: State, only: string | null, signal: AbortSignal): Promise<Result<null>> => {
  hurry(state);
  state.lastId += 1;
  const id = String(state.lastId);
  return new Promise((resolve) => {
    if (!tell(state, { type: 'run', id, only })) {
      const why = state.trouble ?? 'it has not been started';
      resolve(fail('checker-not-running', `The checker does not run: ${why}.`, 'See `dualtone journal`.'));
      return;
    }
    const settle = (result: Result<null>): void => {
      signal.removeEventListener('abort', onAbort);
      state.pendingById.delete(id);
      resolve(result);
    };
    const onAbort = (): void => settle(cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
    state.pendingById.set(id, settle);
  });
};

const viewOf = (state: State, snapshot: Omit<NodeSnapshot, 'checks'>): ChecksView => {
  const { status, clock, trouble } = state;
  const own = status?.own ?? null;
  const other = status?.other ?? null;
  const heardAt = status?.otherHeardAt ?? null;
  const otherHeardMsAgo = heardAt === null ? null : Math.max(0, Math.round(clock.now() - heardAt));
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

/** It ends by itself when its input does; nobody waits for it, for an agent that is restarted has one lease for all of it. */
const stop = (state: State): void => {
  state.stopped = true;
  state.cancelStart();
  const { child } = state;
  if (child === null) return;
  child.stdin?.end();
  child.stdout?.destroy();
  child.unref();
};

/**
 * `argv` runs `dualtone checker`, at low priority. It ends when its input does, so that it never outlives the agent. `inForce` is
 * the digest of the agent's configuration.
 */
export const createChecker = (argv: readonly string[], inForce: string, talk: PeerTalk, clock: Clock): Checker => {
  const state: State = {
    argv,
    inForce,
    talk,
    clock,
    pendingById: new Map(),
    listeners: null,
    child: null,
    status: null,
    trouble: null,
    waitMs: RESTART_MS,
    startedAt: 0,
    cancelStart: () => undefined,
    lastId: 0,
    stopped: false,
  };
  talk.onMessage((message) => {
    // The other node's wants to know something: it need not wait for the rest of this start.
    hurry(state);
    tell(state, { type: 'peer', message });
  });
  talk.onConnected(() => void tell(state, { type: 'peer-connected' }));
  return {
    start: (listeners) => {
      state.listeners = listeners;
      state.cancelStart = clock.at(clock.now() + START_AFTER_MS, () => hurry(state));
    },
    view: (snapshot) => viewOf(state, snapshot),
    runNow: async (only, signal) => {
      const done = await runNow(state, only, signal);
      return done.ok ? ok(null) : done;
    },
    stop: async () => stop(state),
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
