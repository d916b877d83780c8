import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDraft } from './draft.ts';
import type { Look } from './event.ts';
import { withLeft } from './in-force.ts';
import { obstacles } from './policy.ts';
import {
  answerTo,
  askOf,
  badLook,
  bootMemory,
  checkpoints,
  cutLook,
  diskMemory,
  goodLook,
  looksOf,
  noArbiter,
  orders,
  quickTiming,
  rivalLook,
  settings,
  silentLook,
  started,
  status,
} from './testing/builders.ts';
import { createNode, type TestNode } from './testing/node.ts';
import { fitRival, passiveNode, rivalServesFor, servingNode, wellNode, yes } from './testing/situations.ts';

const serves = (node: TestNode): boolean => node.state.phase.name === 'serving' && node.state.gateOpen;
const inTheWay = (node: TestNode): readonly string[] =>
  obstacles(createDraft(node.settings, node.state, node.now)).map((o) => o.rule);
const booted = (role: 'main' | 'standby', change = {}): TestNode => {
  const node = createNode(settings({ role, ...change }), started(10_000, { boot: null }));
  node.look = goodLook;
  return node;
};

describe('the standby gives the main a head start', () => {
  const standby = (): TestNode => {
    const node = wellNode({ role: 'standby' });
    node.voices.set('main', (ask) => (ask.question === 'ask' ? null : { status: status('main') }));
    node.hear('main', askOf('main', 'hello', 0));
    return node;
  };
  test('beside a well main that serves not', () => {
    const node = standby();
    node.pass(120);
    assert.deepEqual(inTheWay(node), ['head-start']);
    const { promiseMs, restartMs, headStartMs } = node.settings.timing;
    const heardAt = node.now - 120;
    node.passUntil('it serves', () => serves(node), 1500);
    assert.ok(node.now - heardAt >= promiseMs + restartMs + headStartMs, 'and the main may have to listen first');
  });
  test('counted from when the agent of a main that boots with it was first heard, not from each of its words', () => {
    const node = booted('standby');
    node.voices.set('c1', yes);
    const { promiseMs, restartMs, headStartMs } = node.settings.timing;
    const listensMs = promiseMs + restartMs;
    node.pass(listensMs - 50);
    const heardAt = node.now;
    node.voices.set('main', (ask) => (ask.question === 'ask' ? null : { status: status('main') }));
    node.hear('main', askOf('main', 'hello', 0));
    node.pass(listensMs);
    assert.deepEqual(inTheWay(node), ['head-start']);
    assert.ok(node.now - heardAt >= listensMs, 'longer than its own listening');
    node.passUntil('it serves', () => serves(node), headStartMs + 200);
  });
  test('not beside an unfit one', () => {
    const node = standby();
    node.voices.set('main', fitRival(node.settings, { well: false }));
    node.hear('main', askOf('main', 'hello', 0, { status: status('main', { well: false }) }));
    node.pass(120);
    assert.ok(!inTheWay(node).includes('head-start'));
    assert.ok(serves(node));
  });
  test('the main has none', () => {
    const node = wellNode();
    node.pass(60);
    assert.ok(serves(node));
  });
  test('a person’s word ends it', () => {
    const node = standby();
    node.pass(20);
    node.command({ name: 'takeover', confirmed: false });
    node.pass(60);
    assert.ok(serves(node));
  });
});

describe('an unfit node', () => {
  const unfit = (rivalWell: boolean): TestNode => {
    const node = wellNode();
    node.look = badLook;
    node.voices.set('standby', rivalWell ? fitRival(node.settings) : fitRival(node.settings, { well: false }));
    return node;
  };
  test('does not ask beside a fit rival', () => {
    const node = unfit(true);
    node.pass(8000);
    assert.deepEqual(inTheWay(node), ['unfit']);
    assert.equal(node.state.phase.name, 'passive');
  });
  test('serves as well as it can, as a last resort, where nobody is fit', () => {
    const node = unfit(false);
    node.pass(900);
    assert.equal(node.state.phase.name, 'passive');
    node.passUntil('it serves', () => serves(node), 300);
  });
  test('a person’s takeover of it settles', () => {
    const node = unfit(true);
    node.pass(500);
    node.command({ name: 'takeover', confirmed: false });
    node.voices.set('standby', fitRival(node.settings));
    node.pass(11_000);
    assert.ok(node.rules().filter((rule) => rule === 'won').length <= 1);
    assert.equal(node.replies().length, 1);
  });
  test('a node that knows nothing of its telephony waits as long', () => {
    const node = wellNode();
    node.look = silentLook;
    node.voices.delete('standby');
    node.pass(900);
    assert.equal(node.state.phase.name, 'passive');
    node.passUntil('it serves', () => serves(node), 300);
  });
});

