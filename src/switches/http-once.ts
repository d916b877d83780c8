/** One HTTP request on a connection of its own, over by its limit whatever the other side does. For small servers, which keep none open. */
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';

export interface HttpQuestion {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  /** `user:password`, already read. */
  readonly login?: string | null;
  readonly body?: string;
  /** From the name to the last byte. */
  readonly timeoutMs: Millis;
  readonly signal?: AbortSignal;
  /** A longer answer is a fault. */
  readonly mostBytes: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly location: string | null;
  readonly body: string;
}

const noAnswer = (why: string) =>
  fail('http-no-answer', `no answer: ${why}`, 'See that the other side runs and is reached.');

/** Any status is an answer; nothing is followed. Fault: `http-no-answer`, whose message is for the caller's own. */
export const askHttp = (question: HttpQuestion): Promise<Result<HttpAnswer>> =>
  new Promise((resolve) => {
    const { url, method, headers = {}, login, body, timeoutMs, mostBytes } = question;
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = question.signal === undefined ? limit : AbortSignal.any([question.signal, limit]);
    const failed = (error: Error): void =>
      resolve(noAnswer(limit.aborted ? `nothing within ${timeoutMs} ms` : error.message));
    const auth = login === null || login === undefined ? {} : { auth: login };
    const start = url.startsWith('https:') ? secure : plain;
    const asked = start(url, { method, headers, agent: false, signal, ...auth }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > mostBytes) response.destroy(new Error(`more than ${mostBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', failed);
      response.on('end', () =>
        resolve(
          ok({
            status: response.statusCode ?? 0,
            location: response.headers.location ?? null,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        ),
      );
    });
    asked.on('error', failed);
    asked.end(body);
  });
