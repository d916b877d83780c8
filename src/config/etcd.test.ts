import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse.ts';
import { toSettings } from './settings.ts';

const USUAL = `
node: { role: main, name: pbx1, address: 10.0.0.1 }
peer: { name: pbx2, address: 10.0.0.2 }
profile: asterisk
probes: { ami: null }
streams: { astdb: { enabled: false } }
`;
const etcd = (change = '', more = 'preset: etcd'): string => `${USUAL}${more}
arbiter:
  kind: etcd
  endpoints: [https://10.0.0.11:2379, https://10.0.0.12:2379, https://10.0.0.13:2379]
  cluster-id: cdf818194e3a8c32
  prefix: /dualtone/office
  user: office
  password-file: /etc/dualtone/etcd.password
  authority-file: /etc/dualtone/etcd-ca.pem
${change}`;

const problems = (text: string): string => {
  const parsed = parseConfig(text);
  return parsed.ok ? '' : parsed.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
};

test('an arbiter in etcd is one voter, with times for its disks', () => {
  const parsed = parseConfig(etcd());
  assert.ok(parsed.ok, problems(etcd()));
  const settings = toSettings(parsed.config);
  assert.deepEqual(settings.arbiter, { kind: 'etcd', voters: ['etcd'], whenLost: 'wait', lostAfterMs: 60_000 });
  assert.equal(settings.timing.promiseMs, 3000);
  assert.deepEqual(
    parsed.notes.filter((note) => note.includes('arbiter')),
    [],
  );
});
test('what cannot be is refused with its place', () => {
  assert.match(problems(etcd('', 'preset: fast')), /timing\.ask: etcd writes to disk/);
  assert.match(
    problems(etcd('  certificate-file: /etc/dualtone/etcd.pem\n')),
    /key-file: a certificate without its key/,
  );
  assert.match(problems(etcd().replace('https://10.0.0.12', 'https://10.0.0.11')), /is given twice/);
  assert.match(problems(etcd().replace('https://10.0.0.12', 'http://10.0.0.12')), /endpoints.*\n?.*https/);
  assert.match(problems(etcd().replace('cdf818194e3a8c32', 'nine')), /cluster-id/);
  assert.match(problems(etcd().replace('/dualtone/office', '/dualtone/office/')), /prefix/);
});
test('fewer than three members, and a lease shorter than an election, deserve a word', () => {
  const parsed = parseConfig(
    etcd('', 'timing: { ask: 300ms }').replace(/endpoints:.*/, 'endpoints: [https://10.0.0.11:2379]'),
  );
  assert.ok(parsed.ok);
  assert.equal(parsed.notes.filter((note) => /fewer than three|shorter than an election/.test(note)).length, 2);
});
