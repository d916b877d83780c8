import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FenceOutcome } from './event.ts';
import { explain } from './explain.ts';
import { protectionOf } from './protection.ts';
import type { Settings } from './settings.ts';
import { askOf, checkpoints, goodLook, noArbiter, settings, started, status } from './testing/builders.ts';
import { createNode, type TestNode } from './testing/node.ts';
import { passiveNode, rivalServesFor } from './testing/situations.ts';

const fencing = { timeoutMs: 5000, retryMs: 2000, standbyDelayMs: 1000, unheardMs: 3000 };
const serves = (node: TestNode): boolean => node.state.phase.name === 'serving' && node.state.gateOpen;
const ordered = (node: TestNode) => node.effects.filter((e) => e.kind === 'fence');
const says = (node: TestNode, outcome: FenceOutcome): void => {
  const last = ordered(node).at(-1);
  assert.ok(last !== undefined, 'no device was asked');
  node.feed({ kind: 'fence', at: node.now, op: last.op, outcome, detail: 'outlet 3' });
};

/** A standby whose main serves, is heard, and then no more. */
const bereft = (change: Partial<Settings> = {}): TestNode => {
  const node = passiveNode({ arbiter: noArbiter, fencing, ...change });
  rivalServesFor(node, 2, 1000);
  node.voices.delete('main');
  node.pass(700);
  return node;
};

describe('without votes', () => {
  test('a silent main is turned off before the standby serves', () => {
    const node = bereft();
    assert.deepEqual(
      ordered(node).map(({ action, epoch }) => [action, epoch]),
      [['off', 2]],
    );
    node.pass(1000);
    assert.ok(!serves(node));
    says(node, 'off');
    node.pass(20);
    assert.ok(serves(node));
    assert.equal(node.state.fence.name, 'none', 'one proof, one term');
  });
  for (const outcome of ['failed', 'unknown', 'on'] as const)
    test(`"${outcome}" proves nothing, is told once, and asked again`, () => {
      const node = bereft();
      says(node, outcome);
      node.pass(1900);
      assert.equal(ordered(node).length, 1);
      node.pass(300);
      assert.equal(ordered(node).length, 2);
      says(node, outcome);
      node.pass(500);
      assert.ok(!serves(node));
      assert.equal(node.notices().filter((code) => code === 'fence-failed').length, 1);
    });
  test('a device that never answers is unknown after its time', () => {
    const node = bereft();
    node.pass(5100);
    assert.equal(node.facts('fence')['outcome'], 'unknown');
    assert.ok(!serves(node));
  });
  test('a main that is heard again ends the request, and a late answer proves nothing', () => {
    const node = bereft();
    const [order] = ordered(node);
    node.hear('main', askOf('main', 'hello', 2, { status: status('main', { at: 1e9, holding: 2 }) }));
    assert.deepEqual(
      node.effects.filter((e) => e.kind === 'fence-end').map(({ op }) => op),
      [order?.op],
    );
    node.feed({ kind: 'fence', at: node.now, op: order?.op ?? 0, outcome: 'off', detail: '' });
    assert.equal(node.state.fence.name, 'none');
  });
  test('the same agent after the proof is told as a contradiction', () => {
    const node = bereft({ arbiter: noArbiter, unfit: { policy: 'takeover', restartWaitMs: 1000, lastResortMs: 1e6 } });
    node.kernel = 'silent';
    says(node, 'off');
    node.hear('main', askOf('main', 'hello', 2, { status: status('main', { at: 1e9 }) }));
    assert.ok(node.notices().includes('fence-contradicted'));
    assert.equal(node.state.fence.name, 'none');
  });
  test('it is told too when the standby serves by that proof', () => {
    const node = bereft();
    says(node, 'off');
    node.pass(20);
    assert.ok(serves(node));
    node.hear('main', askOf('main', 'hello', 2, { status: status('main', { at: 1e9, holding: 2 }) }));
    assert.ok(node.notices().includes('fence-contradicted'));
    node.forget();
    node.hear('main', askOf('main', 'hello', 2, { status: status('main', { at: 1e9 + 1, holding: 2 }) }));
    assert.ok(!node.notices().includes('fence-contradicted'), 'once');
  });
  test('who was turned off and has booted is no contradiction', () => {
    const node = bereft();
    says(node, 'off');
    node.pass(20);
    node.hear('main', askOf('main', 'hello', 2, { status: status('main', { at: 1e9, life: 1e9 }) }));
    assert.ok(!node.notices().includes('fence-contradicted'));
  });
  test('a standby whose main did not serve waits for it to ask first', () => {
    const node = passiveNode({ arbiter: noArbiter, fencing });
    node.hear('main', askOf('main', 'hello', 2, { status: status('main', { at: 1e9 }) }));
    node.voices.delete('main');
    node.forget();
    node.pass(1500);
    assert.deepEqual(ordered(node), []);
    node.pass(300);
    assert.equal(ordered(node).length, 1);
  });
  test('who has just booted and hears nobody only reads, and on means that it waits for a person', () => {
    const node = createNode(settings({ arbiter: noArbiter, fencing }), started(10_000, { boot: null }));
    node.look = goodLook;
    node.pass(2300);
    assert.deepEqual(
      ordered(node).map(({ action }) => action),
      ['status'],
    );
    says(node, 'on');
    node.pass(500);
    assert.ok(!serves(node));
    node.command({ name: 'takeover', confirmed: true });
    node.pass(50);
    assert.ok(serves(node));
  });
  test('who has just booted serves when the other is off', () => {
    const node = createNode(settings({ arbiter: noArbiter, fencing }), started(10_000, { boot: null }));
    node.look = goodLook;
    node.pass(2300);
    says(node, 'off');
    node.pass(50);
    assert.ok(serves(node));
  });
  test('explain names what is missing, and the line of protection what is left', () => {
    const node = bereft();
    const { obstacles, text } = explain(node.settings, node.state, node.now);
    assert.deepEqual(
      obstacles.map(({ rule }) => rule),
      ['proof-of-power'],
    );
    assert.match(text, /a device is asked to make sure that the silent other node is off/);
    const line = protectionOf(node.settings, node.state, { gateEnforced: true, watchesOwnNetwork: true });
    assert.equal(line.level, 'always');
    assert.ok(line.exceptions.includes('a fence device that says off of a machine that is on'));
    assert.ok(!line.exceptions.some((each) => each.includes('paused')));
  });
});

