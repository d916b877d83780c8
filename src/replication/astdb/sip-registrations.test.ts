import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dueAt, shortestMs } from './sip-registrations.ts';
import { options, setUp } from './testing/nodes.ts';

const key = (name: string): string => `SIP/Registry/${name}`;
const value = (name: string, seconds = 120): string => `10.0.0.9:5061:${seconds}:${name}:sip:${name}@10.0.0.9:5061`;

const reads = (calls: readonly string[]): number => calls.filter((call) => call === 'refresh-sip').length;

test('how long chan_sip keeps a registration is the third of its values', () => {
  assert.equal(shortestMs([value('a', 300), value('b', 60), 'nonsense']), 60_000);
  assert.equal(shortestMs(['[2001:db8::1]:5060:90:c:sip:c@h']), 90_000);
  assert.equal(shortestMs([]), Number.POSITIVE_INFINITY);
});

test('changes are read soon, not again and again, and before the first registration would expire', () => {
  const held = { rows: 'x', read: 'x', lastAt: 1000, lifeMs: 60_000 };
  assert.equal(dueAt(held, 2000), 1000 + 45_000);
  assert.equal(dueAt({ ...held, rows: 'y' }, 2000), 6000);
  assert.equal(dueAt({ ...held, rows: 'y' }, 60_000), 60_300);
  assert.equal(dueAt({ ...held, lifeMs: 4000 }, 2000), 16_000);
  assert.equal(dueAt({ rows: '', read: null, lastAt: null, lifeMs: Number.POSITIVE_INFINITY }, 2000), null);
  assert.equal(dueAt({ ...held, rows: '', lifeMs: Number.POSITIVE_INFINITY }, 7000), 7300);
});

test('the passive node’s chan_sip reads registrations when they change and before they expire, and only then', async () => {
  const { pass, a, b, begin, stop } = setUp();
  a.rows.set(key('100'), value('100'));
  begin();
  await pass(1000);
  assert.deepEqual([b.rows.get(key('100')), reads(b.calls), reads(a.calls)], [value('100'), 1, 0]);
  await pass(60_000);
  assert.equal(reads(b.calls), 1);
  a.register(key('200'), value('200'));
  a.register('DND/100', 'YES');
  await pass(1000);
  assert.equal(reads(b.calls), 2);
  await pass(89_000);
  assert.equal(reads(b.calls), 2);
  await pass(2000);
  assert.equal(reads(b.calls), 3);
  await stop();
});

test('a pair without registrations of chan_sip asks nothing of it', async () => {
  const { pass, a, b, begin, stop } = setUp();
  a.rows.set('DND/100', 'YES');
  begin();
  await pass(600_000);
  assert.equal(reads(b.calls), 0);
  await stop();
});

test('what came just before a takeover is read at its beginning', async () => {
  const { pass, a, b, main, standby, begin, stop } = setUp();
  a.rows.set(key('100'), value('100'));
  begin();
  await pass(1000);
  a.register(key('200'), value('200'));
  await pass(150);
  assert.deepEqual([b.rows.has(key('200')), reads(b.calls)], [true, 1]);
  main.setRight({ holding: 0, highest: 3 });
  standby.setRight({ holding: 3, highest: 3 });
  await pass(100);
  assert.equal(reads(b.calls), 2);
  await stop();
});

test('the node that serves reads nothing again, and the one that has stopped serving does', async () => {
  const { pass, a, b, main, standby, begin, stop } = setUp();
  a.rows.set(key('100'), value('100'));
  begin();
  await pass(1000);
  main.setRight({ holding: 0, highest: 3 });
  standby.setRight({ holding: 3, highest: 3 });
  await pass(options.compareMs);
  const served = reads(b.calls);
  await pass(300_000);
  assert.equal(reads(b.calls), served);
  assert.ok(reads(a.calls) >= 1);
  assert.equal(a.rows.get(key('100')), value('100'));
  await stop();
});

test('rows that an Asterisk which starts for a takeover did not have yet are read right after they are added', async () => {
  const { pass, a, b, main, standby, begin, stop } = setUp();
  begin();
  await pass(1000);
  b.setUp(false);
  a.register(key('100'), value('100'));
  await pass(1000);
  main.setRight({ holding: 0, highest: 3 });
  standby.setRight({ holding: 3, highest: 3 });
  b.setUp(true);
  await pass(1000);
  assert.deepEqual([b.rows.get(key('100')), reads(b.calls)], [value('100'), 1]);
  await stop();
});
