import { setTimeout as sleep } from 'node:timers/promises';
import { ok, type Result } from '../../src/core/result.ts';
import type { Account } from '../../src/sip/account.ts';
import { placeCall } from '../../src/sip/call.ts';
import { headerOf } from '../../src/sip/message.ts';
import { openUserAgent } from '../../src/sip/user-agent.ts';
import { monotonicMs, startTicker } from './clock.ts';
import { type Ask, judgeOutage, type OutageReport } from './outage.ts';

export interface TrunkPlan {
  readonly addresses: readonly string[];
  readonly nextAfterMs: number;
}

export interface RingPlan {
  readonly name: string;
  /** Who calls; its account must be among those opened. */
  readonly from: string;
  /** Who rings. */
  readonly to: string;
  /** Default 50. */
  readonly intervalMs?: number;
  /** A trunk with several addresses, instead of the account's server: each in turn, where the one before refuses or does not ring in time. */
  readonly trunk?: TrunkPlan;
  /** A telephone that rings later than this was not reached; default 450, before anybody would repeat the INVITE. */
  readonly ringWithinMs?: number;
}

export interface RingProber {
  /** As a prober's report; an ask is a call, its answer the first ring. */
  readonly report: (sinceMs: number, untilMs?: number) => OutageReport;
  /** Stops calling, and gives the last calls a second to be cancelled. */
  readonly stop: () => Promise<void>;
}

type Filling = { -readonly [Name in keyof Ask]: Ask[Name] };

const accountsOf = (account: Account, trunk?: TrunkPlan): readonly Account[] =>
  trunk?.addresses.map((address) => ({ ...account, domain: address, server: { address, port: 5060 } })) ?? [account];

const openCaller = (localAddress: string, signal: AbortSignal) =>
  openUserAgent({
    localAddress,
    localPort: 0,
    onRequest: ({ respond, request }) => {
      if (request.method !== 'ACK') respond({ status: 200, reason: 'OK' });
    },
    t1Ms: 60_000,
    signal,
  });

/**
 * Calls one telephone over and over: INVITE until it rings (180), then CANCEL. Nothing is repeated, so that an answer is
 * the answer to what was sent at that moment. `accountNow` is asked before each call; null: there is nobody to call then.
 */
export async function startRingProber(
  plan: RingPlan,
  accountNow: () => Account | null,
  localAddress: string,
): Promise<Result<RingProber>> {
  const closed = new AbortController();
  const opened = await openCaller(localAddress, closed.signal);
  if (!opened.ok) return opened;
  const agent = opened.value;
  const answerWithinMs = plan.ringWithinMs ?? 450;
  const asks: Filling[] = [];
  const underWay = new Set<Promise<unknown>>();
  const callOnce = async (from: Account, ask: Filling): Promise<void> => {
    const rang = new AbortController();
    await placeCall(agent, from, {
      to: plan.to,
      // Nobody will answer; the port is never used.
      media: { address: localAddress, port: 9 },
      timeoutMs: answerWithinMs,
      signal: rang.signal,
      onProvisional: (response) => {
        if (response.status !== 180 || ask.answeredMs !== undefined) return;
        ask.answeredMs = monotonicMs();
        ask.status = 180;
        ask.by = headerOf(response, 'Server') ?? headerOf(response, 'User-Agent');
        rang.abort();
      },
    });
  };
  const attempt = async (lateMs: number): Promise<void> => {
    const ask: Filling = { sentMs: monotonicMs(), lateMs };
    asks.push(ask);
    const account = accountNow();
    if (account === null) return;
    for (const each of accountsOf(account, plan.trunk)) {
      const call = callOnce(each, ask);
      await (plan.trunk === undefined ? call : Promise.race([call, sleep(plan.trunk.nextAfterMs)]));
      if (ask.answeredMs !== undefined) return;
    }
  };
  const ticker = startTicker(plan.intervalMs ?? 50, (lateMs) => {
    const call = attempt(lateMs);
    underWay.add(call);
    void call.finally(() => underWay.delete(call));
  });
  return ok({
    report: (sinceMs, untilMs = monotonicMs()) => judgeOutage(asks, { sinceMs, untilMs, answerWithinMs }),
    stop: async () => {
      ticker.stop();
      // Calls that nobody heard have nothing to cancel.
      await Promise.race([Promise.all(underWay), sleep(1000)]);
      closed.abort();
    },
  });
}
