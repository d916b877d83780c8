/** Requests to Elasticsearch or OpenSearch: bounded in time and length, no redirect followed, one connection kept. */
import { Agent as PlainAgent, request as requestPlain } from 'node:http';
import { request as requestTls, Agent as TlsAgent } from 'node:https';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';

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

const collect = (
  response: NodeJS.ReadableStream,
  onEnd: (text: string) => void,
  onWrong: (why: string) => void,
): void => {
  const pieces: string[] = [];
  let length = 0;
  response.setEncoding('utf8');
  response.on('data', (piece: string | Buffer) => {
    const text = String(piece);
    length += text.length;
    if (length > MOST_READ_BYTES) onWrong('the answer is too long');
    else pieces.push(text);
  });
  response.on('end', () => onEnd(pieces.join('')));
};

export const createCaller = (access: ElasticAccess, ended: AbortSignal): Caller => {
  const { url, ca, authorization, timeoutMs } = access;
  const isTls = url.startsWith('https:');
  const agent = isTls
    ? new TlsAgent({ keepAlive: true, maxSockets: 1 })
    : new PlainAgent({ keepAlive: true, maxSockets: 1 });
  const ask = ({ method, path, body, type }: Asked): Promise<Result<Answered>> =>
    new Promise((resolve) => {
      const signal = AbortSignal.any([ended, AbortSignal.timeout(timeoutMs)]);
      const headers = {
        accept: 'application/json',
        'user-agent': 'Dualtone',
        ...(authorization === null ? {} : { authorization }),
        ...(body === undefined
          ? {}
          : { 'content-type': type ?? 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      };
      const wrong = (why: string): void => {
        resolve(failed(url, signal.aborted && !ended.aborted ? `no whole answer within ${timeoutMs} ms` : why));
        request.destroy();
      };
      const options = { method, headers, agent, signal, ...(ca === null ? {} : { ca }) };
      const request = (isTls ? requestTls : requestPlain)(new URL(path, url), options, (response) => {
        const status = response.statusCode ?? 0;
        response.on('error', (error) => wrong(error.message));
        // Of a connection that ends within the answer.
        response.on('aborted', () => wrong('the connection broke within the answer'));
        collect(
          response,
          (text) =>
            resolve(status === 401 || status === 403 ? refusedLogin(url, status) : ok({ status, json: parsed(text) })),
          wrong,
        );
      });
      request.on('error', (error) => wrong(error.message));
      request.end(body);
    });
  return { ask, close: () => agent.destroy() };
};

/** What an answer of an unexpected status is told as. */
export const oddAnswer = (url: string, { status, json }: Answered, what: string) =>
  failed(url, `${what}: status ${status}${json === null ? ', and no JSON' : ''}`);
