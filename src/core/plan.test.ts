import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Effect } from './effect.ts';
import { stepsUnderWay } from './plan.ts';
import type { PlanState } from './state.ts';
import { goodLook, settings, started, step } from './testing/builders.ts';
import { createNode, type StepResult, type TestNode } from './testing/node.ts';
import { fitRival, servingNode, wellNode, yes } from './testing/situations.ts';

type StepEffect = Extract<Effect, { kind: 'step' }>;

const planIsDone = (plan: PlanState): boolean =>
  stepsUnderWay(plan).length === 0 && plan.statuses.every((status) => status === 'done' || status === 'failed');

const abc = { plan: [step('a'), step('b'), step('c')] };
const switchover = { name: 'switchover', whenIdle: false, maxWaitMs: 0 } as const;

/** A node that serves, whose plan begins now with these results, one for each order of that step; then `done`. */
const planNode = (results: Readonly<Record<string, readonly StepResult[]>>, change = {}): TestNode => {
  const node = wellNode({ ...abc, ...change });
  const left = new Map(Object.entries(results).map(([id, list]) => [id, [...list]]));
  node.steps = ({ stepId, direction }) => (direction === 'activate' ? (left.get(stepId)?.shift() ?? 'done') : 'done');
  node.passUntil('it serves', (s) => s.phase.name === 'serving');
  node.pass(20);
  return node;
};
const statuses = (node: TestNode): string => node.state.plan.statuses.join(' ');
const activations = (node: TestNode): string =>
  node
    .stepsOrdered()
    .filter((s) => s.startsWith('activate'))
    .map((s) => s.slice('activate '.length))
    .join(' ');

describe('order', () => {
  test('activation in the order configured, one at a time', () => {
    const node = planNode({});
    assert.equal(activations(node), 'a b c');
    assert.equal(statuses(node), 'done done done');
    assert.deepEqual(node.facts('plan-finished')['failed'], 0);
  });
  test('passivation backwards', () => {
    const node = planNode({});
    node.forget();
    node.command(switchover);
    node.pass(100);
    assert.deepEqual(node.stepsOrdered(), ['passivate c', 'passivate b', 'passivate a']);
  });
  test('a node that begins passivates, whatever was before', () => {
    const node = createNode(settings(abc), started(10_000, { boot: null }));
    node.pass(100);
    assert.deepEqual(node.stepsOrdered(), ['passivate c', 'passivate b', 'passivate a']);
  });
  test('nothing is activated before the gate is open', () => {
    const node = wellNode(abc);
    node.passUntil('it holds', (s) => s.phase.name === 'serving');
    assert.equal(node.state.gateOpen, false);
    assert.equal(activations(node), '');
  });
  test('each order carries the epoch and its expiry', () => {
    const node = planNode({});
    const orders = node.effects.filter(
      (e): e is StepEffect & { at: number } => e.kind === 'step' && e.direction === 'activate',
    );
    assert.ok(orders.every((o) => o.epoch === 2 && o.expiresAt === o.at + 2000));
  });
  test('an empty plan is done', () => {
    const node = servingNode({ plan: [] });
    assert.ok(planIsDone(node.state.plan));
  });
});

