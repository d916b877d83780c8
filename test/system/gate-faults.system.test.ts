import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket as TcpSocket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { GateAction } from '../../src/core/effect.ts';
import type { Gate } from '../../src/ports.ts';
import { type Run, run } from '../../src/process/run.ts';
import { createGate } from '../../src/steps/gate/gate.ts';
import type { GateSettings } from '../../src/steps/gate/rules.ts';
import { createPeer, inNamespace, ip, nft, type Peer, spread, testClock, until } from './namespace.ts';

const VIRTUAL_IP = '10.77.0.10';
const VIRTUAL_IP6 = 'fd77::10';

const settings: GateSettings = {
  slots: 16,
  sipPorts: [5060],
  iaxPort: 4569,
  mediaPorts: '10000-20000',
  virtualAddresses: [VIRTUAL_IP, VIRTUAL_IP6],
  probedAddresses: [],
  forwarded: false,
  refuserPort: null,
};

let peer: Peer;
let gate: Gate;
let tampered: string[];

const leaves = (socket: Socket): Promise<boolean> =>
  new Promise((resolve) => {
    socket.send('x', 40_000, '10.77.0.2', (error) => resolve(error === null));
  });

/** Sends until the gate is closed; when the last packet was sent that left. Never too late, however busy the machine is. */
const lastLeftAt = async (socket: Socket): Promise<number> => {
  let last = performance.now();
  await until(
    async () => {
      const at = performance.now();
      const open = await leaves(socket);
      if (open) last = at;
      return !open;
    },
    2000,
    'closed',
  );
  return last;
};

const apply = async (action: GateAction): Promise<void> => {
  assert.deepEqual(await gate.apply(action), { ok: true, value: undefined });
};

const openFor = async (ms: number, slot = 0): Promise<void> => {
  await apply({ type: 'arm', slot, ms });
  await apply({ type: 'grant', slot });
};

const reopen = async (changed: Partial<GateSettings> = {}): Promise<void> => {
  await gate.dispose();
  tampered = [];
  gate = createGate({ settings: { ...settings, ...changed }, clock: testClock });
  gate.onTampered((what) => tampered.push(what));
  assert.deepEqual(await gate.open(), { ok: true, value: undefined });
};

/** As an agent that begins and ends at once. */
const openOnce = async (): Promise<void> => {
  const brief = createGate({ settings, clock: testClock });
  assert.equal((await brief.open()).ok, true);
  await brief.dispose();
};

/** Process ids of the programs below a process whose command line ends so. */
const below = (parent: number, end: string): readonly number[] =>
  readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number)
    .filter((pid) => pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').endsWith(end));

/** Those that hold its netlink sockets. */
const netlinkBelow = (parent: number): readonly number[] => below(parent, '/netlink.pl\0');

/** Resident memory of a process, KiB. */
const residentKib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN);

