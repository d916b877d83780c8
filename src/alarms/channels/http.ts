/** One bounded HTTP request: no redirect is followed, no more is read than is shown. */
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';

export interface HttpRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly timeoutMs: Millis;
  /** PEM; null: the system's. */
  readonly ca: string | null;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** Its beginning, on one line. */
  readonly text: string;
}

const MOST_READ = 300;

/** The address without what may be a secret in it: path and query often are. */
export const originOf = (url: string): string => {
  try {
    return new URL(url).origin;
  } catch {
    return 'the address';
  }
};

const unreached = (url: string, why: string): Result<HttpAnswer> =>
  fail(
    'alarm-http-failed',
    `${originOf(url)} was not reached: ${why}.`,
    'See the address, the network and the certificate.',
  );

/** Fault: `alarm-http-failed`. Any status is an answer. */
export const askHttp = (asked: HttpRequest): Promise<Result<HttpAnswer>> =>
  new Promise((resolve) => {
    const { url, method, headers, body, timeoutMs, ca } = asked;
    const signal = AbortSignal.any([asked.signal, AbortSignal.timeout(timeoutMs)]);
    const lengths = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = {
      method,
      headers: { 'user-agent': 'Dualtone', connection: 'close', ...headers, ...lengths },
      signal,
      agent: false as const,
      ...(ca === null ? {} : { ca }),
    };
    const settle = (result: Result<HttpAnswer>): void => resolve(result);
    const onError = (error: Error): void => {
      const late = signal.aborted && !asked.signal.aborted;
      settle(unreached(url, late ? `no answer within ${timeoutMs} ms` : error.message));
    };
    try {
      const request = (url.startsWith('https:') ? requestTls : requestPlain)(url, options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          if (text.length < MOST_READ) text += chunk.slice(0, MOST_READ - text.length);
        });
        response.on('error', onError);
        response.on('end', () =>
          settle(ok({ status: response.statusCode ?? 0, text: text.replace(/\p{Cc}+/gu, ' ').trim() })),
        );
      });
      request.on('error', onError);
      request.end(body ?? undefined);
    } catch (error) {
      settle(unreached(url, error instanceof Error ? error.message : String(error)));
    }
  });
