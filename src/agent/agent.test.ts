import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf } from './testing/config.ts';
import { createFakeNode, freshHost } from './testing/node.ts';
import { createFakePair } from './testing/pair.ts';
import { createTime } from './testing/time.ts';

const serving = (pair: ReturnType<typeof createFakePair>): readonly string[] =>
  (['main', 'standby'] as const).filter((role) => {
    const phase = pair.nodeByRole[role]?.agent.state().phase.name;
    return phase === 'serving' || phase === 'draining';
  });

const bothUp = async () => {
  const time = createTime();
  const pair = createFakePair(time);
  const main = await pair.start('main');
  const standby = await pair.start('standby');
  await pair.pass(2500);
  return { time, pair, main, standby };
};

test('two agents elect the main; its plan runs, its gate opens, and the journal says why', async () => {
  const { pair, main, standby } = await bothUp();
  assert.deepEqual(serving(pair), ['main']);
  assert.ok(pair.hostByRole.main.gateOpen);
  assert.ok(!pair.hostByRole.standby.gateOpen);
  assert.ok(main.events.includes('step virtual-ip activate'));
  assert.ok(standby.events.includes('step virtual-ip passivate'));
  const rules = main.entries.flatMap(({ reasons }) => reasons.map(({ rule }) => rule));
  for (const rule of ['started', 'ask', 'won', 'plan-finished']) assert.ok(rules.includes(rule), rule);
});

test('what must be remembered is kept before anything that follows from it leaves', async () => {
  const { main } = await bothUp();
  const { events } = main;
  const ask = events.indexOf('send ask to standby');
  const armed = events.indexOf('gate arm');
  assert.ok(armed >= 0 && ask > armed, 'the ticket is in the kernel before the request leaves');
  assert.equal(events[events.lastIndexOf('keep boot', ask)], 'keep boot');
  // Between the kernel's answer and the request lies the keeping of the own vote.
  assert.ok(events.slice(armed, ask).includes('keep boot'));
  const grant = events.indexOf('gate grant');
  assert.ok(events.slice(ask, grant).includes('keep boot'), 'the holding is kept before the gate opens');
  assert.ok(events.slice(0, grant).includes('keep disk'));
});

test('a heartbeat is no entry of the journal', async () => {
  const { pair, main, standby } = await bothUp();
  const before = main.entries.length + standby.entries.length;
  await pair.pass(5000);
  assert.equal(main.entries.length + standby.entries.length, before);
});

test('a passive node looks as the other’s heartbeats wake it, without an awakening of its own', async () => {
  const { time, pair, standby } = await bothUp();
  const heard = new Set<number>();
  const looked: number[] = [];
  const { receive, samples } = standby;
  standby.receive = (from, message) => {
    heard.add(time.clock.now());
    receive(from, message);
  };
  Object.defineProperty(standby, 'samples', {
    get: () => {
      looked.push(time.clock.now());
      return samples;
    },
  });
  await pair.pass(2000);
  assert.ok(looked.length >= 19, `${looked.length} looks in two seconds`);
  const alone = looked.filter((at) => !heard.has(at));
  assert.ok(alone.length <= 4, `${alone.length} awakenings of its own: ${alone.join(' ')}`);
});

test('the standby takes over when the main dies, and a person sees it in one line', async () => {
  const { pair, standby } = await bothUp();
  pair.kill('main');
  await pair.pass(900);
  assert.deepEqual(serving(pair), ['standby']);
  const { headline, server } = standby.agent.snapshot();
  assert.equal(server, 'this');
  assert.equal(headline.who, 'pbx2 (standby, this node) serves');
  assert.match(headline.ready, /^pbx1 \(main\) could NOT take over now: the main is silent/);
});

test('an agent that is started again within its lease goes on where it was', async () => {
  const { pair } = await bothUp();
  const epoch = pair.nodeByRole.main?.agent.state().boot.holding;
  pair.kill('main');
  await pair.pass(200);
  const again = await pair.start('main');
  await pair.pass(1000);
  assert.deepEqual(serving(pair), ['main']);
  assert.equal(again.agent.state().boot.holding, epoch);
  assert.ok(pair.hostByRole.main.gateOpen);
  assert.ok(!again.events.includes('gate close'));
});

test('stopping an agent leaves the gate, the address and the right as they are', async () => {
  const { pair, main } = await bothUp();
  const from = main.events.length;
  await main.agent.stop('SIGTERM');
  assert.deepEqual(main.events.slice(from), ['gate left as it is']);
  assert.ok(pair.hostByRole.main.gateOpen);
});

test('with a full disk telephony goes on, and it is an alarm, told once', async () => {
  const time = createTime();
  const pair = createFakePair(time);
  const main = await pair.start('main');
  main.diskRefused = true;
  await pair.start('standby');
  await pair.pass(4000);
  assert.deepEqual(serving(pair), ['main']);
  assert.equal(main.notices.filter((each) => each === 'alarm memory-not-kept').length, 1);
  assert.match(main.agent.snapshot().agent.memoryTrouble ?? '', /no space/);
  main.diskRefused = false;
  await pair.pass(2500);
  assert.equal(main.agent.snapshot().agent.memoryTrouble, null);
  assert.ok((pair.hostByRole.main.disk?.epochCeiling ?? 0) >= (pair.hostByRole.main.boot?.holding ?? 1));
});