describe('a step that fails', () => {
  test('onFailure continue: the rest goes on, and it is tried again after a second', () => {
    const node = planNode({ b: ['failed'] });
    assert.equal(statuses(node), 'done failed done');
    assert.deepEqual(
      node.notices().filter((n) => n === 'step-failed'),
      ['step-failed'],
    );
    node.pass(900);
    assert.equal(activations(node), 'a b c');
    node.pass(200);
    assert.equal(activations(node), 'a b c b');
    assert.equal(statuses(node), 'done done done');
  });
  test('onFailure stop: what comes after waits until it has been done', () => {
    const node = planNode({ b: ['failed', 'failed'] }, { plan: [step('a'), step('b', 'stop'), step('c')] });
    assert.equal(activations(node), 'a b');
    node.pass(1100);
    assert.equal(activations(node), 'a b b');
    node.pass(1100);
    assert.equal(activations(node), 'a b b b c', 'c follows at once');
    assert.equal(statuses(node), 'done done done');
  });
  test('one that fails for ever keeps no other from its retry', () => {
    const node = planNode({ a: Array<StepResult>(99).fill('failed'), c: ['failed'] });
    node.pass(2500);
    assert.equal(statuses(node), 'failed done done');
  });
  test('an unknown outcome is a failed one: it looks again before it acts', () => {
    const node = planNode({ a: ['unknown'] });
    assert.equal(statuses(node), 'failed done done');
    node.pass(1100);
    assert.equal(statuses(node), 'done done done');
  });
  test('a result that never comes counts as unknown a second after its deadline', () => {
    const node = planNode({ b: ['never'] });
    node.pass(2900);
    assert.equal(statuses(node), 'done running to-do');
    node.pass(300);
    assert.equal(node.facts('step')['step'], 'c');
    assert.equal(statuses(node), 'done failed done');
    assert.ok(node.reasons.some((r) => r.rule === 'step' && r.facts['detail'] === 'no result came'));
  });
  test('a result that comes after all is nobody’s', () => {
    const node = planNode({ b: ['never'] });
    const order = node.effects.find((e) => e.kind === 'step' && e.stepId === 'b' && e.direction === 'activate');
    node.pass(5000);
    const before = node.state.plan;
    node.feed({ kind: 'step', at: node.now, op: order?.kind === 'step' ? order.op : 0, outcome: 'failed', detail: '' });
    assert.equal(node.state.plan, before);
  });
  test('the node serves on while its plan is not through', () => {
    const node = planNode({ a: Array<StepResult>(99).fill('failed') }, { plan: [step('a', 'stop'), step('b')] });
    node.pass(5000);
    assert.equal(node.state.phase.name, 'serving');
  });
});

describe('turned round', () => {
  /** `b` of an activation is under way, and service was handed over meanwhile. */
  const turnedNode = (): TestNode => {
    const node = planNode({ b: ['never'] });
    node.forget();
    node.command(switchover);
    node.pass(50);
    assert.equal(node.state.phase.name, 'passive');
    return node;
  };
  const endOf = (node: TestNode): void => {
    const [step] = node.state.plan.leftover;
    node.feed({ kind: 'step', at: node.now, op: step?.op ?? 0, outcome: 'done', detail: '' });
  };
  test('a step under way is awaited before it begins in the new direction; those before it are not held up', () => {
    const node = turnedNode();
    assert.deepEqual(node.stepsOrdered(), ['passivate c']);
    assert.ok(!planIsDone(node.state.plan));
    endOf(node);
    assert.deepEqual(node.facts('step'), { step: 'b', direction: 'activate', outcome: 'done', detail: '' });
    node.pass(50);
    assert.deepEqual(node.stepsOrdered(), ['passivate c', 'passivate b', 'passivate a']);
    assert.equal(statuses(node), 'done done done');
    assert.ok(planIsDone(node.state.plan));
  });
  /** It serves, was stopped while this step never told its end, and serves again. */
  const backAgain = (never: string): TestNode => {
    const node = planNode({});
    node.command({ name: 'mode', mode: 'manual' });
    node.steps = ({ stepId, direction }) => (`${direction} ${stepId}` === never ? 'never' : 'done');
    node.command({ name: 'stop' });
    node.pass(50);
    assert.equal(node.state.plan.target, 'passivate');
    node.forget();
    node.command({ name: 'start', confirmed: false });
    node.passUntil('it serves again', (s) => s.phase.name === 'serving');
    node.pass(20);
    return node;
  };
  test('service that comes back before a slow passivation is through: what comes first is not held up', () => {
    const node = backAgain('passivate c');
    assert.deepEqual(node.stepsOrdered(), ['activate a', 'activate b']);
    endOf(node);
    node.pass(10);
    assert.deepEqual(node.stepsOrdered(), ['activate a', 'activate b', 'activate c']);
    assert.equal(statuses(node), 'done done done');
  });
  test('one that never tells its end is waited for until a second after its deadline', () => {
    const node = backAgain('passivate c');
    node.passUntil('it is not waited for', (s) => s.plan.leftover.length === 0, 3000);
    node.pass(10);
    assert.deepEqual(node.stepsOrdered(), ['activate a', 'activate b', 'activate c']);
  });
  test('turned round twice: each of both is awaited by its own step only', () => {
    const node = planNode({});
    node.command({ name: 'mode', mode: 'manual' });
    const never = new Set(['passivate c', 'activate b']);
    node.steps = ({ stepId, direction }) => (never.has(`${direction} ${stepId}`) ? 'never' : 'done');
    node.command({ name: 'stop' });
    node.pass(50);
    node.command({ name: 'start', confirmed: false });
    node.passUntil('b is under way', (s) => s.plan.running?.index === 1);
    node.forget();
    node.command({ name: 'stop' });
    node.pass(50);
    assert.deepEqual(
      node.state.plan.leftover.map(({ index }) => index),
      [2, 1],
    );
    never.clear();
    endOf(node);
    node.pass(10);
    assert.deepEqual(node.stepsOrdered(), ['passivate c']);
    endOf(node);
    node.pass(10);
    assert.deepEqual(node.stepsOrdered(), ['passivate c', 'passivate b', 'passivate a']);
  });
});

