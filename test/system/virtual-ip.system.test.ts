import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { createGate } from '../../src/steps/gate/gate.ts';
import type { DisposableStep } from '../../src/steps/outcome.ts';
import { createVirtualIpStep } from '../../src/steps/virtual-ip.ts';
import { createPeer, inNamespace, ip, type Peer, spread, testClock, until } from './namespace.ts';

const V4 = '10.78.0.10/24';
const V6 = 'fd78::10/64';
const never = new AbortController().signal;

let peer: Peer;
let step: DisposableStep;
/** What the peer saw on the cable, with the time on our clock at which it was printed. */
let seen: { readonly at: number; readonly line: string }[];

const watchCable = async (): Promise<ChildProcess> => {
  const dump = peer.start('tcpdump', '--immediate-mode', '-l', '-n', '-tt', '-i', 'eth0', 'arp or icmp6');
  if (dump.stdout === null) throw new Error('no pipe');
  createInterface({ input: dump.stdout }).on('line', (line) => {
    // The kernel's own time of the packet, on the clock of the test.
    seen.push({ at: Number.parseFloat(line) * 1000 - performance.timeOrigin, line });
  });
  // It listens when it sees a packet.
  await until(
    () => {
      peer.run('ip', 'neigh', 'flush', 'dev', 'eth0');
      try {
        peer.run('ping', '-c', '1', '-W', '1', '10.78.0.1');
      } catch {
        // Asked again.
      }
      return seen.length > 0;
    },
    5000,
    'tcpdump sees packets',
  );
  return dump;
};

const create = (): DisposableStep =>
  createVirtualIpStep({
    addresses: [V4, V6],
    interface: 'veth0',
    announcements: 4,
    announceEveryMs: 300,
    clock: testClock,
  });

const isHere = (address: string): boolean => ip('address', 'show', 'dev', 'veth0').includes(address);

const outcome = async (direction: 'activate' | 'passivate'): Promise<string> => {
  const { outcome, changed, detail } = await step.run(direction, never);
  return outcome === 'done' ? `done ${changed ? 'changed' : 'unchanged'}` : `${outcome}: ${detail}`;
};

