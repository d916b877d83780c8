import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseRules, bridgeEnds, cutRule, isolateRule, lossRule, routedEnds } from './rules.ts';

test('a cut is one way, and mending it may be repeated', () => {
  assert.equal(cutRule(bridgeEnds, 'main', 'standby', true), 'add element bridge lab cut { "p-main" . "p-standby" }');
  const [first, second] = cutRule(bridgeEnds, 'main', 'standby', false).split('\n');
  assert.equal(first, cutRule(bridgeEnds, 'main', 'standby', true));
  assert.equal(second, 'delete element bridge lab cut { "p-main" . "p-standby" }');
});

test('isolation names what the host no longer does', () => {
  assert.match(isolateRule(bridgeEnds, 'main', 'in', true), /deaf/);
  assert.doesNotMatch(isolateRule(bridgeEnds, 'main', 'in', true), /mute/);
  assert.match(isolateRule(bridgeEnds, 'main', 'out', true), /mute/);
  assert.equal(isolateRule(bridgeEnds, 'main', 'both', true).split('\n').length, 2);
});

test('loss is a chain of its own for each pair and way; 0 leaves it empty', () => {
  assert.match(
    lossRule(bridgeEnds, 'main', 'check-1', 55),
    /add rule bridge lab loss_main_check_1 numgen random mod 1000 < 55 drop/,
  );
  assert.match(lossRule(bridgeEnds, 'main', 'standby', 5000), /< 1000 drop/);
  assert.doesNotMatch(lossRule(bridgeEnds, 'main', 'standby', 0), /drop/);
});

test('between routed networks a host is its address, and what comes back from the detour is not lost twice', () => {
  const ends = routedEnds((host) => (host === 'main' ? '10.99.0.11' : '10.99.0.12'), 'wan');
  assert.equal(cutRule(ends, 'main', 'standby', true), 'add element inet lab cut { 10.99.0.11 . 10.99.0.12 }');
  const lines = baseRules(ends)
    .split('\n')
    .map((line) => line.trim());
  assert.ok(lines.indexOf('iifname "p-wan" accept') < lines.indexOf('ip saddr . ip daddr vmap @loss'));
  assert.ok(lines.indexOf('ip saddr . ip daddr @cut drop') < lines.indexOf('iifname "p-wan" accept'));
});
