/** A closed gate that refuses: the kernel's rules, the program that answers, and a caller on another host. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import type { Gate } from '../../src/ports.ts';
import { createGate } from '../../src/steps/gate/gate.ts';
import type { GateSettings } from '../../src/steps/gate/rules.ts';
import { createPeer, inNamespace, nft, type Peer, testClock, until } from './namespace.ts';

const settings: GateSettings = {
  slots: 4,
  sipPorts: [5060, 5061],
  iaxPort: 4569,
  mediaPorts: '10000-20000',
  virtualAddresses: [],
  probedAddresses: ['10.77.0.3'],
  forwarded: false,
  refuserPort: 4579,
};

const path = (file: string): string => new URL(`../../${file}`, import.meta.url).href;

/** The program itself, with as much of a configuration as it reads. */
const refuser = `
  const { runRefuser } = await import('${path('src/refuser/process.ts')}');
  await runRefuser({ gate: { enforce: true, refuse: true, sipPorts: [5060], refusePort: 4579 }, virtualIp: null, services: [] });
`;

/** A caller on the other host: asks over UDP (with so many bytes of a name), over TCP, and the refuser's own port; one line each time. */
const caller = `
  const { sendOptions } = await import('${path('src/sip/options.ts')}');
  const ask = async (transport, port, user) => {
    const signal = new AbortController().signal;
    const answer = await sendOptions({ transport, host: '10.77.0.1', port, user, timeoutMs: 400, signal });
    return answer.ok ? String(answer.value.status) : answer.error.code;
  };
  process.stdin.on('data', async () => {
    const said = await Promise.all([ask('udp', 5060, 'a'), ask('udp', 5060, 'a'.repeat(3000)), ask('tcp', 5060, 'a'), ask('udp', 4579, 'a')]);
    console.log(said.join(' '));
  });
`;

const SILENCE = 'sip-timeout sip-timeout sip-timeout sip-timeout';

inNamespace(import.meta.url, () => {
  let peer: Peer;
  let gate: Gate;
  let asterisk: Socket;
  let listener: Server;
  let answering: ChildProcess;
  let asking: ChildProcess;
  let heard = 0;
  let lines: AsyncIterator<string>;

  const asked = async (): Promise<string> => {
    asking.stdin?.write('\n');
    return String((await lines.next()).value);
  };

  before(async () => {
    peer = await createPeer('veth0', ['10.77.0.1/24'], ['10.77.0.2/24']);
    gate = createGate({ settings, clock: testClock });
    assert.deepEqual(await gate.open(), { ok: true, value: undefined });
    // Who counts what reaches Asterisk; it answers 200 to nobody, so an open gate is silent here but heard.
    asterisk = createSocket('udp4');
    asterisk.on('message', () => {
      heard += 1;
    });
    asterisk.bind(5060, '0.0.0.0');
    listener = createServer((socket) => socket.destroy());
    listener.listen(5060, '0.0.0.0');
    await once(listener, 'listening');
    answering = spawn(process.execPath, ['--input-type=module', '--eval', refuser], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (answering.stdout !== null) await once(answering.stdout, 'data');
    asking = peer.start(process.execPath, '--input-type=module', '--eval', caller);
    if (asking.stdout !== null) lines = createInterface({ input: asking.stdout })[Symbol.asyncIterator]();
  });
  after(async () => {
    asking.kill();
    answering.stdin?.end();
    await once(answering, 'exit');
    asterisk.close();
    listener.close();
    await gate.dispose();
    peer.stop();
  });

  test('the program that answers has no right of root', () => {
    const status = readFileSync(`/proc/${answering.pid}/status`, 'utf8');
    assert.match(status, /^Uid:\s+65534\s+65534\s+65534\s/m);
    assert.match(status, /^Gid:\s+65534\s+65534\s+65534\s/m);
    assert.match(status, /^Groups:\s*$/m);
  });

  test('a closed gate is silent while nothing is known of the other node', async () => {
    assert.equal(await asked(), SILENCE);
    assert.equal(heard, 0);
  });

  test('with the other node serving, callers are told 503 at once, in pieces too, and TCP is reset; Asterisk hears none of them', async () => {
    await gate.elsewhere(5000);
    assert.equal(await asked(), '503 503 sip-refused sip-timeout');
    assert.equal(heard, 0);
  });

  test('so they are behind a firewall of the machine that knows connections', async () => {
    nft('add table inet other');
    nft('add chain inet other in { type filter hook input priority 0; policy drop; }');
    nft('add rule inet other in ct state established accept');
    nft('add rule inet other in udp dport 5060 accept');
    nft('add chain inet other out { type filter hook output priority 0; policy drop; }');
    nft('add rule inet other out ct state established accept');
    await gate.elsewhere(5000);
    assert.match(await asked(), /^503 503 /);
    nft('delete table inet other');
  });

  test('the kernel forgets it by itself, or when told', async () => {
    await gate.elsewhere(1);
    await until(() => !nft('list set inet dualtone elsewhere').includes('expires'), 1000, 'it is forgotten');
    assert.equal(await asked(), SILENCE);
    await gate.elsewhere(5000);
    await gate.elsewhere(0);
    assert.equal(await asked(), SILENCE);
    assert.equal(heard, 0);
  });

  test('the lease comes before all of it: who serves hears its callers at once, from the same ports as before', async () => {
    await gate.elsewhere(5000);
    assert.match(await asked(), /^503 503 /);
    await gate.apply({ type: 'arm', slot: 1, ms: 60_000 });
    await gate.apply({ type: 'grant', slot: 1 });
    const said = await asked();
    assert.match(said, /^sip-timeout sip-timeout /);
    assert.doesNotMatch(said, /sip-refused/);
    assert.ok(heard >= 2, `${heard} packets`);
    await gate.apply({ type: 'close' });
    assert.match(await asked(), /^503 503 sip-refused/);
  });

  test('a program that is dead leaves silence', async () => {
    await gate.elsewhere(5000);
    answering.kill('SIGSTOP');
    const before = heard;
    assert.match(await asked(), /^sip-timeout sip-timeout sip-refused/);
    assert.equal(heard, before);
    answering.kill('SIGCONT');
  });
});
