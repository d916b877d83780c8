/** Alarms by a signed HTTP request. How a receiver checks the signature is in docs/alarms.md. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf, type Result } from '../../core/result.ts';
import type { Millis, WallTime } from '../../core/words.ts';
import { type Channel, delivered, documentOf, failed, type Outcome, refused } from '../channel.ts';
import { askReceiver, originOf, type ReceiverAnswer } from './http.ts';

export interface WebhookSettings {
  readonly name: string;
  /** Where it goes; read at each try, since it may be a secret itself. */
  readonly url: () => Result<string>;
  /** Null: unsigned. */
  readonly key: (() => Result<string>) | null;
  readonly caFile: string | null;
  readonly timeoutMs: Millis;
}

/** `v1=` and the HMAC-SHA-256 over `TIMESTAMP.BODY`, hexadecimal. `timestamp`: whole seconds since 1970, as in its header. */
export const signatureOf = (key: string, timestamp: string, body: string): string =>
  `v1=${createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex')}`;

/** Too much, too early, or a server's own trouble may pass. */
const mayPass = (status: number): boolean => status >= 500 || status === 408 || status === 425 || status === 429;

const judge = (url: string, { status, text }: ReceiverAnswer): Outcome => {
  if (status >= 200 && status < 300) return delivered();
  const why = `${originOf(url)} answered ${status}${text === '' ? '' : `: ${text}`}`;
  if (status >= 300 && status < 400) return refused(`${why} (redirects are not followed)`);
  return mayPass(status) ? failed(why) : refused(why);
};

export const createWebhookChannel = (settings: WebhookSettings, wall: () => WallTime): Channel => ({
  name: settings.name,
  kind: 'webhook',
  send: async (message, signal) => {
    const url = settings.url();
    if (!url.ok) return failed(`${url.error.message} ${url.error.remedy}`);
    const key = settings.key?.() ?? null;
    if (key !== null && !key.ok) return failed(`${key.error.message} ${key.error.remedy}`);
    const body = JSON.stringify(documentOf(message));
    const timestamp = String(Math.floor(wall() / 1000));
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'dualtone-id': message.outgoing.id,
      'dualtone-timestamp': timestamp,
      ...(key === null ? {} : { 'dualtone-signature': signatureOf(key.value, timestamp, body) }),
    };
    let ca: string | null = null;
    try {
      if (settings.caFile !== null) ca = readFileSync(settings.caFile, 'utf8');
    } catch (error) {
      return failed(messageOf(error));
    }
    const { timeoutMs } = settings;
    const answer = await askReceiver({ url: url.value, method: 'POST', headers, body, timeoutMs, ca, signal });
    return answer.ok ? judge(url.value, answer.value) : failed(answer.error.message);
  },
});
