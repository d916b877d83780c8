import { createHash, randomBytes } from 'node:crypto';
import { fail, ok, type Result } from '../core/result.ts';
import { newBranch } from './build.ts';
import type { ParamByName } from './cursor.ts';
import { parseAuthParams } from './fields.ts';
import { type HeaderField, headersOf, type ReceivedResponse, type SipRequest } from './message.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** MD5 as of RFC 3261, SHA-256 as of RFC 8760; `-sess` forms are not spoken by any PBX met. */
export type DigestAlgorithm = 'MD5' | 'SHA-256';

export interface DigestInput extends Credentials {
  readonly algorithm: DigestAlgorithm;
  readonly realm: string;
  readonly nonce: string;
  readonly method: string;
  readonly uri: string;
  /** Absent: the short form of RFC 2069, for servers that offer no qop. */
  readonly quality?: { readonly count: string; readonly clientNonce: string } | undefined;
}

const hashNameByAlgorithm = new Map<string, DigestAlgorithm>([
  ['md5', 'MD5'],
  ['sha-256', 'SHA-256'],
]);

/** The `response` value of a digest, in hex. */
export function digestOf(input: DigestInput): string {
  const hash = (text: string): string =>
    createHash(input.algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const secret = hash(`${input.user}:${input.realm}:${input.password}`);
  const asked = hash(`${input.method}:${input.uri}`);
  if (input.quality === undefined) return hash(`${secret}:${input.nonce}:${asked}`);
  const { count, clientNonce } = input.quality;
  return hash(`${secret}:${input.nonce}:${count}:${clientNonce}:auth:${asked}`);
}

/** The parameters of a header that speaks Digest; undefined for another scheme. */
export function digestParams(value: string): Result<ParamByName> | undefined {
  const found = /^digest[ \t]+(.*)$/is.exec(value);
  if (found?.[1] === undefined) return undefined;
  const field = parseAuthParams(found[1]);
  if ('problem' in field) return fail('sip-syntax', `Digest not understood: ${field.problem}.`, 'Look at the server.');
  return ok(field.value);
}

/** The algorithm that a parameter set names; MD5 where it names none. */
export const algorithmOf = (params: ParamByName): DigestAlgorithm | undefined =>
  hashNameByAlgorithm.get((params.get('algorithm') ?? 'MD5').toLowerCase());

const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

function answerTo(params: ParamByName, algorithm: DigestAlgorithm, request: SipRequest, who: Credentials): string {
  const [realm = '', nonce = '', opaque] = ['realm', 'nonce', 'opaque'].map((name) => params.get(name));
  const offered = params.get('qop');
  // Each answer is to a nonce of its own here, so the count is always the first.
  const quality =
    offered === undefined ? undefined : { count: '00000001', clientNonce: randomBytes(8).toString('hex') };
  const { method, uri } = request;
  const response = digestOf({ algorithm, realm, nonce, method, uri, quality, ...who });
  const parts = [`username=${quote(who.user)}`, `realm=${quote(realm)}`, `nonce=${quote(nonce)}`, `uri=${quote(uri)}`];
  parts.push(`response="${response}"`, `algorithm=${algorithm}`);
  if (quality !== undefined) parts.push(`cnonce="${quality.clientNonce}"`, 'qop=auth', `nc=${quality.count}`);
  if (opaque !== undefined) parts.push(`opaque=${quote(opaque)}`);
  return `Digest ${parts.join(', ')}`;
}

/**
 * The request again, with the answer to the challenge of a 401 or 407, a fresh branch and the next sequence number. The first
 * challenge that is understood is answered, as RFC 8760 has it. Faults: `sip-challenge`, `sip-credentials` (already answered and refused).
 */
export function withCredentials(request: SipRequest, response: ReceivedResponse, who: Credentials): Result<SipRequest> {
  const proxy = response.status === 407;
  const asked = headersOf(response, proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate');
  const answerName = proxy ? 'Proxy-Authorization' : 'Authorization';
  const answered = headersOf(request, answerName).length > 0;
  for (const value of asked) {
    const params = digestParams(value);
    if (params?.ok !== true) continue;
    const algorithm = algorithmOf(params.value);
    const offered = params.value
      .get('qop')
      ?.split(',')
      .map((word) => word.trim().toLowerCase());
    if (algorithm === undefined || params.value.get('nonce') === undefined) continue;
    if (offered !== undefined && !offered.includes('auth')) continue;
    if (answered && params.value.get('stale')?.toLowerCase() !== 'true') {
      return fail('sip-credentials', `The server refused user ${who.user}.`, 'Check user name and password.');
    }
    const answer = { name: answerName, value: answerTo(params.value, algorithm, request, who) };
    return ok({ ...request, headers: renewed(request.headers, answer) });
  }
  return fail(
    'sip-challenge',
    `No way to answer the ${response.status} of the server.`,
    'Allow Digest with MD5 or SHA-256.',
  );
}

function renewed(headers: readonly HeaderField[], answer: HeaderField): readonly HeaderField[] {
  const again = headers
    .filter(({ name }) => name !== answer.name)
    .map(({ name, value }) => {
      if (name === 'Via') return { name, value: value.replace(/(;\s*branch\s*=\s*)[^;,\s]+/, `$1${newBranch()}`) };
      if (name !== 'CSeq') return { name, value };
      const [number = '', method = ''] = value.split(/\s+/);
      return { name, value: `${Number(number) + 1} ${method}` };
    });
  return [...again, answer];
}
