import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { GateAction } from '../../src/core/effect.ts';
import type { Gate } from '../../src/ports.ts';
import { createGate, createUngated } from '../../src/steps/gate/gate.ts';
import type { GateSettings } from '../../src/steps/gate/rules.ts';
import { createPeer, inNamespace, nft, type Peer, spread, testClock, until } from './namespace.ts';

const settings: GateSettings = {
  slots: 16,
  sipPorts: [5060, 5061],
  iaxPort: 4569,
  mediaPorts: '10000-20000',
  virtualAddresses: ['10.77.0.10', 'fd77::10'],
  probedAddresses: ['10.77.0.3'],
  forwarded: false,
  refuserPort: null,
};

/** What the kernel may be late (`g` of the lease). */
const LAG_MS = 12;

let peer: Peer;
let gate: Gate;

const bound = async (port: number, address = '10.77.0.1'): Promise<Socket> => {
  const socket = createSocket('udp4');
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
};

/** A packet from this node's port to another host's leaves it: the kernel says EPERM to what it drops. */
const leaves = (socket: Socket, port = 40_000, address = '10.77.0.2'): Promise<boolean> =>
  new Promise((resolve) => {
    socket.send('x', port, address, (error) => resolve(error === null));
  });

const apply = async (action: GateAction): Promise<void> => {
  const applied = await gate.apply(action);
  assert.deepEqual(applied, { ok: true, value: undefined });
};

