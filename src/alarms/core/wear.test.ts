import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeFacts } from '../testing/facts.ts';
import { life } from '../testing/life.ts';

test('thousands of different notices while nobody can be told: what is kept is bounded, and the rest is counted', () => {
  const it = life();
  it.pass(2, nodeFacts());
  it.fails.set('mail', 'failed');
  let largest = 0;
  for (let count = 1; count <= 3000; count += 1) {
    it.notice(
      count % 10 === 0 ? 'alarm' : 'warning',
      `trouble-${count}`,
      `What went wrong the ${count}th time. ${'x'.repeat(300)}`,
    );
    it.pass(1, null);
    if (count % 100 === 0) largest = Math.max(largest, JSON.stringify(it.state()).length);
  }
  const { alarms, channelByName } = it.state();
  const channel = channelByName['mail'];
  assert.ok(alarms.length <= 200, `${alarms.length} alarms`);
  assert.ok((channel?.pending.length ?? 0) + (channel?.outbox?.items.length ?? 0) <= 100);
  assert.ok(largest < 512 * 1024, `${largest} characters on disk`);
  it.fails.clear();
  it.pass(7200, null);
  const told = it.sent.reduce((sum, { message }) => sum + message.items.length + message.folded, 0);
  assert.ok(told >= 2900, `${told} were told or counted`);
});
