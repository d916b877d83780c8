import { dbDelete, dbGet, dbPut, dbTree } from '../../ami/actions.ts';
import { type AmiConnection, type AmiOptions, connectAmi } from '../../ami/connection.ts';
import { type AmiMessage, headerOf } from '../../ami/message.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import { type Change, contactFamily, contactKey } from './rows.ts';

/** The registrations of the Asterisk that runs on this node. */
export interface ContactsBase {
  start(listeners: BaseListeners): void;
  /** All rows. Faults as the manager's. */
  readAll(): Promise<Result<ReadonlyMap<string, string>>>;
  /** One row, null when there is none. */
  read(key: string): Promise<Result<string | null>>;
  /** Puts and deletes rows; they are live registrations at once. Gives the number of rows that Asterisk did not take. */
  apply(change: Change): Promise<Result<{ readonly refused: number }>>;
  /** Why Asterisk is not reached now, or did not do what it was asked last; null while all is well. */
  trouble(): string | null;
  stop(): Promise<void>;
}

export interface BaseListeners {
  /** Asterisk is reached (again): whatever was known of its rows may have changed. */
  readonly onOpen: () => void;
  /** The row with this key appeared, changed or vanished. A refreshed registration is not told by Asterisk. */
  readonly onChanged: (key: string) => void;
}

export type BaseOptions = Omit<AmiOptions, 'connectTimeoutMs' | 'actionTimeoutMs' | 'events'>;

interface State {
  readonly options: BaseOptions;
  readonly clock: Clock;
  readonly connect: typeof connectAmi;
  readonly off: AbortController;
  listeners: BaseListeners | null;
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
/** A table of 10,000 rows takes a tenth of a second; a stuck Asterisk must not hold the stream for long. */
const actionTimeoutMs: Millis = 10_000;

/**
 * Reads and writes contacts through the manager. Reading AstDB's file instead would be cheaper, but Asterisk writes it up to
 * a second late, and writing it behind a running Asterisk's back is not seen by it.
 */
export const createContactsBase = (options: BaseOptions, clock: Clock, connect = connectAmi): ContactsBase => {
  const state: State = {
    options,
    clock,
    connect,
    off: new AbortController(),
    listeners: null,
    connection: null,
    trouble: 'not started',
    fault: null,
    waitMs: shortestWaitMs,
    cancelRetry: () => undefined,
    connecting: Promise.resolve(),
  };
  return {
    start: (listeners) => {
      state.listeners = listeners;
      enter(state);
    },
    readAll: () => on(state, readAll),
    read: (key) => on(state, (ami) => dbGet(ami, contactFamily, key)),
    apply: (change) => on(state, (ami) => apply(ami, change)),
    trouble: () => state.trouble ?? state.fault,
    stop: async () => {
      state.listeners = null;
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
    onEvent: (event: AmiMessage) => takeEvent(state, event),
    onClose: ({ message }: { readonly message: string }) => {
      state.connection = null;
      retry(state, message);
    },
  };
  state.connecting = state.connect(ami, listeners, state.off.signal).then((connected) => entered(state, connected));
};

const entered = (state: State, connected: Result<AmiConnection>): void => {
  if (state.listeners === null) {
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
  state.listeners.onOpen();
};

const retry = (state: State, trouble: string): void => {
  state.trouble = trouble;
  if (state.listeners === null) return;
  state.cancelRetry = state.clock.at(state.clock.now() + state.waitMs, () => enter(state));
  state.waitMs = Math.min(state.waitMs * 2, longestWaitMs);
};

const takeEvent = (state: State, event: AmiMessage): void => {
  if (event.name !== 'ContactStatus') return;
  const aor = headerOf(event, 'AOR');
  const uri = headerOf(event, 'URI');
  if (aor !== undefined && uri !== undefined) state.listeners?.onChanged(contactKey(aor, uri));
};

const on = async <T>(state: State, act: (ami: AmiConnection) => Promise<Result<T>>): Promise<Result<T>> => {
  if (state.connection === null) {
    const why = state.trouble ?? 'no connection';
    return fail('contacts-no-asterisk', `Asterisk is not reached: ${why}`, 'Check that Asterisk runs.');
  }
  const result = await act(state.connection);
  state.fault = result.ok ? null : result.error.message;
  return result;
};

const readAll = async (ami: AmiConnection): Promise<Result<ReadonlyMap<string, string>>> => {
  const rows = await dbTree(ami, contactFamily);
  return rows.ok ? ok(new Map(rows.value.map(({ key, value }) => [key, value]))) : rows;
};

/** Faults of one row, which the others need not suffer for. */
const rowFaults = new Set(['ami-bad-header', 'ami-line-too-long', 'ami-refusal']);

/** Actions under way at a time. Asterisk takes 30 in a millisecond; more at once would only hold up the agent's heartbeat. */
const batch = 200;

const apply = async (ami: AmiConnection, change: Change): Promise<Result<{ readonly refused: number }>> => {
  const acts = [
    ...change.delete.map((key) => () => dbDelete(ami, contactFamily, key)),
    ...change.put.map((row) => () => dbPut(ami, contactFamily, row)),
  ];
  let refused = 0;
  for (let at = 0; at < acts.length; at += batch) {
    const results = await Promise.all(acts.slice(at, at + batch).map((act) => act()));
    for (const result of results) {
      if (result.ok) continue;
      if (!rowFaults.has(result.error.code)) return result;
      refused += 1;
    }
  }
  return ok({ refused });
};
