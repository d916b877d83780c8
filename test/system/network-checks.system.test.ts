/** Checks of network, kernel and disk where something is really wrong: a third host with the virtual IP, a cut, a full disk. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { kernelChecks } from '../../src/checks/families/kernel.ts';
import { machineChecks } from '../../src/checks/families/machine.ts';
import { networkChecks } from '../../src/checks/families/network.ts';
import { pairChecks } from '../../src/checks/families/pair.ts';
import { configWith, find, type Planted, told } from '../../src/checks/testing/around.ts';
import { createGate } from '../../src/steps/gate/gate.ts';
import { createPeer, inNamespace, ip, nft, type Peer, testClock } from './namespace.ts';

const VIP = '10.77.0.10';

/** Seen from the node 10.77.0.1, whose peer is 10.77.0.2. */
const configOf = (more = '', role: 'main' | 'standby' = 'main') => {
  const base = configWith(`virtual-ip: { addresses: [${VIP}/24], interface: veth0 }\n${more}`, role);
  return {
    ...base,
    node: { ...base.node, address: '10.77.0.1' },
    peer: { ...base.peer, address: '10.77.0.2' },
  };
};

const all = [...networkChecks, ...kernelChecks, ...machineChecks, ...pairChecks()];
const say = async (id: string, planted: Planted = {}): Promise<string> =>
  told(await find(all, id, { config: configOf(), ...planted }));

