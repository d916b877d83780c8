import { type Fault, fail, ok, type Result } from '../core/result.ts';
import { buildRequest, hostText, newTag, type RequestParts } from './build.ts';
import { type Credentials, withCredentials } from './digest.ts';
import { parseParties } from './fields.ts';
import { type HeaderField, headerOf, headersOf, type ReceivedResponse, type SipRequest } from './message.ts';
import type { RequestOptions, Target } from './transactions.ts';
import type { UserAgent } from './user-agent.ts';

export type Timing = Pick<RequestOptions, 'timeoutMs' | 'signal' | 'onProvisional'>;

/** Somebody who may call: a user with a password at a server. */
export interface Account extends Credentials {
  /** The host part of the address: a name or an address. */
  readonly domain: string;
  /** Where all requests go: registrar and outbound proxy in one, as with any PBX. */
  readonly server: Target;
}

export interface Answered {
  readonly response: ReceivedResponse;
  /** The request as it was sent last, credentials included. */
  readonly request: SipRequest;
}

/** A SIP address of this account's server. */
export const addressAt = (account: Account, user: string): string => `sip:${user}@${hostText(account.domain)}`;

/** The Contact under which this agent is reached. */
export const contactOf = (agent: UserAgent, user: string): string =>
  `<sip:${user}@${hostText(agent.localAddress)}:${agent.localPort}>`;

/** Sends a request and answers a challenge, twice at most (a stale nonce). Faults: those of `request` and `withCredentials`. */
export async function requestAs(
  agent: UserAgent,
  account: Account,
  first: SipRequest,
  timing: Timing & { readonly onSend?: (request: SipRequest) => void },
): Promise<Result<Answered>> {
  let request = first;
  for (let attempt = 0; ; attempt += 1) {
    timing.onSend?.(request);
    const response = await agent.request(request, { ...timing, target: account.server });
    if (!response.ok) return response;
    const { status } = response.value;
    if (attempt === 2 || (status !== 401 && status !== 407)) return ok({ response: response.value, request });
    const again = withCredentials(request, response.value, account);
    if (!again.ok) return again;
    request = again.value;
  }
}

/** A request of this account outside any dialog. */
export function requestOf(
  agent: UserAgent,
  account: Account,
  parts: Pick<RequestParts, 'method' | 'uri' | 'to' | 'callId' | 'sequence'> & Partial<RequestParts>,
): SipRequest {
  const via = { transport: 'UDP', host: agent.localAddress, port: agent.localPort };
  return buildRequest({ via, from: `<${addressAt(account, account.user)}>;tag=${newTag()}`, ...parts });
}

/** The fault that a refusing status stands for. */
export function statusFault(what: string, { status, reason }: ReceivedResponse): Fault {
  const remedy =
    status === 403 || status === 401 ? 'Check user, password and permission.' : 'Look into the log of the server.';
  return fail('sip-status', `${what} was answered with ${status} ${reason}.`, remedy).error;
}

export interface Registration {
  /**
   * Registers, refreshes, or (0 s) unregisters, with the same Call-ID each time. Gives the seconds that the server granted.
   * Faults: `sip-status` and those of `requestAs`.
   */
  readonly refresh: (expiresS: number, timing: Timing) => Promise<Result<number>>;
}

/** The registration of one contact (RFC 3261 10). `headers` go with each REGISTER. */
export function createRegistration(
  agent: UserAgent,
  account: Account,
  headers: readonly HeaderField[] = [],
): Registration {
  const callId = newTag();
  const contact = contactOf(agent, account.user);
  let sequence = 0;
  const onSend = (): void => {
    sequence += 1;
  };
  return {
    refresh: async (expiresS, timing) => {
      const register = requestOf(agent, account, {
        method: 'REGISTER',
        uri: `sip:${hostText(account.domain)}`,
        to: `<${addressAt(account, account.user)}>`,
        callId,
        sequence: sequence + 1,
        headers: [{ name: 'Contact', value: contact }, { name: 'Expires', value: `${expiresS}` }, ...headers],
      });
      const answered = await requestAs(agent, account, register, { ...timing, onSend });
      if (!answered.ok) return answered;
      const { response } = answered.value;
      if (response.status >= 300) return { ok: false, error: statusFault('REGISTER', response) };
      return ok(grantedSeconds(response, contact.slice(1, -1)) ?? expiresS);
    },
  };
}

function grantedSeconds(response: ReceivedResponse, uri: string): number | undefined {
  for (const line of headersOf(response, 'Contact')) {
    const field = parseParties(line);
    const own = 'value' in field ? field.value.find((party) => party.uriText === uri) : undefined;
    const expires = own?.paramByName.get('expires');
    if (expires !== undefined) return Number(expires);
  }
  const stated = headerOf(response, 'Expires');
  return stated === undefined ? undefined : Number(stated);
}
