/** One bero*fos box: its relays set, and read back before that counts. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import { askHttp } from '../../http/ask.ts';
import { type BoxState, parseState, type Relays, relayPath, STATE_PATH, watchdogPath } from './protocol.ts';

export interface BoxOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `user:password`, already read; never logged. */
  readonly login: string | null;
  /** One request. */
  readonly timeoutMs: Millis;
}

export interface Box {
  readonly name: string;
  /** Faults: `berofos-unreachable`, `berofos-refused`, `berofos-odd`. */
  look(signal: AbortSignal): Promise<Result<BoxState>>;
  /** Nothing is sent where the relays are right already. Also `berofos-not-switched`. */
  set(relays: Relays, signal: AbortSignal): Promise<Result<{ readonly changed: boolean }>>;
  /** Armed anew it counts from the beginning; unless that comes in time the box falls to the standby. Also `berofos-not-switched`. */
  arm(armed: boolean, signal: AbortSignal): Promise<Result<void>>;
}

const MOST_BODY = 64 * 1024;

const unreachable = ({ name, host }: BoxOptions, why: string) =>
  fail(
    'berofos-unreachable',
    `The box ${name} at ${host} is not reached: ${why}.`,
    'See its power, its network and its address.',
  );

const get = async (options: BoxOptions, path: string, signal: AbortSignal): Promise<Result<string>> => {
  const { name, host, port, login, timeoutMs } = options;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
  const answer = await askHttp({ url, method: 'GET', login, timeoutMs, signal, mostBytes: MOST_BODY });
  if (!answer.ok) return unreachable(options, answer.error.message);
  const { status, body } = answer.value;
  if (status >= 200 && status < 400) return ok(body);
  return fail('berofos-refused', `The box ${name} refused with ${status}.`, 'Correct its login.');
};

const notSwitched = ({ name }: BoxOptions, what: string) =>
  fail(
    'berofos-not-switched',
    `The box ${name} took the command and ${what}.`,
    'See its page: a mode or the watchdog may hold it.',
  );

export const createBox = (options: BoxOptions): Box => {
  const look: Box['look'] = async (signal) => {
    const text = await get(options, STATE_PATH, signal);
    return text.ok ? parseState(text.value) : text;
  };
  /** What the box answers to a command says nothing: it is looked at. */
  const change = async (path: string, is: (state: BoxState) => boolean, what: string, signal: AbortSignal) => {
    const sent = await get(options, path, signal);
    if (!sent.ok) return sent;
    const after = await look(signal);
    if (!after.ok) return after;
    return is(after.value) ? ok(undefined) : notSwitched(options, what);
  };
  return {
    name: options.name,
    look,
    set: async (relays, signal) => {
      const before = await look(signal);
      if (!before.ok) return before;
      if (before.value.relays === relays) return ok({ changed: false });
      const done = await change(
        relayPath(relays),
        (state) => state.relays === relays,
        'its relays did not move',
        signal,
      );
      return done.ok ? ok({ changed: true }) : done;
    },
    arm: (armed, signal) =>
      change(
        watchdogPath(armed),
        ({ watchdog }) => watchdog === (armed ? 'on' : 'off'),
        'its watchdog did not follow',
        signal,
      ),
  };
};
