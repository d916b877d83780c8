/** Requests to an etcd cluster by its JSON gateway: over TLS with its own authority, logged in, bounded in time and length, by way of one member after the other. */
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { askHttp, type HttpConnections, keepConnections } from '../http/ask.ts';
import {
  deleteBody,
  type EtcdHealth,
  type EtcdTold,
  putBody,
  rangeBody,
  readHealth,
  readPut,
  readRange,
  readToken,
} from './wire.ts';

/** PEM texts, and a login. */
export interface EtcdAccess {
  readonly authority: string;
  readonly certificate: string | null;
  readonly key: string | null;
  readonly user: string;
  readonly password: string;
}

export interface EtcdTarget {
  readonly endpoints: readonly string[];
  /** Read when a connection is made: a certificate that was renewed counts from then. */
  readonly access: () => Result<EtcdAccess>;
  /** For one request by way of all members together. */
  readonly timeoutMs: Millis;
}

export interface EtcdClient {
  /**
   * Faults of all: `etcd-unreachable`, `etcd-timeout`, `etcd-tls`, `etcd-denied`, `etcd-full`, `etcd-refused`, `etcd-malformed`, those of `access`.
   * After a fault a put may have been carried out all the same, or be so later.
   */
  read(key: string): Promise<Result<EtcdTold>>;
  put(key: string, value: string, ifRevision: number): Promise<Result<EtcdTold>>;
  remove(key: string): Promise<Result<void>>;
  /** Of one member. */
  health(endpoint: string): Promise<Result<EtcdHealth>>;
  close(): void;
}

const MOST_BYTES = 256 * 1024;

const unreachable = (endpoint: string, why: string) =>
  fail(
    'etcd-unreachable',
    `No etcd was reached at ${endpoint}: ${why}.`,
    'See that the member runs and that its client port is open to both nodes.',
  );

const torn = (endpoint: string, why: string) =>
  fail(
    'etcd-malformed',
    `What ${endpoint} answers is not etcd’s: ${why}.`,
    'See that `arbiter.endpoints` are the client ports of etcd 3.4 or newer, with nothing between that changes answers.',
  );

const tooSlow = (endpoint: string, ms: Millis) =>
  fail(
    'etcd-timeout',
    `etcd at ${endpoint} did not answer within ${Math.round(ms)} ms.`,
    'See whether it has a leader (`etcdctl endpoint status`) and how slow its disks are; docs/etcd.md.',
  );

const tlsFailed = (endpoint: string, why: string) =>
  fail(
    'etcd-tls',
    `TLS with etcd at ${endpoint} failed: ${why.replace(/\.?\s*$/, '').slice(0, 200)}.`,
    'Compare `arbiter.authority-file`, `certificate-file` and `key-file` with those of etcd, and see when they end.',
  );

const denied = (why: string) =>
  fail(
    'etcd-denied',
    `etcd refused the login of Dualtone, or a right: ${why}.`,
    'Compare `arbiter.user` and `password-file` with its users; the role needs readwrite below the prefix (docs/etcd.md).',
  );

const full = () =>
  fail(
    'etcd-full',
    'etcd takes no more writes: its database is full.',
    'Compact and defragment it, then `etcdctl alarm disarm`; have it compact by itself (docs/etcd.md).',
  );

const refused = (why: string) =>
  fail(
    'etcd-refused',
    `etcd refused a request: ${why}.`,
    'See the log of etcd; docs/etcd.md says what is asked of it.',
  );

interface Answered {
  readonly status: number;
  readonly json: unknown;
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};

interface Post {
  readonly endpoint: string;
  readonly path: string;
  readonly body: object;
  readonly token: string | null;
  readonly timeoutMs: Millis;
}

/** One request to one member. */
const post = async (
  connections: HttpConnections,
  { endpoint, path, body, token, timeoutMs }: Post,
): Promise<Result<Answered>> => {
  const answer = await askHttp({
    url: new URL(path, endpoint),
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: token }) },
    body: JSON.stringify(body),
    timeoutMs,
    mostBytes: MOST_BYTES,
    connections,
  });
  if (answer.ok) {
    const { status, body: told } = answer.value;
    const json = parsed(told);
    return status === 200 && json === null ? torn(endpoint, 'no JSON, or half of one') : ok({ status, json });
  }
  const { kind, code, message } = answer.error;
  if (kind === 'late') return tooSlow(endpoint, timeoutMs);
  if (kind === 'too-long') return torn(endpoint, message);
  // As when the member dies: nothing is known of what it did.
  if (kind === 'broken') return unreachable(endpoint, message);
  return kind === 'tls' ? tlsFailed(endpoint, message) : unreachable(endpoint, code ?? message);
};

