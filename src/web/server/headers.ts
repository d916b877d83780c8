/** What goes with every answer, so that a browser does no more than it must. */
import type { IncomingMessage } from 'node:http';
import { CSRF_HEADER } from '../contract.ts';
import type { Credential } from '../wire.ts';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const DIGEST = /^[A-Za-z0-9+/]{43}=$/;

/** Of a document without scripts, whose only style has this digest; what is no digest allows none. */
export const paperPolicy = (styleDigest: string): string => {
  const style = DIGEST.test(styleDigest) ? `'sha256-${styleDigest}'` : "'none'";
  return `default-src 'none'; style-src ${style}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
};

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
};

/** `__Host-`: sent only by HTTPS, only to this host, for all paths; a browser takes it from nobody else. */
export const COOKIE = '__Host-dualtone';

const SECRET = /^[A-Za-z0-9_-]{20,128}$/;

/** Two cookies of the name are a trick: neither counts. */
const cookieOf = (header: string): string | null => {
  const found = header
    .split(';')
    .map((each) => each.trim())
    .filter((each) => each.startsWith(`${COOKIE}=`))
    .map((each) => each.slice(COOKIE.length + 1));
  return found.length === 1 && SECRET.test(found[0] ?? '') ? (found[0] ?? null) : null;
};

/** A token where one is sent, and then no cookie counts. */
export const credentialOf = ({ headers }: Pick<IncomingMessage, 'headers'>): Credential | null => {
  const { authorization, cookie } = headers;
  if (authorization !== undefined) {
    const secret = /^Bearer ([A-Za-z0-9_-]{20,128})$/i.exec(authorization)?.[1];
    return secret === undefined ? null : { kind: 'token', secret };
  }
  const secret = cookie === undefined ? null : cookieOf(cookie);
  return secret === null ? null : { kind: 'session', secret };
};

/** Of the client, as the socket has it: what proxies say counts for nothing. */
export const addressOf = ({ socket }: Pick<IncomingMessage, 'socket'>): string =>
  (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');

export const cookieHeader = (secret: string, maxAgeMs: number): string =>
  `${COOKIE}=${secret}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=${Math.max(0, Math.floor(maxAgeMs / 1000))}`;

/**
 * Whether another site may be behind a request that changes something. A token is never sent by a browser by itself; with a cookie, or
 * at a login, the request must come from the page's own origin, and carry a header that a form cannot.
 */
export const isForged = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean => {
  if (headers.authorization !== undefined) return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return true;
  if (headers.origin !== undefined && headers.origin !== `https://${headers.host ?? ''}`) return true;
  return headers[CSRF_HEADER] !== '1';
};
