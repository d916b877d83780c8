import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseParty } from './fields.ts';
import { headerOf, type SipMessage, serialize } from './message.ts';
import { parseMessage } from './parse.ts';
import { createStreamReader } from './stream.ts';
import { validCases } from './torture/valid.ts';
import { parseUri } from './uri.ts';

const line = (text: string): string => `${text}\r\n`;
const minimal = [
  'OPTIONS sip:a@example.com SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa',
  'From: <sip:b@example.com>;tag=1',
  'To: <sip:a@example.com>',
  'Call-ID: c@example.com',
  'CSeq: 1 OPTIONS',
];
const withLines = (...extra: readonly string[]): Buffer =>
  Buffer.from(`${[...minimal, ...extra].map(line).join('')}\r\n`);
const problemOf = (bytes: Uint8Array): string => {
  const parsed = parseMessage(bytes);
  return parsed.ok ? '' : parsed.error.message;
};

const token = fc.stringMatching(/^[-.!%*_+`'~A-Za-z0-9]{1,20}$/);
const text = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .map((value) => value.replaceAll(/[\p{Cc}\\]/gu, ' ').trim());
const host = fc.oneof(fc.domain(), fc.ipV4(), fc.constant('[2001:db8::1]'));
const party = fc
  .tuple(text, token, host)
  .map(([name, user, at]) => `"${name.replaceAll('"', '\\"')}" <sip:${user.replaceAll(/[%`]/g, '')}x@${at}>;tag=t`);

const messages: fc.Arbitrary<SipMessage> = fc
  .record({
    request: fc.boolean(),
    method: token,
    status: fc.integer({ min: 100, max: 699 }),
    reason: text,
    from: party,
    to: party,
    callId: token,
    sequence: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    branch: token,
    extra: fc.array(
      fc.tuple(
        token.filter((name) => name.length > 1),
        text,
      ),
      { maxLength: 8 },
    ),
    body: fc.uint8Array({ maxLength: 200 }),
  })
  .map(({ request, method, status, reason, from, to, callId, sequence, branch, extra, body }) => {
    const headers = [
      { name: 'Via', value: `SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK${branch}` },
      { name: 'From', value: from },
      { name: 'To', value: to },
      { name: 'Call-ID', value: callId },
      { name: 'CSeq', value: `${sequence} ${method}` },
      ...extra.map(([name, value]) => ({ name: `X-${name}`, value })),
    ];
    return request
      ? { kind: 'request', method, uri: 'sip:a@example.com', headers, body }
      : { kind: 'response', status, reason, headers, body };
  });

describe('parseMessage', () => {
  it('gives back what was serialized', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const parsed = parseMessage(serialize(message));
        assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.message);
        const { headers, body } = parsed.value;
        assert.deepEqual(headers.slice(0, -1), message.headers);
        assert.deepEqual(Buffer.from(body), Buffer.from(message.body));
        assert.deepEqual(serialize(parsed.value), serialize(message));
      }),
      { numRuns: 300 },
    );
  });

  it('takes any character but a line break in a reason, also those that Unicode calls line ends', () => {
    const parsed = parseMessage(
      Buffer.from(`${['SIP/2.0 486 busy\u2028here\u2029now\u0085', ...minimal.slice(1)].map(line).join('')}\r\n`),
    );
    assert.ok(parsed.ok && parsed.value.kind === 'response');
    assert.equal(parsed.value.reason, 'busy\u2028here\u2029now\u0085');
  });

  it('never throws, whatever bytes come', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => typeof parseMessage(bytes).ok === 'boolean'));
  });

  it('never throws on a message that was damaged, as datagram or in a stream', () => {
    const damage = fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...validCases), damage, fc.nat(400), (one, changes, cut) => {
        const bytes = Buffer.from(one.bytes);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const piece = bytes.subarray(0, Math.max(0, bytes.length - (cut > 200 ? 0 : cut)));
        const parsed = parseMessage(piece);
        if (parsed.ok) assert.ok(parseMessage(serialize(parsed.value)).ok);
        createStreamReader().push(piece);
      }),
      { numRuns: 1000 },
    );
  });

  it('tells a keep-alive from garbage', () => {
    for (const bytes of ['\r\n\r\n', '\r\n', '', '\0']) {
      const parsed = parseMessage(Buffer.from(bytes));
      assert.equal(parsed.ok ? '' : parsed.error.code, 'sip-empty');
    }
  });

  it('refuses what is too large, and says so', () => {
    assert.match(problemOf(withLines(`X: ${'a'.repeat(70_000)}`)), /more than 65536 bytes/);
    assert.match(problemOf(withLines(...Array.from({ length: 300 }, () => 'X: a'))), /more than 256/);
    assert.match(problemOf(Buffer.concat([withLines(), Buffer.alloc(70_000)])), /body of more than/);
  });

  it('names the header and the place of a problem', () => {
    assert.match(problemOf(withLines('Contact: <sip:a@b')), /Contact: .*character 9/);
    assert.match(problemOf(withLines('Max-Forwards: 256')), /Max-Forwards: not a number from 0 to 255/);
    assert.match(problemOf(withLines('Subject: a\x07b')), /Subject: control character/);
    assert.match(problemOf(withLines('Bad Header: x')), /header 6: no name and colon/);
    assert.match(problemOf(Buffer.from(withLines().toString().replaceAll('\r\n', '\n'))), /no empty line/);
    assert.match(problemOf(Buffer.concat([withLines().subarray(0, -4), Buffer.from([0xff, 13, 10, 13, 10])])), /UTF-8/);
    assert.match(problemOf(withLines('Call-ID: d')), /Call-ID: given twice/);
    assert.match(problemOf(withLines('Via: SIP/2.0/UDP h;branch=a;branch=b')), /branch given twice/);
  });

  it('expands compact names and keeps strange ones', () => {
    const parsed = parseMessage(withLines('k: timer', 'X-oDD: 1'));
    assert.ok(parsed.ok);
    assert.equal(headerOf(parsed.value, 'supported'), 'timer');
    assert.ok(parsed.value.headers.some(({ name }) => name === 'X-oDD'));
  });

  it('is fast enough for a prober on a small machine', (t) => {
    const bytes = withLines('Contact: <sip:a@192.0.2.1:5060>', 'Supported: timer, path', 'Server: x');
    const beganMs = performance.now();
    for (let round = 0; round < 20_000; round += 1) parseMessage(bytes);
    const microseconds = ((performance.now() - beganMs) * 1000) / 20_000;
    t.diagnostic(`${microseconds.toFixed(1)} µs a message`);
    assert.ok(microseconds < 500);
  });
});

