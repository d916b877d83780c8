import { randomBytes } from 'node:crypto';
import type { ResponseParts } from '../../src/sip/build.ts';
import { algorithmOf, type Credentials, type DigestAlgorithm, digestOf, digestParams } from '../../src/sip/digest.ts';
import { headersOf, type ReceivedRequest } from '../../src/sip/message.ts';
import { monotonicMs } from '../phones/clock.ts';

/** Lets in who knows the password. */
export interface Guard {
  /** Undefined: the request may pass. Else the answer, a challenge (401, 407) or a refusal (403). */
  readonly check: (request: ReceivedRequest) => ResponseParts | undefined;
}

const nonceLifeMs = 60_000;

/** A digest guard for one account (RFC 3261 22, RFC 8760). */
export function createGuard(account: Credentials, realm: string, algorithm: DigestAlgorithm = 'MD5'): Guard {
  const bornMsByNonce = new Map<string, number>();
  const isFresh = (nonce: string): boolean => monotonicMs() - (bornMsByNonce.get(nonce) ?? -Infinity) < nonceLifeMs;
  const challenge = (proxy: boolean, stale: boolean): ResponseParts => {
    for (const [nonce] of bornMsByNonce) if (!isFresh(nonce)) bornMsByNonce.delete(nonce);
    const nonce = randomBytes(12).toString('hex');
    bornMsByNonce.set(nonce, monotonicMs());
    const value = `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${stale ? ', stale=true' : ''}`;
    return proxy
      ? { status: 407, reason: 'Proxy Authentication Required', headers: [{ name: 'Proxy-Authenticate', value }] }
      : { status: 401, reason: 'Unauthorized', headers: [{ name: 'WWW-Authenticate', value }] };
  };
  return {
    check: (request) => {
      const proxy = request.method !== 'REGISTER';
      const [answer] = headersOf(request, proxy ? 'Proxy-Authorization' : 'Authorization');
      const params = answer === undefined ? undefined : digestParams(answer);
      if (params?.ok !== true) return challenge(proxy, false);
      const said = (name: string): string => params.value.get(name) ?? '';
      if (!isFresh(said('nonce'))) return challenge(proxy, true);
      const expected = digestOf({
        ...account,
        algorithm,
        realm,
        nonce: said('nonce'),
        method: request.method,
        uri: said('uri'),
        quality: params.value.has('qop') ? { count: said('nc'), clientNonce: said('cnonce') } : undefined,
      });
      const right =
        said('username') === account.user &&
        said('realm') === realm &&
        algorithmOf(params.value) === algorithm &&
        said('response') === expected;
      return right ? undefined : { status: 403, reason: 'Forbidden' };
    },
  };
}
