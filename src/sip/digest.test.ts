import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildRequest } from './build.ts';
import { digestOf, digestParams, withCredentials } from './digest.ts';
import { headerOf, type ReceivedResponse } from './message.ts';
import { parseMessage } from './parse.ts';

const who = { user: 'alice', password: 'se"cret' };
const request = buildRequest({
  method: 'REGISTER',
  uri: 'sip:example.com',
  via: { transport: 'UDP', host: '192.0.2.1', port: 5060 },
  from: '<sip:alice@example.com>;tag=1',
  to: '<sip:alice@example.com>',
  callId: 'c',
  sequence: 7,
});

function challenge(...values: readonly string[]): ReceivedResponse {
  const copied = request.headers.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
  const asked = values.map((value) => `WWW-Authenticate: ${value}\r\n`).join('');
  const parsed = parseMessage(Buffer.from(`SIP/2.0 401 Unauthorized\r\n${copied}${asked}\r\n`));
  assert.ok(parsed.ok && parsed.value.kind === 'response');
  return parsed.value;
}

describe('digest', () => {
  const mufasa = {
    user: 'Mufasa',
    password: 'Circle of Life',
    realm: 'http-auth@example.org',
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    method: 'GET',
    uri: '/dir/index.html',
    quality: { count: '00000001', clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' },
  };

  it("computes RFC 7616's examples", () => {
    assert.equal(digestOf({ ...mufasa, algorithm: 'MD5' }), '8ca523f5e9506fed4657c9700eebdbec');
    const strong = '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1';
    assert.equal(digestOf({ ...mufasa, algorithm: 'SHA-256' }), strong);
  });

  it("computes RFC 2617's example", () => {
    const old = { ...mufasa, password: 'Circle Of Life', realm: 'testrealm@host.com' };
    const nonce = 'dcd98b7102dd2f0e8b11d0f600bfb0c093';
    const quality = { count: '00000001', clientNonce: '0a4f113b' };
    assert.equal(digestOf({ ...old, nonce, quality, algorithm: 'MD5' }), '6629fae49393a05397450978507c4ef1');
  });

  it('answers the first challenge that it understands, with a new branch and number', () => {
    const response = challenge(
      'Basic realm="x"',
      'Digest realm="x", nonce="n", algorithm=SHA-512-256, qop="auth"',
      'Digest realm="p\\"bx", nonce="n1", algorithm=SHA-256, qop="auth-int, auth", opaque="o"',
      'Digest realm="x", nonce="n2", algorithm=MD5',
    );
    const again = withCredentials(request, response, who);
    assert.ok(again.ok);
    const params = digestParams(headerOf(again.value, 'Authorization') ?? '');
    assert.ok(params?.ok);
    const said = (name: string): string => params.value.get(name) ?? '';
    assert.deepEqual(['realm', 'nonce', 'opaque', 'qop', 'nc'].map(said), ['p"bx', 'n1', 'o', 'auth', '00000001']);
    const quality = { count: '00000001', clientNonce: said('cnonce') };
    const input = { ...who, algorithm: 'SHA-256', realm: 'p"bx', nonce: 'n1', method: 'REGISTER', quality } as const;
    assert.equal(said('response'), digestOf({ ...input, uri: 'sip:example.com' }));
    assert.equal(headerOf(again.value, 'CSeq'), '8 REGISTER');
    assert.notEqual(headerOf(again.value, 'Via'), headerOf(request, 'Via'));
  });

  it('does not go on after a refusal, but does after a stale nonce', () => {
    const first = withCredentials(request, challenge('Digest realm="x", nonce="1", qop="auth"'), who);
    assert.ok(first.ok);
    const refused = withCredentials(first.value, challenge('Digest realm="x", nonce="2", qop="auth"'), who);
    assert.equal(refused.ok ? '' : refused.error.code, 'sip-credentials');
    const stale = withCredentials(first.value, challenge('Digest realm="x", nonce="2", stale=TRUE, qop="auth"'), who);
    assert.ok(stale.ok);
  });

  it('says when no challenge can be answered', () => {
    for (const value of [
      'Basic realm="x"',
      'Digest nonsense',
      'Digest realm="x"',
      'Digest realm="x", nonce="n", qop="auth-int"',
    ]) {
      const again = withCredentials(request, challenge(value), who);
      assert.equal(again.ok ? '' : again.error.code, 'sip-challenge', value);
    }
  });
});
