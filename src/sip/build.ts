import { randomBytes } from 'node:crypto';
import {
  type HeaderField,
  headersOf,
  type ReceivedRequest,
  type ReceivedResponse,
  type SipRequest,
  type SipResponse,
} from './message.ts';

const nothing = new Uint8Array(0);

/** A fresh transaction's name (RFC 3261 8.1.1.7). */
export const newBranch = (): string => `z9hG4bK${randomBytes(9).toString('hex')}`;

/** A fresh tag or Call-ID. */
export const newTag = (): string => randomBytes(8).toString('hex');

/** A host as SIP writes it: an IPv6 address gets its brackets. */
export const hostText = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);

export interface RequestParts {
  readonly method: string;
  readonly uri: string;
  /** `UDP`, `TCP` or `TLS`, with the address and port to which the answer shall come. */
  readonly via: { readonly transport: string; readonly host: string; readonly port: number };
  /** Complete header values, tags included. */
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly sequence: number;
  readonly branch?: string;
  readonly headers?: readonly HeaderField[];
  readonly body?: Uint8Array;
}

/** Builds a request with what RFC 3261 8.1.1 asks of each, and `rport` (RFC 3581). */
export function buildRequest(parts: RequestParts): SipRequest {
  const { transport, host, port } = parts.via;
  const branch = parts.branch ?? newBranch();
  return {
    kind: 'request',
    method: parts.method,
    uri: parts.uri,
    headers: [
      { name: 'Via', value: `SIP/2.0/${transport} ${hostText(host)}:${port};rport;branch=${branch}` },
      { name: 'Max-Forwards', value: '70' },
      { name: 'From', value: parts.from },
      { name: 'To', value: parts.to },
      { name: 'Call-ID', value: parts.callId },
      { name: 'CSeq', value: `${parts.sequence} ${parts.method}` },
      ...(parts.headers ?? []),
    ],
    body: parts.body ?? nothing,
  };
}

export interface ResponseParts {
  readonly status: number;
  readonly reason: string;
  /** Put on To where the request has none; the same for every response to one request. */
  readonly toTag?: string | undefined;
  readonly headers?: readonly HeaderField[];
  readonly body?: Uint8Array;
}

/** Builds the response to a request (RFC 3261 8.2.6): Via, From, To, Call-ID and CSeq are the request's own. */
export function buildResponse(request: ReceivedRequest, parts: ResponseParts): SipResponse {
  const copied = ['Via', 'Record-Route', 'From', 'To', 'Call-ID', 'CSeq'];
  const headers = copied.flatMap((name) =>
    headersOf(request, name).map((value) => {
      const untagged = name === 'To' && parts.toTag !== undefined && !request.to.paramByName.has('tag');
      return { name, value: untagged ? `${value};tag=${parts.toTag}` : value };
    }),
  );
  return {
    kind: 'response',
    status: parts.status,
    reason: parts.reason,
    headers: [...headers, ...(parts.headers ?? [])],
    body: parts.body ?? nothing,
  };
}

/** The ACK to a final response other than 2xx: same branch, same sequence number (RFC 3261 17.1.1.3). */
export function buildAck(invite: SipRequest, response: ReceivedResponse): SipRequest {
  const kept = invite.headers.filter(({ name }) => ['Via', 'Max-Forwards', 'From', 'Call-ID', 'Route'].includes(name));
  const headers = [
    ...kept,
    { name: 'To', value: headersOf(response, 'To')[0] ?? '' },
    { name: 'CSeq', value: `${response.sequence.number} ACK` },
  ];
  return { kind: 'request', method: 'ACK', uri: invite.uri, headers, body: nothing };
}

/** The CANCEL of an INVITE that has no final response yet (RFC 3261 9.1): all as in the INVITE but the method. */
export function buildCancel(invite: SipRequest): SipRequest {
  const headers = invite.headers
    .filter(({ name }) => ['Via', 'Max-Forwards', 'From', 'To', 'Call-ID', 'CSeq', 'Route'].includes(name))
    .map(({ name, value }) => ({ name, value: name === 'CSeq' ? value.replace('INVITE', 'CANCEL') : value }));
  return { kind: 'request', method: 'CANCEL', uri: invite.uri, headers, body: nothing };
}
