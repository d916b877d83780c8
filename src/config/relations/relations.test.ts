import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Machine, secretFileClash } from '../machine.ts';
import { parseConfig } from '../parse.ts';
import { toSettings } from '../settings.ts';
import { contains, coverMs } from './relations.ts';

const BASE = 'node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\n';
const PAIR = (a: string, b: string): string =>
  `node: { role: main, name: a, address: "${a}" }\npeer: { name: b, address: "${b}" }\n`;
const CHECKPOINTS = (list: string, more = ''): string =>
  `${BASE}arbiter: { kind: checkpoints, checkpoints: [${list}]${more} }`;

/** Files that contradict themselves, and what must be said: path, then words of the message. */
const TABLE: readonly (readonly [string, string, RegExp])[] = [
  [
    `${BASE}timing: { lease: 590ms }`,
    'timing.lease',
    /\(590 \+ 12\) · \(1 \+ 0\.0005\) \/ \(1 − 0\.0005\) = 602\.602 ms, not below the promise of 600 ms/,
  ],
  [`${BASE}timing: { promise: 572ms }`, 'timing.lease', /= 572\.572 ms/],
  [`${BASE}timing: { slots: 5 }`, 'timing.slots', /5 slots are not more than lease \/ heartbeat = 5\.6/],
  [`${BASE}timing: { heartbeat: 300ms }`, 'timing.heartbeat', /over half of 560ms/],
  [`${BASE}timing: { ask: 560ms }`, 'timing.ask', /ask 560ms, lease 560ms/],
  [PAIR('10.0.0.1', '10.0.0.1'), 'peer.address', /own/],
  [PAIR('fd00::1', 'fd00:0::0:1'), 'peer.address', /own/],
  [PAIR('10.0.0.1', 'fd00::1'), 'peer.address', /families/],
  [BASE.replace('name: b', 'name: a'), 'peer.name', /both nodes/],
  [`${BASE}network: { gateway: 10.0.0.2 }`, 'network.gateway', /one of the nodes/],
  [CHECKPOINTS('{ name: standby, address: 10.0.0.3 }'), 'arbiter.checkpoints[0].name', /taken/],
  [CHECKPOINTS('{ name: b, address: 10.0.0.3 }'), 'arbiter.checkpoints[0].name', /taken/],
  [
    CHECKPOINTS('{ name: x, address: 10.0.0.3 }, { name: x, address: 10.0.0.4 }'),
    'arbiter.checkpoints[1].name',
    /taken/,
  ],
  [
    CHECKPOINTS('{ name: x, address: 10.0.0.3 }, { name: y, address: 10.0.0.3 }'),
    'arbiter.checkpoints[1].address',
    /x: two votes/,
  ],
  [CHECKPOINTS('{ name: x, address: 10.0.0.2 }'), 'arbiter.checkpoints[0].address', /the peer/],
  [`${BASE}virtual-ip: { addresses: [10.0.0.2/24], interface: eth0 }`, 'virtual-ip.addresses[0]', /own/],
  [`${BASE}virtual-ip: { addresses: ["fd00::9/64"], interface: eth0 }`, 'virtual-ip.addresses', /family/],
  [`${BASE}gate: { enforce: false }`, 'gate.enforce', /both nodes/],
  [`${BASE}gate: { media-ports: 4000-5000 }`, 'gate', /port 4577/],
  [`${BASE}listen: { port: 10500 }`, 'gate', /port 10500/],
  [CHECKPOINTS('{ name: x, address: 10.0.0.3, port: 5060 }'), 'gate', /port 5060/],
  [`${BASE}watch: { kind: looks, every: 20s }`, 'watch.every', /3 pings 10s apart take 20s/],
  [`${BASE}hooks: [{ name: x, run: [/a] }, { name: x, run: [/b] }]`, 'hooks[1].name', /two hooks/],
  [`${BASE}services: [{ unit: a.service }, { unit: a.service }]`, 'services[1]', /two services/],
  [`${BASE}probes: { tcp: [{ name: x, port: 1 }, { name: x, port: 2 }] }`, 'probes.tcp[1].name', /two tcp probes/],
  [`${BASE}run-dir: /var/lib/dualtone`, 'run-dir', /same/],
  [`${BASE}probes: { ami: null }`, 'streams.astdb.enabled', /probes.ami/],
];

for (const [text, path, words] of TABLE) {
  test(`refused: ${text.replace(BASE, '').slice(0, 90)}`, () => {
    const parsed = parseConfig(text);
    assert.ok(!parsed.ok);
    assert.deepEqual(
      parsed.problems.map((each) => each.path),
      [path],
    );
    assert.match(parsed.problems[0]?.message ?? '', words);
    assert.ok((parsed.problems[0]?.line ?? 0) >= 1 && parsed.problems[0]?.remedy !== '');
  });
}

