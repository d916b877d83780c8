import type { Party, Sequence, Via } from './fields.ts';

export interface HeaderField {
  /** Full form, never the compact one. */
  readonly name: string;
  readonly value: string;
}

interface Content {
  readonly headers: readonly HeaderField[];
  readonly body: Uint8Array;
}

export interface SipRequest extends Content {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
}

export interface SipResponse extends Content {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
}

export type SipMessage = SipRequest | SipResponse;

/** What every message must have, already understood. */
export interface Essentials {
  readonly vias: readonly [Via, ...Via[]];
  readonly from: Party;
  readonly to: Party;
  readonly callId: string;
  readonly sequence: Sequence;
}

export type ReceivedRequest = SipRequest & Essentials;
export type ReceivedResponse = SipResponse & Essentials;
export type ReceivedMessage = ReceivedRequest | ReceivedResponse;

const fullNameByCompact = new Map([
  ['a', 'Accept-Contact'],
  ['b', 'Referred-By'],
  ['c', 'Content-Type'],
  ['d', 'Request-Disposition'],
  ['e', 'Content-Encoding'],
  ['f', 'From'],
  ['i', 'Call-ID'],
  ['j', 'Reject-Contact'],
  ['k', 'Supported'],
  ['l', 'Content-Length'],
  ['m', 'Contact'],
  ['o', 'Event'],
  ['r', 'Refer-To'],
  ['s', 'Subject'],
  ['t', 'To'],
  ['u', 'Allow-Events'],
  ['v', 'Via'],
  ['x', 'Session-Expires'],
]);

const otherNames = `Accept Allow Authorization CSeq Date Expires Max-Forwards Min-Expires Proxy-Authenticate
  Proxy-Authorization Proxy-Require Record-Route Require Retry-After Route Server Supported Unsupported User-Agent Warning
  WWW-Authenticate`.split(/\s+/);
const nameByLowerCase = new Map(
  [...fullNameByCompact.values(), ...otherNames].map((name) => [name.toLowerCase(), name]),
);

/** The one spelling of a header's name: compact forms in full, known names in their usual case, others as they came. */
export function canonicalName(name: string): string {
  const lower = name.toLowerCase();
  return fullNameByCompact.get(lower) ?? nameByLowerCase.get(lower) ?? name;
}

/** The first value of a header, or undefined. */
export function headerOf(message: Content, name: string): string | undefined {
  const lower = name.toLowerCase();
  return message.headers.find((field) => field.name.toLowerCase() === lower)?.value;
}

/** All values of a header, one for each line. */
export function headersOf(message: Content, name: string): readonly string[] {
  const lower = name.toLowerCase();
  return message.headers.filter((field) => field.name.toLowerCase() === lower).map((field) => field.value);
}

/**
 * Writes a message as bytes (RFC 3261 7). Content-Length is always computed here. Throws on a line break or another
 * control character in the start line or a header: whoever puts text from outside into a message checks it before.
 */
export function serialize(message: SipMessage): Buffer {
  const start =
    message.kind === 'request'
      ? `${message.method} ${message.uri} SIP/2.0`
      : `SIP/2.0 ${message.status} ${message.reason}`;
  let text = `${start}\r\n`;
  for (const { name, value } of message.headers) {
    if (name !== 'Content-Length') text += `${name}: ${value}\r\n`;
  }
  const lines = message.headers.length + 1 - (headerOf(message, 'Content-Length') === undefined ? 0 : 1);
  if (text.split(/\r\n|\r|\n/).length !== lines + 1) throw new Error('line break inside a SIP header');
  return Buffer.concat([Buffer.from(`${text}Content-Length: ${message.body.length}\r\n\r\n`), message.body]);
}
