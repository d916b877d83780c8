/** A main that serves already: its gate is loaded open, by a real kernel, and its first agent goes on with what serves. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { after, before, beforeEach, test } from 'node:test';
import type { Gate } from '../../src/ports.ts';
import { createGate } from '../../src/steps/gate/gate.ts';
import type { GateSettings } from '../../src/steps/gate/rules.ts';
import { createPeer, inNamespace, nft, type Peer, testClock, until } from './namespace.ts';

const settings: GateSettings = {
  slots: 16,
  sipPorts: [5060],
  iaxPort: 4569,
  mediaPorts: '10000-20000',
  virtualAddresses: ['10.77.0.10'],
  probedAddresses: [],
  forwarded: false,
  refuserPort: null,
};

let peer: Peer;

const leaves = (socket: Socket): Promise<boolean> =>
  new Promise((resolve) => {
    socket.send('x', 40_000, '10.77.0.2', (error) => resolve(error === null));
  });

/** Sends one packet after the other until the work is over; how many were dropped. */
const droppedDuring = async (socket: Socket, work: Promise<unknown>): Promise<number> => {
  const during = { over: false };
  const end = (): void => {
    during.over = true;
  };
  work.then(end, end);
  let dropped = 0;
  while (!during.over) {
    if (!(await leaves(socket))) dropped += 1;
    // A packet that leaves at once would keep the loop from hearing of anything else.
    await new Promise(setImmediate);
  }
  return dropped;
};

inNamespace(import.meta.url, () => {
  let sip: Socket;
  before(async () => {
    peer = await createPeer('veth0', ['10.77.0.1/24'], ['10.77.0.2/24']);
    sip = createSocket('udp4');
    sip.bind(5060, '10.77.0.1');
    await once(sip, 'listening');
  });
  after(() => {
    sip.close();
    peer.stop();
  });
  beforeEach(() => nft('flush ruleset'));

  const withGate = async (work: (gate: Gate) => Promise<void>, clock = testClock): Promise<void> => {
    const gate = createGate({ settings, clock });
    try {
      await work(gate);
    } finally {
      await gate.dispose();
    }
  };

  test('rules, ticket and grant come at once: no packet is dropped, and the kernel closes by itself in time', () =>
    withGate(async (gate) => {
      const endsAt = performance.now() + 3000;
      const opening = gate.openServing(1, endsAt);
      const dropped = await droppedDuring(sip, opening);
      assert.deepEqual(await opening, { ok: true, value: undefined });
      assert.equal(dropped, 0);
      await until(async () => !(await leaves(sip)), 4000, 'closed');
      assert.ok(performance.now() < endsAt + 12, 'the ticket outlived its time');
    }));

  test('the next agent’s tickets follow on it without a gap', async () => {
    await withGate(async (gate) => assert.ok((await gate.openServing(1, performance.now() + 3000)).ok));
    await withGate(async (gate) => {
      const renewed = async (): Promise<void> => {
        assert.ok((await gate.open()).ok);
        for (let slot = 2; slot < 10; slot += 1) {
          await gate.apply({ type: 'arm', slot, ms: 3000 });
          await gate.apply({ type: 'grant', slot });
        }
      };
      assert.equal(await droppedDuring(sip, renewed()), 0);
    });
  });

  test('where there is a gate already it is left as it is: closed', () =>
    withGate(async (gate) => {
      assert.ok((await gate.open()).ok);
      await withGate(async (other) => {
        const opened = await other.openServing(1, performance.now() + 3000);
        assert.equal(opened.ok ? '' : opened.error.code, 'gate-there');
        assert.equal(await leaves(sip), false);
      });
    }));

  test('a kernel that took too long is not believed: the gate is closed again', () => {
    let asked = 0;
    // Two seconds pass between the question and the answer, by this clock.
    const slow = {
      ...testClock,
      now: () => {
        asked += 1;
        return performance.now() + (asked > 1 ? 2000 : 0);
      },
    };
    return withGate(async (gate) => {
      const opened = await gate.openServing(1, performance.now() + 3000);
      assert.equal(opened.ok ? '' : opened.error.code, 'gate-late');
      assert.equal(await leaves(sip), false);
    }, slow);
  });
});
