/** Requests to Elasticsearch or OpenSearch, over one connection that is kept. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import { askHttp, keepConnections } from '../../http/ask.ts';

export interface ElasticAccess {
  /** Without a path. */
  readonly url: string;
  /** PEM; null: the system's. */
  readonly ca: string | null;
  /** The header `authorization`, already built; null: none. Never logged. */
  readonly authorization: string | null;
  readonly timeoutMs: Millis;
}

export interface Asked {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: string;
  readonly type?: 'application/json' | 'application/x-ndjson';
}

export interface Answered {
  readonly status: number;
  /** Null: it is no JSON. */
  readonly json: unknown;
}

export interface Caller {
  /** Any status but those of a login is an answer. Faults: `reporting-target-failed`, `reporting-target-refused`. */
  ask(asked: Asked): Promise<Result<Answered>>;
  close(): void;
}

/** The answer to a full bulk request has a few hundred bytes for each item. */
const MOST_READ_BYTES = 16 * 1024 * 1024;

const failed = (url: string, why: string) =>
  fail(
    'reporting-target-failed',
    `Elasticsearch at ${url} did not answer as it should: ${why}.`,
    'See its log and the network; events wait on this node, and go on by themselves.',
  );

const refusedLogin = (url: string, status: number) =>
  fail(
    'reporting-target-refused',
    `Elasticsearch at ${url} refused the login of Dualtone, or a right (${status}).`,
    'Compare `reporting.elasticsearch` with its users and roles; docs/reporting.md lists the rights.',
  );

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};

export const createCaller = (access: ElasticAccess, ended: AbortSignal): Caller => {
  const { url, ca, authorization, timeoutMs } = access;
  const connections = keepConnections(url, 1, { authority: ca });
  const ask = async ({ method, path, body, type }: Asked): Promise<Result<Answered>> => {
    const headers = {
      accept: 'application/json',
      ...(authorization === null ? {} : { authorization }),
      ...(body === undefined ? {} : { 'content-type': type ?? 'application/json' }),
    };
    const answer = await askHttp({
      url: new URL(path, url),
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      timeoutMs,
      signal: ended,
      mostBytes: MOST_READ_BYTES,
      connections,
    });
    if (!answer.ok) return failed(url, answer.error.message);
    const { status, body: text } = answer.value;
    return status === 401 || status === 403 ? refusedLogin(url, status) : ok({ status, json: parsed(text) });
  };
  return { ask, close: connections.close };
};

/** What an answer of an unexpected status is told as. */
export const oddAnswer = (url: string, { status, json }: Answered, what: string) =>
  failed(url, `${what}: status ${status}${json === null ? ', and no JSON' : ''}`);