inNamespace(import.meta.url, () => {
  let peer: Peer;
  let peerMac = '';
  before(async () => {
    peer = await createPeer('veth0', ['10.77.0.1/24'], ['10.77.0.2/24']);
    peerMac = /link\/ether (\S+)/.exec(peer.run('ip', 'link', 'show', 'dev', 'eth0'))?.[1] ?? '';
  });
  after(() => peer.stop());

  describe('the virtual IP', () => {
    const serves = { server: 'other' } as const;

    test('nobody has it: free; whoever answers must be the node that serves', async () => {
      assert.equal(await say('virtual-ip-free'), `pass: nobody else answers for ${VIP}`);
      peer.run('ip', 'addr', 'add', `${VIP}/24`, 'dev', 'eth0');
      // This node serves, and another answers.
      assert.equal(
        await say('virtual-ip-free'),
        `fail: ${peerMac} answers for ${VIP}, and is not the node that serves`,
      );
      const right = { snapshot: serves, facts: { hardwareAddresses: [peerMac] } };
      assert.equal(await say('virtual-ip-free', right), `pass: only the node that serves answers for ${VIP}`);
      const third = { snapshot: serves, facts: { hardwareAddresses: ['02:00:00:00:00:99'] } };
      assert.match(await say('virtual-ip-free', third), /^fail/);
      assert.match(await say('virtual-ip-free', { snapshot: serves, facts: null }), /^unknown: .* whose that is/);
      peer.run('ip', 'addr', 'del', `${VIP}/24`, 'dev', 'eth0');
    });

    test('its own node does not answer itself', async () => {
      ip('addr', 'add', `${VIP}/24`, 'dev', 'veth0');
      assert.match(await say('virtual-ip-free'), /^pass/);
      ip('addr', 'del', `${VIP}/24`, 'dev', 'veth0');
    });

    test('the interface: there, without a link, not there', async () => {
      assert.equal(await say('virtual-ip-interface'), 'pass: veth0 is up');
      peer.run('ip', 'link', 'set', 'eth0', 'down');
      assert.equal(await say('virtual-ip-interface'), 'fail: veth0 has no link');
      assert.equal(await say('address-here'), 'fail: veth0, which has 10.77.0.1, has no link');
      peer.run('ip', 'link', 'set', 'eth0', 'up');
      const base = configOf();
      const virtualIp = base.virtualIp === null ? null : { ...base.virtualIp, interface: 'eth9' };
      assert.equal(
        await say('virtual-ip-interface', { config: { ...base, virtualIp } }),
        'fail: there is no interface eth9',
      );
    });
  });

  test('address-here, same-network, main-answers-pings, gateway-answers, nonlocal-bind', async () => {
    assert.equal(await say('address-here'), 'pass: 10.77.0.1 on veth0');
    const base = configOf();
    const moved = { ...base, node: { ...base.node, address: '10.78.0.1' } };
    assert.match(await say('address-here', { config: moved }), /^fail: no interface has 10\.78\.0\.1; there are /);
    assert.match(await say('same-network'), /^pass/);
    const away = { ...base, peer: { ...base.peer, address: '10.79.0.2' } };
    assert.equal(await say('same-network', { config: away }), 'fail: 10.79.0.2 lies outside 10.77.0.1/24');
    const standby = configOf('preset: classic\n', 'standby');
    assert.equal(await say('main-answers-pings', { config: standby }), 'pass: the main 10.77.0.2 answers pings');
    const gateway = (address: string) => ({ config: { ...base, network: { ...base.network, gateway: address } } });
    assert.equal(await say('gateway-answers', gateway('10.77.0.2')), 'pass: the gateway 10.77.0.2 answers pings');
    assert.equal(await say('gateway-answers', gateway('10.77.0.77')), 'fail: the gateway 10.77.0.77 answers no ping');
    assert.match(await say('gateway-answers'), /^fail: nothing tells this node/);
    peer.run(
      'nft',
      'add table inet t; add chain inet t i { type filter hook input priority 0; }; add rule inet t i icmp type echo-request drop',
    );
    assert.equal(await say('main-answers-pings', { config: standby }), 'fail: the main 10.77.0.2 answers no ping');
    peer.run('nft', 'flush ruleset');
    const binds = (value: string) => writeFileSync('/proc/sys/net/ipv4/ip_nonlocal_bind', value);
    const survey = { transports: [{ name: 'udp', bind: `${VIP}:5060` }] };
    binds('0');
    assert.match(await say('nonlocal-bind', { survey }), /^fail: net\.ipv4\.ip_nonlocal_bind is 0/);
    assert.match(await say('nonlocal-bind'), /^not-applicable|^fail/);
    binds('1');
    assert.match(await say('nonlocal-bind', { survey }), /^pass/);
  });

  test('stream-port-open: through a firewall that drops it is told as such', async () => {
    const base = configOf();
    const server = createServer().listen(0, '10.77.0.1');
    await once(server, 'listening');
    server.close();
    peer.run(
      'nft',
      'add table inet t; add chain inet t i { type filter hook input priority 0; }; add rule inet t i tcp dport 4577 drop',
    );
    assert.match(
      await say('stream-port-open', { config: base }),
      /^fail: .* does not answer: a firewall may drop it\.$/,
    );
    peer.run('nft', 'flush ruleset');
    assert.match(await say('stream-port-open', { config: base }), /^fail: .* nobody listens there\.$/);
  });

  test('the gate: the kernel takes it; its table is there, then taken away', async () => {
    assert.equal(await say('gate-possible'), 'pass: the kernel takes the gate');
    const off = { config: configOf('gate: { enforce: false }\n') };
    assert.match(await say('gate-possible', off), /^not-applicable/);
    assert.match(await say('gate-enforced', off), /^fail: gate\.enforce is off/);
    assert.match(await say('gate-enforced'), /^pass/);
    assert.equal(await say('gate-there'), 'fail: no table dualtone in inet and arp');
    const settings = {
      slots: 16,
      sipPorts: [5060],
      iaxPort: null,
      mediaPorts: null,
      virtualAddresses: [VIP],
      probedAddresses: [],
      forwarded: false,
      refuserPort: null,
    };
    const gate = createGate({ settings, clock: testClock });
    assert.ok((await gate.open()).ok);
    assert.equal(await say('gate-there'), 'pass: 16 slots, inet and arp');
    await gate.dispose();
    nft('delete table arp dualtone');
    assert.equal(await say('gate-there'), 'fail: no table dualtone in arp');
    nft('flush ruleset');
  });

  test('disk-space: a disk that is full', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dualtone-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', folder]);
    try {
      const config = { ...configOf(), stateDir: folder };
      assert.match(await say('disk-space', { config }), /^pass/);
      writeFileSync(join(folder, 'filler'), Buffer.alloc(4 * 1024 ** 2 - 64 * 1024));
      assert.match(await say('disk-space', { config }), /^fail: .*state and journal\): 0 MiB free/);
    } finally {
      execFileSync('umount', [folder]);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
