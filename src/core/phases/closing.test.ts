import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askOf, crashLook, releaseOf } from '../testing/builders.ts';
import type { TestNode } from '../testing/node.ts';
import { passiveNode, rivalServesFor, servingNode } from '../testing/situations.ts';

const releases = (node: TestNode) => node.sent('standby').filter((m) => m.type === 'release');
const switchover = { name: 'switchover', whenIdle: false, maxWaitMs: 0 } as const;

test('the right is released only after the kernel’s answer', () => {
  const node = servingNode();
  node.command(switchover);
  assert.deepEqual(node.gateActions().slice(-1), ['close']);
  assert.deepEqual(releases(node), []);
  assert.equal(node.state.lease.name, 'held');
  node.pass(0.5);
  assert.equal(releases(node).length, 1);
  assert.equal(node.state.phase.name, 'passive');
});
test('while it closes it gives its rival no vote', () => {
  const node = servingNode();
  node.kernel = 'silent';
  node.command(switchover);
  node.hear('standby', askOf('standby', 'ask', 3));
  const answer = node.sent('standby').findLast((m) => m.type === 'answer');
  assert.equal(answer?.type === 'answer' && answer.why, 'promised');
});
test('closed, it gives its word at once', () => {
  const node = servingNode();
  node.command(switchover);
  node.pass(1);
  node.hear('standby', askOf('standby', 'ask', 3, { release: 2 }));
  const answer = node.sent('standby').findLast((m) => m.type === 'answer');
  assert.equal(answer?.type === 'answer' && answer.yes, true);
});
test('a kernel that never answers: the right is released when every ticket is surely out', () => {
  const node = servingNode();
  node.pass(50);
  node.kernel = 'silent';
  node.command(switchover);
  node.pass(599);
  assert.deepEqual(releases(node), []);
  node.pass(2);
  assert.equal(releases(node).length, 1);
});
test('a kernel that refuses: likewise, and it is an alarm', () => {
  const node = servingNode();
  node.kernel = 'refuses';
  node.command(switchover);
  node.pass(300);
  assert.deepEqual(releases(node), []);
  assert.ok(node.notices().includes('gate-failed'));
  node.pass(400);
  assert.ok(releases(node).length > 0);
});
test('a release is told four times, 15 ms apart', () => {
  const node = servingNode();
  node.command(switchover);
  node.pass(44);
  assert.equal(releases(node).length, 3);
  node.pass(200);
  assert.equal(releases(node).length, 4);
});
test('nothing opens the gate while it is being closed', () => {
  const node = servingNode();
  node.pass(95);
  node.kernel = 'silent';
  node.pass(10);
  node.command(switchover);
  node.forget();
  node.pass(500);
  assert.deepEqual(node.gateActions(), []);
});
test('who handed over lets the other go first for one promise', () => {
  const node = servingNode();
  node.command(switchover);
  node.voices.delete('standby');
  node.pass(590);
  assert.equal(node.state.lease.name, 'none');
});
test('should the addressee die in between, the former holder serves again', () => {
  const node = servingNode();
  node.command(switchover);
  node.voices.delete('standby');
  node.passUntil('it serves again', (s) => s.phase.name === 'serving', 800);
});
test('closing for one reason and another closes once more, and the last reason counts', () => {
  const node = servingNode();
  node.kernel = 'silent';
  node.see(crashLook);
  node.feed({ kind: 'clock-jump', at: node.now, jumpMs: 5000, paused: true });
  assert.equal(node.state.phase.name === 'closing' && node.state.phase.why, 'lost');
});
test('handed over, it asks at once, showing the release', () => {
  const node = passiveNode();
  rivalServesFor(node, 2, 300);
  node.voices.set('main', () => ({}));
  node.hear('main', releaseOf('main', 2, { addressee: 'standby', ordered: true }));
  assert.equal(node.state.lease.name, 'asking');
  node.pass(0.5);
  const ask = node.sent('main').findLast((m) => m.type === 'ask' && m.question === 'ask');
  assert.equal(ask?.type === 'ask' && ask.release, 2);
  assert.equal(node.state.disk.pinned, true, 'a person ordered it');
  node.pass(5);
  assert.equal(node.state.phase.name, 'serving');
});
test('the same release again hands nothing over twice', () => {
  const node = passiveNode();
  rivalServesFor(node, 2, 300);
  node.hear('main', releaseOf('main', 2));
  node.forget();
  node.hear('main', releaseOf('main', 2, { addressee: 'standby' }));
  assert.ok(!node.rules().includes('handed-over'));
});
test('a release without addressee hands over to nobody, and ends the claim', () => {
  const node = passiveNode();
  rivalServesFor(node, 2, 300);
  node.hear('main', releaseOf('main', 2));
  assert.ok(!node.rules().includes('handed-over'));
  assert.ok(node.state.rival.claimAt < 0);
});
test('nobody’s own epoch is released by another', () => {
  const node = servingNode();
  node.hear('standby', releaseOf('main', 2));
  node.pass(300);
  assert.equal(node.state.phase.name, 'serving');
});
test('a gate held open has no end of its own: unanswered, it is never released', () => {
  const node = servingNode();
  node.command({ name: 'mode', mode: 'manual' });
  node.pass(300);
  node.kernel = 'silent';
  node.command({ name: 'stop' });
  node.pass(9000);
  assert.equal(node.state.phase.name, 'closing');
  assert.deepEqual(releases(node), []);
});
test('a gate held open whose closing the kernel refused is closed again', () => {
  const node = servingNode();
  node.command({ name: 'mode', mode: 'manual' });
  node.pass(300);
  node.kernel = 'refuses';
  node.command({ name: 'stop' });
  node.pass(100);
  node.kernel = 'obeys';
  node.pass(3000);
  assert.equal(node.state.phase.name, 'passive');
});
