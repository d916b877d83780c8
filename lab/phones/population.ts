import { fail, ok, type Result } from '../../src/core/result.ts';
import { type Account, contactOf, createRegistration, type Registration } from '../../src/sip/account.ts';
import { newTag } from '../../src/sip/build.ts';
import { answeredCall, placeCall } from '../../src/sip/call.ts';
import { headerOf, type ReceivedRequest } from '../../src/sip/message.ts';
import { readSdp, writeSdp } from '../../src/sip/sdp.ts';
import type { Incoming } from '../../src/sip/server-transactions.ts';
import { parseUri } from '../../src/sip/uri.ts';
import { openUserAgent, type UserAgent } from '../../src/sip/user-agent.ts';
import { monotonicMs } from './clock.ts';
import { domainOf, followServer } from './follow.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createLegs, type Leg, type Legs } from './legs.ts';
import {
  type Answering,
  type CallPlan,
  type NoteKind,
  noteKinds,
  type OpenPlan,
  type PhonesEvent,
} from './protocol.ts';

/** One telephone. */
export interface Phone {
  readonly account: Account;
  readonly agent: UserAgent;
  readonly registration: Registration;
  answering: Answering;
}

export interface Population {
  readonly phoneByUser: ReadonlyMap<string, Phone>;
  readonly ports: number;
  readonly ledger: Ledger<NoteKind>;
  readonly legs: Legs;
  /** See `lamp` of the protocol. */
  readonly lamp: (user: string) => string | null;
  readonly call: (plan: CallPlan) => Promise<Result<{ readonly callId: string; readonly answeredAfterMs: number }>>;
  readonly hangUp: (callId: string) => Promise<Result<null>>;
}

interface Shared {
  readonly plan: OpenPlan;
  readonly phoneByUser: Map<string, Phone>;
  readonly ledger: Ledger<NoteKind>;
  readonly legs: Legs;
  readonly lampByUser: Map<string, string>;
  /** How to acknowledge a placed call's answer once more. */
  readonly acknowledgeByCallId: Map<string, () => void>;
  readonly emit: (event: PhonesEvent) => void;
  readonly signal: AbortSignal;
}

/** How long BYE may take. */
const endingMs = 4000;

/** Opens the telephones' ports. They do not register yet. Faults: those of the sockets; `lab-account` for a name given twice. */
export async function openPopulation(
  plan: OpenPlan,
  emit: (event: PhonesEvent) => void,
  signal: AbortSignal,
): Promise<Result<Population>> {
  const legs = await createLegs(plan.localAddress);
  if (!legs.ok) return legs;
  signal.addEventListener('abort', legs.value.close, { once: true });
  const ledger = createLedger(noteKinds);
  const shared: Shared = {
    plan,
    phoneByUser: new Map(),
    acknowledgeByCallId: new Map(),
    lampByUser: new Map(),
    ledger,
    legs: legs.value,
    emit,
    signal,
  };
  const groupSize = plan.phonesPerPort ?? 100;
  const server = await followServer(plan.server, signal);
  if (!server.ok) return server;
  let ports = 0;
  for (let at = 0; at < plan.accounts.length; at += groupSize) {
    const agent = await openAgent(shared);
    if (!agent.ok) return agent;
    ports += 1;
    for (const { user, password } of plan.accounts.slice(at, at + groupSize)) {
      if (shared.phoneByUser.has(user))
        return fail('lab-account', `${user} was given twice.`, 'Give each phone one name.');
      const account = { user, password, domain: plan.domain ?? domainOf(plan.server), server: server.value };
      const registration = createRegistration(agent.value, account);
      shared.phoneByUser.set(user, { account, agent: agent.value, registration, answering: { kind: 'ring' } });
    }
  }
  const { phoneByUser } = shared;
  return ok({
    phoneByUser,
    ports,
    ledger,
    legs: legs.value,
    lamp: (user) => shared.lampByUser.get(user) ?? null,
    call: (callPlan) => call(shared, callPlan),
    hangUp: (callId) => hangUp(shared, callId),
  });
}

async function openAgent(shared: Shared): Promise<Result<UserAgent>> {
  const opened = await openUserAgent({
    localAddress: shared.plan.localAddress,
    localPort: 0,
    onRequest: (incoming) => void takeRequest(shared, incoming),
    onUnacknowledged: ({ callId }) => ended(shared, callId, 'us'),
    // A repeated 200 to our INVITE: our ACK was lost.
    onStrayResponse: (response) => {
      if (response.sequence.method === 'INVITE' && response.status < 300)
        shared.acknowledgeByCallId.get(response.callId)?.();
    },
    signal: shared.signal,
  });
  return opened;
}

function ended(shared: Shared, callId: string, by: 'us' | 'other'): void {
  const user = shared.legs.find(callId)?.user ?? '';
  shared.acknowledgeByCallId.delete(callId);
  if (!shared.legs.end(callId, by)) return;
  const atMs = monotonicMs();
  shared.ledger.note(by === 'us' ? 'call-ended-by-us' : 'call-ended-by-other', atMs);
  shared.emit({ event: 'call-ended', callId, user, by, atMs });
}