/** A world that steps change: whoever ends last in a direction leaves the step in that state. */
const worldOf = (node: TestNode): Map<string, string> => {
  const world = new Map<string, string>();
  node.steps = ({ stepId, direction }) => {
    world.set(stepId, direction);
    return 'done';
  };
  return world;
};

describe('cut off after any step, it converges', () => {
  for (let cut = 0; cut <= 3; cut += 1) {
    test(`turned round after ${cut} steps of an activation`, () => {
      const node = wellNode(abc);
      const world = worldOf(node);
      node.passUntil(
        'so far',
        (s) =>
          s.phase.name === 'serving' &&
          s.plan.target === 'activate' &&
          s.plan.statuses.filter((x) => x === 'done').length === cut,
      );
      node.command(switchover);
      node.pass(200);
      assert.equal(node.state.phase.name, 'passive');
      assert.deepEqual([...world.values()], ['passivate', 'passivate', 'passivate']);
    });
    test(`the agent restarted after ${cut} steps of an activation`, () => {
      const node = wellNode(abc);
      worldOf(node);
      node.passUntil(
        'so far',
        (s) =>
          s.phase.name === 'serving' &&
          s.plan.target === 'activate' &&
          s.plan.statuses.filter((x) => x === 'done').length === cut,
      );
      const again = createNode(node.settings, started(node.now + 50, { boot: node.state.boot, disk: node.state.disk }));
      again.look = goodLook;
      again.voices.set('standby', fitRival(node.settings));
      again.pass(200);
      assert.equal(again.state.phase.name, 'serving');
      assert.deepEqual(again.stepsOrdered(), ['activate a', 'activate b', 'activate c']);
    });
    test(`the agent restarted after ${cut} steps of a passivation`, () => {
      const node = servingNode(abc);
      worldOf(node);
      node.voices.delete('standby');
      node.voices.set('standby', fitRival(node.settings));
      node.command(switchover);
      node.passUntil(
        'so far',
        (s) => s.phase.name === 'passive' && s.plan.statuses.filter((x) => x === 'done').length === cut,
      );
      const again = createNode(node.settings, started(node.now + 50, { boot: node.state.boot, disk: node.state.disk }));
      again.voices.set('c1', yes);
      again.pass(100);
      assert.equal(again.state.phase.name, 'passive');
      assert.deepEqual(again.stepsOrdered(), ['passivate c', 'passivate b', 'passivate a']);
    });
  }
});
