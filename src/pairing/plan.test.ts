import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeSchema } from '../config/schema/node.ts';
import { sharedOf } from './plan.ts';

/** What a node has for itself: who and where it is, its keys, its paths, how it looks at its own telephony, whom it tells, what turns the other off. */
const OWN =
  'node peer listen key-file identity-file probes fencing hooks alarms checks upgrade web state-dir run-dir journal control-socket'.split(
    ' ',
  );

test('every section of a node’s file is either shared when pairing or the node’s own, and none is forgotten', () => {
  const sections = Object.keys(nodeSchema.shape);
  const raw = Object.fromEntries(sections.map((name) => [name, { gateway: '192.0.2.1', own: 1 }]));
  const shared = Object.keys(sharedOf(raw));
  assert.deepEqual(shared.toSorted(), sections.filter((name) => !OWN.includes(name)).toSorted());
});

test('what is local in a shared section stays at home', () => {
  const arbiter = {
    kind: 'checkpoints',
    checkpoints: [{ name: 'c1', address: '192.0.2.9', 'key-file': '/etc/c1.key' }],
  };
  const shared = sharedOf({
    arbiter,
    network: { gateway: '192.0.2.1', targets: ['192.0.2.2'] },
    'virtual-ip': { interface: 'eth0' },
  });
  assert.deepEqual(shared, {
    arbiter: { kind: 'checkpoints', checkpoints: [{ name: 'c1', address: '192.0.2.9' }] },
    network: { gateway: '192.0.2.1' },
    'virtual-ip': {},
  });
});
