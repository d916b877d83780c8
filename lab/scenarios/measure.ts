import { ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import type { OutageReport } from '../phones/outage.ts';
import type { Evidence } from '../provider/protocol.ts';
import type { Testimony } from '../witness/protocol.ts';
import { type Interval, longestSilenceMs, overlapMs } from '../witness/serving.ts';
import { askerName, type Observers } from './observers.ts';
import { rounded } from './statistics.ts';

/** What was seen from outside in a window of time. */
export interface Measured {
  readonly outageMs: number;
  readonly inboundOutageMs: number | null;
  /** The median time in which calls from outside came to ring; null without them. */
  readonly inboundSetupMs: number | null;
  /** As the telephone sees it that asks for SRV; null without it. */
  readonly srvOutageMs: number | null;
  readonly twoServingMs: number;
  /** The longest time in which neither node spoke for the virtual IP. */
  readonly silentMs: number;
  /** Changes of the node that answers. */
  readonly moves: number;
  readonly trunkRegistrations: number;
  /** From the first answer of who serves newly to its registration with the provider, at most; null: nobody else registered. */
  readonly trunkAfterMs: number | null;
  /** Registrations of the trunk that came from a node that did not serve. */
  readonly trunkTroubles: readonly string[];
  /** Registrations that telephones had to begin anew. */
  readonly registrationsBegun: number;
  readonly callsCut: number;
  /** How late the asking telephone was itself; an outage below it may be its own. */
  readonly selfLateMs: number;
}

const roundedOrNull = (value: number | null): number | null => (value === null ? null : rounded(value));

/** The witnesses' period. */
const periodMs = 10;

/** The longest gap, to the arrival of the answer that ended it. */
const outageOf = (report: OutageReport): number =>
  report.gaps.reduce(
    (longest, gap) => Math.max(longest, (gap.answeredMs ?? gap.fromMs + gap.lengthMs) - gap.fromMs),
    0,
  );

/** Who served in which order, with repetitions left out. */
export const movesOf = (servedByRole: Readonly<Record<Role, readonly Interval[]>>): number => {
  const order = (['main', 'standby'] as const)
    .flatMap((role) => servedByRole[role].map(({ fromMs }) => ({ role, fromMs })))
    .toSorted((a, b) => a.fromMs - b.fromMs);
  return order.filter(({ role }, index) => index > 0 && order[index - 1]?.role !== role).length;
};

/** A node may be a little ahead of its first answer, and a request on its way when it stops. */
const graceMs = 100;

/** Each accepted registration of the trunk must come from the node that served at that moment. */
export const trunkTroubles = (
  { notes }: Pick<Evidence, 'notes'>,
  servedByRole: Readonly<Record<Role, readonly Interval[]>>,
): readonly string[] =>
  notes
    .filter(({ method, outcome }) => method === 'REGISTER' && ['accepted', 'replaced'].includes(outcome))
    .flatMap(({ by, atMs }) => {
      const role = (['main', 'standby'] as const).find((each) => by.endsWith(` ${each}`));
      if (role === undefined) return [`the trunk was registered by "${by}"`];
      const serves = servedByRole[role].some(({ fromMs, toMs }) => atMs >= fromMs - graceMs && atMs <= toMs + graceMs);
      return serves ? [] : [`the ${role} registered the trunk while it did not serve`];
    });

/** How long after it began to serve each new registrant was accepted. */
const trunkDelayMs = (
  { changes }: Pick<Evidence, 'changes'>,
  servedByRole: Readonly<Record<Role, readonly Interval[]>>,
): number | null => {
  const delays = changes.flatMap(({ atMs, to }) => {
    const role = (['main', 'standby'] as const).find((each) => to.by.endsWith(` ${each}`));
    const from = role === undefined ? undefined : servedByRole[role].findLast(({ fromMs }) => fromMs - graceMs <= atMs);
    return from === undefined ? [] : [Math.max(0, atMs - from.fromMs)];
  });
  return delays.length === 0 ? null : Math.max(...delays);
};

const gather = async (
  { phones, provider, witnessByRole }: Observers,
  window: Interval,
  ringName: string | undefined,
  srvName: string | undefined,
): Promise<
  readonly [
    Result<OutageReport>,
    Result<OutageReport | null>,
    Result<OutageReport | null>,
    Result<Testimony>,
    Result<Testimony>,
    Result<Evidence>,
    Awaited<ReturnType<typeof countsOf>>,
  ]
> => {
  const { fromMs: sinceMs, toMs: untilMs } = window;
  return await Promise.all([
    phones.ask('probeReport', { name: askerName, sinceMs, untilMs }),
    ringName === undefined ? ok(null) : provider.ask('ringReport', { name: ringName, sinceMs, untilMs }),
    srvName === undefined ? ok(null) : phones.ask('ringReport', { name: srvName, sinceMs, untilMs }),
    witnessByRole.main.report(sinceMs, untilMs),
    witnessByRole.standby.report(sinceMs, untilMs),
    provider.ask('evidence', { sinceMs, untilMs }),
    countsOf(phones, sinceMs, untilMs),
  ]);
};

const countsOf = async (phones: Observers['phones'], sinceMs: number, untilMs: number) =>
  await phones.ask('counts', { sinceMs, untilMs });

/** Reads all observers' notes of a window that is over by half a second, so that late answers are in. Faults: those of the programs. */
export const measure = async (
  observers: Observers,
  window: Interval,
  ringName: string | undefined,
  srvName?: string,
): Promise<Result<Measured>> => {
  const [outage, inbound, srv, main, standby, evidence, counts] = await gather(observers, window, ringName, srvName);
  if (!outage.ok) return outage;
  if (!inbound.ok) return inbound;
  if (!srv.ok) return srv;
  if (!main.ok) return main;
  if (!standby.ok) return standby;
  if (!evidence.ok) return evidence;
  if (!counts.ok) return counts;
  const servedByRole = { main: main.value.served, standby: standby.value.served };
  return ok({
    outageMs: rounded(outageOf(outage.value)),
    inboundOutageMs: inbound.value === null ? null : rounded(outageOf(inbound.value)),
    inboundSetupMs: inbound.value === null ? null : rounded(inbound.value.latencyMedianMs),
    srvOutageMs: srv.value === null ? null : rounded(outageOf(srv.value)),
    twoServingMs: rounded(overlapMs(servedByRole.main, servedByRole.standby, periodMs)),
    silentMs: rounded(longestSilenceMs(window, [...servedByRole.main, ...servedByRole.standby])),
    moves: movesOf(servedByRole),
    trunkRegistrations: evidence.value.registrationsAccepted,
    trunkAfterMs: roundedOrNull(trunkDelayMs(evidence.value, servedByRole)),
    trunkTroubles: trunkTroubles(evidence.value, servedByRole),
    registrationsBegun: counts.value['registration-begun'],
    callsCut: counts.value['call-ended-by-other'],
    selfLateMs: rounded(outage.value.selfLateMsMax),
  });
};
