import { setTimeout as sleep } from 'node:timers/promises';
import { ok, type Result } from '../../src/core/result.ts';
import type { Account } from '../../src/sip/account.ts';
import { placeCall } from '../../src/sip/call.ts';
import { headerOf } from '../../src/sip/message.ts';
import type { Target } from '../../src/sip/transactions.ts';
import { openUserAgent } from '../../src/sip/user-agent.ts';
import { monotonicMs, startTicker } from './clock.ts';
import { createLocator, type LocatePlan } from './locate.ts';
import { type Ask, judgeOutage, type OutageReport } from './outage.ts';

export interface TrunkPlan {
  readonly addresses: readonly string[];
  readonly nextAfterMs: number;
}

/** A telephone that finds its servers in the DNS, and goes on to the next target when one refuses or is silent for so long. */
export interface SrvPlan extends LocatePlan {
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
  /** Instead of the account's server, likewise. */
  readonly srv?: SrvPlan;
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

interface Way {
  readonly targets: () => readonly Target[];
  readonly answered: (target: Target) => void;
  readonly nextAfterMs: number;
}

const wayOf = async ({ trunk, srv }: RingPlan, signal: AbortSignal): Promise<Way | null> => {
  if (srv !== undefined) return { ...(await createLocator(srv, signal)), nextAfterMs: srv.nextAfterMs };
  if (trunk === undefined) return null;
  const targets = trunk.addresses.map((address) => ({ address, port: 5060 }));
  return { targets: () => targets, answered: () => undefined, nextAfterMs: trunk.nextAfterMs };
};

/** Whom one call may be sent to, in this order. */
const accountsOf = (account: Account, way: Way | null): readonly Account[] =>
  way?.targets().map((server) => ({ ...account, domain: server.address, server })) ?? [account];

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
  const way = await wayOf(plan, closed.signal);
  /** A call that is about to ring at the last moment is one. */
  const patienceMs = Math.max(answerWithinMs, way?.nextAfterMs ?? 0);
  const asks: Filling[] = [];
  const underWay = new Set<Promise<unknown>>();
  const callOnce = async (from: Account, ask: Filling): Promise<void> => {
    const rang = new AbortController();
    await placeCall(agent, from, {
      to: plan.to,
      // Nobody will answer; the port is never used.
      media: { address: localAddress, port: 9 },
      timeoutMs: patienceMs,
      signal: rang.signal,
      onProvisional: (response) => {
        if (response.status !== 180 || ask.answeredMs !== undefined) return;
        ask.answeredMs = monotonicMs();
        ask.status = 180;
        ask.by = headerOf(response, 'Server') ?? headerOf(response, 'User-Agent');
        way?.answered(from.server);
        rang.abort();
      },
    });
  };
  const attempt = async (lateMs: number): Promise<void> => {
    const ask: Filling = { sentMs: monotonicMs(), lateMs };
    asks.push(ask);
    const account = accountNow();
    if (account === null) return;
    for (const each of accountsOf(account, way)) {
      const call = callOnce(each, ask);
      await (way === null ? call : Promise.race([call, sleep(way.nextAfterMs)]));
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
