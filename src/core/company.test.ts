import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitRival, passiveNode, servingNode } from './testing/situations.ts';

test('that nobody could take over is told once, after half a minute, and once that somebody could again', () => {
  const node = servingNode();
  node.voices.delete('standby');
  node.pass(29_900);
  assert.deepEqual(node.notices(), []);
  node.pass(60_000);
  assert.deepEqual(node.notices(), ['alone']);
  assert.match(String(node.facts('alone')['why']), /last heard \d+ s ago/);
  node.voices.set('standby', fitRival(node.settings));
  node.pass(60_000);
  assert.deepEqual(node.notices(), ['alone', 'company']);
});
test('a standby that is heard and not well could not take over either', () => {
  const node = servingNode();
  node.voices.set('standby', fitRival(node.settings, { well: false }));
  node.pass(31_000);
  assert.equal(node.facts('alone')['why'], 'its telephony is not well');
});
test('a restart of the other node is no news', () => {
  const node = servingNode();
  node.voices.delete('standby');
  node.pass(20_000);
  node.voices.set('standby', fitRival(node.settings));
  node.pass(500);
  node.voices.delete('standby');
  node.pass(20_000);
  assert.deepEqual(node.notices(), []);
});
test('in maintenance it is not told, and afterwards it is', () => {
  const node = servingNode();
  node.command({ name: 'maintenance-on', forMs: 60_000, reason: 'new disk' });
  node.voices.delete('standby');
  node.pass(50_000);
  assert.ok(!node.notices().includes('alone'));
  node.pass(11_000);
  assert.ok(node.notices().includes('alone'));
});
test('a passive node has nothing to tell', () => {
  const node = passiveNode({ arbiter: { kind: 'checkpoints', voters: ['c1'], whenLost: 'wait', lostAfterMs: 2000 } });
  node.voices.clear();
  node.pass(60_000);
  assert.ok(!node.notices().includes('alone'));
});
