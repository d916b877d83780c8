import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail, ok } from '../core/result.ts';
import { configOf } from './testing/config.ts';
import { createFakeNode, type FakeNode, freshHost, type Host } from './testing/node.ts';
import { createTime } from './testing/time.ts';

/** A main whose telephony serves, with nobody else who votes. */
const serves = (host: Partial<Host> = {}) => {
  const time = createTime();
  const order = { given: true };
  const takeOrder = () => {
    if (!order.given) return null;
    order.given = false;
    return ok(undefined);
  };
  const whole: Host = { ...freshHost(), adoptOrder: takeOrder, ...host };
  const config = { ...configOf('main'), arbiter: { kind: 'none' } as const };
  const node = createFakeNode(config, time, whole);
  return { time, node, host: whole, config };
};

const started = async ({ time, node }: ReturnType<typeof serves>, meanwhile: () => void = () => undefined) => {
  const starting = node.agent.start();
  await time.pass(500);
  meanwhile();
  await time.pass(1000);
  assert.ok((await starting).ok);
  await time.pass(20);
};

const beganClosed = (node: FakeNode): boolean =>
  node.events.includes('gate opened') && node.events.includes('step virtual-ip passivate');

test('it listens, keeps its memory, loads the gate open, and closes and stops nothing', async () => {
  const world = serves();
  await started(world);
  const { events, agent } = world.node;
  assert.equal(agent.state().phase.name, 'serving');
  assert.deepEqual(events.filter((each) => /^gate|^keep (boot|disk)|notify/.test(each)).slice(0, 4), [
    'keep boot',
    'keep disk',
    'gate opened serving',
    'notify info adopted',
  ]);
  await world.time.pass(3000);
  assert.equal(agent.state().phase.name, 'serving');
  assert.ok(!events.some((each) => /gate (close|opened$)|passivate/.test(each)), events.join(' '));
  assert.ok(events.includes('step virtual-ip activate'));
});

test('nothing of it happens while it listens: what serves is left alone, and orders are refused', async () => {
  const world = serves();
  const starting = world.node.agent.start();
  await world.time.pass(900);
  assert.deepEqual(world.node.events, []);
  const request = { id: '1', type: 'command', by: 'x', validMs: 1000, epoch: null, command: { name: 'stop' } } as const;
  assert.equal((await world.node.agent.command(request)).code, 'agent-starting');
  await world.time.pass(600);
  assert.ok((await starting).ok);
});

test('where the other agent is heard it begins as ever', async () => {
  const world = serves();
  await started(world, () => {
    world.node.receive('standby', { type: 'release', role: 'standby', epoch: 1, addressee: null, ordered: false });
  });
  assert.ok(beganClosed(world.node));
  assert.ok(world.node.notices.includes('warning adopt-other-runs'));
});

test('a checkpoint that is heard keeps it from nothing', async () => {
  const world = serves();
  await started(world, () =>
    world.node.receive('cp1', { type: 'release', role: 'main', epoch: 0, addressee: null, ordered: false }),
  );
  assert.ok(world.node.notices.includes('info adopted'));
});

test('an old order, and a machine where something speaks against it: it begins as ever, and says why', async () => {
  const old = serves({ adoptOrder: () => fail('adopt-order-stale', 'old', 'nothing') });
  await started(old);
  assert.ok(beganClosed(old.node) && old.node.notices.includes('warning adopt-order-stale'));
  const unfit = serves({ adoptFault: fail('adopt-not-serving', 'asterisk is dead', 'start it').error });
  await started(unfit);
  assert.ok(beganClosed(unfit.node) && unfit.node.notices.includes('warning adopt-not-serving'));
});

test('a memory that cannot be kept, or a gate that cannot be loaded: nothing is held, and the gate closes', async () => {
  const full = serves();
  full.node.diskRefused = true;
  await started(full);
  assert.ok(beganClosed(full.node) && full.node.notices.includes('warning adopt-not-kept'));
  assert.equal(full.host.boot?.holding, 0);
  const world = serves();
  world.node.gateRefused = true;
  await started(world);
  assert.ok(beganClosed(world.node) && world.node.notices.includes('warning gate-refused'));
  assert.ok(world.node.events.includes('gate close'));
  assert.equal(world.host.boot?.holding, 0);
});

test('an agent that dies after it began goes on as every restarted one, and one that dies before begins closed', async () => {
  const world = serves();
  await started(world);
  await world.node.agent.stop('killed');
  const again = createFakeNode(world.config, world.time, world.host);
  assert.ok((await again.agent.start()).ok);
  assert.equal(again.agent.state().phase.name, 'serving');
  assert.equal(again.agent.state().boot.holding >= 2, true);
  const early = serves();
  void early.node.agent.start();
  await early.time.pass(300);
  const next = createFakeNode(early.config, early.time, early.host);
  assert.ok((await next.agent.start()).ok);
  await early.time.pass(20);
  assert.ok(beganClosed(next), next.events.join(' '));
});
