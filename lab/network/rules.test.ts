import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutRule, isolateRule, lossRule } from './rules.ts';

test('a cut is one way, and mending it may be repeated', () => {
  assert.equal(cutRule('main', 'standby', true), 'add element bridge lab cut { "p-main" . "p-standby" }');
  const [first, second] = cutRule('main', 'standby', false).split('\n');
  assert.equal(first, cutRule('main', 'standby', true));
  assert.equal(second, 'delete element bridge lab cut { "p-main" . "p-standby" }');
});

test('isolation names what the host no longer does', () => {
  assert.match(isolateRule('main', 'in', true), /deaf/);
  assert.doesNotMatch(isolateRule('main', 'in', true), /mute/);
  assert.match(isolateRule('main', 'out', true), /mute/);
  assert.equal(isolateRule('main', 'both', true).split('\n').length, 2);
});

test('loss is a chain of its own for each pair and way; 0 leaves it empty', () => {
  assert.match(
    lossRule('main', 'check-1', 55),
    /add rule bridge lab loss_main_check_1 numgen random mod 1000 < 55 drop/,
  );
  assert.match(lossRule('main', 'standby', 5000), /< 1000 drop/);
  assert.doesNotMatch(lossRule('main', 'standby', 0), /drop/);
});
