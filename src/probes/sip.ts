import type { Fault } from '../core/result.ts';
import type { Clock } from '../ports.ts';
import { type OptionsAnswer, type OptionsQuestion, sendOptions } from '../sip/options.ts';
import { type Answer, failed, type Subject, silent, type WatchedProbe, well } from './answer.ts';
import { createPacedProbe, type Pace } from './paced.ts';

export interface SipProbeOptions extends Subject, Pace, Pick<OptionsQuestion, 'transport' | 'host' | 'port'> {
  readonly localAddress?: string | undefined;
  readonly tls?: OptionsQuestion['tls'];
}

/**
 * Does SIP answer OPTIONS? Any final answer below 500 is a sign of life, 401 and 404 too. A refused port is crashed; no
 * answer in time is `failed`, so that an Asterisk whose manager lives while its SIP is deaf is found.
 */
export const createSipProbe = (options: SipProbeOptions, clock: Clock, send = sendOptions): WatchedProbe => {
  const { transport, host, port, localAddress, tls, timeoutMs } = options;
  // The pace keeps the deadline; the client's own is a little later, so that one judge decides.
  const question = { transport, host, port, localAddress, tls, timeoutMs: timeoutMs * 2 + 1_000 };
  return createPacedProbe(
    { ...options, overlapping: true },
    async (signal) => {
      const answer = await send({ ...question, signal });
      return answer.ok ? judge(answer.value) : judgeFault(answer.error);
    },
    clock,
  );
};

const judge = ({ status, tookMs }: OptionsAnswer): Answer =>
  status >= 500 || status === 408
    ? failed(`OPTIONS was answered with ${status}`)
    : well(`${status} in ${Math.round(tookMs)} ms`);

/** What our own side may have caused is no evidence. */
const ownFaults = new Set(['sip-name', 'sip-local-address', 'sip-transport', 'sip-bad-target', 'sip-aborted']);

const judgeFault = ({ code, message }: Fault): Answer => {
  if (code === 'sip-refused') return { outcome: 'failed', crashed: true, reason: message };
  return ownFaults.has(code) ? silent(message) : failed(message);
};