describe('serialize', () => {
  it('lets nobody smuggle a header in', () => {
    const parsed = parseMessage(withLines());
    assert.ok(parsed.ok);
    const evil = {
      ...parsed.value,
      headers: [...parsed.value.headers, { name: 'X', value: 'a\r\nRoute: <sip:evil>' }],
    };
    assert.throws(() => serialize(evil), /line break/);
  });
});

describe('createStreamReader', () => {
  it('finds the same messages wherever the stream is cut', () => {
    const whole = Buffer.concat([
      Buffer.from('\r\n\r\n'),
      withLines('l: 0'),
      Buffer.from('\r\n'),
      withLines('Content-Length: 0'),
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 5 }), (cuts) => {
        const stream = createStreamReader();
        const edges = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
        const counts = edges.slice(1).map((edge, index) => {
          const result = stream.push(whole.subarray(edges[index], edge));
          assert.ok(result.ok);
          return result.value.length;
        });
        assert.equal(
          counts.reduce((sum, count) => sum + count, 0),
          2,
        );
      }),
    );
  });

  it('gives up a stream that has no Content-Length, an endless header or a huge body', () => {
    for (const bytes of [withLines(), Buffer.alloc(70_000, 97), withLines('l: 99999999')]) {
      assert.equal(createStreamReader().push(bytes).ok, false);
    }
  });
});

describe('parseUri and parseParty', () => {
  it('takes addresses apart', () => {
    const uri = parseUri('sips:alice:secret@[2001:db8::1]:5061;transport=tcp;lr?Subject=x');
    assert.ok(typeof uri !== 'string' && uri.kind === 'sip');
    assert.deepEqual(
      [uri.scheme, uri.user, uri.password, uri.host, uri.port, uri.paramByName.get('transport'), uri.headers],
      ['sips', 'alice', 'secret', '[2001:db8::1]', 5061, 'tcp', 'Subject=x'],
    );
  });

  it('refuses what is no address', () => {
    for (const wrong of [
      '',
      'sip:',
      'sip:@h',
      'sip:a@',
      'sip:a@h:0',
      'sip:a@h:70000',
      'sip:a@h;x;x',
      'sip:a b@h',
      'h',
      'sip:a@1.2.3',
    ]) {
      assert.equal(typeof parseUri(wrong), 'string', wrong);
    }
  });

  it('keeps display names and refuses loose ends', () => {
    const named = parseParty('"A \\"B\\" C" <sip:a@h>;tag=1');
    assert.ok('value' in named && named.value.display === 'A "B" C');
    for (const wrong of ['<sip:a@h', '<sip:a@h> x', '"a" sip:a@h', '', '<sip:a@h>;', '<sip:a@h>,<sip:b@h>']) {
      assert.ok('problem' in parseParty(wrong), wrong);
    }
  });
});
