import { type AmiConnection, type AmiOptions, connectAmi } from '../../ami/connection.ts';
import type { AmiMessage } from '../../ami/message.ts';
import { fail, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';

export type ManagerOptions = Omit<AmiOptions, 'connectTimeoutMs' | 'actionTimeoutMs' | 'events'>;

/** The manager of the Asterisk that runs on this node, for as long as there is one. */
export interface Manager {
  start(onOpen: () => void, onEvent: (event: AmiMessage) => void): void;
  /** Faults: `astdb-no-asterisk`, and those of the action. */
  on<T>(act: (ami: AmiConnection) => Promise<Result<T>>): Promise<Result<T>>;
  /** Why it is not reached now, or did not do what it was asked last; null while all is well. */
  trouble(): string | null;
  stop(): Promise<void>;
}

interface State {
  readonly options: ManagerOptions;
  readonly clock: Clock;
  readonly off: AbortController;
  onOpen: () => void;
  onEvent: (event: AmiMessage) => void;
  started: boolean;
  connection: AmiConnection | null;
  trouble: string | null;
  /** What the last action ended with, if badly. */
  fault: string | null;
  waitMs: Millis;
  cancelRetry: () => void;
  connecting: Promise<void>;
}

const shortestWaitMs: Millis = 100;
const longestWaitMs: Millis = 5_000;
/** A page of the table takes a few milliseconds; a stuck Asterisk must not hold the stream for long. */
const actionTimeoutMs: Millis = 10_000;

export const createManager = (options: ManagerOptions, clock: Clock): Manager => {
  const state: State = {
    options,
    clock,
    off: new AbortController(),
    onOpen: () => undefined,
    onEvent: () => undefined,
    started: false,
    connection: null,
    trouble: 'not started',
    fault: null,
    waitMs: shortestWaitMs,
    cancelRetry: () => undefined,
    connecting: Promise.resolve(),
  };
  return {
    start: (onOpen, onEvent) => {
      state.onOpen = onOpen;
      state.onEvent = onEvent;
      state.started = true;
      enter(state);
    },
    on: (act) => on(state, act),
    trouble: () => state.trouble ?? state.fault,
    stop: async () => {
      state.started = false;
      state.off.abort();
      state.cancelRetry();
      state.connection?.close();
      state.connection = null;
      state.trouble = 'stopped';
      await state.connecting;
    },
  };
};

const enter = (state: State): void => {
  const ami = { ...state.options, connectTimeoutMs: 2_000, actionTimeoutMs, events: 'system' };
  const listeners = {
    onEvent: (event: AmiMessage) => state.onEvent(event),
    onClose: ({ message }: { readonly message: string }) => {
      state.connection = null;
      retry(state, message);
    },
  };
  state.connecting = connectAmi(ami, listeners, state.off.signal).then((connected) => entered(state, connected));
};

const entered = (state: State, connected: Result<AmiConnection>): void => {
  if (!state.started) {
    if (connected.ok) connected.value.close();
    return;
  }
  if (!connected.ok) {
    retry(state, connected.error.message);
    return;
  }
  state.connection = connected.value;
  state.trouble = null;
  state.fault = null;
  state.waitMs = shortestWaitMs;
  state.onOpen();
};

const retry = (state: State, trouble: string): void => {
  state.trouble = trouble;
  if (!state.started) return;
  state.cancelRetry = state.clock.at(state.clock.now() + state.waitMs, () => enter(state));
  state.waitMs = Math.min(state.waitMs * 2, longestWaitMs);
};

const on = async <T>(state: State, act: (ami: AmiConnection) => Promise<Result<T>>): Promise<Result<T>> => {
  if (state.connection === null) {
    const why = state.trouble ?? 'no connection';
    return fail('astdb-no-asterisk', `Asterisk is not reached: ${why}`, 'Check that Asterisk runs.');
  }
  const result = await act(state.connection);
  state.fault = result.ok ? null : result.error.message;
  return result;
};
