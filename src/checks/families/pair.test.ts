import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import type { NodeSnapshot } from '../../api/snapshot.ts';
import { bind } from '../check.ts';
import { aroundWith, configWith, find, goodSnapshot, type Planted, told } from '../testing/around.ts';
import { pairChecks } from './pair.ts';

const say = async (id: string, planted: Planted = {}): Promise<string> => told(await find(pairChecks(), id, planted));

const CHECKPOINT = 'arbiter: { kind: checkpoints, checkpoints: [{ name: cp1, address: 10.0.0.3 }] }\n';

describe('the agent of this node', () => {
  test('agent-runs: answers, is halted, is not there', async () => {
    assert.match(await say('agent-runs'), /^pass: pid \d+, active$/);
    assert.equal(await say('agent-runs', { snapshot: null }), 'fail: the agent is absent.');
    const halted = { phase: 'halted', phaseText: 'halted: a law was broken' };
    assert.match(await say('agent-runs', { snapshot: halted }), /^fail: it has halted itself/);
  });

  test('takeover-rehearsed: what is missing is told; a hold of a person does not count', async () => {
    assert.match(await say('takeover-rehearsed'), /^pass: The standby would take over/);
    const { explanation } = goodSnapshot;
    const missing = [
      { rule: 'rival-silent', text: 'the standby is silent' },
      { rule: 'votes', text: 'too few checkpoints answer' },
    ];
    const ifOtherOrThisDied = { takesOver: false, afterMs: null, text: '', missing };
    const lacking = { explanation: { ...explanation, ifOtherOrThisDied } };
    assert.equal(
      await say('takeover-rehearsed', { snapshot: lacking }),
      'fail: the standby is silent; too few checkpoints answer',
    );
    assert.match(
      await say('takeover-rehearsed', { snapshot: { ...lacking, mode: 'manual' } }),
      /^not-applicable: manual/,
    );
  });

  test('telephony-fit: down is a failure, not known is not, cold and passive does not apply', async () => {
    const health = (verdict: 'up' | 'down' | 'unknown') => ({
      health: { ...goodSnapshot.health, verdict, reason: 'OPTIONS was not answered' },
    });
    assert.match(await say('telephony-fit'), /^pass/);
    assert.equal(await say('telephony-fit', { snapshot: health('down') }), 'fail: down: OPTIONS was not answered');
    assert.match(await say('telephony-fit', { snapshot: health('unknown') }), /^unknown/);
    const cold = { config: configWith('telephony: cold\n'), snapshot: { ...health('down'), phase: 'passive' } };
    assert.match(await say('telephony-fit', cold), /^not-applicable/);
  });
});

describe('the other node', () => {
  test('peer-heard: silent, never heard, heard by a checkpoint only', async () => {
    const other = (more: Partial<NodeSnapshot['other']>) => ({
      snapshot: { other: { ...goodSnapshot.other, ...more } },
    });
    assert.equal(await say('peer-heard'), 'pass: pbx2 heard 40 ms ago');
    assert.equal(await say('peer-heard', other({ heardMsAgo: 4000 })), 'fail: pbx2 was last heard 4 s ago');
    assert.equal(await say('peer-heard', other({ heardMsAgo: null })), 'fail: pbx2 was never heard');
    assert.match(
      await say('peer-heard', other({ heardMsAgo: 9000, relayedMsAgo: 50 })),
      /way between the two nodes is cut$/,
    );
    assert.match(await say('peer-heard', { snapshot: null }), /^unknown/);
  });

  test('wire-agrees: a wrong key of the other is told, a stranger is not, and what is over is over', async () => {
    const definition = pairChecks().find(({ id }) => id === 'wire-agrees');
    assert.ok(definition !== undefined);
    const look = async (refused: Record<string, number>, proven: boolean): Promise<string> => {
      const snapshot = { agent: { ...goodSnapshot.agent, refused }, other: { ...goodSnapshot.other, proven } };
      return told(await bind(definition, aroundWith({ snapshot })).run(new AbortController().signal));
    };
    assert.match(await look({}, false), /^unknown: pbx2 has not been heard/);
    assert.equal(
      await look({ 'bad-signature 127.0.0.2': 7 }, false),
      'fail: refused here: bad-signature 127.0.0.2 (7)',
    );
    assert.match(await look({ 'bad-signature 127.0.0.2': 7 }, true), /^pass/);
    assert.match(
      await look({ 'bad-signature 127.0.0.2': 7, 'bad-signature 127.0.0.22': 9, 'replay 127.0.0.2': 1 }, true),
      /^pass/,
    );
    assert.match(
      await look({ 'bad-signature 127.0.0.2': 7, 'other-timing 127.0.0.2': 2 }, true),
      /^fail: .*other-timing/,
    );
  });

  test('wire-agrees: of a first look after a mended key nothing is left', async () => {
    const agent = { ...goodSnapshot.agent, refused: { 'bad-signature 127.0.0.2': 3 } };
    assert.match(await say('wire-agrees', { snapshot: { agent } }), /^pass/);
  });

  test('checkpoints-heard: by voters and by pings', async () => {
    const config = configWith(CHECKPOINT);
    assert.match(await say('checkpoints-heard'), /^not-applicable/);
    assert.equal(await say('checkpoints-heard', { config }), 'pass: cp1 answer');
    const voters = [{ name: 'cp1', answeredMsAgo: 8000, said: 'yes' }];
    assert.equal(await say('checkpoints-heard', { config, snapshot: { voters } }), 'fail: cp1 last answered 8 s ago');
    const samples = [{ probe: 'ping-gw', about: 'network', outcome: 'failed', reason: 'no answer' }];
    assert.equal(await say('checkpoints-heard', { config, snapshot: { samples } }), 'fail: gw: no answer');
  });

  test('pair-connected and clocks-agree: by a question that travels', async () => {
    assert.equal(await say('pair-connected'), 'pass: pbx2 answers in 4 ms');
    assert.equal(await say('pair-connected', { facts: null }), 'fail: the other node is absent.');
    assert.equal(await say('clocks-agree'), "pass: the other's clock is 0.00 s ahead");
    assert.equal(await say('clocks-agree', { aheadMs: -1500 }), "fail: the other's clock is 1.50 s behind");
    // What half the round trip may explain is no difference.
    assert.match(await say('clocks-agree', { aheadMs: 1001 }), /^pass/);
    assert.match(await say('clocks-agree', { facts: null }), /^unknown/);
  });

  test('stream-port-open: a real port, open and closed', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.2');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const base = configWith();
    const config = { ...base, peer: { ...base.peer, port } };
    assert.equal(await say('stream-port-open', { config }), `pass: 127.0.0.2 port ${port} accepts connections`);
    const closed = once(server, 'close');
    server.close();
    await closed;
    assert.equal(
      await say('stream-port-open', { config }),
      `fail: 127.0.0.2 port ${port} is not reached: nobody listens there.`,
    );
    assert.match(
      await say('stream-port-open', { config: configWith('', 'standby') }),
      /^not-applicable: the main connects/,
    );
  });
});
