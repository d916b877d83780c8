import { isHost } from './cursor.ts';

/** A `sip:` or `sips:` URI in its parts; escapes are left as written. */
export interface SipUri {
  readonly kind: 'sip';
  readonly scheme: 'sip' | 'sips';
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  readonly paramByName: ReadonlyMap<string, string>;
  /** What stands after `?`, without it. */
  readonly headers: string | undefined;
}

/** Any other URI; only its characters are checked. */
export interface OtherUri {
  readonly kind: 'other';
  readonly scheme: string;
  readonly rest: string;
}

export type Uri = SipUri | OtherUri;

const schemePattern = /^([A-Za-z][-+.A-Za-z0-9]*):/;
const otherPattern = /^(?:[-_.!~*'();/?:@&=+$,[\]A-Za-z0-9]|%[0-9A-Fa-f]{2})+$/;
const userPattern = /^(?:[-_.!~*'()&=+$,;?/A-Za-z0-9]|%[0-9A-Fa-f]{2})+$/;
const passwordPattern = /^(?:[-_.!~*'()&=+$,A-Za-z0-9]|%[0-9A-Fa-f]{2})*$/;
const paramPattern = /^(?:[-_.!~*'()[\]/:&+$A-Za-z0-9]|%[0-9A-Fa-f]{2})+$/;
const headersPattern = /^(?:[-_.!~*'()[\]/?:+$A-Za-z0-9=&]|%[0-9A-Fa-f]{2})+$/;
const hostPortPattern = /^(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5}))?$/;

/** Parses a URI; a text is the problem found. Angle brackets and space are no part of a URI. */
export function parseUri(text: string): Uri | string {
  const scheme = schemePattern.exec(text)?.[1];
  if (scheme === undefined) return 'no URI scheme';
  const rest = text.slice(scheme.length + 1);
  const lower = scheme.toLowerCase();
  if (lower === 'sip' || lower === 'sips') return parseSip(lower, rest);
  return otherPattern.test(rest) ? { kind: 'other', scheme: lower, rest } : 'character not allowed in a URI';
}

function parseSip(scheme: 'sip' | 'sips', rest: string): SipUri | string {
  const sign = rest.indexOf('@');
  const userInfo = sign < 0 ? undefined : rest.slice(0, sign);
  const [user, password] = splitOnce(userInfo ?? '', ':');
  if (userInfo !== undefined && !userPattern.test(user)) return 'user part empty or with a character not allowed';
  if (password !== undefined && !passwordPattern.test(password)) return 'character not allowed in the password part';
  const [beforeHeaders, headers] = splitOnce(rest.slice(sign + 1), '?');
  if (headers !== undefined && !headersPattern.test(headers)) return 'character not allowed in the header part';
  const [hostPort, ...params] = beforeHeaders.split(';');
  const place = hostPortPattern.exec(hostPort ?? '');
  const host = place?.[1] ?? '';
  if (!isHost(host)) return 'host is neither a name nor an address';
  const port = place?.[2] === undefined ? undefined : Number(place[2]);
  if (port === 0 || (port ?? 0) > 65_535) return 'port out of range';
  const paramByName = new Map<string, string>();
  for (const param of params) {
    const [name, value] = splitOnce(param, '=');
    if (!paramPattern.test(name) || (value !== undefined && !paramPattern.test(value)))
      return 'malformed URI parameter';
    if (paramByName.has(name.toLowerCase())) return `URI parameter ${name} given twice`;
    paramByName.set(name.toLowerCase(), value ?? '');
  }
  return {
    kind: 'sip',
    scheme,
    user: userInfo === undefined ? undefined : user,
    password,
    host,
    port,
    paramByName,
    headers,
  };
}

function splitOnce(text: string, mark: string): readonly [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
