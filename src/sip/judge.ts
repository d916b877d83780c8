import type { ResponseParts } from './build.ts';
import { headersOf, type ReceivedRequest } from './message.ts';
import { parseUri } from './uri.ts';

const words = (values: readonly string[]): readonly string[] =>
  values.flatMap((value) => value.split(',')).map((word) => word.trim());

const mediaTypeOf = (value: string): string => (value.split(';')[0] ?? '').replaceAll(/\s/g, '').toLowerCase();

/**
 * What a plain user agent answers to a request that it can read but not serve (RFC 3261 8.2.2, 8.2.3): 416 for an address
 * that is not SIP, 420 for an extension that it must know, 415 for a body that is not SDP, 406 where SDP is not taken.
 */
export function refusalOf(request: ReceivedRequest): ResponseParts | undefined {
  const uri = parseUri(request.uri);
  const strange = typeof uri === 'string' || uri.kind !== 'sip';
  if (strange || (request.method === 'REGISTER' && request.to.uri.kind !== 'sip')) {
    return { status: 416, reason: 'Unsupported URI Scheme' };
  }
  const required = words(headersOf(request, 'Require'));
  if (required.length > 0 && request.method !== 'CANCEL' && request.method !== 'ACK') {
    const headers = [{ name: 'Unsupported', value: required.join(', ') }];
    return { status: 420, reason: 'Bad Extension', headers };
  }
  if (request.method !== 'INVITE') return undefined;
  const type = headersOf(request, 'Content-Type')[0];
  if (request.body.length > 0 && mediaTypeOf(type ?? '') !== 'application/sdp') {
    return { status: 415, reason: 'Unsupported Media Type', headers: [{ name: 'Accept', value: 'application/sdp' }] };
  }
  const accepted = words(headersOf(request, 'Accept')).map(mediaTypeOf);
  const takesSdp =
    accepted.length === 0 || accepted.some((kind) => ['application/sdp', 'application/*', '*/*'].includes(kind));
  return takesSdp ? undefined : { status: 406, reason: 'Not Acceptable' };
}
