/** PJSIP's contacts through Asterisk's REST interface: what is made there counts at once for device states. */
import { fail, ok, type Result } from '../../core/result.ts';
import { isRecord, type Millis } from '../../core/words.ts';
import { askHttp, type HttpAnswer, type HttpConnections, keepConnections } from '../../http/ask.ts';
import { contactFamily } from './rows.ts';

export interface AriOptions {
  readonly host: string;
  readonly port: number;
  /** As http.conf has it; empty for none. */
  readonly prefix: string;
  readonly user: string;
  /** Never logged. */
  readonly secret: string;
}

export interface Ari {
  /** Makes a contact, or changes it. The value is what AstDB has. Faults: `ari-unreachable`, `ari-refused`. */
  put(key: string, value: string): Promise<Result<void>>;
  /** Takes a contact away; true when it was there. */
  remove(key: string): Promise<Result<boolean>>;
  /** Names of PJSIP's endpoints that Asterisk holds to be offline. */
  offline(): Promise<Result<ReadonlySet<string>>>;
  close(): void;
}

const timeoutMs: Millis = 5_000;
/** Connections at a time: Asterisk does one contact after another anyway. */
const mostAtOnce = 4;
const mostBytes = 16 * 1_024 * 1_024;

export const createAri = (options: AriOptions): Ari => {
  const { host, port, prefix, user, secret } = options;
  const base = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  let connections: HttpConnections | null = null;
  const ask = async (method: 'GET' | 'PUT' | 'DELETE', path: string, body?: string): Promise<Result<HttpAnswer>> => {
    connections ??= keepConnections(base, mostAtOnce);
    const answer = await askHttp({
      url: `${base}${prefix}/ari${path}`,
      method,
      login: `${user}:${secret}`,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
      timeoutMs,
      mostBytes,
      connections,
    });
    return answer.ok ? ok(answer.value) : unreachable(answer.error.message);
  };
  return {
    put: async (key, value) => {
      const body = bodyOf(value, []);
      if (body === null) return refused('the contact is not what PJSIP writes');
      const answer = await ask('PUT', pathOf(key), body);
      if (!answer.ok) return answer;
      if (answer.value.status === 200) return ok(undefined);
      if (answer.value.status !== 400) return refused(`${answer.value.status}`);
      // While two versions serve a pair, the older refuses a contact with what it does not know.
      const again = await ask('PUT', pathOf(key), bodyOf(value, newerFields) ?? '');
      if (!again.ok) return again;
      return again.value.status === 200 ? ok(undefined) : refused(`${again.value.status}`);
    },
    remove: async (key) => {
      const answer = await ask('DELETE', pathOf(key));
      if (!answer.ok) return answer;
      if (answer.value.status === 404) return ok(false);
      return answer.value.status === 204 ? ok(true) : refused(`${answer.value.status}`);
    },
    offline: async () => {
      const answer = await ask('GET', '/endpoints/PJSIP');
      if (!answer.ok) return answer;
      return answer.value.status === 200 ? offlineIn(answer.value.body) : refused(`${answer.value.status}`);
    },
    close: () => connections?.close(),
  };
};

const refused = (why: string): Result<never> =>
  fail(
    'ari-refused',
    `Asterisk's REST interface refused: ${why}.`,
    'Compare user and secret with ari.conf; the user must not be `read_only`.',
  );

const unreachable = (why: string): Result<never> =>
  fail(
    'ari-unreachable',
    `Asterisk's REST interface is not reached: ${why}`,
    'Enable http.conf and ari.conf on the loopback.',
  );

const pathOf = (key: string): string => {
  const id = encodeURIComponent(key.slice(contactFamily.length + 1));
  return `/asterisk/config/dynamic/res_pjsip/contact/${id}`;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** Asterisk 22 writes them, 16 does not know them. */
const newerFields: readonly string[] = ['qualify_2xx_only'];

/** AstDB's JSON as the REST interface wants it. */
const bodyOf = (value: string, without: readonly string[]): string | null => {
  const contact = parsed(value);
  if (!isRecord(contact)) return null;
  const fields = Object.entries(contact).filter(([name, text]) => typeof text === 'string' && !without.includes(name));
  return JSON.stringify({ fields: fields.map(([attribute, text]) => ({ attribute, value: text })) });
};

const offlineIn = (body: string): Result<ReadonlySet<string>> => {
  const list = parsed(body);
  if (!Array.isArray(list)) return refused('it lists no endpoints');
  const names = list.flatMap((entry: unknown) => {
    if (!isRecord(entry)) return [];
    const { resource, state } = entry;
    return typeof resource === 'string' && state === 'offline' ? [resource] : [];
  });
  return ok(new Set(names));
};