test('with the memory of promises not kept, nothing that rests on them leaves', async () => {
  const time = createTime();
  const pair = createFakePair(time);
  const main = await pair.start('main');
  main.bootRefused = true;
  // Sounds out and says hello: neither binds anybody.
  const from = main.events.length;
  await pair.start('standby');
  await pair.pass(3000);
  const left = main.events.slice(from).filter((each) => /^send (ask|renew|yes)|^gate (arm|grant)/.test(each));
  assert.deepEqual(left, []);
  assert.deepEqual(serving(pair), ['standby']);
});

test('a broken law: no effect leaves, the gate closes, the node halts and says so', async () => {
  const { pair, main } = await bothUp();
  // The memory in the agent's hands is damaged: an epoch that is not the main's.
  const held = main.agent.state().lease;
  assert.ok(held.name === 'held');
  Object.assign(held, { epoch: held.epoch + 1 });
  const from = main.events.length;
  await pair.pass(150);
  assert.equal(main.agent.state().phase.name, 'halted');
  assert.ok(main.events.slice(from).includes('gate close'));
  assert.ok(main.notices.includes('alarm halted'));
  assert.ok(!pair.hostByRole.main.gateOpen);
  assert.equal(main.agent.snapshot().headline.level, 'alarm');
  const answer = await main.agent.command({
    id: '1',
    type: 'command',
    by: 'test',
    validMs: 1000,
    epoch: null,
    command: { name: 'takeover', confirmed: false },
  });
  assert.deepEqual([answer.ok, answer.code], [false, 'halted']);
  await pair.pass(1500);
  assert.deepEqual(serving(pair), ['standby']);
});

test('the wall clock jumps ahead: the holder closes before anything else, and serves again', async () => {
  const { time, pair, main } = await bothUp();
  const from = main.events.length;
  time.stepWall(3600_000);
  await pair.pass(200);
  assert.ok(main.events.slice(from).includes('gate close'));
  assert.ok(main.notices.includes('warning clock-jump'));
  await pair.pass(2000);
  assert.equal(serving(pair).length, 1);
});

test('a command gets exactly one answer, also when the agent stops under it', async () => {
  const { pair, main, standby } = await bothUp();
  const order = { id: '1', type: 'command', by: 'test', validMs: 1000, epoch: null } as const;
  const moved = standby.agent.command({ ...order, command: { name: 'takeover', confirmed: false } });
  await pair.pass(500);
  assert.deepEqual(await moved.then(({ ok, code }) => [ok, code]), [true, 'done']);
  assert.deepEqual(serving(pair), ['standby']);
  const never = main.agent.command({ ...order, command: { name: 'switchover', whenIdle: true, maxWaitMs: 60_000 } });
  main.samples = [];
  await main.agent.stop('SIGTERM');
  assert.equal((await never).ok, false);
});

test('a crash is looked at at once, not with the next heartbeat', async () => {
  const { pair, main } = await bothUp();
  const gone = { probe: 'sip', about: 'telephony', outcome: 'failed', crashed: true, reason: 'refused' } as const;
  main.samples = [gone];
  main.urgent(gone);
  assert.equal(main.agent.state().health.verdict, 'down');
  await pair.pass(300);
  assert.deepEqual(serving(pair), ['standby']);
});

test('a gate that refuses is told, and its node does not count as open', async () => {
  const time = createTime();
  const node = createFakeNode(configOf('main'), time, freshHost());
  node.gateRefused = true;
  await node.agent.start();
  await time.pass(100);
  assert.ok(node.notices.some((each) => each.includes('gate-refused')));
  assert.equal(node.agent.snapshot().gate.open, false);
  await node.agent.stop('test');
});

test('what must be mended on the way to a voter is told, and stands in the journal', async () => {
  const time = createTime();
  const node = createFakeNode(configOf('main'), time, freshHost());
  await node.agent.start();
  node.trouble({ kind: 'notify', level: 'alarm', code: 'etcd-tls', text: 'The certificate has ended.' });
  assert.ok(node.notices.includes('alarm etcd-tls'));
  const kept = node.entries.filter(({ kind }) => kind === 'notice').map(({ data }) => data);
  assert.deepEqual(kept, [{ level: 'alarm', code: 'etcd-tls', text: 'The certificate has ended.' }]);
  await node.agent.stop('test');
});

test('an agent that stopped leaves no timer behind', async () => {
  const { time, pair } = await bothUp();
  const before = time.waiting();
  assert.ok(before > 0);
  for (const role of ['main', 'standby'] as const) await pair.nodeByRole[role]?.agent.stop('test');
  assert.equal(time.waiting(), 0);
});
