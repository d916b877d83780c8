import { ok, type Result } from '../../src/core/result.ts';
import { buildCancel, buildRequest, newTag, type ResponseParts } from '../../src/sip/build.ts';
import { type HeaderField, headerOf, type ReceivedRequest, type SipRequest } from '../../src/sip/message.ts';
import type { Incoming } from '../../src/sip/server-transactions.ts';
import type { Target } from '../../src/sip/transactions.ts';
import { parseUri } from '../../src/sip/uri.ts';
import { openUserAgent, type UserAgent } from '../../src/sip/user-agent.ts';

/** A stand-in for a telephone system, for tests without Asterisk: registers anybody, connects two telephones, trusts all. */
export interface FakePbx {
  readonly address: Target;
  /** What it says as Server. */
  name: string;
  /** False: takes everything and answers nothing. */
  awake: boolean;
  readonly registrations: () => number;
  /** Requests of this method that came while it was asleep. */
  readonly slept: (method: string) => number;
}

interface Bridge {
  /** Ends the other half. */
  readonly hangUp: () => void;
}

/** Opens a fake on a free port. */
export async function openFakePbx(localAddress: string, signal: AbortSignal): Promise<Result<FakePbx>> {
  const contactByUser = new Map<string, Target>();
  const bridgeByCallId = new Map<string, Bridge>();
  const sleptByMethod = new Map<string, number>();
  let registrations = 0;
  const opened = await openUserAgent({
    localAddress,
    localPort: 0,
    signal,
    onRequest: (incoming) => {
      const { method } = incoming.request;
      if (!pbx.awake) {
        sleptByMethod.set(method, (sleptByMethod.get(method) ?? 0) + 1);
        return;
      }
      const respond = (parts: ResponseParts): void =>
        incoming.respond({ ...parts, headers: [server(), ...(parts.headers ?? [])] });
      if (method === 'REGISTER') {
        registrations += 1;
        register(incoming.request, incoming.source, contactByUser, respond);
      } else if (method === 'INVITE') {
        void connect(opened, incoming, contactByUser, bridgeByCallId, respond);
      } else if (method === 'BYE') {
        respond({ status: 200, reason: 'OK' });
        bridgeByCallId.get(incoming.request.callId)?.hangUp();
      } else if (method === 'CANCEL') bridgeByCallId.get(incoming.request.callId)?.hangUp();
      else if (method !== 'ACK') respond({ status: 200, reason: 'OK' });
    },
  });
  if (!opened.ok) return opened;
  const address = { address: opened.value.localAddress, port: opened.value.localPort };
  const slept = (method: string): number => sleptByMethod.get(method) ?? 0;
  const pbx: FakePbx = { address, name: 'fake', awake: true, registrations: () => registrations, slept };
  const server = (): HeaderField => ({ name: 'Server', value: pbx.name });
  return ok(pbx);
}

function register(
  request: ReceivedRequest,
  source: Target,
  contactByUser: Map<string, Target>,
  respond: (parts: ResponseParts) => void,
): void {
  if (headerOf(request, 'Authorization') === undefined) {
    const asked = { name: 'WWW-Authenticate', value: `Digest realm="fake", nonce="${newTag()}", qop="auth"` };
    respond({ status: 401, reason: 'Unauthorized', headers: [asked] });
    return;
  }
  const user = request.to.uri.kind === 'sip' ? (request.to.uri.user ?? '') : '';
  contactByUser.set(user, source);
  const expires = headerOf(request, 'Expires') ?? '60';
  const contact = `${headerOf(request, 'Contact')};expires=${expires}`;
  respond({ status: 200, reason: 'OK', headers: [{ name: 'Contact', value: contact }] });
}

const userOf = (uriText: string): string => {
  const uri = parseUri(uriText);
  return typeof uri !== 'string' && uri.kind === 'sip' ? (uri.user ?? '') : '';
};

/** Calls the other telephone and carries its answers back: two calls, each with a name of its own, as a PBX does. */
async function connect(
  opened: Result<UserAgent>,
  { request }: Incoming,
  contactByUser: ReadonlyMap<string, Target>,
  bridgeByCallId: Map<string, Bridge>,
  respond: (parts: ResponseParts) => void,
): Promise<void> {
  const user = userOf(request.uri);
  const target = contactByUser.get(user);
  if (!opened.ok || target === undefined) {
    respond({ status: 404, reason: 'Not Found' });
    return;
  }
  const agent = opened.value;
  const place = { transport: 'UDP', host: agent.localAddress, port: agent.localPort };
  const uri = `sip:${user}@${target.address}:${target.port}`;
  const own = { name: 'Contact', value: `<sip:pbx@${agent.localAddress}:${agent.localPort}>` };
  const tag = newTag();
  const make = (method: string, sequence: number, to: string): SipRequest =>
    buildRequest({
      method,
      uri,
      via: place,
      from: `<sip:pbx@${agent.localAddress}>;tag=${tag}`,
      to,
      callId: `out-${request.callId}`,
      sequence,
      headers: method === 'INVITE' ? [own, { name: 'Content-Type', value: 'application/sdp' }] : [],
      ...(method === 'INVITE' ? { body: request.body } : {}),
    });
  const invite = make('INVITE', 1, `<${uri}>`);
  bridgeByCallId.set(request.callId, {
    hangUp: () => void agent.request(buildCancel(invite), { target, timeoutMs: 1000 }),
  });
  const final = await agent.request(invite, {
    target,
    timeoutMs: 10_000,
    onProvisional: ({ status, reason }) => respond({ status, reason }),
  });
  if (!final.ok || final.value.status >= 300) {
    respond({ status: final.ok ? final.value.status : 408, reason: 'Not Connected' });
    return;
  }
  const to = headerOf(final.value, 'To') ?? '';
  agent.send(make('ACK', 1, to), target);
  bridgeByCallId.set(request.callId, {
    hangUp: () => void agent.request(make('BYE', 2, to), { target, timeoutMs: 1000 }),
  });
  const headers = [own, { name: 'Content-Type', value: 'application/sdp' }];
  respond({ status: 200, reason: 'OK', headers, body: final.value.body });
}

/** Fails loudly where a test needs the value. */
export function need<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}
