import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusalOf } from '../judge.ts';
import { serialize } from '../message.ts';
import { parseMessage } from '../parse.ts';
import { createStreamReader } from '../stream.ts';
import { applicationCases } from './application.ts';
import { invalidCases } from './invalid.ts';
import { validCases } from './valid.ts';

const cases = [...validCases, ...invalidCases, ...applicationCases];
const find = (name: string): Buffer => cases.find((one) => one.name === name)?.bytes ?? assert.fail(name);

describe('RFC 4475', () => {
  it('is here with all its 49 messages', () => {
    assert.equal(new Set(cases.map(({ name }) => name)).size, 49);
    assert.equal(new Set(cases.map(({ section }) => section)).size, 49);
  });

  for (const { name, section, bytes, expected } of cases) {
    it(`${section} ${name}: ${expected.kind}`, () => {
      const parsed = parseMessage(bytes);
      if (expected.kind === 'refuse') {
        assert.ok(!parsed.ok);
        assert.ok(parsed.error.message.includes(expected.because), parsed.error.message);
        return;
      }
      assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.message);
      const again = parseMessage(serialize(parsed.value));
      const withoutLength = parsed.value.headers.filter((field) => field.name !== 'Content-Length');
      assert.ok(again.ok);
      assert.deepEqual(
        again.value.headers.filter((field) => field.name !== 'Content-Length'),
        withoutLength,
      );
      assert.deepEqual(Buffer.from(again.value.body), Buffer.from(parsed.value.body));
      const refusal = parsed.value.kind === 'request' ? refusalOf(parsed.value) : undefined;
      if (expected.kind === 'judge') assert.equal(refusal?.status, expected.status);
      else if (name !== 'mpart01') assert.equal(refusal, undefined);
    });
  }

  it('understands what the odd ones say', () => {
    const odd = parseMessage(find('wsinv'));
    assert.ok(odd.ok && odd.value.kind === 'request');
    assert.equal(odd.value.from.display, 'J Rosenberg \\"');
    assert.equal(odd.value.from.paramByName.get('tag'), '98asjd8');
    assert.equal(odd.value.to.paramByName.get('tag'), '1918181833n');
    assert.deepEqual(
      odd.value.vias.map((via) => [via.transport, via.host, via.paramByName.get('branch')]),
      [
        ['UDP', '192.0.2.2', '390skdjuw'],
        ['TCP', 'spindle.example.com', 'z9hG4bK9ikj8'],
        ['UDP', '192.168.255.111', 'z9hG4bK30239'],
      ],
    );
    assert.deepEqual(odd.value.sequence, { number: 9, method: 'INVITE' });
    const strange = parseMessage(find('intmeth'));
    assert.ok(strange.ok && strange.value.kind === 'request');
    assert.equal(strange.value.to.display, 'BEL:\x07 NUL:\0 DEL:\x7f');
  });

  it('sees one message in a datagram and two in a stream (dblreq)', () => {
    const bytes = find('dblreq');
    const datagram = parseMessage(bytes);
    assert.ok(datagram.ok && datagram.value.body.length === 0);
    const stream = createStreamReader();
    const seen = [...bytes].flatMap((byte) => {
      const result = stream.push(Uint8Array.of(byte));
      return result.ok ? result.value : assert.fail(result.error.message);
    });
    assert.deepEqual(
      seen.map((message) => message.sequence.method),
      ['REGISTER', 'INVITE'],
    );
  });

  it('never throws in a stream either', () => {
    for (const { bytes } of cases) createStreamReader().push(bytes);
  });
});
