/** The provisioning server over REST: configurations read and written, devices told to read theirs again. */
import { fail, ok, type Result } from '../../core/result.ts';
import { type Fields, isRecord, type Millis } from '../../core/words.ts';
import { askHttp, type HttpQuestion } from '../../http/ask.ts';

export interface ProvdOptions {
  /** `http://127.0.0.1:8666/provd` on XiVO; without a slash at its end. */
  readonly url: string;
  readonly contentType: string;
  /** Already read; null where the service asks for none. */
  readonly token: string | null;
  /** One request. */
  readonly timeoutMs: Millis;
}

/** A configuration of provd; what Dualtone does not know of it goes back as it came. */
export type ProvdConfig = Readonly<Record<string, unknown>> & { readonly id: string };

/** A telephone as provisioning knows it; null: it does not say. */
export interface ProvdDevice {
  readonly id: string;
  readonly config: string | null;
  readonly plugin: string | null;
  readonly vendor: string | null;
  readonly model: string | null;
}

/** Where each era has it. */
export const provdDefaults = {
  xivo: { url: 'http://127.0.0.1:8666/provd', contentType: 'application/vnd.proformatique.provd+json' },
  wazo: { url: 'http://127.0.0.1:8666/0.2', contentType: 'application/vnd.wazo.provd+json' },
} as const;

export interface Provd {
  /** Faults of all: `provd-unreachable`, `provd-refused`, `provd-odd`. */
  configs(): Promise<Result<readonly ProvdConfig[]>>;
  config(id: string): Promise<Result<ProvdConfig | null>>;
  putConfig(config: ProvdConfig): Promise<Result<void>>;
  devices(): Promise<Result<readonly ProvdDevice[]>>;
  /** Also `provd-sync-failed`; ends with the signal. */
  synchronize(device: string, everyMs: Millis, signal: AbortSignal): Promise<Result<void>>;
}

interface Answer {
  readonly status: number;
  readonly body: Fields;
  readonly location: string | null;
}

const MOST_BODY = 64 * 1024 * 1024;

const unreachable = (url: string, why: string) =>
  fail(
    'provd-unreachable',
    `The provisioning server at ${url} is not reached: ${why}.`,
    'See that it runs on the main: it does not on a passive standby.',
  );

const odd = (what: string) =>
  fail(
    'provd-odd',
    `The provisioning server answered ${what} with something that is not understood.`,
    'See its version and the address.',
  );

const bodyOf = (text: string): Fields | null => {
  if (text.trim() === '') return {};
  try {
    const body: unknown = JSON.parse(text);
    return isRecord(body) ? body : null;
  } catch {
    return null;
  }
};

const createAsk =
  ({ url, contentType, token, timeoutMs }: ProvdOptions) =>
  async (method: HttpQuestion['method'], path: string, given?: unknown): Promise<Result<Answer>> => {
    const headers = {
      accept: contentType,
      ...(token === null ? {} : { 'x-auth-token': token }),
      ...(given === undefined ? {} : { 'content-type': contentType }),
    };
    const answer = await askHttp({
      url: path.startsWith('http') ? path : url + path,
      method,
      headers,
      timeoutMs,
      mostBytes: MOST_BODY,
      ...(given === undefined ? {} : { body: JSON.stringify(given) }),
    });
    if (!answer.ok) return unreachable(url, answer.error.message);
    const { status, location, body } = answer.value;
    // What a refusal says is a page for people.
    const read = bodyOf(status < 300 ? body : '');
    return read === null ? odd(`${method} ${path}`) : ok({ status, body: read, location });
  };

const refused = (what: string, status: number) =>
  fail(
    'provd-refused',
    `The provisioning server refused ${what} with ${status}.`,
    status === 401 ? 'Give its token.' : 'See its log.',
  );

/** Null for what is no text, or none. */
export const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

const isConfig = (value: unknown): value is ProvdConfig => isRecord(value) && typeof value['id'] === 'string';

/** `[label|]state[;current[/end]](...)`: only the state of the whole counts. */
export const stateOf = (status: unknown): 'waiting' | 'progress' | 'success' | 'fail' | null => {
  if (typeof status !== 'string') return null;
  const state = /^(?:[^|(;]*\|)?(waiting|progress|success|fail)(?:[;(]|$)/.exec(status)?.[1];
  return (state as 'waiting' | 'progress' | 'success' | 'fail' | undefined) ?? null;
};

const pause = (ms: Millis, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });

type Ask = ReturnType<typeof createAsk>;

const follow = async (
  ask: Ask,
  device: string,
  monitor: string,
  everyMs: Millis,
  signal: AbortSignal,
): Promise<Result<void>> => {
  while (!signal.aborted) {
    const seen = await ask('GET', monitor);
    if (!seen.ok) return seen;
    const state = stateOf(seen.value.body['status']);
    if (state === 'success') return ok(undefined);
    if (state === 'fail')
      return fail(
        'provd-sync-failed',
        `The device ${device} did not read its configuration again.`,
        'See whether it is reached, or restart it by hand.',
      );
    if (state === null) return odd('the state of a resynchronisation');
    await pause(everyMs, signal);
  }
  return fail(
    'provd-sync-failed',
    `The device ${device} had not read its configuration again in time.`,
    'See whether it is reached, or restart it by hand.',
  );
};

export const createProvd = (options: ProvdOptions): Provd => {
  const ask = createAsk(options);
  const origin = new URL(options.url).origin;
  const list = async (path: string, key: string): Promise<Result<readonly unknown[]>> => {
    const answer = await ask('GET', path);
    if (!answer.ok) return answer;
    const found = answer.value.body[key];
    if (answer.value.status !== 200) return refused(path, answer.value.status);
    return Array.isArray(found) ? ok(found as readonly unknown[]) : odd(path);
  };
  return {
    configs: async () => {
      const found = await list('/cfg_mgr/configs', 'configs');
      if (!found.ok) return found;
      return found.value.every(isConfig) ? ok(found.value) : odd('the configurations');
    },
    config: async (id) => {
      const answer = await ask('GET', `/cfg_mgr/configs/${encodeURIComponent(id)}`);
      if (!answer.ok) return answer;
      if (answer.value.status === 404) return ok(null);
      if (answer.value.status !== 200) return refused(id, answer.value.status);
      const { config } = answer.value.body;
      return isConfig(config) ? ok(config) : odd(id);
    },
    putConfig: async (config) => {
      const answer = await ask('PUT', `/cfg_mgr/configs/${encodeURIComponent(config.id)}`, { config });
      if (!answer.ok) return answer;
      return answer.value.status < 300 ? ok(undefined) : refused(config.id, answer.value.status);
    },
    devices: async () => {
      const found = await list('/dev_mgr/devices', 'devices');
      if (!found.ok) return found;
      const devices = found.value.filter(isConfig);
      return ok(
        devices.map(({ id, config, plugin, vendor, model }) => ({
          id,
          config: textOf(config),
          plugin: textOf(plugin),
          vendor: textOf(vendor),
          model: textOf(model),
        })),
      );
    },
    synchronize: async (device, everyMs, signal) => {
      const begun = await ask('POST', '/dev_mgr/synchronize', { id: device });
      if (!begun.ok) return begun;
      const { status, location } = begun.value;
      if (status !== 201 || location === null) return refused(`the device ${device}`, status);
      const monitor = new URL(location, options.url);
      if (monitor.origin !== origin) return odd('a resynchronisation');
      try {
        return await follow(ask, device, monitor.href, everyMs, signal);
      } finally {
        // Or it stays in the server's memory for ever.
        await ask('DELETE', monitor.href);
      }
    },
  };
};