/** etcd's own word for a failure: gRPC's code, and a sentence. */
const faultOf = ({
  status,
  json,
}: Answered): { readonly error: Fault; readonly login: boolean; readonly next: boolean } | null => {
  if (status === 200) return null;
  const told = typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : {};
  const said = [told['error'], told['message']].find((each) => typeof each === 'string');
  const why = (said ?? `status ${status}`).slice(0, 200);
  const code = told['code'];
  if (code === 16 || /invalid auth token|revision in header is old/.test(why))
    return { error: denied(why).error, login: true, next: false };
  if (code === 7 || /permission denied|authentication failed|user name is empty/.test(why))
    return { error: denied(why).error, login: false, next: false };
  if (/space exceeded/.test(why)) return { error: full().error, login: false, next: false };
  // No leader, or too slow there: another member may know better.
  return { error: refused(why).error, login: false, next: code === 14 || code === 4 };
};

const MAX_TRIES = 6;

interface Tried {
  readonly result: Result<unknown>;
  /** Worth another: by the same member after a new login, or by the next. */
  readonly again: 'no' | 'same' | 'next';
}

/** One connection and one login at a time, to whichever member. */
const createSession = (access: EtcdTarget['access']) => {
  let token: string | null = null;
  let timeouts = 0;
  let connection: { readonly kept: HttpConnections; readonly access: EtcdAccess } | null = null;
  const drop = (): void => {
    connection?.kept.close();
    connection = null;
    token = null;
  };
  const connected = (): Result<NonNullable<typeof connection>> => {
    if (connection !== null) return ok(connection);
    const read = access();
    if (!read.ok) return read;
    const { authority, certificate, key } = read.value;
    const own = certificate === null || key === null ? {} : { certificate, key };
    connection = { kept: keepConnections('https:', 4, { authority, ...own }), access: read.value };
    return ok(connection);
  };
  const tell = async (endpoint: string, path: string, body: object, timeoutMs: Millis): Promise<Result<Answered>> => {
    const way = connected();
    if (!way.ok) return way;
    const answered = await post(way.value.kept, { endpoint, path, body, token, timeoutMs });
    // A certificate that ended may have been renewed since.
    if (!answered.ok && answered.error.code === 'etcd-tls') drop();
    // A store that was put back waits for the day on which it gave out that token: it never answers.
    timeouts = !answered.ok && answered.error.code === 'etcd-timeout' ? timeouts + 1 : 0;
    if (timeouts >= 2) token = null;
    return answered;
  };
  const login = async (endpoint: string, timeoutMs: Millis): Promise<Result<void>> => {
    const way = connected();
    if (!way.ok) return way;
    const { user: name, password } = way.value.access;
    const answered = await tell(endpoint, '/v3/auth/authenticate', { name, password }, timeoutMs);
    if (!answered.ok) return answered;
    const fault = faultOf(answered.value);
    if (fault !== null) {
      // The password may be mended in its file.
      if (fault.error.code === 'etcd-denied') drop();
      return { ok: false, error: fault.error };
    }
    const read = readToken(answered.value.json);
    if (read.ok) token = read.value;
    return read.ok ? ok(undefined) : read;
  };
  return {
    drop,
    /** Logs in where it must. */
    async tryOnce(endpoint: string, path: string, body: object, timeoutMs: Millis): Promise<Tried> {
      if (token === null) {
        const logged = await login(endpoint, timeoutMs);
        if (!logged.ok) return { result: logged, again: logged.error.code === 'etcd-denied' ? 'no' : 'next' };
      }
      const answered = await tell(endpoint, path, body, timeoutMs);
      if (!answered.ok) return { result: answered, again: 'next' };
      const fault = faultOf(answered.value);
      if (fault === null) return { result: ok(answered.value.json), again: 'no' };
      if (fault.login) token = null;
      const result = { ok: false, error: fault.error } as const;
      return { result, again: fault.login ? 'same' : fault.next ? 'next' : 'no' };
    },
  };
};

export const createEtcdClient = ({ endpoints, access, timeoutMs }: EtcdTarget): EtcdClient => {
  const session = createSession(access);
  let member = 0;
  const ask = async <T>(path: string, body: object, read: (json: unknown) => Result<T>): Promise<Result<T>> => {
    const endsAt = performance.now() + timeoutMs;
    let last: Result<T> = tooSlow(endpoints[0] ?? '', timeoutMs);
    for (let n = 0; n < MAX_TRIES; n += 1) {
      const leftMs = endsAt - performance.now();
      if (leftMs < 1) break;
      const endpoint = endpoints[member % endpoints.length] ?? '';
      const { result, again } = await session.tryOnce(endpoint, path, body, Math.min(leftMs, timeoutMs / 2));
      last = result.ok ? read(result.value) : result;
      // Who answers what etcd does not may stand before one member alone.
      const isOdd = result.ok && !last.ok;
      if (again === 'next' || isOdd) member += 1;
      if (again === 'no' && !isOdd) break;
    }
    return last;
  };
  return {
    read: (key) => ask('/v3/kv/range', rangeBody(key), readRange),
    put: (key, value, ifRevision) => ask('/v3/kv/txn', putBody(key, value, ifRevision), (json) => readPut(json, value)),
    remove: (key) => ask('/v3/kv/deleterange', deleteBody(key), () => ok(undefined)),
    async health(endpoint) {
      const { result } = await session.tryOnce(endpoint, '/v3/maintenance/status', {}, timeoutMs);
      return result.ok ? readHealth(result.value) : result;
    },
    close: session.drop,
  };
};
