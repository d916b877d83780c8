import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decide } from './decide.ts';
import { initialState } from './state.ts';
import { bootMemory, diskMemory, goodLook, noArbiter, releaseOf, settings, started, WALL } from './testing/builders.ts';
import { createNode } from './testing/node.ts';
import { fitRival, passiveNode, rivalServesFor, servingNode, yes } from './testing/situations.ts';

describe('started', () => {
  test('it is passive until it knows its right, and its gate is closed', () => {
    for (const boot of [null, bootMemory()]) {
      const node = createNode(settings(), started(10_000, { boot }));
      assert.equal(node.state.phase.name, 'passive');
      assert.deepEqual(node.gateActions(), ['close']);
      assert.equal(node.state.plan.target, 'passivate');
    }
  });
  test('a former agent of this boot held the right, and its lease runs still: it goes on', () => {
    const boot = bootMemory({ holding: 2, highest: 2, openUntil: 10_100, seq: 41 });
    const node = createNode(settings(), started(10_000, { boot, disk: diskMemory({ serving: true }) }));
    assert.equal(node.state.phase.name, 'serving');
    assert.ok(node.rules().includes('resumed'));
    assert.deepEqual(node.gateActions(), ['arm'], 'its gate is not touched but to renew');
    assert.ok(node.state.lease.name === 'held' && node.state.lease.leaseUntil === 9500 + 560);
    node.voices.set('standby', fitRival(node.settings));
    node.pass(1000);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('its lease is out: it begins passive, and grants nothing before its gate is surely closed', () => {
    const boot = bootMemory({ holding: 2, highest: 2, openUntil: 10_040 });
    const node = createNode(settings(), started(10_000, { boot }));
    assert.equal(node.state.phase.name, 'passive');
    assert.equal(node.state.boot.holding, 0);
    assert.equal(node.state.boot.openUntil, 10_040, 'until the kernel has confirmed that the gate is closed');
    node.pass(1);
    assert.ok(node.state.boot.openUntil < 0);
  });
  test('resumed, with nobody answering, it stops when the former lease is out', () => {
    const boot = bootMemory({ holding: 2, highest: 2, openUntil: 10_100 });
    const node = createNode(settings(), started(10_000, { boot }));
    node.passUntil('it stops', (s) => s.phase.name === 'passive', 100);
  });
  test('after a boot nothing is held, whatever the disk says', () => {
    const node = createNode(
      settings(),
      started(10_000, { boot: null, disk: diskMemory({ serving: true, epochCeiling: 18 }) }),
    );
    assert.equal(node.state.phase.name, 'passive');
    assert.equal(node.state.boot.highest, 18);
    assert.equal(node.state.boot.silentUntil, 11_000);
  });
  test('the very first start', () => {
    const node = createNode(settings(), started(10_000, { boot: null, disk: null }));
    assert.deepEqual(node.facts('started'), { freshBoot: true, holding: 0, ceiling: 0 });
  });
});

describe('the clocks disagree', () => {
  test('a clock that was set back is said, and changes nothing', () => {
    const node = servingNode();
    node.feed({ kind: 'clock-jump', at: node.now, jumpMs: -7_200_000, paused: false });
    assert.deepEqual(node.notices(), ['clock-jump']);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('in manual mode a person decides', () => {
    const node = servingNode();
    node.command({ name: 'mode', mode: 'manual' });
    node.pass(300);
    node.feed({ kind: 'clock-jump', at: node.now, jumpMs: 30_000, paused: true });
    assert.equal(node.state.phase.name, 'serving');
  });
  test('a passive node only says it', () => {
    const node = passiveNode();
    node.feed({ kind: 'clock-jump', at: node.now, jumpMs: 30_000, paused: true });
    assert.equal(node.state.phase.name, 'passive');
  });
});

describe('the kernel gate', () => {
  test('an answer to no order of ours changes nothing', () => {
    const node = servingNode();
    const before = node.state;
    node.feed({ kind: 'gate', at: node.now, op: 9999, ok: true });
    assert.deepEqual({ ...node.state, now: 0 }, { ...before, now: 0 });
  });
  test('a refusal is an alarm', () => {
    const node = servingNode({ arbiter: noArbiter });
    node.kernel = 'refuses';
    node.pass(300);
    assert.ok(node.notices().includes('gate-failed'));
  });
  test('a node whose gate the kernel has stopped obeying stops when its lease is out', () => {
    const node = servingNode();
    node.kernel = 'silent';
    node.pass(700);
    assert.equal(node.state.phase.name, 'closing');
    node.pass(700);
    assert.equal(node.state.phase.name, 'passive');
  });
});

test('a halted node decides nothing', () => {
  const s = settings();
  const halted = { ...initialState(s), phase: { name: 'halted', because: 'a law was broken' } } as const;
  const decision = decide(s, halted, { kind: 'look', at: 10_000, look: goodLook }, WALL);
  assert.deepEqual(decision.effects, []);
  assert.deepEqual(decision.reasons, []);
});

test('a passive node says that it lives at each heartbeat, and binds nobody by that', () => {
  const node = passiveNode();
  node.voices.set('c1', yes);
  node.pass(1000);
  const hellos = node.sent('main').filter((m) => m.type === 'ask' && m.question === 'hello');
  assert.ok(hellos.length >= 9 && hellos.length <= 11, String(hellos.length));
  assert.ok(hellos.every((m) => m.type === 'ask' && !m.bind));
});

test('serving is told to persons, with its epoch', () => {
  const node = servingNode();
  node.command({ name: 'switchover', whenIdle: false, maxWaitMs: 0 });
  node.pass(5);
  assert.deepEqual(node.notices(), ['closing-handover']);
});

test('who answers a holder’s heartbeats says hello to the checkpoints alone, in the same breath, and to the holder when it falls silent', () => {
  const node = passiveNode();
  node.forget();
  rivalServesFor(node, 2, 500);
  const hellos = (to: string) => node.sent(to).filter((m) => m.type === 'ask' && m.question === 'hello').length;
  assert.equal(hellos('main'), 0);
  assert.equal(hellos('c1'), 5);
  node.forget();
  node.pass(node.settings.timing.heartbeatMs * 3);
  assert.ok(hellos('main') >= 1);
});

test('a release of the rival is a handover, unless the rival has claimed a newer epoch since: it was long on its way', () => {
  for (const [claimed, asks] of [
    [2, true],
    [4, false],
  ] as const) {
    const node = passiveNode({}, claimed);
    node.hear('main', releaseOf('main', 2, { addressee: 'standby' }));
    assert.equal(node.state.lease.name === 'asking', asks, `the rival serves under ${claimed}`);
  }
});
