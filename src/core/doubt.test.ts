/** The wall clock went ahead of a node that serves: set, or a pause of the machine. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Settings } from './settings.ts';
import { byEtcd, noArbiter } from './testing/builders.ts';
import type { TestNode } from './testing/node.ts';
import { no, servingNode, servingRival, wellNode } from './testing/situations.ts';

const leap = (node: TestNode, jumpMs = 31_536_000_000) =>
  node.feed({ kind: 'clock-jump', at: node.now, jumpMs, paused: true });

const serving = (change: Partial<Settings> = {}): TestNode => {
  const node = servingNode(change);
  node.forget();
  return node;
};

describe('a node that serves closes its gate before anything else', () => {
  test('and asks for its own term again', () => {
    const node = serving();
    const { effects } = leap(node);
    assert.deepEqual(
      effects.flatMap((e) => (e.kind === 'gate' ? [e.action.type] : [])),
      ['close', 'arm'],
    );
    assert.ok(!effects.some((e) => e.kind === 'send'), 'the question leaves after the kernel has closed the gate');
    assert.equal(node.state.gateOpen, false);
    assert.equal(node.state.phase.name, 'serving');
  });

  for (const [by, change] of [
    ['a checkpoint', {}],
    ['etcd', { arbiter: byEtcd() }],
  ] as const) {
    test(`confirmed by the other node or by ${by}: nothing has moved`, () => {
      for (const silent of ['standby', by === 'etcd' ? 'etcd' : 'c1']) {
        const node = serving(change);
        node.voices.delete(silent);
        leap(node);
        node.pass(5);
        const { lease, gateOpen } = node.state;
        assert.ok(lease.name === 'held' && lease.epoch === 2 && !lease.doubted);
        assert.ok(gateOpen);
        assert.deepEqual(node.stepsOrdered(), [], 'no step of the plan is taken back');
        assert.ok(!node.rules().includes('close'));
      }
    });
  }
});

describe('it stops', () => {
  test('where a voter knows of a later term: it takes no newer one', () => {
    const node = serving();
    node.voices.set('standby', no('older', { highest: 3 }));
    node.voices.set('c1', no('older', { highest: 3 }));
    leap(node);
    node.pass(3);
    assert.equal(node.facts('close')['why'], 'lost');
    assert.ok(!node.rules().includes('raise-epoch'));
  });
  test('where the other node serves by its own word', () => {
    const node = serving();
    node.voices.set('standby', servingRival(node.settings, 3));
    leap(node);
    node.pass(3);
    assert.equal(node.facts('close')['why'], 'yield');
  });
  for (const onIsolation of ['stop', 'serve'] as const) {
    test(`where nobody answers, with on-isolation: ${onIsolation}`, () => {
      const node = serving({ onIsolation });
      node.voices.clear();
      leap(node);
      node.pass(2.5 * node.settings.timing.heartbeatMs - 1);
      assert.equal(node.state.phase.name, 'serving');
      assert.equal(node.state.gateOpen, false);
      node.pass(2);
      assert.equal(node.facts('close')['why'], 'lost');
      assert.ok(!node.gateActions().includes('hold-open'));
    });
  }
  test('without votes, where nobody knows of a later term', () => {
    const node = serving({ arbiter: noArbiter });
    leap(node);
    assert.equal(node.facts('close')['why'], 'lost');
  });
});

test('an answer to a question of before counts no more', () => {
  const node = serving();
  node.voices.clear();
  node.pass(100);
  const [asked] = node.sent('standby').filter((m) => m.type === 'ask' && m.question === 'renew');
  assert.ok(asked?.type === 'ask');
  leap(node);
  node.hear('standby', {
    ...asked,
    type: 'answer',
    yes: true,
    why: null,
    waitMs: 0,
    highest: 2,
    heard: null,
    status: null,
  });
  assert.ok(!node.rules().includes('doubt-over'));
});

test('a node that asks for the right begins anew', () => {
  const node = wellNode();
  node.voices.clear();
  node.passUntil('it listens no more', (s) => s.now >= s.boot.silentUntil);
  node.voices.set('c1', (ask) => (ask.question === 'sound' ? {} : null));
  node.passUntil('it asks', (s) => s.lease.name === 'asking');
  leap(node);
  assert.ok(node.rules().includes('withdraw'));
});

test('a person’s order of manual mode does not hold open what is doubted', () => {
  const node = serving();
  node.voices.clear();
  leap(node);
  node.command({ name: 'mode', mode: 'manual' });
  node.pass(1);
  assert.ok(!node.gateActions().includes('hold-open'));
});
