import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inForce } from '../in-force.ts';
import type { Answer, Message } from '../message.ts';
import { askOf, bootMemory, diskMemory, handoverRequest, orders, releaseOf, status } from '../testing/builders.ts';
import type { Role } from '../words.ts';
import { type CheckpointState, decideCheckpoint, startCheckpoint } from './checkpoint.ts';

const PROMISES = { promiseMs: 600, restartMs: 400 };
const NOW = 10_000;
const fresh = (): CheckpointState => startCheckpoint(bootMemory(), null, NOW, PROMISES);

const answer = (state: CheckpointState, from: Role, message: Message, now = NOW): [CheckpointState, Answer] => {
  const decision = decideCheckpoint(state, from, message, now, PROMISES);
  const [first] = decision.sends;
  assert.ok(first !== undefined && first.message.type === 'answer' && first.to === from);
  return [decision.state, first.message];
};

test('it promises to one node at a time', () => {
  const [promised, first] = answer(fresh(), 'main', askOf('main', 'ask', 2));
  assert.equal(first.yes, true);
  const [, second] = answer(promised, 'standby', askOf('standby', 'ask', 3), NOW + 599);
  assert.equal(second.why, 'promised');
  assert.equal(second.waitMs, 1);
  assert.equal(second.highest, 2);
  assert.equal(answer(promised, 'standby', askOf('standby', 'ask', 3), NOW + 600)[1].yes, true);
});

test('after a boot it is silent for one promise; restarted within one, it goes on with what it promised', () => {
  const booted = startCheckpoint(null, diskMemory({ epochCeiling: 18 }), NOW, PROMISES);
  assert.equal(answer(booted, 'main', askOf('main', 'ask', 20), NOW + 999)[1].why, 'silent');
  assert.equal(answer(booted, 'main', askOf('main', 'ask', 20), NOW + 1000)[1].yes, true);
  assert.equal(
    answer(booted, 'main', askOf('main', 'ask', 18), NOW + 1000)[1].why,
    'released',
    'the ceiling counts as used',
  );
  const [promised] = answer(fresh(), 'main', askOf('main', 'ask', 2));
  const again = startCheckpoint(promised.boot, promised.disk, NOW + 1, PROMISES);
  assert.equal(answer(again, 'standby', askOf('standby', 'ask', 3), NOW + 2)[1].why, 'promised');
});

test('it tells each node when it heard the other, and what it said', () => {
  const [state, first] = answer(fresh(), 'main', askOf('main', 'hello', 2, { status: status('main', { calls: 4 }) }));
  assert.equal(first.heard, null);
  const [, second] = answer(state, 'standby', askOf('standby', 'hello', 3), NOW + 70);
  assert.deepEqual(second.heard, { agoMs: 70, status: status('main', { calls: 4 }) });
});

test('a release frees it and is passed on to the addressee, once', () => {
  const [promised] = answer(fresh(), 'main', askOf('main', 'ask', 2));
  const release = releaseOf('main', 2, { addressee: 'standby' });
  const decision = decideCheckpoint(promised, 'main', release, NOW, PROMISES);
  assert.deepEqual(decision.sends, [{ to: 'standby', message: release }]);
  assert.equal(decision.state.boot.promise, null);
  assert.deepEqual(decideCheckpoint(decision.state, 'main', release, NOW, PROMISES).sends, []);
});

test('nobody releases what is the other’s', () => {
  const [promised] = answer(fresh(), 'main', askOf('main', 'ask', 2));
  assert.equal(decideCheckpoint(promised, 'standby', releaseOf('main', 2), NOW, PROMISES).state, promised);
});

test('a release without addressee is passed on to nobody', () => {
  const [promised] = answer(fresh(), 'main', askOf('main', 'ask', 2));
  assert.deepEqual(decideCheckpoint(promised, 'main', releaseOf('main', 2), NOW, PROMISES).sends, []);
});

test('it learns newer orders, and hands them on with each answer: who asks without knowing them asks no more', () => {
  const manual = orders({ revision: 4, mode: 'manual' });
  const [state] = answer(fresh(), 'main', askOf('main', 'hello', 0, { orders: manual }));
  const [, late] = answer(state, 'standby', askOf('standby', 'ask', 3));
  assert.deepEqual(late.orders, manual);
});

test('who tells that manual mode is over gets no vote before the other, which may serve by hand, is heard', () => {
  const given = { main: orders({ revision: 4, mode: 'manual' }), over: orders({ revision: 6 }) };
  const [manual] = answer(fresh(), 'main', askOf('main', 'hello', 0, { orders: given.main }));
  const [over, first] = answer(manual, 'standby', askOf('standby', 'ask', 3, { orders: given.over }), NOW + 700);
  assert.equal(first.why, 'held-open');
  const [heard] = answer(over, 'main', askOf('main', 'hello', 0, { orders: given.over }), NOW + 800);
  assert.equal(answer(heard, 'standby', askOf('standby', 'ask', 5, { orders: given.over }), NOW + 900)[1].yes, true);
});

test('the ceiling of epochs is written some epochs ahead', () => {
  const [state] = answer(fresh(), 'main', askOf('main', 'ask', 2));
  assert.equal(state.disk.epochCeiling, 18);
  const [later] = answer(state, 'main', askOf('main', 'ask', 4));
  assert.equal(later.disk, state.disk, 'the disk is spared');
});

test('what is not for a checkpoint is let pass', () => {
  const state = fresh();
  assert.deepEqual(decideCheckpoint(state, 'main', handoverRequest(2), NOW, PROMISES), { state, sends: [] });
});

test('a node that learns of a maintenance from it late is told what is left', () => {
  const given = orders({ revision: 2, maintenanceMs: 60_000 });
  const [state] = answer(fresh(), 'main', askOf('main', 'hello', 2, { orders: given }));
  const [, late] = answer(state, 'standby', askOf('standby', 'hello', 1), NOW + 50_000);
  assert.ok(inForce(late.orders).maintenanceMs <= 10_000);
});
