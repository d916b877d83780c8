import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inForce } from './in-force.ts';
import type { Orders } from './message.ts';
import { askOf, bootMemory, diskMemory, goodLook, orders, settings, started, WALL } from './testing/builders.ts';
import { createNode, type TestNode } from './testing/node.ts';
import { fitRival, passiveNode, rivalServesFor, servingNode, wellNode, yes } from './testing/situations.ts';

const tell = (node: TestNode, given: Orders): void =>
  node.hear('standby', askOf('standby', 'hello', 0, { orders: given }));
const manual = (revision: number): Orders => orders({ revision, mode: 'manual' });

test('of two orders the one that was given in knowledge of the other holds, whoever brings it', () => {
  const node = servingNode();
  tell(node, manual(3));
  assert.equal(inForce(node.state.disk.orders).mode, 'manual');
  tell(node, orders({ revision: 2 }));
  assert.equal(inForce(node.state.disk.orders).mode, 'manual');
  tell(node, orders({ revision: 3 }));
  assert.equal(inForce(node.state.disk.orders).mode, 'manual', 'nor does the same');
  tell(node, orders({ revision: 4 }));
  assert.equal(inForce(node.state.disk.orders).mode, 'automatic');
});
test('a checkpoint’s answer brings them too', () => {
  const node = servingNode();
  node.voices.set('c1', () => ({ orders: manual(3) }));
  node.pass(200);
  assert.equal(inForce(node.state.disk.orders).revision, 3);
});
test('both nodes told at once take different revisions, and come to agree', () => {
  const main = servingNode();
  const standby = passiveNode();
  main.command({ name: 'mode', mode: 'manual' });
  standby.command({ name: 'maintenance-on', forMs: 60_000, reason: 'x' });
  const [a, b] = [main.state.disk.orders, standby.state.disk.orders];
  assert.notEqual(inForce(a).revision, inForce(b).revision);
  tell(main, b);
  standby.hear('main', askOf('main', 'hello', 2, { orders: a }));
  assert.equal(inForce(main.state.disk.orders).mode, 'manual');
  assert.deepEqual(main.state.disk.orders, standby.state.disk.orders);
});
test('each further order has a higher revision', () => {
  const node = servingNode();
  const seen: number[] = [];
  for (const mode of ['manual', 'automatic', 'manual'] as const) {
    node.command({ name: 'mode', mode });
    seen.push(inForce(node.state.disk.orders).revision);
  }
  assert.deepEqual(seen, [2, 4, 6]);
});
test('they survive a restart and a boot', () => {
  const disk = diskMemory({ orders: manual(6) });
  for (const boot of [bootMemory(), null]) {
    const node = createNode(settings(), started(10_000, { boot, disk }));
    assert.equal(inForce(node.state.disk.orders).mode, 'manual');
  }
});

describe('maintenance', () => {
  test('ends by itself', () => {
    const node = servingNode();
    node.command({ name: 'maintenance-on', forMs: 2000, reason: 'new disk' });
    node.pass(1900);
    assert.ok(node.state.maintenanceUntil > node.now);
    node.pass(200);
    assert.equal(node.state.maintenanceUntil, 0);
    assert.deepEqual(node.notices(), ['maintenance-over']);
    assert.equal(node.state.disk.maintenanceUntilWall, 0);
  });
  test('can be ended by a person', () => {
    const node = servingNode();
    node.command({ name: 'maintenance-on', forMs: 60_000, reason: 'new disk' });
    node.command({ name: 'maintenance-off' });
    assert.equal(node.state.maintenanceUntil, 0);
  });
  test('what is left of it survives a boot, on the wall clock', () => {
    const node = servingNode();
    node.command({ name: 'maintenance-on', forMs: 60_000, reason: 'new disk' });
    const wall = WALL + node.now;
    assert.equal(node.state.disk.maintenanceUntilWall, wall + 60_000);
    const again = createNode(node.settings, started(500, { boot: null, disk: node.state.disk, wall: wall + 20_000 }));
    assert.equal(again.state.maintenanceUntil, 500 + 40_000);
  });
  test('over while the machine was off', () => {
    const disk = diskMemory({ maintenanceUntilWall: WALL - 1 });
    assert.equal(createNode(settings(), started(10_000, { boot: null, disk })).state.maintenanceUntil, 0);
  });
  test('the other node is told what is left, in questions and in answers', () => {
    const node = servingNode();
    node.command({ name: 'maintenance-on', forMs: 60_000, reason: 'new disk' });
    node.pass(30_000);
    node.forget();
    node.hear('standby', askOf('standby', 'hello', 1));
    const answer = node.sent('standby').find((m) => m.type === 'answer');
    assert.ok(answer?.type === 'answer' && inForce(answer.orders).maintenanceMs <= 30_001, 'the whole time anew');
    node.pass(200);
    const ask = node.sent('standby').find((m) => m.type === 'ask');
    assert.ok(ask?.type === 'ask' && inForce(ask.orders).maintenanceMs <= 30_001);
  });
});

test('orders that another person overrules at the same moment are told', () => {
  const node = servingNode();
  node.voices.clear();
  node.command({ name: 'mode', mode: 'manual' });
  const { revision } = inForce(node.state.disk.orders);
  node.hear('standby', askOf('standby', 'hello', 1, { orders: orders({ revision: revision + 1 }) }));
  assert.deepEqual(node.notices(), ['orders-overruled']);
  assert.deepEqual(node.facts('orders-overruled'), { given: 'manual', now: 'automatic' });
});
test('orders that the other knew of and changed are no surprise', () => {
  const node = servingNode();
  node.command({ name: 'mode', mode: 'manual' });
  const known = node.state.disk.orders;
  node.hear('standby', askOf('standby', 'hello', 1, { orders: known }));
  node.hear('standby', askOf('standby', 'hello', 1, { orders: orders({ revision: inForce(known).revision + 1 }) }));
  assert.deepEqual(node.notices(), []);
});

