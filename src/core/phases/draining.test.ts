import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from '../explain.ts';
import { askOf, crashLook, goodLook, handoverRequest, status } from '../testing/builders.ts';
import type { TestNode } from '../testing/node.ts';
import { fitRival, passiveNode, servingNode } from '../testing/situations.ts';

const passive = (node: TestNode): boolean => node.state.phase.name === 'passive';
const drainingNode = (maxWaitMs: number, calls = 3): TestNode => {
  const node = servingNode();
  node.look = { ...goodLook, calls };
  node.pass(200);
  node.command({ name: 'switchover', whenIdle: true, maxWaitMs });
  return node;
};

test('at once, unless it is to wait for idle', () => {
  const node = servingNode();
  node.look = { ...goodLook, calls: 9 };
  node.pass(200);
  node.command({ name: 'switchover', whenIdle: false, maxWaitMs: 60_000 });
  assert.equal(node.state.phase.name, 'closing');
});
test('when idle: with no call up, as soon as they have been counted once more', () => {
  const node = drainingNode(60_000, 0);
  assert.equal(node.state.phase.name, 'draining', 'the count is from before the order');
  node.pass(10);
  node.see(goodLook);
  node.pass(1);
  assert.ok(passive(node));
});
test('when idle: as soon as the last call ends', () => {
  const node = drainingNode(60_000);
  node.pass(20_000);
  assert.equal(node.state.phase.name, 'draining');
  node.look = goodLook;
  node.pass(150);
  assert.ok(passive(node));
  assert.equal(node.facts('hand-over')['idle'], true);
});
test('when idle: at the deadline, calls or not', () => {
  const node = drainingNode(2000);
  node.pass(1990);
  assert.equal(node.state.phase.name, 'draining');
  node.pass(20);
  assert.ok(passive(node));
});
test('when idle: calls that are not known are not none', () => {
  const node = drainingNode(2000, -1);
  node.pass(1900);
  assert.equal(node.state.phase.name, 'draining');
});
test('it is said what is waited for, how much of it there is, and until when', () => {
  const doing = (node: TestNode): string => explain(node.settings, node.state, node.now).text;
  assert.match(doing(drainingNode(60_000)), / hand over when no call is up \(3 are now\), in 60 s at the latest: /);
  assert.match(doing(drainingNode(2000, 1)), /\(1 is now\), in 2 s /);
  assert.match(doing(drainingNode(2000, -1)), /\(how many are is not known\)/);
});
test('dead telephony has no calls to wait for', () => {
  const node = drainingNode(3_600_000);
  node.look = { ...crashLook, calls: 3 };
  node.pass(300);
  assert.ok(passive(node), 'it waits an hour for calls that are gone');
});
test('the rival lost meanwhile: it goes on serving, and says so', () => {
  const node = drainingNode(2000);
  node.voices.delete('standby');
  node.pass(2500);
  assert.equal(node.state.phase.name, 'serving');
  assert.ok(node.rules().includes('rival-not-fit'));
});
test('the rival unfit meanwhile: likewise', () => {
  const node = drainingNode(2000);
  node.voices.set('standby', fitRival(node.settings, { well: false }));
  node.pass(2500);
  assert.equal(node.state.phase.name, 'serving');
});
test('its own lease lost meanwhile: it stops', () => {
  const node = drainingNode(60_000);
  node.voices.clear();
  node.pass(700);
  assert.ok(passive(node));
  assert.equal(node.facts('close')['why'], 'lost');
});
test('it renews as long as it drains', () => {
  const node = drainingNode(10_000);
  node.pass(5000);
  assert.equal(node.state.phase.name, 'draining');
  assert.ok(node.state.gateOpen);
});

test('asked to hand over by a person at the other node', () => {
  const node = servingNode();
  node.hear('standby', handoverRequest(2, { heard: node.now - 100 }));
  assert.equal(node.state.phase.name, 'closing');
  node.pass(1);
  const release = node.sent('standby').find((m) => m.type === 'release');
  assert.deepEqual(release, { type: 'release', role: 'main', epoch: 2, addressee: 'standby', ordered: true });
});
test('a request for an older epoch is refused', () => {
  const node = servingNode();
  node.hear('standby', handoverRequest(1));
  assert.equal(node.state.phase.name, 'serving');
});
test('only a holder that serves hands over, and only to its rival', () => {
  const node = passiveNode();
  node.hear('main', handoverRequest(2));
  assert.equal(node.state.phase.name, 'passive');
  const other = servingNode();
  other.hear('c1', handoverRequest(2));
  assert.equal(other.state.phase.name, 'serving');
});
test('to a rival that is not fit it does not hand over', () => {
  const node = servingNode();
  node.hear('standby', askOf('standby', 'hello', 1, { status: status('standby', { well: false }) }));
  node.hear('standby', handoverRequest(2, { heard: node.now - 100 }));
  assert.equal(node.state.phase.name, 'serving');
  assert.ok(node.rules().includes('rival-not-fit'));
});
test('a request that comes late is refused: its age is told by our own clock', () => {
  const node = servingNode();
  node.hear('standby', handoverRequest(2, { heard: node.now - 1001, validMs: 1000 }));
  node.hear('standby', handoverRequest(2, { heard: node.now + 1, validMs: 1000 }));
  assert.equal(node.state.phase.name, 'serving');
  assert.deepEqual(
    node.rules().filter((rule) => rule === 'late-request'),
    ['late-request', 'late-request'],
  );
});
test('a count of calls from before the order is not waited with', () => {
  const node = drainingNode(60_000, 0);
  node.look = null;
  node.see({ ...goodLook, callsAgoMs: 50 });
  assert.equal(node.state.phase.name, 'draining', 'counted before the order');
  node.pass(60);
  node.see({ ...goodLook, callsAgoMs: 50 });
  node.pass(1);
  assert.ok(passive(node));
});
