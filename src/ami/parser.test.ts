import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type AmiMessage, headerOf } from './message.ts';
import { createAmiParser } from './parser.ts';

const greeting = 'Asterisk Call Manager/11.0.0\r\n';

const parseAll = (text: string): readonly AmiMessage[] => {
  const parsed = createAmiParser().push(Buffer.from(text));
  assert.ok(parsed.ok);
  return parsed.value;
};

test('a response, an event between, and repeated headers', () => {
  const [response, event] = parseAll(
    `${greeting}Response: Success\r\nActionID: 7\r\nVariable: a=1\r\nVariable: b=2\r\n\r\nEvent: Reload\r\nModule: pjsip\r\n\r\n`,
  );
  assert.equal(response?.kind, 'response');
  assert.deepEqual(response?.valuesByName.get('variable'), ['a=1', 'b=2']);
  assert.equal(event?.kind, 'event');
  assert.equal(event?.name, 'Reload');
});

test('the output of a command, as Asterisk 14 and later send it', () => {
  const [message] = parseAll(
    `${greeting}Response: Success\r\nActionID: 1\r\nOutput: one: two\r\nOutput:  three\r\nOutput: \r\n\r\n`,
  );
  assert.deepEqual(message?.output, ['one: two', ' three', '']);
});

test('the output of a command, as Asterisk 13 sends it: empty lines and colons within', () => {
  const [message, next] = parseAll(
    `${greeting}Response: Follows\r\nPrivilege: Command\r\nActionID: 1\r\n/a/b : c\n\nActionID: no header\nlast--END COMMAND--\r\n\r\nEvent: X\r\n\r\n`,
  );
  assert.deepEqual(message?.output, ['/a/b : c', '', 'ActionID: no header', 'last']);
  assert.equal(message && headerOf(message, 'actionid'), '1');
  assert.equal(next?.name, 'X');
});

test('a value with a bare line feed costs neither block nor connection', () => {
  const [message] = parseAll(`${greeting}Event: Newexten\r\nAppData: one\n\ntwo\r\nUniqueid: 5\r\n\r\n`);
  assert.equal(message && headerOf(message, 'Uniqueid'), '5');
});

test('who does not greet as Asterisk is refused, at once', () => {
  const parsed = createAmiParser().push(Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'));
  assert.equal(parsed.ok ? '' : parsed.error.code, 'ami-not-asterisk');
});

test('a line or a block without end is given up', () => {
  const lines = createAmiParser({ lineBytes: 100, blockBytes: 1_000 });
  assert.equal(lines.push(Buffer.from(greeting)).ok, true);
  const line = lines.push(Buffer.from('x'.repeat(101)));
  assert.equal(line.ok ? '' : line.error.code, 'ami-line-too-long');
  assert.equal(lines.push(Buffer.from('\r\n')).ok, false);

  const blocks = createAmiParser({ lineBytes: 100, blockBytes: 1_000 });
  const block = blocks.push(Buffer.from(greeting + 'Output: x\r\n'.repeat(100)));
  assert.equal(block.ok ? '' : block.error.code, 'ami-block-too-large');
});

const cut = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) break;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...pieces, bytes.subarray(at)];
};

const value = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replace(/[\r\n]/g, ''));
const name = fc.constantFrom('Key', 'Val', 'Variable', 'ActionID', 'X-Y');

test('what was sent is read back, however it was cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(name, value), { maxLength: 5 }), { maxLength: 5 }),
      fc.array(fc.nat(40)),
      (blocks, sizes) => {
        const text =
          greeting +
          blocks.map((headers) => `Event: E\r\n${headers.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`).join('');
        const parser = createAmiParser();
        const messages = cut(Buffer.from(text), sizes).flatMap((piece) => {
          const parsed = parser.push(piece);
          assert.ok(parsed.ok);
          return [...parsed.value];
        });
        assert.equal(messages.length, blocks.length);
        for (const [index, headers] of blocks.entries()) {
          for (const key of new Set(headers.map(([n]) => n.toLowerCase()))) {
            const sent = headers.filter(([n]) => n.toLowerCase() === key).map(([, v]) => Buffer.from(v).toString());
            assert.deepEqual(messages[index]?.valuesByName.get(key), sent);
          }
        }
      },
    ),
  );
});

test('garbage never throws and never piles up', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.constantFrom('\r\n', ': ', 'Response: Follows\r\n', 'Event: A\r\n', '\r\n\r\n').map((t) => Buffer.from(t)),
  );
  fc.assert(
    fc.property(fc.boolean(), fc.array(noise, { maxLength: 40 }), (greets, pieces) => {
      const parser = createAmiParser({ lineBytes: 256, blockBytes: 2_048 });
      if (greets) parser.push(Buffer.from(greeting));
      for (const piece of pieces) {
        const parsed = parser.push(Buffer.from(piece));
        if (!parsed.ok) assert.match(parsed.error.code, /^ami-/);
        else for (const message of parsed.value) assert.ok(message.valuesByName.size > 0 || message.output.length > 0);
      }
    }),
  );
});