describe('in hold', () => {
  const inMaintenance = orders({ revision: 2, maintenanceMs: 60_000, maintenanceReason: 'new disk' });
  const standbyIn = (given: ReturnType<typeof orders>): TestNode => {
    const node = passiveNode();
    rivalServesFor(node, 2, 300, given);
    node.voices.delete('main');
    return node;
  };
  test('maintenance: a dead main is not taken over, and the obstacle gives its reason and end', () => {
    const node = standbyIn(inMaintenance);
    node.pass(5000);
    const [first] = obstacles(createDraft(node.settings, node.state, node.now));
    assert.equal(first?.rule, 'maintenance');
    assert.equal(first?.text, 'maintenance: new disk');
    assert.ok((first?.until ?? 0) > node.now + 50_000);
    assert.equal(node.state.phase.name, 'passive');
  });
  test('it ends by itself, and then the dead main is taken over', () => {
    const node = standbyIn(withLeft(inMaintenance, 2000));
    node.pass(3000);
    assert.ok(serves(node));
    assert.ok(node.notices().includes('maintenance-over'));
  });
  test('the node that served before a boot goes on', () => {
    const disk = diskMemory({ serving: true, orders: inMaintenance, maintenanceUntilWall: 1_800_000_000_000 + 70_000 });
    const node = createNode(settings(), started(10_000, { boot: null, disk }));
    node.look = goodLook;
    node.voices.set('standby', fitRival(node.settings));
    node.pass(1500);
    assert.ok(serves(node));
  });
  test('a holder that lost its right for a moment comes back', () => {
    const node = servingNode();
    node.command({ name: 'maintenance-on', forMs: 3_600_000, reason: 'standby is updated' });
    node.voices.clear();
    node.pass(1500);
    assert.equal(node.state.phase.name, 'passive', 'standby off and checkpoint lost: its lease ran out');
    node.voices.set('c1', yes);
    node.pass(1500);
    assert.ok(serves(node), `in the way: ${inTheWay(node).join(' ')}`);
  });
  test('a holder that lost its right to the other does not', () => {
    const node = servingNode();
    node.voices.clear();
    node.pass(1000);
    rivalServesFor(node, 3, 300);
    node.command({ name: 'maintenance-on', forMs: 3_600_000, reason: 'main is updated' });
    node.voices.set('c1', yes);
    node.pass(3000);
    assert.deepEqual(inTheWay(node), ['maintenance']);
  });
  test('nor does one that hears the other serve while it sounds out', () => {
    const node = servingNode();
    node.command({ name: 'maintenance-on', forMs: 3_600_000, reason: 'x' });
    node.voices.clear();
    node.passUntil('it sounds out', (s) => s.lease.name === 'sounding');
    const open = { type: 'ask', question: 'sound' } as const;
    const asked = node.sent('c1').findLast((m) => m.type === open.type && m.question === open.question);
    node.hear('standby', askOf('standby', 'hello', 3, { status: status('standby', { holding: 3 }) }));
    if (asked?.type === 'ask') node.hear('c1', answerTo(asked));
    assert.equal(node.state.lease.name, 'none');
  });
  test('manual mode: a dead main is not taken over, for ever', () => {
    const node = standbyIn(orders({ revision: 2, mode: 'manual' }));
    node.pass(20_000);
    assert.deepEqual(inTheWay(node), ['manual-mode']);
  });
  test('manual mode: a node that boots stays passive, whatever it did before', () => {
    const disk = diskMemory({ serving: true, orders: orders({ revision: 2, mode: 'manual' }) });
    const node = createNode(settings(), started(10_000, { boot: null, disk }));
    node.look = goodLook;
    node.voices.set('standby', fitRival(node.settings));
    node.pass(5000);
    assert.equal(node.state.phase.name, 'passive');
  });
});

