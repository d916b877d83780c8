import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EtcdRecord } from '../core/arbiter/etcd-record.ts';
import { orders, status } from '../core/testing/builders.ts';
import { decodeEtcdValue, encodeEtcdValue } from './etcd-value.ts';

const record: EtcdRecord = {
  stamp: 7,
  promise: { holder: 'main', epoch: 4, restarts: false },
  highest: 4,
  releasedMain: 2,
  releasedStandby: 3,
  heldOpenBy: null,
  orders: orders({ revision: 2, mode: 'manual' }),
  wall: 1_800_000_000_000,
  handed: { type: 'release', role: 'standby', epoch: 3, addressee: 'main', ordered: true },
  main: status('main', { holding: 4 }),
  standby: null,
};
const PAIR = 'pbx1 10.0.0.1, pbx2 10.0.0.2';

test('a value that was written is read as it was', () => {
  assert.deepEqual(decodeEtcdValue(PAIR, encodeEtcdValue(PAIR, record)), record);
});
test('another pair’s, another version’s, a torn one, anything else: foreign', () => {
  const text = encodeEtcdValue(PAIR, record);
  assert.equal(decodeEtcdValue('pbx3 10.0.0.3, pbx4 10.0.0.4', text), 'foreign');
  assert.equal(decodeEtcdValue(PAIR, text.replace('"dualtone":1', '"dualtone":2')), 'foreign');
  assert.equal(decodeEtcdValue(PAIR, text.replace('"stamp":7', '"stamp":-7')), 'foreign');
  assert.equal(decodeEtcdValue(PAIR, text.replace('"stamp":7', '"stamp":7,"more":1')), 'foreign');
  for (let length = 0; length < text.length; length += 7)
    assert.equal(decodeEtcdValue(PAIR, text.slice(0, length)), 'foreign');
});
