/** The one way to ask over HTTP: bounded in time and length, over when it says so whatever the other side does; no redirect is followed. */
import type { Agent, IncomingMessage, RequestOptions } from 'node:http';
import type { Agent as TlsAgent } from 'node:https';
import type { Millis } from '../core/words.ts';

/** Named imports of these modules load a whole other client with them (WebSocket and all): a tenth of a second of the agent's start. */
const plain = () => process.getBuiltinModule('node:http');
const secure = () => process.getBuiltinModule('node:https');

/** PEM; what is null or left out is the system's, or none. */
export interface HttpTls {
  readonly authority?: string | null;
  readonly certificate?: string | null;
  readonly key?: string | null;
}

/** Connections that are kept open from one question to the next. */
export interface HttpConnections {
  readonly agent: Agent | TlsAgent;
  /** Ends them, and what is asked over them. */
  close(): void;
}

export interface HttpQuestion {
  readonly url: string | URL;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  /** `user:password`, already read. */
  readonly login?: string | null;
  readonly body?: string;
  /** From the asking to the last byte. */
  readonly timeoutMs: Millis;
  readonly signal?: AbortSignal;
  /** Of the answer's body. */
  readonly mostBytes: number;
  /** What becomes of a longer one; default `fails`. */
  readonly longer?: 'fails' | 'is-cut';
  /** Left out: a connection of its own, closed after it. */
  readonly connections?: HttpConnections;
  /** For a connection of its own. */
  readonly tls?: HttpTls;
}

export interface HttpAnswer {
  readonly status: number;
  /** The header. */
  readonly location: string | null;
  readonly body: string;
}

export interface HttpFailure {
  /** `stopped`: by the signal; `tls`: the other side is there, and not trusted or not trusting; `broken`: there was a beginning of an answer. */
  readonly kind: 'unreached' | 'tls' | 'late' | 'stopped' | 'broken' | 'too-long';
  /** The system's or TLS's code. */
  readonly code: string | null;
  /** A part of a sentence; holds nothing of the question. */
  readonly message: string;
}

export type HttpResult =
  | { readonly ok: true; readonly value: HttpAnswer }
  | { readonly ok: false; readonly error: HttpFailure };

const TLS_CODES = /^(ERR_SSL|ERR_TLS|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO|ERR_OSSL)/;

const isTls = (url: string | URL): boolean => String(url).startsWith('https:');

const tlsOptions = ({ authority, certificate, key }: HttpTls) => ({
  ...(authority === undefined || authority === null ? {} : { ca: authority }),
  ...(certificate === undefined || certificate === null ? {} : { cert: certificate }),
  ...(key === undefined || key === null ? {} : { key }),
  minVersion: 'TLSv1.2' as const,
});

/** Up to `most` at a time to whatever `url` names. */
export const keepConnections = (url: string | URL, most: number, tls: HttpTls = {}): HttpConnections => {
  const kept = { keepAlive: true, maxSockets: most };
  const agent = isTls(url) ? new (secure().Agent)({ ...kept, ...tlsOptions(tls) }) : new (plain().Agent)(kept);
  return { agent, close: () => agent.destroy() };
};

const failureOf = (error: NodeJS.ErrnoException, hasBegun: boolean): HttpFailure => {
  const code = error.code ?? null;
  // Of an error over several addresses there is only the code.
  const message = error.message === '' ? (code ?? error.name) : error.message;
  if (code !== null && TLS_CODES.test(code)) return { kind: 'tls', code, message };
  if (hasBegun) return { kind: 'broken', code, message: 'the connection broke within the answer' };
  return { kind: 'unreached', code, message };
};

const optionsOf = ({ url, method, headers, login, connections, tls = {} }: HttpQuestion): RequestOptions => ({
  method,
  headers: { 'user-agent': 'Dualtone', ...headers },
  ...(login === undefined || login === null ? {} : { auth: login }),
  ...(connections === undefined
    ? { agent: false, ...(isTls(url) ? tlsOptions(tls) : {}) }
    : { agent: connections.agent }),
});

/** Reads until the end or the bound. */
const read = (response: IncomingMessage, mostBytes: number, onEnd: (body: string, isWhole: boolean) => void): void => {
  const chunks: Buffer[] = [];
  let size = 0;
  // A character that the bound cuts in two is left out.
  const text = (): string => new TextDecoder().decode(Buffer.concat(chunks).subarray(0, mostBytes), { stream: true });
  response.on('data', (chunk: Buffer) => {
    if (size > mostBytes) return;
    chunks.push(chunk);
    size += chunk.length;
    if (size > mostBytes) onEnd(text(), false);
  });
  response.on('end', () => {
    if (size <= mostBytes) onEnd(text(), true);
  });
};

/** Any status is an answer. Never rejects. */
export const askHttp = (question: HttpQuestion): Promise<HttpResult> =>
  new Promise((resolve) => {
    const { url, body, timeoutMs, signal, mostBytes, longer = 'fails' } = question;
    let hasBegun = false;
    let stop = (): void => undefined;
    const settle = (result: HttpResult): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onStop);
      resolve(result);
    };
    const fails = (error: HttpFailure): void => {
      settle({ ok: false, error });
      stop();
    };
    const onError = (error: NodeJS.ErrnoException): void => fails(failureOf(error, hasBegun));
    const onStop = (): void => fails({ kind: 'stopped', code: null, message: 'it was stopped' });
    const timer = setTimeout(
      () => fails({ kind: 'late', code: null, message: `no answer within ${Math.round(timeoutMs)} ms` }),
      timeoutMs,
    );
    signal?.addEventListener('abort', onStop, { once: true });
    if (signal?.aborted === true) return onStop();
    const onResponse = (response: IncomingMessage): void => {
      hasBegun = true;
      response.on('error', onError);
      read(response, mostBytes, (text, isWhole) => {
        if (!isWhole && longer === 'fails')
          return fails({ kind: 'too-long', code: null, message: `the answer has more than ${mostBytes} bytes` });
        settle({
          ok: true,
          value: { status: response.statusCode ?? 0, location: response.headers.location ?? null, body: text },
        });
        if (!isWhole) stop();
      });
    };
    try {
      const asked = (isTls(url) ? secure() : plain()).request(url, optionsOf(question), onResponse);
      stop = () => asked.destroy();
      asked.on('error', onError);
      asked.end(body);
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
    }
  });