describe('arbiter none', () => {
  const none = { arbiter: noArbiter } as const;
  test('a lone main listens for loneWaitMs, then serves', () => {
    const node = booted('main', none);
    node.pass(1950);
    assert.deepEqual(inTheWay(node), ['lone-wait']);
    node.pass(200);
    assert.ok(serves(node));
  });
  test('a lone standby listens twice as long', () => {
    const node = booted('standby', none);
    node.pass(3950);
    assert.equal(node.state.phase.name, 'passive');
    node.pass(250);
    assert.ok(serves(node));
  });
  test('who hears the other does not wait', () => {
    const node = booted('main', none);
    node.voices.set('standby', fitRival(node.settings));
    node.pass(1200);
    assert.ok(serves(node));
  });
  const cutOff: readonly (readonly [string, Look])[] = [
    ['its gateway silent', cutLook],
    [
      'its gateway failing',
      {
        samples: [
          goodLook.samples[0] as Look['samples'][0],
          { ...(cutLook.samples[1] as Look['samples'][0]), outcome: 'failed' },
        ],
        calls: 0,
      },
    ],
  ];
  for (const [name, look] of cutOff) {
    test(`the standby with ${name} never promotes itself`, () => {
      const node = passiveNode(none);
      rivalServesFor(node, 2, 500);
      node.voices.clear();
      node.look = look;
      node.pass(30_000);
      assert.equal(node.state.phase.name, 'passive');
      assert.deepEqual(inTheWay(node), ['own-network']);
    });
  }
  test('the standby with its gateway answering takes a silent main over after one promise', () => {
    const node = passiveNode(none);
    rivalServesFor(node, 2, 500);
    node.voices.clear();
    const from = node.state.rival.claimAt;
    node.passUntil('it serves', () => serves(node), 1000);
    assert.ok(node.now - from < 800, `${node.now - from}`);
  });
  test('a cable that is out silences the other first: nothing is taken over before the gateway has answered since', () => {
    // Preset quick: the promise is over before three bad looks are.
    const node = passiveNode({ ...none, timing: quickTiming, health: { badLooks: 8, goodLooks: 2 } });
    rivalServesFor(node, 2, 500);
    node.voices.clear();
    node.look = cutLook;
    node.pass(280);
    assert.equal(node.state.health.network, 'up', 'not known to be down yet');
    assert.deepEqual(inTheWay(node), ['own-network']);
    node.look = goodLook;
    node.pass(80);
    assert.ok(serves(node));
  });
  test('connected again, the standby listens before it takes anything over', () => {
    const node = passiveNode(none);
    rivalServesFor(node, 2, 500);
    node.voices.clear();
    node.look = cutLook;
    node.pass(3000);
    node.look = goodLook;
    node.pass(1900);
    assert.deepEqual(inTheWay(node), ['lone-wait']);
    node.pass(300);
    assert.ok(serves(node), 'nobody was heard');
  });
  test('connected again, who hears the other serve stays passive', () => {
    const node = passiveNode(none);
    node.voices.clear();
    node.look = cutLook;
    node.pass(3000);
    node.look = goodLook;
    node.pass(150);
    rivalServesFor(node, 2, 5000);
    assert.equal(node.state.phase.name, 'passive');
  });
  test('a main with its own network down starts nothing either', () => {
    const node = booted('main', none);
    node.look = cutLook;
    node.pass(10_000);
    assert.equal(node.state.phase.name, 'passive');
  });
  test('with checkpoints the votes tell who is cut off, not the gateway', () => {
    const node = passiveNode({ arbiter: checkpoints(1) });
    rivalServesFor(node, 2, 500);
    node.voices.delete('main');
    node.look = cutLook;
    node.pass(1500);
    assert.ok(serves(node));
  });
});

describe('looks at the main decide, where the preset says so', () => {
  const rows: readonly (readonly ['classic' | 'blog2012' | 'remsys', number])[] = [
    ['classic', 1],
    ['blog2012', 2],
    ['remsys', 5],
  ];
  const bad = rivalLook('failed', 'failed', 'failed');
  for (const [preset, needed] of rows) {
    test(`${preset}: ${needed} bad`, () => {
      const node = passiveNode({ arbiter: noArbiter, watch: looksOf[preset] });
      rivalServesFor(node, 2, 500);
      node.voices.clear();
      node.pass(1000);
      assert.deepEqual(inTheWay(node), ['looks'], 'a silent main alone is not enough');
      for (let i = 1; i < needed; i += 1) node.see(bad);
      node.pass(500);
      assert.deepEqual(inTheWay(node), ['looks']);
      node.see(bad);
      node.pass(200);
      assert.ok(serves(node));
    });
  }
  test('a main whose agent is heard is not taken over, whatever the pings say', () => {
    const node = passiveNode({ arbiter: noArbiter, watch: looksOf.classic });
    for (let i = 0; i < 5; i += 1) {
      node.see(bad);
      rivalServesFor(node, 2, 500);
    }
    assert.equal(node.state.phase.name, 'passive');
  });
  test('the main does not look at the standby', () => {
    const node = booted('main', { arbiter: noArbiter, watch: looksOf.remsys });
    node.pass(2200);
    assert.ok(serves(node));
  });
});

describe('starting', () => {
  test('a voter that has just booted listens first', () => {
    const node = booted('main');
    node.voices.set('standby', yes);
    node.pass(500);
    assert.deepEqual(inTheWay(node), ['listening']);
  });
  test('who promised the rival does not ask', () => {
    const promise = { holder: 'standby', epoch: 3, until: 10_500 } as const;
    const node = createNode(settings(), started(10_000, { boot: bootMemory({ promise, highest: 3 }) }));
    node.look = goodLook;
    node.pass(400);
    assert.deepEqual(inTheWay(node), ['rival-serves']);
  });
  test('it counts its takings-over within the window', () => {
    const old = 1_800_000_000_000 - 3_600_001 + 10_000;
    const disk = diskMemory({ switches: [old, old + 3_000_000] });
    const node = createNode(settings(), started(10_000, { disk }));
    node.look = goodLook;
    node.voices.set('standby', fitRival(node.settings));
    node.pass(500);
    assert.equal(node.state.disk.switches.length, 2, 'one has left the window, one came');
  });
});
