import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeSchema } from '../config/schema/node.ts';
import { type Local, nodeFile, sharedOf, usualPlaces } from './plan.ts';

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

test('sections that a person wrote before there was a node are kept, and the rest is as on a fresh machine', () => {
  const local: Local = {
    role: 'main',
    name: 'a',
    address: '192.0.2.1',
    port: 4577,
    interface: 'eth1',
    hasManager: false,
    keyed: [],
  };
  const peer = { name: 'b', address: '192.0.2.2', port: 4577, pin: null };
  const fileFrom = (existing: string | null): string => nodeFile(existing, local, peer, {}, usualPlaces);
  const begun = fileFrom('streams: { files: { enabled: true } } # mine\n');
  for (const words of [/files: \{ enabled: true \}/, /# mine/, /ami: null/, /interface: eth1/, /role: main/])
    assert.match(begun, words);
  const again = fileFrom('node: { role: main, name: a, address: 192.0.2.1 }\npeer: { name: b, address: 192.0.2.2 }\n');
  assert.doesNotMatch(again, /ami|interface/, 'what a person left out of a whole file stays out');
  assert.doesNotMatch(fileFrom('probes: { period: 1s }\n'), /ami/);
});