async function takeRequest(shared: Shared, incoming: Incoming): Promise<void> {
  const { request, respond } = incoming;
  const { method, callId } = request;
  if (method === 'ACK') return;
  if (method === 'CANCEL') {
    ended(shared, callId, 'other');
    return;
  }
  if (method === 'BYE') {
    const known = shared.legs.find(callId) !== undefined;
    respond(known ? { status: 200, reason: 'OK' } : { status: 481, reason: 'Call Does Not Exist' });
    ended(shared, callId, 'other');
    return;
  }
  if (method === 'OPTIONS') shared.ledger.note('asked-options', monotonicMs());
  if (method === 'NOTIFY') light(shared, request);
  if (method !== 'INVITE') {
    respond({ status: 200, reason: 'OK' });
    return;
  }
  const leg = shared.legs.find(callId);
  if (leg === undefined) await ring(shared, incoming);
  else answer(incoming, leg, request.to.uri.kind === 'sip' ? (request.to.uri.user ?? '') : '');
}

function light({ lampByUser }: Shared, request: ReceivedRequest): void {
  const counted = /^Voice-Message: (\d+\/\d+)/m.exec(Buffer.from(request.body).toString('latin1'))?.[1];
  const uri = parseUri(request.uri);
  if (counted === undefined || typeof uri === 'string' || uri.kind !== 'sip') return;
  lampByUser.set(uri.user ?? '', `${counted} by ${headerOf(request, 'User-Agent') ?? '?'}`);
}

function answer(incoming: Incoming, leg: Leg, user: string): void {
  const headers = [
    // Asterisk reaches this port already; what it hears in Contact must only be stable.
    { name: 'Contact', value: `<sip:${user}@${hostOf(incoming.request)}>` },
    { name: 'Content-Type', value: 'application/sdp' },
  ];
  incoming.respond({ status: 200, reason: 'OK', headers, body: writeSdp(leg.media) });
  leg.talkTo(readSdp(incoming.request.body));
}

function hostOf(request: ReceivedRequest): string {
  const uri = parseUri(request.uri);
  if (typeof uri === 'string' || uri.kind !== 'sip') return 'invalid';
  return uri.port === undefined ? uri.host : `${uri.host}:${uri.port}`;
}

async function ring(shared: Shared, incoming: Incoming): Promise<void> {
  const { request, respond } = incoming;
  const uri = parseUri(request.uri);
  const user = typeof uri !== 'string' && uri.kind === 'sip' ? (uri.user ?? '') : '';
  const phone = shared.phoneByUser.get(user);
  if (phone === undefined) {
    respond({ status: 404, reason: 'Not Found' });
    return;
  }
  const atMs = monotonicMs();
  shared.ledger.note('rang', atMs);
  shared.emit({ event: 'rang', user, atMs });
  respond({ status: 180, reason: 'Ringing', headers: [{ name: 'Contact', value: contactOf(phone.agent, user) }] });
  const { answering } = phone;
  if (answering.kind === 'ring') {
    // After a CANCEL this answer is not sent: the INVITE has its final one.
    const timer = setTimeout(() => respond({ status: 480, reason: 'Nobody Answers' }), shared.plan.ringForMs ?? 5000);
    timer.unref();
    return;
  }
  const opened = await shared.legs.open({ callId: request.callId, user, direction: 'taken', voice: answering.voice });
  if (!opened.ok) {
    respond({ status: 500, reason: 'No Port' });
    return;
  }
  const leg = opened.value;
  leg.hangUp = () => answeredCall(phone.agent, incoming, phone.account).hangUp({ timeoutMs: endingMs });
  setTimeout(() => {
    if (!shared.legs.isRunning(request.callId)) return;
    shared.ledger.note('answered', monotonicMs());
    answer(incoming, leg, user);
  }, answering.afterMs);
}

async function call(shared: Shared, plan: CallPlan): ReturnType<Population['call']> {
  const phone = shared.phoneByUser.get(plan.from);
  if (phone === undefined) return fail('lab-account', `No telephone ${plan.from}.`, 'Open it first.');
  const callId = `${newTag()}@dualtone-lab`;
  const opened = await shared.legs.open({ callId, user: plan.from, direction: 'placed', voice: plan.voice });
  if (!opened.ok) return opened;
  const leg = opened.value;
  const beganMs = monotonicMs();
  shared.ledger.note('call-placed', beganMs);
  const { signal } = shared;
  const placed = await placeCall(phone.agent, phone.account, {
    to: plan.to,
    media: leg.media,
    timeoutMs: plan.timeoutMs ?? 5000,
    signal,
    callId,
  });
  if (!placed.ok) {
    shared.legs.end(callId, 'other');
    shared.ledger.note('call-refused', monotonicMs());
    return placed;
  }
  leg.hangUp = () => placed.value.hangUp({ timeoutMs: endingMs });
  shared.acknowledgeByCallId.set(callId, placed.value.acknowledge);
  leg.talkTo(placed.value.remoteMedia);
  return ok({ callId, answeredAfterMs: monotonicMs() - beganMs });
}

async function hangUp(shared: Shared, callId: string): Promise<Result<null>> {
  const leg = shared.legs.find(callId);
  if (leg === undefined) return fail('lab-call', `No call ${callId}.`, 'Ask for the legs.');
  const byed = leg.hangUp();
  ended(shared, callId, 'us');
  const result = await byed;
  return result.ok ? ok(null) : result;
}
