import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { answerSize, decodeAnswer, encodeAnswer, encodeQuery, MOST_ANSWER_BYTES } from './packet.ts';

const VERSIONS = [2, 4] as const;
const plain = fc
  .string({ unit: fc.constantFrom('OK', ' ', '-', 'ç', 'é', '日', '0', ',', '='), maxLength: 200 })
  .map((text) => text.trim());

test('a query has the bytes that nrpe 4.1.0 takes', () => {
  const four = encodeQuery(4, 'check_main');
  assert.equal(
    four.toString('latin1'),
    `\0\x04\0\x01${four.subarray(4, 8).toString('latin1')}\0\0\0\0\0\0\0\x0bcheck_main\0`,
  );
  const two = encodeQuery(2, 'check_main');
  assert.equal(two.length, 1036);
  for (const packet of [two, four]) {
    const blank = Buffer.from(packet);
    blank.writeUInt32BE(0, 4);
    assert.equal(packet.readUInt32BE(4), crc32(blank));
  }
});

test('whatever was answered is read back, and its size is known from its beginning', () => {
  fc.assert(
    fc.property(fc.constantFrom(...VERSIONS), fc.integer({ min: 0, max: 3 }), plain, (version, code, text) => {
      const packet = encodeAnswer(version, code, text);
      assert.deepEqual(answerSize(packet.subarray(0, 16)), { ok: true, value: packet.length });
      assert.deepEqual(decodeAnswer(version, packet), { ok: true, value: { code, text } });
    }),
  );
});

test('no bytes make it throw, and what came damaged is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), fc.constantFrom(...VERSIONS), (bytes, version) => {
      const read = decodeAnswer(version, Buffer.from(bytes));
      assert.ok(read.ok || read.error.code === 'nrpe-malformed');
    }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...VERSIONS),
      plain,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (version, text, where, by) => {
        const packet = encodeAnswer(version, 0, text);
        const at = where % packet.length;
        packet[at] = (packet[at] ?? 0) ^ by;
        const read = decodeAnswer(version, packet);
        assert.ok(!read.ok, `byte ${at} was changed and nobody saw it`);
      },
    ),
  );
  fc.assert(
    fc.property(fc.constantFrom(...VERSIONS), plain, fc.nat(), (version, text, where) => {
      const packet = encodeAnswer(version, 0, text);
      assert.ok(!decodeAnswer(version, packet.subarray(0, where % packet.length)).ok);
    }),
  );
});

const said = (packet: Buffer, version: 2 | 4 = 4): string => {
  const read = decodeAnswer(version, packet);
  return read.ok ? read.value.text : read.error.message;
};

test('what is wrong is named', () => {
  const answer = encodeAnswer(4, 0, 'OK');
  const with32 = (value: number): Buffer => {
    const packet = Buffer.from(answer);
    packet.writeInt32BE(value, 12);
    return packet;
  };
  assert.match(said(with32(2_000_000)), /announces 2000000 bytes/);
  assert.match(said(with32(-1)), /announces -1 bytes/);
  assert.match(said(encodeQuery(4, 'x')), /packet type is 1/);
  assert.match(said(encodeAnswer(2, 0, 'OK')), /version 2, asked was in 4/);
  assert.match(said(Buffer.concat([answer, answer])), /follow its end/);
  assert.match(said(Buffer.from('HTTP/1.1 400 Bad Request\r\n')), /packet type/);
  assert.match(said(Buffer.alloc(0)), /ends after 0 bytes/);
  assert.ok(MOST_ANSWER_BYTES > 65_536);
});

test('only the first line in plain characters, without performance data, is for people', () => {
  assert.equal(said(encodeAnswer(4, 0, 'OK\u001b[2J fine | rta=1ms\nmore')), 'OK [2J fine');
  const cut = Buffer.from('caf\u00e9').subarray(0, 4);
  assert.equal(said(encodeAnswer(2, 0, cut.toString('utf8')), 2), 'caf\ufffd');
});