describe('with votes', () => {
  const taken = (change: Partial<Settings> = {}): TestNode => {
    const node = passiveNode({ arbiter: checkpoints(1), fencing, ...change });
    rivalServesFor(node, 2, 1000);
    node.voices.delete('main');
    node.voices.set('c1', () => ({}));
    node.passUntil('it serves', () => serves(node), 1500);
    return node;
  };
  test('nothing waits for a device; a main that stays unheard is turned off afterwards', () => {
    const node = taken();
    assert.deepEqual(ordered(node), []);
    node.pass(2900);
    assert.deepEqual(ordered(node), []);
    node.pass(300);
    assert.deepEqual(
      ordered(node).map(({ action }) => action),
      ['off'],
    );
    says(node, 'off');
    node.pass(5000);
    assert.equal(ordered(node).length, 1);
    assert.ok(serves(node));
  });
  test('a device that fails is told, and changes nothing', () => {
    const node = taken();
    node.pass(3200);
    says(node, 'failed');
    assert.ok(node.notices().includes('fence-failed'));
    node.pass(100);
    assert.ok(serves(node));
  });
  test('a main that is heard again in time is left alone', () => {
    const node = taken();
    node.pass(1000);
    node.hear('main', askOf('main', 'hello', 2, { status: status('main', { at: 1e9, life: 2 }) }));
    node.pass(6000);
    assert.deepEqual(ordered(node), []);
  });
  test('where it is so configured, nobody is turned off', () => {
    const node = taken({ fencing: { ...fencing, unheardMs: null } });
    node.pass(9000);
    assert.deepEqual(ordered(node), []);
  });
});
