import { type Fault, fail, ok, type Result } from '../core/result.ts';
import { type Account, addressAt, contactOf, requestAs, requestOf, statusFault, type Timing } from './account.ts';
import { buildCancel, newTag } from './build.ts';
import { parseParties } from './fields.ts';
import { headerOf, headersOf, type ReceivedRequest, type ReceivedResponse, type SipRequest } from './message.ts';
import { type MediaPlace, readSdp, writeSdp } from './sdp.ts';
import type { Incoming } from './server-transactions.ts';
import type { Target } from './transactions.ts';
import type { UserAgent } from './user-agent.ts';

/** A call that was answered. Its BYE comes in as a request; the owner of the agent finds the call by its Call-ID. */
export interface Call {
  readonly callId: string;
  /** Where the other side wants its audio; undefined if it said nothing that is understood. */
  readonly remoteMedia: MediaPlace | undefined;
  /** Sends BYE. */
  readonly hangUp: (timing: Timing) => Promise<Result<ReceivedResponse>>;
  /** Acknowledges the answer again: its repetition tells that the first ACK was lost. */
  readonly acknowledge: () => void;
}

export interface CallOptions {
  /** Extension or user at the account's server. */
  readonly to: string;
  /** Where audio is received. */
  readonly media: MediaPlace;
  /** How long it may ring. */
  readonly timeoutMs: number;
  /** Aborting it cancels the call (RFC 3261 9), or hangs up if the answer was faster. */
  readonly signal: AbortSignal;
  readonly callId?: string;
  readonly onProvisional?: (response: ReceivedResponse) => void;
  /** Each INVITE as it is sent: the second bears credentials. */
  readonly onSend?: (request: SipRequest) => void;
}

/** How long BYE and CANCEL may take. */
const endingMs = 4000;

/**
 * Calls (RFC 3261 13): INVITE with credentials if asked for, ACK; the promise is settled by the final answer. Faults: `sip-status`
 * (refused, busy, nobody there), `sip-timeout`, `sip-aborted`, and those of `requestAs`.
 */
export async function placeCall(agent: UserAgent, account: Account, options: CallOptions): Promise<Result<Call>> {
  const { signal, onProvisional } = options;
  if (signal.aborted) return calledOff();
  let sent: SipRequest | undefined;
  let heard = false;
  const cancel = (): void => {
    // A CANCEL before any provisional answer might overtake its INVITE (RFC 3261 9.1): it waits for one.
    if (!heard || sent === undefined) return;
    void agent.request(buildCancel(sent), { target: account.server, timeoutMs: endingMs });
  };
  const unanswered = new AbortController();
  const deadline = setTimeout(() => unanswered.abort(), options.timeoutMs);
  const stop = AbortSignal.any([signal, unanswered.signal]);
  stop.addEventListener('abort', cancel, { once: true });
  const answered = await requestAs(agent, account, inviteOf(agent, account, options), {
    timeoutMs: options.timeoutMs + endingMs,
    onSend: (request) => {
      sent = request;
      heard = false;
      options.onSend?.(request);
    },
    onProvisional: (response) => {
      const first = !heard;
      heard = true;
      if (first && stop.aborted) cancel();
      onProvisional?.(response);
    },
  });
  clearTimeout(deadline);
  stop.removeEventListener('abort', cancel);
  if (!answered.ok) return answered;
  const { response, request } = answered.value;
  if (response.status >= 300) return { ok: false, error: refusal(stop, signal, response) };
  const call = callOf(agent, account, request, response);
  call.acknowledge();
  if (!stop.aborted) return ok(call);
  await call.hangUp({ timeoutMs: endingMs });
  return calledOff();
}

const calledOff = (): ReturnType<typeof fail> => fail('sip-aborted', 'The call was called off.', 'Nothing to do.');

function refusal(stop: AbortSignal, signal: AbortSignal, response: ReceivedResponse): Fault {
  if (signal.aborted) return calledOff().error;
  if (stop.aborted) return fail('sip-timeout', 'The call was not answered in time.', 'Check who should answer.').error;
  return statusFault('INVITE', response);
}

function inviteOf(agent: UserAgent, account: Account, { to, media, callId }: CallOptions): SipRequest {
  const uri = addressAt(account, to);
  return requestOf(agent, account, {
    method: 'INVITE',
    uri,
    to: `<${uri}>`,
    callId: callId ?? newTag(),
    sequence: 1,
    headers: [
      { name: 'Contact', value: contactOf(agent, account.user) },
      { name: 'Content-Type', value: 'application/sdp' },
    ],
    body: writeSdp(media),
  });
}

/** The target of requests within the dialog: the Contact of the other side. */
function contactUri(message: ReceivedRequest | ReceivedResponse, otherwise: string): string {
  const field = parseParties(headerOf(message, 'Contact') ?? '');
  return 'value' in field ? (field.value[0]?.uriText ?? otherwise) : otherwise;
}

function callOf(agent: UserAgent, account: Account, invite: SipRequest, response: ReceivedResponse): Call {
  const uri = contactUri(response, invite.uri);
  const routes = headersOf(response, 'Record-Route').toReversed();
  const within = (method: string, sequence: number): SipRequest =>
    requestOf(agent, account, {
      method,
      uri,
      from: headerOf(invite, 'From') ?? '',
      to: headerOf(response, 'To') ?? '',
      callId: response.callId,
      sequence,
      headers: routes.map((value) => ({ name: 'Route', value })),
    });
  const { number } = response.sequence;
  const ack = within('ACK', number);
  return {
    callId: response.callId,
    remoteMedia: readSdp(response.body),
    acknowledge: () => agent.send(ack, account.server),
    hangUp: async (timing) => {
      const answered = await requestAs(agent, account, within('BYE', number + 1), timing);
      return answered.ok ? ok(answered.value.response) : answered;
    },
  };
}

/** The call that an INVITE opened which this side answered with 200 and `incoming.toTag`. Requests go to where it came from. */
export function answeredCall(agent: UserAgent, incoming: Incoming, account: Account): Call {
  const { request, source, toTag } = incoming;
  const uri = contactUri(request, request.uri);
  const to = headerOf(request, 'To') ?? '';
  const server: Target = source;
  return {
    callId: request.callId,
    remoteMedia: readSdp(request.body),
    acknowledge: () => undefined,
    hangUp: async (timing) => {
      const bye = requestOf(agent, account, {
        method: 'BYE',
        uri,
        from: request.to.paramByName.has('tag') ? to : `${to};tag=${toTag}`,
        to: headerOf(request, 'From') ?? '',
        callId: request.callId,
        sequence: 1,
        headers: headersOf(request, 'Record-Route').map((value) => ({ name: 'Route', value })),
      });
      const answered = await requestAs(agent, { ...account, server }, bye, timing);
      return answered.ok ? ok(answered.value.response) : answered;
    },
  };
}