test('the remedy of a lease that is too long is a lease that is accepted, and a millisecond more is not', () => {
  const parsed = parseConfig(`${BASE}timing: { lease: 700ms }`);
  const most = /at most (\d+)ms/.exec(parsed.ok ? '' : (parsed.problems[0]?.remedy ?? ''))?.[1];
  assert.ok(parseConfig(`${BASE}timing: { lease: ${most}ms }`).ok);
  assert.ok(!parseConfig(`${BASE}timing: { lease: ${Number(most) + 1}ms }`).ok);
});

test('the cover of both presets is below their promise', () => {
  for (const [preset, promiseMs] of [
    ['fast', 600],
    ['quick', 200],
  ] as const) {
    const parsed = parseConfig(`${BASE}preset: ${preset}`);
    assert.ok(parsed.ok);
    assert.ok(coverMs(parsed.config.timing) < promiseMs);
  }
});

test('a network contains its addresses and no others', () => {
  assert.ok(contains('10.0.0.10/24', '10.0.0.1'));
  assert.ok(!contains('10.0.0.10/24', '10.0.1.1'));
  assert.ok(contains('fd00::10/64', 'fd00::1'));
  assert.ok(!contains('fd00::10/64', '10.0.0.1'));
});

test('a plan starts a cold Asterisk before it moves the callers, and moves them first to a warm one', () => {
  const text = `${BASE}virtual-ip: { addresses: [10.0.0.10/24], interface: eth0 }
hooks: [{ name: late, run: [/a] }, { name: early, run: [/a], position: first, on-failure: stop }]\n`;
  const ids = (more: string): readonly string[] => {
    const parsed = parseConfig(text + more);
    assert.ok(parsed.ok);
    return toSettings(parsed.config).plan.map((step) => step.id);
  };
  assert.deepEqual(ids('telephony: warm'), ['hook:early', 'virtual-ip', 'service:asterisk.service', 'hook:late']);
  assert.deepEqual(ids('telephony: cold'), ['hook:early', 'service:asterisk.service', 'virtual-ip', 'hook:late']);
});

test('what waits for telephony only comes before the other services, warm or cold', () => {
  const text = `${BASE}virtual-ip: { addresses: [10.0.0.10/24], interface: eth0 }
services: [{ unit: first.service }, { unit: asterisk.service }, { unit: slow.service, when: active }]
hooks: [{ name: late, run: [/a] }, { name: trunks, run: [/a], position: telephony }]\n`;
  const ids = (more: string): string => {
    const parsed = parseConfig(text + more);
    assert.ok(parsed.ok, JSON.stringify(parsed));
    return toSettings(parsed.config)
      .plan.map(({ id }) => id.replace(/^service:|^hook:|\.service$/g, ''))
      .join(' ');
  };
  assert.equal(ids('telephony: warm'), 'virtual-ip first asterisk trunks slow late');
  assert.equal(ids('telephony: cold'), 'first asterisk virtual-ip trunks slow late');
});

test('ping checkpoints are no voters', () => {
  const mixed = parseConfig(CHECKPOINTS('{ name: x, address: 10.0.0.3 }, { kind: ping, name: y, address: 10.0.0.4 }'));
  assert.ok(mixed.ok);
  assert.deepEqual(toSettings(mixed.config).arbiter, {
    kind: 'checkpoints',
    voters: ['x'],
    whenLost: 'wait',
    lostAfterMs: 60_000,
  });
  const pings = parseConfig(CHECKPOINTS('{ kind: ping, name: y, address: 10.0.0.4 }'));
  assert.ok(pings.ok);
  assert.deepEqual(toSettings(pings.config).arbiter, { kind: 'none' });
  assert.match(pings.notes.join(), /cannot promise/);
});

test('a secret file that others can read, or that is not ours, is refused', () => {
  const machine = (mode: number, uid: number): Machine => ({
    file: (path) => (path === '/none' ? null : { mode, uid, regular: true }),
    addresses: () => [],
    uid: 1000,
  });
  const clash = (mode: number, uid: number, path = '/k'): string =>
    secretFileClash(['key-file'], path, machine(mode, uid), 'make it')
      .map((each) => each.message)
      .join();
  assert.equal(clash(0o600, 0), '');
  assert.equal(clash(0o400, 1000), '');
  assert.match(clash(0o640, 0), /mode 0640/);
  assert.match(clash(0o602, 0), /mode 0602/);
  assert.match(clash(0o600, 33), /user 33/);
  assert.match(clash(0o600, 0, '/none'), /does not exist/);
});
