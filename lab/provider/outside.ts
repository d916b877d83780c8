import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Account } from '../../src/sip/account.ts';
import { newTag } from '../../src/sip/build.ts';
import { answeredCall, placeCall } from '../../src/sip/call.ts';
import { readSdp, writeSdp } from '../../src/sip/sdp.ts';
import type { Incoming } from '../../src/sip/server-transactions.ts';
import { openUserAgent, type UserAgent } from '../../src/sip/user-agent.ts';
import { monotonicMs } from '../phones/clock.ts';
import { createLegs, type Legs } from '../phones/legs.ts';
import { createEvidenceLog } from './evidence.ts';
import { createGuard } from './guard.ts';
import type { Evidence, InboundPlan, ProviderPlan } from './protocol.ts';
import { createRegistrar, type Registrar } from './registrar.ts';

/** The provider, and behind it everybody whom the PBX may call or be called by. */
export interface Outside {
  readonly agent: UserAgent;
  readonly registrar: Registrar;
  readonly evidence: (sinceMs: number, untilMs: number) => Evidence;
  readonly legs: Legs;
  /** Who calls the PBX: nobody in particular, at the place that registered. Fault `lab-not-registered`. */
  readonly caller: () => Result<Account>;
  readonly call: (plan: InboundPlan) => Promise<Result<{ readonly callId: string; readonly answeredAfterMs: number }>>;
  readonly hangUp: (callId: string) => Promise<Result<null>>;
}

const realm = 'provider.lab';
const callerNumber = '0301234567';
const endingMs = 4000;

/** Opens the provider's port. Faults: those of the sockets. */
export async function openOutside(plan: ProviderPlan, signal: AbortSignal): Promise<Result<Outside>> {
  const legs = await createLegs(plan.localAddress);
  if (!legs.ok) return legs;
  signal.addEventListener('abort', legs.value.close, { once: true });
  const guard = createGuard(plan.account, realm);
  const log = createEvidenceLog();
  const registrar = createRegistrar(plan, guard, log);
  const acknowledgeByCallId = new Map<string, () => void>();
  const opened = await openUserAgent({
    localAddress: plan.localAddress,
    localPort: plan.localPort ?? 5060,
    signal,
    onPacket: (_bytes, source) => log.countPacket(source),
    onUnacknowledged: ({ callId }) => void legs.value.end(callId, 'us'),
    onStrayResponse: ({ callId, status }) => {
      if (status >= 200 && status < 300) acknowledgeByCallId.get(callId)?.();
    },
    onRequest: (incoming) => {
      const { request, source, respond } = incoming;
      if (request.method === 'REGISTER') respond(registrar.register(request, source));
      else if (request.method === 'INVITE') {
        const refusal = request.to.paramByName.has('tag') ? undefined : guard.check(request);
        log.note(request, source, refusal === undefined ? 'answered' : 'challenged');
        if (refusal !== undefined) respond(refusal);
        else if (opened.ok) void takeCall(opened.value, legs.value, plan, incoming);
      } else {
        log.note(request, source, 'answered');
        const known = request.method !== 'BYE' || legs.value.end(request.callId, 'other');
        if (request.method === 'CANCEL') legs.value.end(request.callId, 'other');
        else if (request.method !== 'ACK')
          respond(known ? { status: 200, reason: 'OK' } : { status: 481, reason: 'No Call' });
      }
    },
  });
  if (!opened.ok) return opened;
  const agent = opened.value;
  const caller = (): Result<Account> => callerTo(registrar);
  return ok({
    agent,
    registrar,
    evidence: (sinceMs, untilMs) => ({ ...log.seen(sinceMs, untilMs), current: currentOf(registrar) }),
    legs: legs.value,
    caller,
    call: async (inbound) => {
      const account = caller();
      return account.ok
        ? await callIn(agent, legs.value, account.value, inbound, acknowledgeByCallId, signal)
        : account;
    },
    hangUp: async (callId) => {
      const leg = legs.value.find(callId);
      if (leg === undefined) return fail('lab-call', `No call ${callId}.`, 'Ask for the legs.');
      const byed = leg.hangUp();
      legs.value.end(callId, 'us');
      const result = await byed;
      return result.ok ? ok(null) : result;
    },
  });
}

function currentOf(registrar: Registrar): Evidence['current'] {
  const held = registrar.current();
  if (held === undefined) return undefined;
  const { callId, by, untilMs } = held;
  return { contact: held.contact.uriText, callId, by, untilMs };
}

function callerTo(registrar: Registrar): Result<Account> {
  const uri = registrar.current()?.contact.uri;
  if (uri?.kind !== 'sip') return fail('lab-not-registered', 'No trunk is registered.', 'Wait for its registration.');
  const address = uri.host.replace(/^\[|\]$/g, '');
  return ok({ user: callerNumber, password: '', domain: address, server: { address, port: uri.port ?? 5060 } });
}

/** Answers a call of the PBX to the outside, or the repetition of an offer within one. */
async function takeCall(agent: UserAgent, legs: Legs, plan: ProviderPlan, incoming: Incoming): Promise<void> {
  const { request, respond } = incoming;
  const { callId } = request;
  const { afterMs, voice } = plan.answering ?? { afterMs: 50, voice: true };
  const headers = [
    { name: 'Contact', value: `<sip:outside@${agent.localAddress}:${agent.localPort}>` },
    { name: 'Content-Type', value: 'application/sdp' },
  ];
  const known = legs.find(callId);
  if (known !== undefined) {
    respond({ status: 200, reason: 'OK', headers, body: writeSdp(known.media) });
    return;
  }
  const opened = await legs.open({ callId, user: 'outside', direction: 'taken', voice });
  if (!opened.ok) {
    respond({ status: 500, reason: 'No Port' });
    return;
  }
  const leg = opened.value;
  const account = { user: 'outside', password: '', domain: agent.localAddress, server: incoming.source };
  leg.hangUp = () => answeredCall(agent, incoming, account).hangUp({ timeoutMs: endingMs });
  respond({ status: 180, reason: 'Ringing' });
  setTimeout(() => {
    if (!legs.isRunning(callId)) return;
    respond({ status: 200, reason: 'OK', headers, body: writeSdp(leg.media) });
    leg.talkTo(readSdp(request.body));
  }, afterMs);
}

async function callIn(
  agent: UserAgent,
  legs: Legs,
  account: Account,
  { to, voice, timeoutMs = 5000 }: InboundPlan,
  acknowledgeByCallId: Map<string, () => void>,
  signal: AbortSignal,
): ReturnType<Outside['call']> {
  const callId = `${newTag()}@${realm}`;
  const opened = await legs.open({ callId, user: callerNumber, direction: 'placed', voice });
  if (!opened.ok) return opened;
  const leg = opened.value;
  const beganMs = monotonicMs();
  const placed = await placeCall(agent, account, { to, media: leg.media, timeoutMs, signal, callId });
  if (!placed.ok) {
    legs.end(callId, 'other');
    return placed;
  }
  leg.hangUp = () => placed.value.hangUp({ timeoutMs: endingMs });
  acknowledgeByCallId.set(callId, placed.value.acknowledge);
  leg.talkTo(placed.value.remoteMedia);
  return ok({ callId, answeredAfterMs: monotonicMs() - beganMs });
}
