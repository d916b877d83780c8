import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Status } from './message.ts';
import { checkpoints, diskMemory, goodLook, settings, started, status } from './testing/builders.ts';
import { createNode, type TestNode } from './testing/node.ts';
import { passiveNode, rivalServesFor, servingNode, servingRival, yes } from './testing/situations.ts';

const likely = { arbiter: checkpoints(1, 'likely') };
const rival = (change: Partial<Status>) => (node: TestNode) => {
  const role = node.settings.role === 'main' ? 'standby' : 'main';
  node.voices.set(role, (ask) => ({
    ...(change.holding ? servingRival(node.settings, change.holding)(ask) : {}),
    status: status(role, change),
  }));
};
/** An active main whose checkpoint has been lost for `ms`. */
const activeLost = (ms: number, change = likely): TestNode => {
  const node = servingNode(change);
  node.voices.delete('c1');
  node.pass(ms);
  return node;
};
const passiveLost = (ms: number): TestNode => {
  const node = passiveNode(likely);
  node.voices.delete('c1');
  rivalServesFor(node, 2, ms);
  return node;
};

describe('a checkpoint that stays lost', () => {
  test('is said to be lost, once', () => {
    const node = activeLost(5000, { arbiter: checkpoints(1) });
    assert.deepEqual(node.notices(), ['checkpoints-lost']);
  });
  test('wait: it is never left out', () => {
    const node = activeLost(10_000, { arbiter: checkpoints(1) });
    rival({ wantsLoose: true, loose: true })(node);
    node.pass(10_000);
    assert.equal(node.state.disk.loose, false);
  });
  test('wait: a standby cut from all never serves', () => {
    const node = passiveNode({ arbiter: checkpoints(1) });
    rivalServesFor(node, 2, 300);
    node.voices.clear();
    node.pass(30_000);
    assert.equal(node.state.phase.name, 'passive');
  });
});

test('wait: that nobody serves because votes are missing is an alarm', () => {
  const node = passiveNode({ arbiter: checkpoints(1) });
  rivalServesFor(node, 2, 300);
  node.voices.clear();
  node.pass(30_000);
  assert.ok(node.effects.some((e) => e.kind === 'notify' && e.level === 'alarm'));
});

describe('loosening: the passive node first, then the active one', () => {
  test('the active one does not begin', () => {
    const node = activeLost(5000);
    rival({ wantsLoose: true })(node);
    node.pass(3000);
    assert.equal(node.state.disk.loose, false);
  });
  test('the passive one does, when both want to', () => {
    const node = passiveLost(1000);
    rival({ holding: 2, wantsLoose: true })(node);
    node.pass(500);
    assert.equal(node.state.disk.loose, false, 'not before lostAfterMs');
    node.pass(1500);
    assert.equal(node.state.disk.loose, true);
    assert.ok(node.notices().includes('checkpoints-left-out'));
  });
  test('not when the other does not want to: a checkpoint answers it', () => {
    const node = passiveLost(5000);
    assert.equal(node.state.disk.loose, false);
  });
  test('not while nobody serves', () => {
    const node = passiveLost(1000);
    rival({ wantsLoose: true, well: false })(node);
    node.look = null;
    node.pass(50);
    assert.equal(node.state.disk.loose, false);
  });
  test('the active one follows the passive one', () => {
    const node = activeLost(5000);
    rival({ wantsLoose: true, loose: true })(node);
    node.pass(200);
    assert.equal(node.state.disk.loose, true);
    node.voices.delete('standby');
    node.pass(10_000);
    assert.equal(node.state.phase.name, 'serving', 'the loss of the standby does not stop it now');
  });
  test('not by a word that was said before it stood still', () => {
    const node = activeLost(5000);
    node.now += 400;
    node.feed({ kind: 'wake', at: node.now });
    rival({ wantsLoose: true, loose: true })(node);
    node.pass(500);
    assert.equal(node.state.disk.loose, false);
    node.pass(300);
    assert.equal(node.state.disk.loose, true);
  });
  test('not with a rival that is not heard', () => {
    const node = activeLost(1000);
    rival({ wantsLoose: true, loose: true })(node);
    node.pass(150);
    node.voices.clear();
    node.pass(5000);
    assert.equal(node.state.disk.loose, false);
  });
  test('once loose, the passive one takes a silent main over without a vote', () => {
    const node = passiveLost(1000);
    rival({ holding: 2, wantsLoose: true })(node);
    node.pass(3000);
    node.voices.clear();
    node.pass(1500);
    assert.equal(node.state.phase.name, 'serving');
  });
});

describe('tightening, when the checkpoint answers again', () => {
  const loose = (role: 'main' | 'standby'): TestNode => {
    const node = createNode(settings({ role, ...likely }), started(10_000, { disk: diskMemory({ loose: true }) }));
    node.look = goodLook;
    return node;
  };
  test('the passive one first, beside an active one', () => {
    const node = loose('standby');
    rival({ holding: 2, loose: true })(node);
    node.voices.set('c1', yes);
    node.pass(550);
    assert.equal(node.state.disk.loose, true, 'it has been started just now, and has not said so for a promise');
    node.pass(300);
    assert.equal(node.state.disk.loose, false);
    assert.ok(node.rules().includes('checkpoints-count-again'));
  });
  test('the active one waits for it', () => {
    const node = loose('main');
    rival({ loose: true })(node);
    node.voices.set('c1', yes);
    node.pass(1000);
    assert.equal(node.state.phase.name, 'serving');
    assert.equal(node.state.disk.loose, true);
    rival({ loose: false })(node);
    node.pass(200);
    assert.equal(node.state.disk.loose, false);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('not while the checkpoint is silent', () => {
    const node = loose('main');
    rival({ loose: false })(node);
    node.pass(3000);
    assert.equal(node.state.disk.loose, true);
  });
  test('the agreement survives a restart and a boot', () => {
    assert.equal(loose('main').state.disk.loose, true);
    const booted = createNode(settings(likely), started(10_000, { boot: null, disk: diskMemory({ loose: true }) }));
    assert.equal(booted.state.disk.loose, true);
  });
});
