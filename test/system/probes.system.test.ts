import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { after, before, type TestContext, test } from 'node:test';
import type { WatchedProbe } from '../../src/probes/answer.ts';
import { createCommandProbe } from '../../src/probes/command.ts';
import { createIcmpProbe } from '../../src/probes/icmp.ts';
import { createLinkProbe } from '../../src/probes/link.ts';
import { createSipProbe } from '../../src/probes/sip.ts';
import { createTcpProbe } from '../../src/probes/tcp.ts';
import { collect, isFailed, isOk, isSilent, isWord, type Reported } from '../../src/probes/testing/samples.ts';
import { testClock as clock, createPeer, inNamespace, ip, type Peer } from './namespace.ts';

const pace = { periodMs: 50, timeoutMs: 120 };
const peerAddress = '10.77.0.2';
/** On the cable, but nobody has it. */
const nobody = '10.77.0.9';

const fpings = (): readonly number[] => {
  try {
    return execFileSync('pgrep', ['-P', String(process.pid), 'fping'], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number);
  } catch {
    return [];
  }
};

/** Starts a probe that is stopped with the test, however that ends. */
const start = (context: TestContext, probe: WatchedProbe): Reported => {
  context.after(() => probe.stop());
  const got = collect();
  probe.start(got.report);
  return got;
};

/** The kernel's view of this namespace's interfaces: mounted by a sleeping process, and gone with it. */
const mountSysfs = async (): Promise<{ readonly folder: string; stop: () => void }> => {
  const script = 'mount --make-rprivate / && mount -t sysfs none /sys && echo ready && exec sleep 600';
  const sleeper = spawn('unshare', ['--mount', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(sleeper.stdout, 'data');
  return { folder: `/proc/${sleeper.pid}/root/sys/class/net`, stop: () => sleeper.kill('SIGKILL') };
};

inNamespace(import.meta.url, () => {
  let peer: Peer;
  before(async () => {
    peer = await createPeer('cable', ['10.77.0.1/24'], [`${peerAddress}/24`]);
    // A host that hears and says nothing, as behind a firewall that drops.
    peer.run(
      'nft',
      'add table ip t; add chain ip t in { type filter hook input priority 0; }; add rule ip t in meta l4proto { tcp, udp } drop',
    );
  });
  after(() => peer.stop());

  test('icmp: who answers is well, who does not has failed', async (context) => {
    const targets = [
      { probe: 'gateway', about: 'network', address: peerAddress },
      { probe: 'nobody', about: 'rival', address: nobody },
    ] as const;
    const probe = createIcmpProbe({ name: 'icmp', ...pace, targets }, clock);
    const got = start(context, probe);
    await Promise.all([
      got.next((sample) => sample.probe === 'gateway' && isOk(sample)),
      got.next((sample) => sample.probe === 'nobody' && isFailed(sample)),
    ]);
    await probe.stop();
    assert.deepEqual(fpings(), []);
  });

  test('icmp: an fping that was killed is silence, and another takes over', async (context) => {
    const targets = [{ probe: 'gateway', about: 'network', address: peerAddress }] as const;
    const probe = createIcmpProbe({ name: 'icmp', ...pace, targets }, clock);
    const got = start(context, probe);
    await got.next(isOk);
    const [first = 0] = fpings();
    process.kill(first, 'SIGKILL');
    assert.match((await got.next(isSilent)).reason, /SIGKILL/);
    await got.next(isOk);
    assert.notEqual(fpings()[0], first);
    await probe.stop();
  });

  test('icmp: without a route or without fping, silence and its reason', async (context) => {
    const targets = [{ probe: 'far', about: 'rival', address: '10.99.0.1' }] as const;
    for (const fping of ['fping', '/nowhere/fping']) {
      const probe = createIcmpProbe({ name: 'icmp', ...pace, targets, fping }, clock);
      const got = start(context, probe);
      const sample = await got.next(isWord);
      assert.equal(sample.outcome, 'silent', sample.reason);
      await probe.stop();
    }
  });

  test('tcp and sip: a black hole has failed at its deadline, not crashed', async (context) => {
    const place = { host: peerAddress, port: 5_060, about: 'telephony', ...pace } as const;
    for (const probe of [
      createTcpProbe({ probe: 'tcp', ...place }, clock),
      createSipProbe({ probe: 'udp', transport: 'udp', ...place }, clock),
      createSipProbe({ probe: 'sip-tcp', transport: 'tcp', ...place }, clock),
    ]) {
      const beganAt = performance.now();
      const got = start(context, probe);
      const sample = await got.next(isWord);
      const tookMs = performance.now() - beganAt;
      assert.deepEqual([sample.outcome, sample.crashed], ['failed', false], sample.reason);
      assert.ok(tookMs >= pace.timeoutMs - 2 && tookMs < 2_000, `${probe.name}: ${tookMs} ms`);
      await got.next(isFailed);
      await probe.stop();
    }
  });

  test('tcp: no route from here is silence: the fault may be our own', async (context) => {
    const probe = createTcpProbe({ probe: 'tcp', about: 'rival', ...pace, host: '10.99.0.1', port: 22 }, clock);
    const got = start(context, probe);
    assert.equal((await got.next(isWord)).outcome, 'silent');
    await probe.stop();
  });

  test('a command that leaves children behind is ended with them', async (context) => {
    const argv = ['/bin/sh', '-c', 'sleep 987654 & wait'];
    const probe = createCommandProbe({ probe: 'c', about: 'optional', ...pace, argv, exits: 'plain' }, clock);
    const got = start(context, probe);
    assert.equal((await got.next(isWord)).outcome, 'failed');
    await probe.stop();
    assert.throws(() => execFileSync('pgrep', ['-f', '^sleep 987654']));
  });

  test('link: a cable pulled at the other end, and plugged in again', async (context) => {
    const { folder, stop } = await mountSysfs();
    context.after(stop);
    const probe = createLinkProbe({ probe: 'link', about: 'network', ...pace, interface: 'cable', folder }, clock);
    const got = start(context, probe);
    await got.next(isOk);
    const failed = got.next(isFailed);
    peer.run('ip', 'link', 'set', 'eth0', 'down');
    await failed;
    const well = got.next(isOk);
    peer.run('ip', 'link', 'set', 'eth0', 'up');
    await well;
    ip('link', 'del', 'cable');
    assert.match((await got.next(isFailed)).reason, /no interface cable/);
    await probe.stop();
  });
});
