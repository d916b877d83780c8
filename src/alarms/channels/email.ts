/** Alarms by e-mail. The same message has the same Message-ID at each try. */
import { readFileSync } from 'node:fs';
import { createTransport } from 'nodemailer';
import { messageOf, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import { type Channel, delivered, failed, type Message, type Outcome, refused, severityOf } from '../channel.ts';

export interface EmailSettings {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** From the first byte, by STARTTLS (never without it), or not at all. */
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** Name in the certificate; null: that of `host`. */
  readonly serverName: string | null;
  /** PEM; null: the system's. */
  readonly caFile: string | null;
  readonly user: string | null;
  readonly password: (() => Result<string>) | null;
  readonly from: string;
  readonly to: readonly string[];
  readonly timeoutMs: Millis;
  /** How this machine greets. */
  readonly hostname: string;
}

interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
}

const PRIORITY = { alarm: 'high', warning: 'normal', info: 'low' } as const;

/** The right of the at sign in a Message-ID. */
const domainOf = (from: string): string =>
  from.slice(from.lastIndexOf('@') + 1).replace(/[^A-Za-z0-9.-]/g, '') || 'dualtone';

const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').slice(0, 300);

const judge = (error: SmtpError): Outcome => {
  const why = oneLine(error.message);
  // What the server said to the message itself; a login that fails may be mended at the server without a new message.
  const final = (error.responseCode ?? 0) >= 500 && error.code !== 'EAUTH' && error.code !== 'ETLS';
  return final ? refused(why) : failed(why);
};

const secretsOf = (settings: EmailSettings): Result<{ readonly password: string; readonly ca: string | null }> => {
  const password = settings.password?.() ?? ok('');
  if (!password.ok) return password;
  return ok({
    password: password.value,
    ca: settings.caFile === null ? null : readFileSync(settings.caFile, 'utf8'),
  });
};

const transportOf = (settings: EmailSettings, password: string, ca: string | null) => {
  const { host, port, tls, serverName, user, timeoutMs, hostname } = settings;
  return createTransport({
    host,
    port,
    name: hostname,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user === null ? {} : { auth: { user, pass: password } }),
    tls: {
      minVersion: 'TLSv1.2',
      ...(ca === null ? {} : { ca }),
      ...(serverName === null ? {} : { servername: serverName }),
    },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
};

const mailOf = ({ from, to }: EmailSettings, { outgoing, text }: Message) => ({
  from,
  to: [...to],
  subject: text.subject,
  text: text.body,
  date: new Date(outgoing.wall),
  messageId: `<${outgoing.id}.dualtone@${domainOf(from)}>`,
  priority: PRIORITY[severityOf(outgoing)],
  // No answers of absent people, no loops.
  headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
});

const sendMail = async (settings: EmailSettings, message: Message, signal: AbortSignal): Promise<Outcome> => {
  const secrets = secretsOf(settings);
  if (!secrets.ok) return failed(`${secrets.error.message} ${secrets.error.remedy}`);
  const transport = transportOf(settings, secrets.value.password, secrets.value.ca);
  const { promise: late, resolve } = Promise.withResolvers<Outcome>();
  const onAbort = (): void => resolve(failed('called off'));
  signal.addEventListener('abort', onAbort, { once: true });
  // Each of its steps has a limit; this one is for all of them.
  const timer = setTimeout(
    () => resolve(failed(`no answer within ${2 * settings.timeoutMs} ms`)),
    2 * settings.timeoutMs,
  );
  const send = async (): Promise<Outcome> => {
    const { rejected } = await transport.sendMail(mailOf(settings, message));
    return delivered(rejected.length === 0 ? '' : `refused for ${rejected.map(String).join(', ')}`);
  };
  try {
    return await Promise.race([send(), late]);
  } catch (error) {
    return judge(error as SmtpError);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    transport.close();
  }
};

export const createEmailChannel = (settings: EmailSettings): Channel => ({
  name: settings.name,
  kind: 'email',
  send: async (message, signal) => {
    try {
      return await sendMail(settings, message, signal);
    } catch (error) {
      return failed(oneLine(messageOf(error)));
    }
  },
});
