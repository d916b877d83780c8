/** Names, data, messages and signatures: read back as written, and nothing that a server may send makes it throw. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeAnswer, encodeQuestion, encodeUpdate } from './message.ts';
import { decodeName, encodeName, isName, isWithin } from './name.ts';
import { CODE_BY_TYPE, canonicalData, decodeData, encodeData, type RecordType } from './rdata.ts';
import { isGenuine, parseKey, readSignature, sign, type TsigKey } from './tsig.ts';

const TYPES = Object.keys(CODE_BY_TYPE) as RecordType[];
const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9])?$/);
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => `${labels.join('.')}.`);
const number = fc.nat(65_535);
const text = fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', 'é', '!', '^'), maxLength: 40 });
const quoted = text.map((each) => `"${each.replaceAll(/(["\\])/g, '\\$1')}"`);
const data: fc.Arbitrary<readonly [RecordType, string]> = fc.oneof(
  fc.tuple(fc.constant('A' as const), fc.ipV4()),
  fc.tuple(fc.constant('AAAA' as const), fc.ipV6()),
  fc.tuple(fc.constant('CNAME' as const), name),
  fc.tuple(
    fc.constant('SRV' as const),
    fc.tuple(number, number, number, name).map((words) => words.join(' ')),
  ),
  fc.tuple(
    fc.constant('NAPTR' as const),
    fc.tuple(number, number, quoted, quoted, quoted, name).map((words) => words.join(' ')),
  ),
  fc.tuple(
    fc.constant('TXT' as const),
    fc.array(quoted, { minLength: 1, maxLength: 4 }).map((words) => words.join(' ')),
  ),
);

test('data of every type has one text, which is read back from its bytes', () => {
  fc.assert(
    fc.property(data, ([type, written]) => {
      const once = canonicalData(type, written);
      assert.ok(once !== null, written);
      assert.equal(canonicalData(type, once), once);
      assert.deepEqual(encodeData(type, once), encodeData(type, written));
    }),
  );
  assert.equal(canonicalData('AAAA', '2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
  assert.equal(canonicalData('AAAA', '::ffff:192.0.2.1'), '::ffff:c000:201');
  assert.equal(canonicalData('CNAME', 'PBX1.example.ORG'), 'pbx1.example.org.');
  assert.equal(
    canonicalData('NAPTR', '10  100 s SIP+D2U ""  _sip._udp.example.org'),
    '10 100 "s" "SIP+D2U" "" _sip._udp.example.org.',
  );
});

test('text that is no data of its type is refused', () => {
  const odd: readonly (readonly [RecordType, string])[] = [
    ['A', '192.0.2.256'],
    ['A', '192.0.2.1 192.0.2.2'],
    ['AAAA', 'fe80::1%eth0'],
    ['AAAA', '192.0.2.1'],
    ['CNAME', 'two names'],
    ['CNAME', 'a..b'],
    ['CNAME', ''],
    ['SRV', '10 50 pbx1.example.org'],
    ['SRV', '10 50 65536 pbx1.example.org'],
    ['SRV', '10 50 5060 pbx1.example.org more'],
    ['NAPTR', '10 100 "s" "SIP+D2U" "" '],
    ['NAPTR', '10 100 "s "SIP+D2U" "" a.example.org'],
    ['TXT', ''],
    ['TXT', `"${'x'.repeat(256)}"`],
  ];
  for (const [type, written] of odd) assert.equal(canonicalData(type, written), null, `${type} ${written}`);
});

test('names are read back, and pointers that lead nowhere or round in circles are refused', () => {
  fc.assert(
    fc.property(name, (each) => {
      if (!isName(each)) return;
      assert.deepEqual(decodeName(encodeName(each), 0), { name: each, next: encodeName(each).length });
    }),
  );
  assert.equal(decodeName(Buffer.from([0xc0, 0]), 0), null);
  assert.equal(decodeName(Buffer.from([1, 0x61, 0xc0, 0]), 0), null);
  assert.equal(decodeName(Buffer.from([0x40, 0]), 0), null);
  assert.equal(decodeName(Buffer.from([5, 0x61]), 0), null);
  assert.equal(decodeName(Buffer.from([3, 0x61, 0x2e, 0x62, 0]), 0)?.name, 'a\\046b.');
  assert.ok(isWithin('sip.Example.org', 'example.org.') && isWithin('example.org', 'example.org'));
  assert.ok(!isWithin('badexample.org', 'example.org'));
});

test('no bytes make the readers throw', () => {
  const key: TsigKey = { name: 'dualtone.', algorithm: 'hmac-sha256', secret: Buffer.from('sixteen bytes ok') };
  const question = encodeQuestion(7, 'sip.example.org', CODE_BY_TYPE.SRV);
  const damaged = fc.tuple(fc.nat(), fc.nat(255)).map(([where, to]) => {
    const { bytes } = sign(question, key, 1_800_000_000);
    bytes[2] = 0x84;
    bytes[where % bytes.length] = to;
    return bytes;
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
        damaged,
      ),
      (bytes) => {
        const answer = decodeAnswer(bytes);
        if (answer?.tsigAt != null) readSignature(bytes, answer.tsigAt, key);
        for (const type of TYPES) decodeData(type, bytes, Math.min(12, bytes.length), bytes.length);
      },
    ),
    { numRuns: 1000 },
  );
});

test('a signature holds for what was signed, the request that it answers, its time and its key', () => {
  const key: TsigKey = { name: 'dualtone.', algorithm: 'hmac-sha256', secret: Buffer.from('sixteen bytes ok') };
  const request = sign(encodeUpdate(9, 'example.org', [], []), key, 1_800_000_000);
  const reply = encodeUpdate(9, 'example.org', [], []);
  reply[2] = 0xa8;
  const { bytes } = sign(reply, key, 1_800_000_001, request.mac);
  const check = (message: Buffer, mac = request.mac, by = key): boolean => {
    const at = decodeAnswer(message)?.tsigAt ?? null;
    const signature = at === null ? null : readSignature(message, at, by);
    return at !== null && signature !== null && isGenuine(message, at, signature, by, mac);
  };
  assert.ok(check(bytes));
  assert.ok(!check(bytes, Buffer.alloc(32)));
  assert.ok(!check(bytes, request.mac, { ...key, secret: Buffer.from('another sixteen.') }));
  assert.ok(!check(bytes, request.mac, { ...key, name: 'other.' }));
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    // Letters of a name are the same in both cases; no single bit of these makes another letter that counts as one.
    assert.ok(!check(changed), `byte ${at} was changed and nobody saw it`);
  }
});

test('key files as tsig-keygen, rndc-confgen and people write them', () => {
  const good = 'key "dualtone" {\n\talgorithm hmac-sha256;\n\tsecret "c2Vzc2lvbi1vZi1hLXRlc3Q=";\n};\n';
  const key = parseKey(good);
  assert.ok(key.ok && key.value.name === 'dualtone.' && key.value.secret.toString() === 'session-of-a-test');
  assert.ok(parseKey(`# of the pair\n${good.replaceAll('"dualtone"', 'dualtone.example.org')}`).ok);
  for (const [from, to] of [
    ['hmac-sha256', 'hmac-md5'],
    ['secret', 'geheim'],
    ['"c2Vzc2lvbi1vZi1hLXRlc3Q="', '"YQ=="'],
    ['"dualtone"', '"a b"'],
    ['};', ''],
  ] as const) {
    const odd = parseKey(good.replace(from, to));
    assert.ok(!odd.ok && odd.error.code === 'dns-key-odd', to);
    assert.ok(!odd.error.message.includes('c2Vzc2'), 'a secret is not told');
  }
});

test('a name that is to become a CNAME must have nothing at all, any other only none of its type', () => {
  const typesOf = (type: 'CNAME' | 'A', data: readonly string[]): readonly (readonly number[])[] => {
    const bytes = encodeUpdate(1, 'example.org', [{ name: 'a.example.org.', type, ttl: 30, data }], []);
    // Header, zone (13 + 4), then the name of the only condition (15), its type and its class.
    return [[bytes.readUInt16BE(12 + 17 + 15), bytes.readUInt16BE(12 + 17 + 17)]];
  };
  assert.deepEqual(typesOf('CNAME', []), [[255, 254]]);
  assert.deepEqual(typesOf('A', []), [[1, 254]]);
  assert.deepEqual(typesOf('CNAME', ['b.example.org.']), [[5, 1]]);
});