inNamespace(import.meta.url, () => {
  let sip: Socket;
  before(async () => {
    peer = await createPeer('veth0', ['10.77.0.1/24', 'fd77::1/64'], ['10.77.0.2/24', 'fd77::2/64']);
    sip = await bound(5060);
  });
  after(() => {
    sip.close();
    peer.stop();
  });
  beforeEach(async () => {
    gate = createGate({ settings, clock: testClock });
    assert.deepEqual(await gate.open(), { ok: true, value: undefined });
    await apply({ type: 'close' });
  });
  afterEach(() => gate.dispose());

  test('a new gate is closed for SIP, IAX and media both ways, and for nothing else', async () => {
    nft('flush ruleset');
    await gate.dispose();
    gate = createGate({ settings, clock: testClock });
    await gate.open();
    assert.equal(await leaves(sip), false);
    const [iax, media, other] = [await bound(4569), await bound(12_000), await bound(6000)];
    assert.equal(await leaves(iax), false);
    assert.equal(await leaves(media), false);
    assert.equal(await leaves(media, 53), true, 'a resolver that drew a media port');
    assert.equal(await leaves(other), true);
    assert.equal(await leaves(other, 5060), false, 'a trunk from a port of its own');
    assert.equal(await leaves(other, 5060, '10.77.0.3'), true, "the agent's question to the rival");
    assert.equal(await leaves(sip, 5060, '10.77.0.3'), false, 'Asterisk to the rival');
    for (const each of [iax, media, other]) each.close();
  });

  test('the loopback is never gated: the agent asks its own Asterisk', async () => {
    const own = await bound(5061, '127.0.0.1');
    const asker = await bound(6001, '127.0.0.1');
    const heard = once(own, 'message');
    assert.equal(await leaves(asker, 5061, '127.0.0.1'), true);
    await heard;
    own.close();
    asker.close();
  });

  test('a ticket alone opens nothing, its grant does, and the kernel closes in time by itself', async () => {
    const lags: number[] = [];
    const whole: number[] = [];
    for (let round = 0; round < 25; round += 1) {
      const slot = round % settings.slots;
      const ms = 150 + round;
      const askedAt = performance.now();
      await apply({ type: 'arm', slot, ms });
      const takenAt = performance.now();
      assert.equal(await leaves(sip), false, 'a ticket that is not granted');
      await apply({ type: 'grant', slot });
      assert.equal(await leaves(sip), true);
      let lastOpenAt = 0;
      await until(
        async () => {
          const at = performance.now();
          const open = await leaves(sip);
          if (open) lastOpenAt = at;
          return !open;
        },
        ms + 1000,
        'the gate closes',
      );
      // A closed gate is seen a little after it closed (on a busy machine, more than a little): the lag is at most this.
      const closedAt = performance.now();
      assert.ok(lastOpenAt < takenAt + ms + LAG_MS, `a packet left ${lastOpenAt - takenAt - ms} ms after the end`);
      lags.push(closedAt - (takenAt + ms));
      whole.push(closedAt - (askedAt + ms));
    }
    console.log(`measured: gate closes after the end of its ticket, from the kernel's answer: ${spread(lags)}`);
    console.log(`measured: the same, from before the transaction was sent: ${spread(whole)}`);
  });

  test('a grant that comes after the ticket ran out opens nothing', async () => {
    await apply({ type: 'arm', slot: 3, ms: 30 });
    await apply({ type: 'grant', slot: 3 });
    await until(async () => !(await leaves(sip)), 500, 'closed');
    await apply({ type: 'arm', slot: 4, ms: 30 });
    await until(async () => !nft('list set inet dualtone slot4').includes('expires'), 500, 'the ticket is out');
    await apply({ type: 'grant', slot: 4 });
    assert.equal(await leaves(sip), false);
  });

  test('a slot that is used again does not open on its former grant', async () => {
    await apply({ type: 'arm', slot: 5, ms: 20 });
    await apply({ type: 'grant', slot: 5 });
    await until(async () => !(await leaves(sip)), 500, 'closed');
    await apply({ type: 'arm', slot: 5, ms: 5000 });
    assert.equal(await leaves(sip), false);
    await apply({ type: 'grant', slot: 5 });
    assert.equal(await leaves(sip), true);
    // While its ticket still runs, too; and the new timeout counts, not the old one.
    await apply({ type: 'arm', slot: 5, ms: 50 });
    assert.equal(await leaves(sip), false);
    await apply({ type: 'grant', slot: 5 });
    await until(async () => !(await leaves(sip)), 500, 'closed after 50 ms, not after 5 s');
  });

  test('renewal in the next slot leaves no gap', async () => {
    await apply({ type: 'arm', slot: 0, ms: 400 });
    await apply({ type: 'grant', slot: 0 });
    for (let round = 1; round < 20; round += 1) {
      const slot = round % settings.slots;
      const renewAt = performance.now() + 20;
      while (performance.now() < renewAt) assert.equal(await leaves(sip), true);
      await apply({ type: 'arm', slot, ms: 400 });
      await apply({ type: 'grant', slot });
    }
  });

  test('an agent that is told not to enforce the gate takes away what the former one left closed', async () => {
    await gate.dispose();
    assert.equal(await leaves(sip), false);
    assert.deepEqual(await createUngated().open(), { ok: true, value: undefined });
    assert.equal(await leaves(sip), true);
    assert.deepEqual(await createUngated().open(), { ok: true, value: undefined }, 'also where nothing is left');
  });

  test('close closes at once; hold-open has no end, until a close or the next grant', async () => {
    await apply({ type: 'hold-open' });
    assert.equal(await leaves(sip), true);
    await apply({ type: 'close' });
    assert.equal(await leaves(sip), false);
    await apply({ type: 'hold-open' });
    await apply({ type: 'arm', slot: 1, ms: 40 });
    assert.equal(await leaves(sip), true, 'a ticket does not end the hold');
    await apply({ type: 'grant', slot: 1 });
    await until(async () => !(await leaves(sip)), 500, 'the lease is out');
  });

  test('latency of a transaction', async () => {
    const times: number[] = [];
    const timed = async (action: GateAction): Promise<void> => {
      const at = performance.now();
      await apply(action);
      times.push(performance.now() - at);
    };
    for (let round = 0; round < 200; round += 1) {
      await timed({ type: 'arm', slot: round % 16, ms: 560 });
      await timed({ type: 'grant', slot: round % 16 });
    }
    console.log(`measured: arm or grant, with ARP table: ${spread(times)}`);
    const at = performance.now();
    await apply({ type: 'close' });
    console.log(`measured: close: ${spread([performance.now() - at])}`);
    assert.equal(await leaves(sip), false);
  });
});
