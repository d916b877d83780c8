/** One question to an NRPE daemon, by a connection of its own: bounded in time and bytes, and called off by a signal. */
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import {
  answerSize,
  decodeAnswer,
  encodeQuery,
  MOST_ANSWER_BYTES,
  type NrpeAnswer,
  type NrpeVersion,
} from './packet.ts';

export type NrpeTls =
  /** Nothing is encrypted (`nrpe -n`). */
  | { readonly kind: 'off' }
  /** Debian's default: encrypted, and nobody knows with whom. */
  | { readonly kind: 'anonymous' }
  /** Both sides show a certificate; PEM texts. `name`: what the daemon's must be for; null: its address. */
  | {
      readonly kind: 'certificate';
      readonly ca: string;
      readonly certificate: string | null;
      readonly key: string | null;
      readonly name: string | null;
    };

export interface NrpeTarget {
  readonly address: string;
  readonly port: number;
  readonly tls: NrpeTls;
}

/** TLS 1.3 knows no anonymous ciphers, and OpenSSL leaves them out above level 0. */
const ANONYMOUS: ConnectionOptions = {
  ciphers: 'ADH-AES256-GCM-SHA384:ADH-AES128-GCM-SHA256:ADH-AES256-SHA256:ADH-AES256-SHA:ADH-AES128-SHA:@SECLEVEL=0',
  minVersion: 'TLSv1',
  maxVersion: 'TLSv1.2',
  rejectUnauthorized: false,
};

const open = ({ address, port, tls }: NrpeTarget): Socket | TLSSocket => {
  const place = { host: address, port };
  if (tls.kind === 'off') return connect(place);
  if (tls.kind === 'anonymous') return connectTls({ ...place, ...ANONYMOUS });
  const { ca, certificate, key, name } = tls;
  return connectTls({
    ...place,
    ca,
    minVersion: 'TLSv1.2',
    ...(certificate === null ? {} : { cert: certificate }),
    ...(key === null ? {} : { key }),
    ...(name === null ? {} : { servername: name }),
  });
};

const placeOf = ({ address, port }: NrpeTarget): string => `${address} port ${port}`;

const UNREACHED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'EHOSTDOWN',
]);

const OUT_OF_DATE: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

const closedUnasked = (target: NrpeTarget) =>
  fail(
    'nrpe-refused',
    `The NRPE daemon at ${placeOf(target)} closed the connection without a word.`,
    "Add this node's address to `allowed_hosts` there, and see that both use TLS alike (`nrpe -n` uses none).",
  );

const failedBy = (target: NrpeTarget, { code: errno = '', message }: NodeJS.ErrnoException) => {
  if (UNREACHED.has(errno))
    return fail(
      'nrpe-unreachable',
      `No NRPE daemon was reached at ${placeOf(target)}: ${errno}.`,
      'See that `nagios-nrpe-server` runs there and that its port is open to both nodes.',
    );
  if (errno === 'ECONNRESET' || errno === 'EPIPE') return closedUnasked(target);
  if (OUT_OF_DATE.has(errno))
    return fail(
      'nrpe-certificate-dates',
      `By the clock of this machine the certificate of the NRPE daemon at ${placeOf(target)} is ${errno === 'CERT_HAS_EXPIRED' ? 'out of date' : 'not valid yet'}.`,
      'Compare the clocks of both machines (`timedatectl`); if they agree, renew the certificate there.',
    );
  return fail(
    'nrpe-tls',
    `TLS with the NRPE daemon at ${placeOf(target)} failed: ${message.replace(/\.?\s*$/, '').slice(0, 200)}.`,
    'Set `nrpe.tls` as the daemon has it: `anonymous`, `certificate` with its authority, or `off`.',
  );
};

const tooSlow = (target: NrpeTarget, timeoutMs: Millis) =>
  fail(
    'nrpe-timeout',
    `The NRPE daemon at ${placeOf(target)} did not answer within ${timeoutMs} ms.`,
    'See what its plugin waits for: its own timeout must be shorter than `nrpe.timeout`.',
  );

const calledOff = () => fail('nrpe-called-off', 'The question was called off.', 'Nothing needs to be done.');

/** All bytes of one answer; the socket is gone with it, whatever comes. */
const exchange = (target: NrpeTarget, query: Buffer, timeoutMs: Millis, signal: AbortSignal): Promise<Result<Buffer>> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve(calledOff());
    let bytes = Buffer.alloc(0);
    let socket: Socket;
    try {
      socket = open(target);
    } catch (error) {
      // A certificate or key that is none is thrown at once.
      return resolve(failedBy(target, new Error(messageOf(error))));
    }
    const timer = setTimeout(() => end(tooSlow(target, timeoutMs)), timeoutMs);
    const onAbort = (): void => end(calledOff());
    const end = (result: Result<Buffer>): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once(target.tls.kind === 'off' ? 'connect' : 'secureConnect', () => socket.write(query));
    socket.on('error', (error) => end(failedBy(target, error)));
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk.subarray(0, MOST_ANSWER_BYTES + 1 - bytes.length)]);
      const size = answerSize(bytes);
      if (!size.ok) end(size);
      else if (size.value !== null && bytes.length >= size.value) end(ok(bytes));
    });
    socket.once('close', () => end(bytes.length === 0 ? closedUnasked(target) : ok(bytes)));
  });

/**
 * One question in one version. Faults: `nrpe-unreachable`, `nrpe-refused`, `nrpe-tls`, `nrpe-certificate-dates`, `nrpe-timeout`,
 * `nrpe-malformed`, `nrpe-called-off`. None of them says anything about what the daemon was asked.
 */
export const askNrpe = async (
  target: NrpeTarget,
  version: NrpeVersion,
  command: string,
  bounds: { readonly timeoutMs: Millis; readonly signal: AbortSignal },
): Promise<Result<NrpeAnswer>> => {
  const bytes = await exchange(target, encodeQuery(version, command), bounds.timeoutMs, bounds.signal);
  return bytes.ok ? decodeAnswer(version, bytes.value) : bytes;
};