describe('manual mode', () => {
  test('no lease runs out, once the other is known to know', () => {
    const node = servingNode();
    node.command({ name: 'mode', mode: 'manual' });
    node.passUntil('the gate is held open', (s) => s.lease.name === 'held' && s.lease.heldOpen, 500);
    assert.ok(node.state.boot.heldOpen);
    node.voices.clear();
    node.pass(20_000);
    assert.equal(node.state.phase.name, 'serving');
    assert.ok(node.state.gateOpen);
  });
  test('until then it does: the other could still win in automatic mode', () => {
    const node = servingNode();
    node.voices.clear();
    node.command({ name: 'mode', mode: 'manual' });
    node.pass(2000);
    assert.equal(node.state.phase.name, 'passive');
    assert.ok(!node.gateActions().includes('hold-open'));
  });
  test('a checkpoint that knows is enough, with one: the other can win no majority', () => {
    const node = servingNode();
    node.voices.delete('standby');
    node.pass(400);
    node.command({ name: 'mode', mode: 'manual' });
    node.passUntil('the gate is held open', (s) => s.lease.name === 'held' && s.lease.heldOpen, 500);
  });
  test('ended at the holder: the gate stays open until the kernel has taken a term that was won by votes', () => {
    const node = servingNode();
    node.command({ name: 'mode', mode: 'manual' });
    node.pass(500);
    node.forget();
    node.command({ name: 'mode', mode: 'automatic' });
    assert.ok(node.state.boot.heldOpen);
    assert.deepEqual(node.gateActions(), ['arm']);
    node.pass(3000);
    assert.ok(!node.state.boot.heldOpen);
    assert.equal(node.state.phase.name, 'serving');
    node.voices.clear();
    node.pass(700);
    assert.equal(node.state.phase.name, 'passive');
  });
  test('ended at the holder while the kernel takes no orders: it says that it holds its gate open until that is known to be closed', () => {
    const node = servingNode();
    node.command({ name: 'mode', mode: 'manual' });
    node.pass(500);
    node.kernel = 'silent';
    node.command({ name: 'mode', mode: 'automatic' });
    node.pass(2000);
    assert.equal(node.state.phase.name, 'closing');
    node.forget();
    node.pass(300);
    assert.ok(node.sent('c1').some((m) => m.type === 'ask' && m.question === 'renew' && m.status.heldOpen));
    const { phase } = node.state;
    assert.ok(phase.name === 'closing');
    node.feed({ kind: 'gate', at: node.now, op: phase.op, ok: true });
    assert.equal(node.state.phase.name, 'passive');
  });
  test('ended at the passive node: it does not ask before the other, which may serve by hand, is heard to know', () => {
    const node = passiveNode();
    rivalServesFor(node, 2, 300, manual(2));
    node.voices.delete('main');
    node.pass(2000);
    node.command({ name: 'mode', mode: 'automatic' });
    node.pass(10_000);
    assert.equal(node.state.phase.name, 'passive');
    assert.equal(node.state.disk.heldOpenBy, 'main');
    node.hear('main', askOf('main', 'hello', 2, { orders: node.state.disk.orders }));
    assert.equal(node.state.disk.heldOpenBy, null);
    node.pass(1000);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('a confirmed takeover ends that wait', () => {
    const disk = diskMemory({ heldOpenBy: 'main', orders: orders({ revision: 5 }) });
    const node = createNode(settings({ role: 'standby' }), started(10_000, { disk }));
    node.look = goodLook;
    node.voices.set('c1', () => ({}));
    node.pass(3000);
    assert.equal(node.state.phase.name, 'passive');
    node.command({ name: 'takeover', confirmed: true });
    node.pass(200);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('orders that come while it asks: it asks no more', () => {
    const node = wellNode();
    node.voices.set('standby', (ask) => (ask.question === 'ask' ? null : fitRival(node.settings)(ask)));
    node.voices.delete('c1');
    node.passUntil('it asks', (s) => s.lease.name === 'asking');
    tell(node, manual(3));
    assert.equal(node.state.lease.name, 'none');
    node.pass(1000);
    assert.equal(node.state.phase.name, 'passive');
  });
  test('a restarted agent does not hold open what its former self may have lost, before a term of its own is granted', () => {
    const boot = bootMemory({ holding: 2, highest: 2, openUntil: 10_500 });
    const disk = diskMemory({ orders: manual(2), serving: true });
    const node = createNode(settings(), started(10_000, { boot, disk }));
    // It knows of manual mode by now, and may have won before it did.
    node.hear('standby', askOf('standby', 'hello', 2, { orders: manual(2) }));
    node.pass(20);
    assert.ok(!node.gateActions().includes('hold-open'));
    node.voices.set('standby', yes);
    node.passUntil('the gate is held open', (s) => s.lease.name === 'held' && s.lease.heldOpen, 500);
  });
  test('a restarted agent whose gate was held open has it held open again', () => {
    const boot = bootMemory({ holding: 2, highest: 2, heldOpen: true });
    const disk = diskMemory({ orders: manual(2), serving: true });
    const node = createNode(settings(), started(10_000, { boot, disk }));
    node.pass(1000);
    assert.equal(node.state.phase.name, 'serving');
    assert.ok(node.gateActions().includes('hold-open'), 'a former agent may have died in closing it');
  });
});