inNamespace(import.meta.url, () => {
  let dump: ChildProcess;
  before(async () => {
    seen = [];
    peer = await createPeer('veth0', ['10.78.0.1/24', 'fd78::1/64'], ['10.78.0.2/24', 'fd78::2/64']);
    dump = await watchCable();
  });
  after(() => {
    dump.kill();
    peer.stop();
  });
  beforeEach(() => {
    seen = [];
    step = create();
  });
  afterEach(async () => {
    await step.run('passivate', never);
    await step.dispose();
  });

  test('takes and gives up, once each, and says what it would do', async () => {
    assert.match(await step.preview('activate'), /add 10.78.0.10, fd78::10 to veth0/);
    assert.equal(await outcome('passivate'), 'done unchanged');
    assert.equal(await outcome('activate'), 'done changed');
    assert.equal(await outcome('activate'), 'done unchanged');
    assert.ok(isHere('10.78.0.10/24') && isHere('fd78::10/64'));
    assert.match(ip('address', 'show', 'dev', 'veth0'), /fd78::10\/64 scope global nodad deprecated/);
    assert.match(await step.preview('passivate'), /remove 10.78.0.10, fd78::10/);
    assert.equal(await outcome('passivate'), 'done changed');
    assert.equal(await outcome('passivate'), 'done unchanged');
    assert.ok(!isHere('10.78.0.10') && !isHere('fd78::10'));
  });

  test('neighbours are told at once, and again: ARP as request and reply, IPv6 unsolicited', async () => {
    const firsts: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      await step.run('passivate', never);
      seen = [];
      const startedAt = performance.now();
      assert.equal((await step.run('activate', never)).outcome, 'done');
      await until(() => seen.some(({ line }) => line.includes('10.78.0.10')), 1000, 'the first announcement');
      firsts.push((seen.find(({ line }) => line.includes('10.78.0.10'))?.at ?? 0) - startedAt);
    }
    console.log(`measured: first gratuitous ARP on the wire after the step began: ${spread(firsts)}`);
    seen = [];
    await step.run('passivate', never);
    await step.run('activate', never);
    step.keep?.(performance.now() + 5000);
    const counted = (pattern: RegExp): number => seen.filter(({ line }) => pattern.test(line)).length;
    await until(
      () =>
        counted(/Reply 10\.78\.0\.10 is-at/) >= 4 && counted(/Request who-has 10\.78\.0\.10 .*tell 10\.78\.0\.10/) >= 4,
      2000,
      'all ARPs',
    );
    await until(() => counted(/neighbor advertisement, tgt is fd78::10/) >= 4, 2000, 'all advertisements');
  });

  test('the kernel removes it when nobody keeps it, and not while somebody does', async () => {
    await step.run('activate', never);
    const keeper = setInterval(() => step.keep?.(performance.now() + 560), 250);
    const keptUntil = performance.now() + 3500;
    await until(
      () => {
        assert.ok(isHere('10.78.0.10') && isHere('fd78::10'));
        return performance.now() > keptUntil;
      },
      5000,
      'kept',
    );
    clearInterval(keeper);
    const goneMs = await until(() => !isHere('10.78.0.10') && !isHere('fd78::10'), 3000, 'gone by itself');
    console.log(`measured: address gone after the last keep: ${spread([goneMs])}`);
    assert.ok(goneMs < 2500, `gone after ${goneMs} ms`);
  });

  test('for ever in manual mode, and a lease again after it', async () => {
    await step.run('activate', never);
    step.keep?.(1e15);
    await until(
      () => /fd78::10[^\n]*\n\s+valid_lft forever/.test(ip('address', 'show', 'dev', 'veth0')),
      1000,
      'for ever',
    );
    step.keep?.(performance.now() + 560);
    await until(
      () => /fd78::10[^\n]*\n\s+valid_lft [01]sec/.test(ip('address', 'show', 'dev', 'veth0')),
      1000,
      'a lease',
    );
  });

  test('a late keep does not bring back what was given up', async () => {
    await step.run('activate', never);
    const giving = step.run('passivate', never);
    step.keep?.(performance.now() + 560);
    await giving;
    step.keep?.(performance.now() + 560);
    await step.run('passivate', never);
    assert.ok(!isHere('10.78.0.10'));
  });

  test('a missing interface fails, and says so; after it is back the same step works', async () => {
    const other = createVirtualIpStep({
      addresses: ['10.79.0.10/24'],
      interface: 'veth7',
      announcements: 1,
      announceEveryMs: 100,
      clock: testClock,
    });
    const result = await other.run('activate', never);
    assert.equal(result.outcome, 'failed');
    assert.match(result.detail, /veth7/);
    ip('link', 'add', 'veth7', 'type', 'veth', 'peer', 'name', 'veth8');
    ip('link', 'set', 'veth7', 'up');
    ip('link', 'set', 'veth8', 'up');
    assert.equal((await other.run('activate', never)).outcome, 'done');
    assert.equal((await other.run('passivate', never)).outcome, 'done');
    ip('link', 'del', 'veth7');
    await other.dispose();
  });

  test('handover with the gate: nobody hears of the address after the gate has closed, before it is removed', async (context) => {
    const gate = createGate({
      settings: {
        slots: 4,
        sipPorts: [5060],
        iaxPort: null,
        mediaPorts: null,
        virtualAddresses: ['10.78.0.10', 'fd78::10'],
        probedAddresses: [],
        forwarded: false,
        refuserPort: null,
      },
      clock: testClock,
    });
    context.after(() => gate.dispose());
    await gate.open();
    await gate.apply({ type: 'arm', slot: 0, ms: 10_000 });
    await gate.apply({ type: 'grant', slot: 0 });
    await step.run('activate', never);
    step.keep?.(performance.now() + 5000);
    peer.run('arping', '-q', '-f', '-c', '2', '-I', 'eth0', '10.78.0.10');
    const asker = spawn('nsenter', [
      '-t',
      String(peer.pid),
      '-n',
      '--',
      'arping',
      '-q',
      '-b',
      '-c',
      '3',
      '-I',
      'eth0',
      '10.78.0.10',
    ]);
    const closing = performance.now();
    step.keep?.(closing);
    await gate.apply({ type: 'close' });
    const closedAt = performance.now();
    await once(asker, 'exit');
    const late = seen.filter(({ at, line }) => at > closedAt && /Reply 10\.78\.0\.10/.test(line));
    assert.deepEqual(late, []);
    assert.ok(
      seen.some(({ at, line }) => at < closing && /Reply 10\.78\.0\.10/.test(line)),
      'it answered before',
    );
  });
});
