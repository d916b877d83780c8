/** A contact-centre host beside a node: `xuc` restarted when that node has become active, and ready before anybody is sent there. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { FarHost } from './far-host.ts';

export type Readiness =
  /** A line of the service's log since the restart. */
  | { readonly kind: 'log'; readonly pattern: RegExp }
  /** It takes connections. */
  | { readonly kind: 'port'; readonly address: string; readonly port: number };

export interface ContactCentreOptions {
  readonly host: FarHost;
  /** `xuc`. */
  readonly service: string;
  readonly readiness: Readiness;
  readonly restartMs: Millis;
  /** From the restart until it must be ready. */
  readonly readyMs: Millis;
  /** Between two looks. */
  readonly everyMs: Millis;
}

export interface ContactCentre {
  /** Restarts and waits until it is ready; how long that took. Faults: `cc-not-ready`, those of the far host. */
  restart(signal: AbortSignal): Promise<Result<{ readonly tookMs: Millis }>>;
  /** Where the deployment wants the passive side's services down. Faults: those of the far host. */
  set(what: 'start' | 'stop', signal: AbortSignal): Promise<Result<void>>;
  isRunning(signal: AbortSignal): Promise<Result<boolean>>;
}

const ASK_MS = 10_000;

const takesConnections = (address: string, port: number, timeoutMs: Millis): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once('error', () => end(false));
    socket.once('connect', () => end(true));
  });

/** Once; a look that fails is no readiness. */
const looksReady = async (options: ContactCentreOptions, since: string, signal: AbortSignal): Promise<boolean> => {
  const { host, readiness, service } = options;
  if (readiness.kind === 'port') return takesConnections(readiness.address, readiness.port, ASK_MS);
  const logs = await host.ask(['logs', service, since], { timeoutMs: ASK_MS, signal });
  return logs.ok && logs.value.split('\n').some((line) => readiness.pattern.test(line));
};

const becomeReady = async (
  options: ContactCentreOptions,
  since: string,
  signal: AbortSignal,
): Promise<Result<void>> => {
  const { host, readyMs, everyMs, service } = options;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(readyMs)]);
  while (!limit.aborted) {
    if (await looksReady(options, since, limit)) return ok(undefined);
    await sleep(everyMs, undefined, { signal: limit }).catch(() => undefined);
  }
  return fail(
    'cc-not-ready',
    `${service} on ${host.name} was not ready within ${Math.round(readyMs / 1000)} s.`,
    `See \`xivocc-dcomp logs -f ${service}\` there; it is restarted again.`,
  );
};

export const createContactCentre = (options: ContactCentreOptions): ContactCentre => {
  const { host, service, restartMs } = options;
  const set: ContactCentre['set'] = async (what, signal) => {
    const done = await host.ask([what, service], { timeoutMs: restartMs, signal });
    return done.ok ? ok(undefined) : done;
  };
  return {
    restart: async (signal) => {
      const beganAt = performance.now();
      const since = await host.ask(['now', service], { timeoutMs: ASK_MS, signal });
      if (!since.ok) return since;
      const restarted = await host.ask(['restart', service], { timeoutMs: restartMs, signal });
      if (!restarted.ok) return restarted;
      const ready = await becomeReady(options, since.value.trim(), signal);
      return ready.ok ? ok({ tookMs: performance.now() - beganAt }) : ready;
    },
    set,
    isRunning: async (signal) => {
      const state = await host.ask(['state', service], { timeoutMs: ASK_MS, signal });
      return state.ok ? ok(state.value.trim() === 'running') : state;
    },
  };
};
