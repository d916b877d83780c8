/** One bero*fos box: its relays set, and read back before that counts. */
import { request } from 'node:http';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
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

/** One GET, ended by the limit, whatever the box does. */
const get = (options: BoxOptions, path: string, signal: AbortSignal): Promise<Result<string>> =>
  new Promise((resolve) => {
    const { host, port, login, timeoutMs } = options;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const failed = (error: Error): void =>
      resolve(unreachable(options, limit.aborted ? `no answer within ${timeoutMs} ms` : error.message));
    // A small server: one connection for each request, and no more.
    const auth = login === null ? {} : { auth: login };
    const asked = request({ host, port, path, method: 'GET', agent: false, signal: limit, ...auth }, (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (part: string) => {
        body = (body + part).slice(0, MOST_BODY);
      });
      response.on('error', failed);
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 400) return resolve(ok(body));
        resolve(fail('berofos-refused', `The box ${options.name} refused with ${status}.`, 'Correct its login.'));
      });
    });
    asked.on('error', failed);
    asked.end();
  });

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

/** All at once; one that fails keeps no other from moving. */
export const setBoxes = (boxes: readonly Box[], relays: Relays, signal: AbortSignal) =>
  Promise.all(boxes.map(async (box) => ({ name: box.name, result: await box.set(relays, signal) })));
