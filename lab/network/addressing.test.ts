import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressOf,
  isHostName,
  isRunId,
  linkAddressOf,
  netnsName,
  newRunId,
  overlaps,
  pickSubnet,
  subnetFor,
} from './addressing.ts';
import { portOf } from './rules.ts';

test('a run id always gives the same subnet, and another one another', () => {
  assert.deepEqual(subnetFor('abcd', 0), subnetFor('abcd', 0));
  assert.notDeepEqual(subnetFor('abcd', 0), subnetFor('abce', 0));
  assert.match(subnetFor('abcd', 0).v4, /^10\.(6[4-9]|[789]\d|1\d\d)\.\d+$/);
});

test('a subnet that meets a route or another lab is stepped over', () => {
  const first = subnetFor('abcd', 0);
  const second = subnetFor('abcd', 1);
  assert.deepEqual(pickSubnet('abcd', [], []), first);
  assert.deepEqual(pickSubnet('abcd', [`${first.v4}.0/24`], []), second);
  assert.deepEqual(pickSubnet('abcd', [`${first.v4}.7`], []), second);
  assert.deepEqual(pickSubnet('abcd', [], [first]), second);
  assert.equal(pickSubnet('abcd', ['10.0.0.0/8'], []), undefined);
});

test('overlap is by prefix, and the default route does not count', () => {
  const subnet = { v4: '10.70.3', v6: 'fd00:0:0:0' };
  for (const route of ['10.70.3.0/24', '10.70.3.128/25', '10.70.3.9', '10.70.0.0/16', '10.0.0.0/8'])
    assert.ok(overlaps(subnet, route), route);
  for (const route of ['10.70.4.0/24', '10.71.0.0/16', '192.0.2.0/24', 'default', '0.0.0.0/0', ''])
    assert.ok(!overlaps(subnet, route), route);
});

test('addresses and link addresses carry the octet', () => {
  const subnet = { v4: '10.70.3', v6: 'fd12:3456:789a:0' };
  assert.deepEqual(addressOf(subnet, 41), { v4: '10.70.3.41', v6: 'fd12:3456:789a:0::29' });
  assert.equal(linkAddressOf(subnet, 41), '02:dc:46:03:00:29');
});

test('names fit the kernel', () => {
  for (let count = 0; count < 50; count += 1) assert.ok(isRunId(newRunId()));
  for (const name of ['', 'Main', 'a/b', 'very-long-run-id', '..']) assert.ok(!isRunId(name), name);
  assert.ok(isHostName('checkpoint12'));
  assert.equal(portOf('checkpoint12').length, 14);
  for (const name of ['', '1a', 'checkpoint123', 'a b', 'a.b', '-a']) assert.ok(!isHostName(name), name);
  assert.equal(netnsName('abcd', 'main'), 'dt-abcd-main');
});
