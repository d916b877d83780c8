/** The dead man's switch outside: called while this node's agent is healthy, and missed by whoever watches when it is not. */
import type { Result } from '../core/result.ts';
import type { Millis, WallTime } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { originOf, type ReceiverAnswer, type ReceiverRequest } from './channels/http.ts';

export interface HeartbeatSettings {
  readonly url: () => Result<string>;
  readonly method: 'GET' | 'POST';
  readonly everyMs: Millis;
  readonly timeoutMs: Millis;
  readonly ca: string | null;
}

export interface Heartbeat {
  start(): void;
  status(): { readonly lastOk: WallTime | null; readonly trouble: string | null };
  stop(): Promise<void>;
}

/** `health`: null while all is well, else why it must be silent. `ask` makes the request. */
export const createHeartbeat = (
  settings: HeartbeatSettings,
  clock: Clock,
  health: () => string | null,
  ask: (request: ReceiverRequest) => Promise<Result<ReceiverAnswer>>,
): Heartbeat => {
  const gone = new AbortController();
  let lastOk: WallTime | null = null;
  let trouble: string | null = 'not yet';
  let cancel = (): void => undefined;
  let flying: Promise<void> = Promise.resolve();
  const once = async (): Promise<string | null> => {
    const ill = health();
    if (ill !== null) return `silent on purpose: ${ill}`;
    const url = settings.url();
    if (!url.ok) return url.error.message;
    const { method, timeoutMs, ca } = settings;
    const answer = await ask({ url: url.value, method, headers: {}, body: null, timeoutMs, ca, signal: gone.signal });
    if (!answer.ok) return answer.error.message;
    const { status } = answer.value;
    if (status < 200 || status >= 300) return `${originOf(url.value)} answered ${status}`;
    lastOk = clock.wall();
    return null;
  };
  let busy = false;
  const beat = async (): Promise<void> => {
    busy = true;
    trouble = await once();
    busy = false;
  };
  const ring = (): void => {
    cancel = clock.at(clock.now() + settings.everyMs, ring);
    if (!busy) flying = beat();
  };
  return {
    start: ring,
    status: () => ({ lastOk, trouble }),
    stop: async () => {
      cancel();
      gone.abort();
      await flying;
    },
  };
};
