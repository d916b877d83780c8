/** Both served, and meet: each node lists what it had. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakePair } from './testing/pair.ts';
import { createTime } from './testing/time.ts';

const bothActive = async () => {
  const time = createTime();
  const pair = createFakePair(time);
  const main = await pair.start('main');
  const standby = await pair.start('standby');
  await pair.pass(2500);
  const order = { type: 'command', id: 'a', by: 'person', epoch: null, validMs: 60_000 } as const;
  pair.cut.add('standby');
  await pair.pass(1500);
  void standby.agent.command({ ...order, command: { name: 'mode', mode: 'manual' } });
  await pair.pass(100);
  void standby.agent.command({ ...order, id: 'b', command: { name: 'start', confirmed: true } });
  await pair.pass(2000);
  assert.deepEqual(
    [main, standby].map(({ agent }) => agent.state().lease.name),
    ['held', 'held'],
  );
  return { pair, main, standby };
};

test('when two that served meet, each node lists its calls at once and what it wrote a little later, once', async () => {
  const { pair, main, standby } = await bothActive();
  pair.cut.delete('standby');
  await pair.pass(500);
  assert.equal(main.agent.state().lease.name, 'none');
  for (const { notices, entries } of [main, standby]) {
    assert.equal(notices.filter((notice) => notice === 'warning both-served').length, 1, notices.join(', '));
    const [met] = entries.filter(({ kind }) => kind === 'both-active');
    assert.ok(met !== undefined);
  }
  const text = (node: typeof main) => JSON.stringify(node.entries.filter(({ kind }) => kind === 'notice'));
  assert.match(text(main), /1000 to 1001 \(Up, 00:00:12\)/);
  assert.match(text(main), /This one stops/);
  assert.match(text(standby), /The other one is to stop/);
  assert.ok(!main.notices.includes('warning both-served-data'));
  await pair.pass(10_500);
  for (const { notices } of [main, standby]) {
    assert.equal(notices.filter((notice) => notice === 'warning both-served-data').length, 1);
    assert.equal(notices.filter((notice) => notice === 'warning both-served').length, 1);
  }
});

test('a takeover, a switchover and a failback list nothing', async () => {
  const time = createTime();
  const pair = createFakePair(time);
  const main = await pair.start('main');
  const standby = await pair.start('standby');
  await pair.pass(2500);
  const order = { type: 'command', by: 'person', epoch: null, validMs: 60_000 } as const;
  void main.agent.command({ ...order, id: 'a', command: { name: 'switchover', whenIdle: false, maxWaitMs: 1000 } });
  await pair.pass(2000);
  assert.equal(standby.agent.state().lease.name, 'held');
  void main.agent.command({ ...order, id: 'b', command: { name: 'failback', whenIdle: false, maxWaitMs: 1000 } });
  await pair.pass(2000);
  assert.equal(main.agent.state().lease.name, 'held');
  pair.cut.add('main');
  await pair.pass(3000);
  assert.equal(standby.agent.state().lease.name, 'held');
  pair.cut.delete('main');
  await pair.pass(12_000);
  for (const { entries } of [main, standby])
    assert.deepEqual(
      entries.filter(({ kind }) => kind.startsWith('both-active')),
      [],
    );
});
