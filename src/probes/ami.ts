import { callsInProgress, ping } from '../ami/actions.ts';
import { type AmiConnection, type AmiOptions, connectAmi } from '../ami/connection.ts';
import type { Fault } from '../core/result.ts';
import type { Instant, Millis } from '../core/words.ts';
import type { CallCount, Clock } from '../ports.ts';
import { type Answer, failed, type Subject, silent, staleAfter, type WatchedProbe, well } from './answer.ts';
import { createPacedProbe, type Pace } from './paced.ts';

export interface AmiProbeOptions extends Subject, Pace {
  readonly manager: Omit<AmiOptions, 'connectTimeoutMs' | 'actionTimeoutMs' | 'events'>;
  /** How often the calls are counted, default 500; between, a ping does. */
  readonly callsEveryMs?: Millis | undefined;
  /**
   * How often it is asked while it answers; default: each period. Where SIP is asked each period as well, that finds a frozen
   * Asterisk, and the end of the connection tells of a dead one, so this may be rare.
   */
  readonly wellEveryMs?: Millis | undefined;
}

interface State {
  readonly options: AmiProbeOptions;
  readonly clock: Clock;
  readonly connect: typeof connectAmi;
  readonly off: AbortController;
  /** Tells the pace that something happened which a question will explain. */
  poke: () => void;
  connection: AmiConnection | null;
  /** It answered once: from then on a refused connection means that it died. */
  wasUp: boolean;
  question: Promise<Answer> | null;
  /** The next question is due then; it fits to the pace, so that questions that are due a little later come now. */
  askDue: Instant;
  calls: CallCount;
  callsDue: Instant;
  /** Set when the manager will not tell the number of calls. */
  callsDenied: boolean;
  /** A refused login is not tried again before that: Asterisk logs each. */
  held: { readonly answer: Answer; readonly until: Instant } | null;
}

const UNKNOWN: CallCount = { count: -1, at: 0 };
/** How long a question may stay open behind the deadlines of the looks: a thawed Asterisk answers it and is well at once. */
const patience = 10;
const loginRetryMs: Millis = 5_000;
/** A dying process may accept once more, from the kernel's queue, before the port is refused. */
const dyingTries = 4;
const dyingPauseMs: Millis = 5;

/**
 * Keeps a connection to Asterisk's manager and pings it each period. The connection dropped and the port refused: crashed,
 * told at once, within milliseconds of the death. Accepted but unanswered: `failed`. A refused login is our own mistake:
 * `silent`. Reports the number of calls, -1 when not known.
 */
export const createAmiProbe = (options: AmiProbeOptions, clock: Clock, connect = connectAmi): WatchedProbe => {
  const state: State = {
    options,
    clock,
    connect,
    off: new AbortController(),
    poke: () => undefined,
    connection: null,
    wasUp: false,
    question: null,
    askDue: 0,
    calls: UNKNOWN,
    callsDue: 0,
    callsDenied: false,
    held: null,
  };
  const skip = (): boolean => state.question === null && clock.now() < state.askDue;
  const paced = createPacedProbe({ ...options, overlapping: true, skip }, () => ask(state), clock);
  state.poke = () => paced.poke();
  const { periodMs, timeoutMs, wellEveryMs = periodMs } = options;
  return { ...paced, staleAfterMs: staleAfter(wellEveryMs, timeoutMs), stop: () => stop(state, paced) };
};

const stop = async (state: State, paced: WatchedProbe): Promise<void> => {
  state.off.abort();
  state.connection?.close();
  state.connection = null;
  await Promise.all([paced.stop(), state.question]);
};

/** One question is open at a time; looks that find it open wait for the same answer, each for its own time. */
const ask = async (state: State): Promise<Answer> => {
  state.question ??= question(state).finally(() => {
    state.question = null;
  });
  const answer = await state.question;
  const { periodMs, wellEveryMs = periodMs } = state.options;
  state.askDue = answer.outcome === 'ok' ? state.clock.now() + wellEveryMs - periodMs / 2 : 0;
  return { ...answer, calls: answer.outcome === 'ok' ? state.calls : UNKNOWN };
};

const question = async (state: State): Promise<Answer> => {
  for (let attempt = 1; ; attempt += 1) {
    const fresh = state.connection === null;
    const fault = (await enter(state)) ?? (await pingOn(state));
    if (fault === null) return well(fresh ? 'manager: entered' : 'manager: answers');
    if (fault.code === 'ami-held' && state.held !== null) return state.held.answer;
    if (fault.code !== 'ami-closed' || attempt === dyingTries || state.off.signal.aborted)
      return judgeFault(state, fault);
    if (fresh) await pause(state, dyingPauseMs);
  }
};

const pause = (state: State, ms: Millis): Promise<void> =>
  new Promise((resolve) => {
    const cancel = state.clock.at(state.clock.now() + ms, () => end());
    const end = (): void => {
      cancel();
      state.off.signal.removeEventListener('abort', end);
      resolve();
    };
    state.off.signal.addEventListener('abort', end, { once: true });
  });

const enter = async (state: State): Promise<Fault | null> => {
  if (state.connection !== null) return null;
  if (state.held !== null && state.clock.now() < state.held.until) return { code: 'ami-held', message: '', remedy: '' };
  const { manager, timeoutMs } = state.options;
  const connected = await state.connect(
    { ...manager, connectTimeoutMs: Math.max(2_000, timeoutMs * patience), actionTimeoutMs: timeoutMs * patience },
    { onClose: () => dropped(state) },
    state.off.signal,
  );
  if (!connected.ok) return connected.error;
  state.connection = connected.value;
  state.callsDue = 0;
  state.callsDenied = false;
  return null;
};

const dropped = (state: State): void => {
  state.connection = null;
  state.poke();
};

const pingOn = async (state: State): Promise<Fault | null> => {
  const { connection, clock, options } = state;
  if (connection === null) return { code: 'ami-closed', message: 'The connection to the manager ended.', remedy: '' };
  const counting = !state.callsDenied && clock.now() >= state.callsDue;
  const askedAt = clock.now();
  const answer = counting ? await callsInProgress(connection) : await ping(connection);
  if (answer.ok) {
    state.wasUp = true;
    if (counting) {
      state.calls = { count: answer.value ?? -1, at: askedAt };
      state.callsDue = clock.now() + (options.callsEveryMs ?? 500);
    }
    return null;
  }
  if (counting && (answer.error.code === 'ami-permission' || answer.error.code === 'ami-refusal')) {
    state.callsDenied = true;
    state.calls = UNKNOWN;
    return pingOn(state);
  }
  if (answer.error.code !== 'ami-refusal') {
    connection.close();
    if (state.connection === connection) state.connection = null;
  }
  return answer.error;
};

const judgeFault = (state: State, { code, message }: Fault): Answer => {
  switch (code) {
    case 'ami-refused':
      return { outcome: 'failed', crashed: state.wasUp, reason: message };
    case 'ami-login-refused': {
      const answer = silent(message);
      state.held = { answer, until: state.clock.now() + loginRetryMs };
      return answer;
    }
    case 'ami-local':
    case 'ami-tls':
    case 'ami-aborted':
    case 'ami-bad-header':
    case 'ami-line-too-long':
      return silent(message);
    default:
      return failed(message);
  }
};
