import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assert as assertProperty, property, uint8Array } from 'fast-check';
import { buildRequest } from '../sip/build.ts';
import { headerOf, serialize } from '../sip/message.ts';
import { parseMessage } from '../sip/parse.ts';
import { refusalTo } from './refusal.ts';

const source = { address: '192.0.2.7', port: 5062 };

const request = (method: string, branch = 'z9hG4bKone'): Buffer =>
  serialize(
    buildRequest({
      method,
      uri: 'sip:1000@pbx.example',
      via: { transport: 'UDP', host: '10.0.0.7', port: 5060 },
      from: '<sip:0301234567@provider.example>;tag=abc',
      to: '<sip:1000@pbx.example>',
      callId: 'call-1',
      sequence: 7,
      branch,
    }),
  );

const answerTo = (bytes: Buffer) => {
  const refusal = refusalTo(bytes, source);
  const message = refusal === null ? null : parseMessage(refusal.bytes);
  if (refusal === null || message?.ok !== true || message.value.kind !== 'response') throw new Error('no response');
  return { to: refusal.to, response: message.value };
};

describe('a caller of a node that does not serve', () => {
  test('is told 503 to what it asked, where it asked from', () => {
    for (const method of ['INVITE', 'OPTIONS', 'REGISTER', 'CANCEL', 'BYE']) {
      const { to, response } = answerTo(request(method));
      assert.equal(response.status, 503);
      assert.deepEqual(to, source);
      assert.equal(headerOf(response, 'CSeq'), `7 ${method}`);
      assert.equal(headerOf(response, 'Call-ID'), 'call-1');
      assert.equal(response.vias[0].paramByName.get('branch'), 'z9hG4bKone');
      // It may serve in the next second.
      assert.equal(headerOf(response, 'Retry-After'), undefined);
    }
  });

  test('hears the same tag at each repetition, and another in another call', () => {
    const tagOf = (bytes: Buffer): string => headerOf(answerTo(bytes).response, 'To') ?? '';
    assert.match(tagOf(request('INVITE')), /;tag=[0-9a-f]{16}$/);
    assert.equal(tagOf(request('INVITE')), tagOf(request('INVITE')));
    assert.notEqual(tagOf(request('INVITE')), tagOf(request('INVITE', 'z9hG4bKtwo')));
  });

  test('is told nothing to an acknowledgement, an answer, a sign of life or garbage', () => {
    assert.equal(refusalTo(request('ACK'), source), null);
    assert.equal(refusalTo(answerBytes(), source), null);
    for (const text of ['\r\n\r\n', '\0', 'INVITE sip:x SIP/2.0\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n'])
      assert.equal(refusalTo(Buffer.from(text), source), null);
    assertProperty(
      property(uint8Array({ maxLength: 300 }), (bytes) => {
        refusalTo(Buffer.from(bytes), source);
      }),
    );
  });

  test('is never told more than it asked: nobody can be flooded by it', () => {
    assert.ok((refusalTo(request('INVITE'), source)?.bytes.length ?? 0) <= request('INVITE').length + 40);
  });
});

function answerBytes(): Buffer {
  const refusal = refusalTo(request('INVITE'), source);
  return refusal?.bytes ?? Buffer.alloc(0);
}
