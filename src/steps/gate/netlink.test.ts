import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { array, assert as assertProperty, property, uint8Array } from 'fast-check';
import { batchOf, generationQuestion, readAnswer } from './netlink.ts';
import type { GateSettings } from './rules.ts';

const settings: GateSettings = {
  slots: 2,
  sipPorts: [5060],
  iaxPort: null,
  mediaPorts: null,
  virtualAddresses: ['192.0.2.1'],
  probedAddresses: [],
  forwarded: false,
  refuserPort: null,
};

/** Types of the messages in a datagram. */
const typesOf = (bytes: Buffer): readonly number[] => {
  const types: number[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at)) types.push(bytes.readUInt16LE(at + 4));
  return types;
};

/** An acknowledgement, or a complaint. */
const acknowledgement = (errno: number): string => {
  const bytes = Buffer.alloc(36);
  bytes.writeUInt32LE(36, 0);
  bytes.writeUInt16LE(2, 4);
  bytes.writeInt32LE(-errno, 16);
  return bytes.toString('hex');
};

describe('transactions as the kernel reads them', () => {
  test('to arm is byte for byte what nft 1.1 sends for the same, but for the wish to be answered', () => {
    const { bytes, count } = batchOf({ type: 'arm', slot: 0, ms: 560 }, { ...settings, virtualAddresses: [] });
    assert.equal(count, 2);
    const [, flush, add] = [bytes.subarray(0, 20), bytes.subarray(20, 68), bytes.subarray(68, 148)];
    const table = '0d0001006475616c746f6e6500000000';
    const set = '0a000200736c6f7430000000';
    assert.equal(flush?.toString('hex'), `300000000e0a0500000000000000000001000000${table}${set}`);
    assert.equal(
      add?.toString('hex'),
      `500000000c0a0504000000000000000001000000${table}${set}` +
        '200003801c0001800c00018008000100010000000c0004000000000000000230',
    );
  });

  test('each family in one batch, and nothing of it before its begin or after its end', () => {
    assert.deepEqual(
      typesOf(batchOf({ type: 'arm', slot: 1, ms: 1 }, settings).bytes),
      [0x10, 0xa0e, 0xa0c, 0xa0e, 0xa0c, 0x11],
    );
    assert.deepEqual(
      typesOf(batchOf({ type: 'grant', slot: 1 }, settings).bytes),
      [0x10, 0xa0c, 0xa0e, 0xa0c, 0xa0e, 0x11],
    );
    assert.deepEqual(typesOf(batchOf({ type: 'close' }, settings).bytes), [0x10, ...Array(6).fill(0xa0e), 0x11]);
    assert.deepEqual(typesOf(batchOf({ type: 'hold-open' }, settings).bytes), [0x10, 0xa0c, 0xa0c, 0x11]);
    assert.deepEqual(typesOf(batchOf({ type: 'elsewhere', ms: 2000 }, settings).bytes), [0x10, 0xa0e, 0xa0c, 0x11]);
    assert.deepEqual(typesOf(batchOf({ type: 'elsewhere', ms: 0 }, settings).bytes), [0x10, 0xa0e, 0x11]);
    assert.deepEqual(typesOf(generationQuestion), [0xa10]);
  });
});

describe('what the kernel says', () => {
  test('acknowledgements are counted, the first complaint is kept', () => {
    assert.deepEqual(readAnswer([]), { done: 0, errno: 0, generation: null });
    assert.deepEqual(readAnswer([acknowledgement(0) + acknowledgement(0), acknowledgement(0)]), {
      done: 3,
      errno: 0,
      generation: null,
    });
    assert.equal(readAnswer([acknowledgement(0), acknowledgement(2), acknowledgement(1)])?.errno, 2);
  });

  test('the number of its generation', () => {
    assert.equal(readAnswer(['1c0000000f0a00000000000000000000000001020800010000000539'])?.generation, 1337);
  });

  test('garbage is no answer, and never an exception', () => {
    for (const word of ['unsent:', '00', 'ff'.repeat(40)]) assert.equal(readAnswer([word]), null);
    assertProperty(
      property(array(uint8Array({ maxLength: 80 })), (datagrams) => {
        readAnswer(datagrams.map((each) => Buffer.from(each).toString('hex')));
      }),
    );
  });
});
