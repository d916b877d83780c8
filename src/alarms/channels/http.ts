/** One request to whoever receives alarms: of the answer no more is read than is shown, and of the address only what is no secret is told. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import { askHttp } from '../../http/ask.ts';

export interface ReceiverRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly timeoutMs: Millis;
  /** PEM; null: the system's. */
  readonly ca: string | null;
  readonly signal: AbortSignal;
}

export interface ReceiverAnswer {
  readonly status: number;
  /** Its beginning, on one line. */
  readonly text: string;
}

const MOST_READ_BYTES = 300;

/** The address without what may be a secret in it: path and query often are. */
export const originOf = (url: string): string => {
  try {
    return new URL(url).origin;
  } catch {
    return 'the address';
  }
};

/** Fault: `alarm-http-failed`. Any status is an answer. */
export const askReceiver = async ({ body, ca, ...asked }: ReceiverRequest): Promise<Result<ReceiverAnswer>> => {
  const answer = await askHttp({
    ...asked,
    ...(body === null ? {} : { body }),
    tls: { authority: ca },
    mostBytes: MOST_READ_BYTES,
    longer: 'is-cut',
  });
  if (answer.ok) return ok({ status: answer.value.status, text: answer.value.body.replace(/\p{Cc}+/gu, ' ').trim() });
  return fail(
    'alarm-http-failed',
    `${originOf(asked.url)} was not reached: ${answer.error.message}.`,
    'See the address, the network and the certificate.',
  );
};
