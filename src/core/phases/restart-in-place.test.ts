import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crashLook, goodLook, step } from '../testing/builders.ts';
import type { TestNode } from '../testing/node.ts';
import { fitRival, servingNode } from '../testing/situations.ts';

const passive = (node: TestNode): boolean => node.state.phase.name === 'passive';

describe('restart in place', () => {
  const first = {
    restartStep: 'telephony',
    unfit: { policy: 'restart-first', restartWaitMs: 1000, lastResortMs: 1000 },
  } as const;
  const takeover = { ...first, unfit: { ...first.unfit, policy: 'takeover' } } as const;
  const restarts = (node: TestNode): number => node.stepsOrdered().filter((s) => s === 'restart telephony').length;

  test('restart-first: restarts at once, and hands over when that does not help in time', () => {
    const node = servingNode(first);
    node.look = crashLook;
    node.pass(150);
    assert.equal(restarts(node), 1);
    assert.equal(node.state.phase.name, 'serving');
    node.pass(700);
    assert.equal(node.state.phase.name, 'serving');
    node.pass(400);
    assert.ok(passive(node));
  });
  test('not while the plan starts that very service: that comes first, and may be all that is needed', () => {
    const node = servingNode({ ...first, plan: [step('telephony')] });
    const underWay = { op: 999, index: 0, direction: 'activate', deadline: node.now + 5000 } as const;
    node.state = { ...node.state, plan: { ...node.state.plan, running: underWay } };
    node.look = crashLook;
    node.pass(500);
    assert.equal(restarts(node), 0);
  });
  test('restart-first: well again in time, it goes on serving', () => {
    const node = servingNode(first);
    node.look = crashLook;
    node.pass(300);
    node.look = goodLook;
    node.pass(3000);
    assert.equal(node.state.phase.name, 'serving');
    assert.equal(restarts(node), 1);
  });
  test('restart-first: a second crash soon after is not waited for, but handed over', () => {
    const node = servingNode(first);
    node.look = crashLook;
    node.pass(300);
    node.look = goodLook;
    node.pass(1000);
    node.look = crashLook;
    node.pass(300);
    assert.equal(restarts(node), 1);
    assert.ok(node.rules().includes('unfit'), 'it stands there with dead telephony beside a fit rival');
  });
  test('takeover: the fit rival comes first, and the passive node is restarted after a while', () => {
    const node = servingNode(takeover);
    node.look = crashLook;
    node.pass(500);
    assert.equal(restarts(node), 0);
    assert.ok(passive(node));
    node.pass(800);
    assert.equal(restarts(node), 1);
  });
  test('takeover: with no fit rival it is restarted where it is', () => {
    const node = servingNode(takeover);
    node.voices.set('standby', fitRival(node.settings, { well: false }));
    node.pass(200);
    node.look = crashLook;
    node.pass(1200);
    assert.equal(restarts(node), 1);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('not again and again', () => {
    const node = servingNode(first);
    node.voices.delete('standby');
    node.look = crashLook;
    node.pass(3900);
    assert.equal(restarts(node), 1);
    node.pass(300);
    assert.equal(restarts(node), 2);
  });
  test('a result that never comes does not stop later restarts', () => {
    const node = servingNode(first);
    node.voices.delete('standby');
    node.steps = () => 'never';
    node.look = crashLook;
    node.pass(4500);
    assert.equal(restarts(node), 2);
  });
  for (const [name, hold] of [
    ['maintenance', { name: 'maintenance-on', forMs: 60_000, reason: 'Asterisk is updated' }],
    ['manual mode', { name: 'mode', mode: 'manual' }],
  ] as const) {
    test(`in ${name} only a person restarts anything`, () => {
      const node = servingNode(first);
      node.command(hold);
      node.look = crashLook;
      node.pass(10_000);
      assert.equal(restarts(node), 0);
      assert.equal(node.state.phase.name, 'serving', 'and nothing is handed over');
    });
  }
  test('nothing to restart with, nothing restarted', () => {
    const node = servingNode({ ...first, restartStep: null });
    node.voices.delete('standby');
    node.look = crashLook;
    node.pass(10_000);
    assert.equal(restarts(node), 0);
  });
});