const startAgent = async (ms: number): Promise<ChildProcess> => {
  const agent = spawn(
    process.execPath,
    [fileURLToPath(new URL('./gate-agent.ts', import.meta.url)), JSON.stringify(settings), String(ms)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(agent.stdout, 'data');
  return agent;
};

/** The peer asks the kernel of this node for an address; true when it answers. */
const answersFor = (address: string): boolean => {
  try {
    peer.run('ip', 'neigh', 'flush', 'dev', 'eth0');
    peer.run('ping', '-c', '1', '-W', '1', address);
    return true;
  } catch {
    return false;
  }
};

inNamespace(import.meta.url, () => {
  let sip: Socket;
  before(async () => {
    peer = await createPeer('veth0', ['10.77.0.1/24', 'fd77::1/64'], ['10.77.0.2/24', 'fd77::2/64']);
    sip = createSocket('udp4').bind(5060, '10.77.0.1');
    await once(sip, 'listening');
    gate = createGate({ settings, clock: testClock });
  });
  after(() => {
    sip.close();
    peer.stop();
  });
  beforeEach(async () => {
    await reopen();
    await apply({ type: 'close' });
  });
  afterEach(() => gate.dispose());

  test('left alone, it is looked at and nothing is put back', async () => {
    await gate.dispose();
    let looks = 0;
    const counting: Run = (argv, options) => {
      looks += 1;
      return run(argv, options);
    };
    gate = createGate({ settings, clock: testClock, checkEveryMs: 5, run: counting });
    gate.onTampered((what) => tampered.push(what));
    await gate.open();
    // Two programs a listing: the first at the opening, one soon after it, and then one of many looks, as nothing has changed.
    await until(() => looks >= 8, 5000, 'looks');
    assert.deepEqual(tampered, []);
    await gate.dispose();
    looks = 0;
    gate = createGate({ settings, clock: testClock, checkEveryMs: 1000, run: counting });
    gate.onTampered((what) => tampered.push(what));
    await gate.open();
    await until(() => looks === 4, 2000, 'the look after the opening');
    await openFor(1);
    // No rule is taken away by this, so nothing but the kernel's count of transactions can tell.
    nft('insert rule inet dualtone gated accept');
    await until(() => tampered.length === 1, 3000, 'the strange rule is found by the next look');
  });

  test('`flush ruleset` of another program: a closed gate is put back closed, and it is told', async () => {
    const gaps: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 550));
      nft('flush ruleset');
      gaps.push(await until(async () => !(await leaves(sip)), 500, 'put back'));
    }
    console.log(
      `measured: the gate was absent after a flush, seen from the end of the flushing program: ${spread(gaps)}`,
    );
    await until(() => tampered.length > 0, 500, 'it is told');
    assert.match(tampered[0] ?? '', /of the gate were (taken away|gone); they were put back/);
  });

  test('... an open one is put back open, and closes no later than it would have', async () => {
    await openFor(1000);
    const takenAt = performance.now();
    nft('flush ruleset');
    await until(() => tampered.length > 0, 900, 'put back');
    assert.equal(await leaves(sip), true);
    const openMs = (await lastLeftAt(sip)) - takenAt;
    assert.ok(openMs < 1012, `open for ${openMs} ms`);
    await apply({ type: 'hold-open' });
    nft('delete table inet dualtone');
    await until(() => tampered.length > 1, 500, 'put back');
    assert.equal(await leaves(sip), true);
  });

  test('a flushed chain, a deleted rule and a deleted ARP table are put back too', async () => {
    for (const harm of [
      'flush chain inet dualtone input',
      'flush chain inet dualtone gated',
      'delete table arp dualtone',
    ]) {
      const before = tampered.length;
      nft(harm);
      await until(() => tampered.length > before, 1000, harm);
      assert.equal(await leaves(sip), false);
    }
  });

  test('who watches the rules remembers nothing: after minutes of leases it is as large as before, and awake', async () => {
    const [watcher = 0, ...others] = below(process.pid, '/rule-watch.pl\0dualtone\0');
    assert.ok(watcher > 0 && others.length === 0);
    const leases = async (count: number): Promise<void> => {
      for (let round = 0; round < count; round += 1) await openFor(1000, round % 2);
    };
    await leases(100);
    const before = residentKib(watcher);
    await leases(1000);
    const grown = residentKib(watcher) - before;
    assert.ok(grown < 256, `${grown} KiB more after 1,000 leases`);
    const told = tampered.length;
    nft('flush chain inet dualtone input');
    await until(() => tampered.length > told, 1000, 'it is told');
  });

  test('a transaction that meets no table puts it back first', async () => {
    const order = [gate.apply({ type: 'arm', slot: 0, ms: 2000 })];
    nft('flush ruleset');
    order.push(gate.apply({ type: 'arm', slot: 1, ms: 2000 }), gate.apply({ type: 'grant', slot: 1 }));
    assert.deepEqual(
      (await Promise.all(order)).map((each) => each.ok),
      [true, true, true],
    );
  });

  test('the agent is killed: the gate closes by itself, and the next agent adopts what still runs', async () => {
    await apply({ type: 'close' });
    await gate.dispose();
    const agent = await startAgent(1500);
    await until(() => leaves(sip), 2000, 'open');
    const killedAt = performance.now();
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    await reopen();
    assert.equal(await leaves(sip), true, 'the ticket runs on under the new agent');
    assert.deepEqual(tampered, []);
    const openMs = (await lastLeftAt(sip)) - killedAt;
    assert.ok(openMs < 1512, `open for ${openMs} ms`);
  });

  test('the agent is frozen: the same', async () => {
    await gate.dispose();
    const agent = await startAgent(300);
    await until(() => leaves(sip), 2000, 'open');
    agent.kill('SIGSTOP');
    const frozenAt = performance.now();
    const openMs = (await lastLeftAt(sip)) - frozenAt;
    assert.ok(openMs < 312, `open for ${openMs} ms`);
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    await reopen();
  });

  test('other rules after an upgrade replace the former ones in place; a live ticket runs on', async () => {
    await openFor(3000);
    await reopen({ sipPorts: [5060, 5070], slots: 8, virtualAddresses: [] });
    assert.equal(await leaves(sip), true);
    assert.match(nft('list table inet dualtone'), /5070/);
    assert.doesNotMatch(nft('list tables'), /arp/);
    assert.doesNotMatch(nft('list sets'), /slot9/);
    await apply({ type: 'close' });
    assert.equal(await leaves(sip), false);
    nft('flush ruleset; add table inet dualtone; add set inet dualtone slot0 { type ipv4_addr; }');
    await reopen();
    assert.equal(await leaves(sip), false, 'what cannot be replaced in place is thrown away');
  });

  test('the way to the kernel stalls: the transaction is given up, nothing of it comes later, and the next one is taken', async () => {
    await gate.dispose();
    gate = createGate({ settings, clock: testClock, timeoutMs: 200 });
    await gate.open();
    const [stalled] = netlinkBelow(process.pid);
    assert.ok(stalled !== undefined);
    process.kill(stalled, 'SIGSTOP');
    const given = await gate.apply({ type: 'arm', slot: 2, ms: 5000 });
    assert.equal(given.ok ? 'taken' : given.error.code, 'pipe-program-timeout');
    await apply({ type: 'grant', slot: 2 });
    assert.equal(await leaves(sip), false);
    await openFor(2000);
    assert.equal(await leaves(sip), true);
  });

  test('an established TCP connection is cut with the gate and goes on with it, conntrack or not', async (context) => {
    nft(
      'add table inet firewall; add chain inet firewall input { type filter hook input priority 0; }; add rule inet firewall input ct state established accept',
    );
    await openFor(10_000);
    const server = createServer().listen(5060, '10.77.0.1');
    await once(server, 'listening');
    const client = peer.start(
      process.execPath,
      '-e',
      'process.stdin.pipe(require("node:net").connect({ host: "10.77.0.1", port: 5060, localPort: 40002 }))',
    );
    context.after(() => {
      client.kill('SIGKILL');
      server.close();
      nft('add table inet firewall; delete table inet firewall');
    });
    const [connection] = (await once(server, 'connection')) as [TcpSocket];
    let heard = '';
    connection.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
    client.stdin?.write('one\n');
    await until(() => heard === 'one\n', 2000, 'heard while open');
    await apply({ type: 'close' });
    client.stdin?.write('two\n');
    // Long enough for the kernel's first retransmissions.
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.equal(heard, 'one\n');
    await openFor(10_000);
    await until(() => heard === 'one\ntwo\n', 3000, 'heard again by retransmission');
    connection.destroy();
  });

  test('an established UDP flow from outside is cut too', async (context) => {
    await openFor(10_000);
    let heard = 0;
    sip.on('message', () => {
      heard += 1;
    });
    const caller = peer.start(
      process.execPath,
      '-e',
      'const s = require("node:dgram").createSocket("udp4").bind(40001, () => setInterval(() => s.send("x", 5060, "10.77.0.1"), 10))',
    );
    context.after(() => {
      caller.kill('SIGKILL');
      sip.removeAllListeners('message');
    });
    const dropped = (): number => Number(/counter packets (\d+)/.exec(nft('list chain inet dualtone gated'))?.[1]);
    await until(() => heard > 5, 5000, 'packets come');
    const droppedBefore = dropped();
    await apply({ type: 'close' });
    await until(() => dropped() > droppedBefore + 5, 5000, 'packets are dropped');
    // What had come before the close has been read from the socket by now.
    const closedWith = heard;
    await until(() => dropped() > droppedBefore + 20, 5000, 'more packets are dropped');
    assert.equal(heard, closedWith);
  });

  test('nobody speaks for the virtual IP while the gate is closed, though the address is still there', async () => {
    ip('addr', 'add', `${VIRTUAL_IP}/24`, 'dev', 'veth0');
    ip('addr', 'add', `${VIRTUAL_IP6}/64`, 'dev', 'veth0', 'nodad');
    assert.equal(answersFor(VIRTUAL_IP), false, 'ARP while closed');
    assert.equal(answersFor(VIRTUAL_IP6), false, 'neighbour advertisement while closed');
    assert.equal(answersFor('10.77.0.1'), true, 'the own address answers');
    assert.equal(answersFor('fd77::1'), true, 'the own IPv6 address answers');
    await openFor(5000);
    assert.equal(answersFor(VIRTUAL_IP), true);
    assert.equal(answersFor(VIRTUAL_IP6), true);
    await openFor(50, 0);
    await until(async () => !(await leaves(sip)), 500, 'the lease is out');
    assert.equal(answersFor(VIRTUAL_IP), false, 'ARP after the lease is out, before the address is removed');
    assert.equal(answersFor(VIRTUAL_IP6), false);
    ip('addr', 'del', `${VIRTUAL_IP}/24`, 'dev', 'veth0');
    ip('addr', 'del', `${VIRTUAL_IP6}/64`, 'dev', 'veth0');
  });

  test('where there was no gate it is closed from the first moment; a running one is left as it is', async () => {
    await gate.dispose();
    nft('flush ruleset');
    await openOnce();
    assert.equal(await leaves(sip), false);
    await reopen();
    await openFor(2000);
    await openOnce();
    assert.equal(await leaves(sip), true);
  });
});
