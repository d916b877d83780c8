import type { Fault } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { Clock } from '../ports.ts';
import { type Answer, failed, type Subject, silent, type WatchedProbe, well } from './answer.ts';
import { createPacedProbe, type Pace } from './paced.ts';
import { createSipAsker, type SipAskerOptions } from './sip-asker.ts';
import { createQuickSipAsker } from './sip-quick-asker.ts';

export interface SipProbeOptions extends Subject, Pace, SipAskerOptions {}

/** Up to here the next question takes the place of a repetition, which SIP begins after half a second. */
const quickPeriodMs: Millis = 500;

/**
 * Does SIP answer OPTIONS? Any final answer below 500 is a sign of life, 401 and 404 too. A refused port is crashed; no
 * answer in time is `failed`, so that an Asterisk whose manager lives while its SIP is deaf is found.
 */
export const createSipProbe = (options: SipProbeOptions, clock: Clock): WatchedProbe => {
  const { transport, host, port, localAddress, tls, timeoutMs } = options;
  const quick = transport === 'udp' && options.periodMs <= quickPeriodMs;
  const asker = (quick ? createQuickSipAsker : createSipAsker)({ transport, host, port, localAddress, tls });
  const paced = createPacedProbe(
    // Whoever was not answered does not trust the channel.
    { ...options, overlapping: true, onOverdue: () => asker.renew() },
    async (signal) => {
      const askedAt = clock.now();
      // The pace keeps the deadline; the client's own is later, so that one judge decides.
      const answer = await asker.ask({ timeoutMs: timeoutMs * 2 + 1_000, signal });
      return answer.ok ? judge(answer.value, clock.now() - askedAt) : judgeFault(answer.error);
    },
    clock,
  );
  return {
    ...paced,
    stop: async () => {
      await Promise.all([paced.stop(), asker.close()]);
    },
  };
};

const judge = (status: number, tookMs: Millis): Answer =>
  status >= 500 || status === 408
    ? failed(`OPTIONS was answered with ${status}`)
    : well(`${status} in ${Math.round(tookMs)} ms`);

/** What our own side may have caused is no evidence. */
const ownFaults = new Set(['sip-name', 'sip-local-address', 'sip-transport', 'sip-bad-target', 'sip-aborted']);

const judgeFault = ({ code, message }: Fault): Answer => {
  if (code === 'sip-refused') return { outcome: 'failed', crashed: true, reason: message };
  return ownFaults.has(code) ? silent(message) : failed(message);
};
