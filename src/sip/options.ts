import { isIP } from 'node:net';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import { buildRequest, hostText, newTag } from './build.ts';
import { type ChannelOptions, openChannel, type TlsOptions, type Transport } from './channel.ts';
import { isHost, isToken } from './cursor.ts';
import { headerOf } from './message.ts';
import { createTransactions, type Transactions } from './transactions.ts';

export interface OptionsQuestion {
  readonly transport: Transport;
  /** Name or address of the SIP server. */
  readonly host: string;
  readonly port: number;
  /** Asks from this address; default: the system chooses. */
  readonly localAddress?: string | undefined;
  /** Name resolution, connecting, repetitions and the answer together. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** The user part asked for; default: none, that is, the server itself. */
  readonly user?: string | undefined;
  readonly tls?: TlsOptions | undefined;
}

export interface OptionsAnswer {
  /** Any final status is a sign of life, 401 and 404 too; what it is worth, the probe decides. */
  readonly status: number;
  readonly reason: string;
  /** From the call of `sendOptions` to the answer. */
  readonly tookMs: number;
  /** Who answered, if it says so: the header Server, else User-Agent. */
  readonly server: string | undefined;
}

/**
 * Asks a SIP server whether it lives (RFC 3261 11), on a socket of its own that is closed when this returns. Faults:
 * `sip-timeout`, `sip-refused` (at once, by ICMP or TCP), `sip-unreachable`, `sip-garbled` (answered, but not in SIP),
 * `sip-tls`, `sip-name`, `sip-local-address`, `sip-reset`, `sip-transport`, `sip-aborted`, `sip-bad-target`.
 */
export async function sendOptions(question: OptionsQuestion): Promise<Result<OptionsAnswer>> {
  const beganMs = performance.now();
  const problem = targetProblem(question);
  if (problem !== undefined) return fail('sip-bad-target', problem, 'Correct the target of this probe.');
  if (question.signal.aborted) return fail('sip-aborted', 'OPTIONS was called off.', 'Nothing to do.');
  const done = new AbortController();
  const stop = (): void => done.abort();
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    stop();
  }, question.timeoutMs);
  question.signal.addEventListener('abort', stop, { once: true });
  try {
    const answer = await ask(question, done.signal, beganMs);
    return !answer.ok && late ? { ok: false, error: lateFault(question, answer.error) } : answer;
  } finally {
    clearTimeout(deadline);
    question.signal.removeEventListener('abort', stop);
    stop();
  }
}

function targetProblem({ host, port, localAddress, timeoutMs, user }: OptionsQuestion): string | undefined {
  if (isIP(host) === 0 && !isHost(host)) return `"${host}" is neither a name nor an address.`;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return `${port} is no port.`;
  if (localAddress !== undefined && isIP(localAddress) === 0) return `"${localAddress}" is no address.`;
  if (user !== undefined && !isToken(user)) return `"${user}" is no user part of a SIP address.`;
  return timeoutMs > 0 && timeoutMs < 2 ** 31 ? undefined : `${timeoutMs} ms is no time limit.`;
}

function lateFault({ host, port, timeoutMs }: OptionsQuestion, cause: Fault): Fault {
  if (cause.code === 'sip-garbled') return cause;
  const message = `No answer to OPTIONS from ${host}:${port} within ${timeoutMs} ms.`;
  return { code: 'sip-timeout', message, remedy: 'Check that the SIP server runs and is reached.' };
}

async function ask(question: OptionsQuestion, signal: AbortSignal, beganMs: number): Promise<Result<OptionsAnswer>> {
  const { transport, host, port, localAddress, tls, timeoutMs } = question;
  let garbled: Fault | undefined;
  let transactions: Transactions | undefined;
  const options: ChannelOptions = {
    transport,
    host,
    port,
    localAddress,
    tls,
    signal,
    onMessage: (message) => {
      if (message.kind === 'response') transactions?.receive(message);
    },
    onGarbage: (fault) => {
      garbled = fault;
    },
    onGone: (fault) => transactions?.failAll(fault),
  };
  const channel = await openChannel(options);
  if (!channel.ok) return channel;
  transactions = createTransactions({ reliable: channel.value.reliable, send: channel.value.send });
  const answer = await transactions.request(optionsRequest(question, channel.value), { timeoutMs, signal });
  channel.value.close();
  if (!answer.ok) return garbled === undefined ? answer : garbledFault(question, garbled);
  const { status, reason } = answer.value;
  const server = headerOf(answer.value, 'Server') ?? headerOf(answer.value, 'User-Agent');
  return ok({ status, reason, tookMs: performance.now() - beganMs, server });
}

function garbledFault({ host, port }: OptionsQuestion, garbled: Fault): ReturnType<typeof fail> {
  const message = `${host}:${port} answers, but not in SIP. ${garbled.message}`;
  return fail('sip-garbled', message, 'Check what listens on that port.');
}

function optionsRequest(
  { transport, host, port, user }: OptionsQuestion,
  { localAddress, localPort }: { readonly localAddress: string; readonly localPort: number },
): ReturnType<typeof buildRequest> {
  const own = hostText(localAddress);
  const uri = `${transport === 'tls' ? 'sips' : 'sip'}:${user === undefined ? '' : `${user}@`}${hostText(host)}:${port}`;
  return buildRequest({
    method: 'OPTIONS',
    uri,
    via: { transport: transport.toUpperCase(), host: localAddress, port: localPort },
    from: `<sip:dualtone@${own}:${localPort}>;tag=${newTag()}`,
    to: `<${uri}>`,
    callId: newTag(),
    sequence: 1,
    headers: [
      { name: 'Contact', value: `<sip:dualtone@${own}:${localPort}>` },
      { name: 'Accept', value: 'application/sdp' },
      { name: 'User-Agent', value: 'Dualtone' },
    ],
  });
}
