import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Command } from './event.ts';
import type { Settings } from './settings.ts';
import { askOf, looksOf, noArbiter, orders, releaseOf, status } from './testing/builders.ts';
import type { TestNode } from './testing/node.ts';
import { fitRival, passiveNode, rivalServesFor, servingNode, servingRival } from './testing/situations.ts';

const start = (confirmed = false): Command => ({ name: 'start', confirmed });
const takeover = (confirmed = false): Command => ({ name: 'takeover', confirmed });
const switchover: Command = { name: 'switchover', whenIdle: false, maxWaitMs: 0 };
const failback: Command = { name: 'failback', whenIdle: false, maxWaitMs: 0 };
const stop: Command = { name: 'stop' };

const silentRival = (node: TestNode): TestNode => {
  node.voices.delete(node.settings.role === 'main' ? 'standby' : 'main');
  node.pass(1000);
  return node;
};
const cutFromAll = (node: TestNode): TestNode => {
  node.voices.clear();
  node.pass(1000);
  return node;
};
const inManual = (node: TestNode): TestNode => {
  node.command({ name: 'mode', mode: 'manual' });
  node.pass(300);
  node.forget();
  return node;
};
/** A passive standby whose rival serves by hand. */
const passiveInManual = (): TestNode => {
  const node = passiveNode();
  const manual = orders({ revision: 2, mode: 'manual' });
  node.voices.set('main', (ask) => ({ ...servingRival(node.settings, 2)(ask), orders: manual }));
  node.pass(300);
  node.forget();
  return node;
};

/** The epoch under which the gate is held open, 0 when it is not. */
const openEpoch = ({ state: { lease } }: TestNode): number =>
  lease.name === 'held' && lease.heldOpen ? lease.epoch : 0;

interface Row {
  readonly name: string;
  readonly node: () => TestNode;
  readonly command: Command;
  readonly code: string;
}
const rows: readonly Row[] = [
  { name: 'start in automatic mode', node: () => passiveNode(), command: start(), code: 'automatic-mode' },
  { name: 'stop in automatic mode', node: () => servingNode(), command: stop, code: 'automatic-mode' },
  { name: 'start, serving already', node: () => inManual(servingNode()), command: start(), code: 'already-serving' },
  { name: 'takeover, serving already', node: () => servingNode(), command: takeover(), code: 'already-serving' },
  { name: 'stop, passive already', node: () => passiveInManual(), command: stop, code: 'already-passive' },
  {
    name: 'start with the other silent, in manual mode',
    node: () => silentRival(passiveInManual()),
    command: start(),
    code: 'peer-unreachable',
  },
  {
    name: 'takeover with the other silent, in manual mode',
    node: () => silentRival(passiveInManual()),
    command: takeover(),
    code: 'peer-unreachable',
  },
  {
    name: 'switchover to a silent standby',
    node: () => silentRival(servingNode()),
    command: switchover,
    code: 'rival-not-fit',
  },
  {
    name: 'switchover from a silent main',
    node: () => cutFromAll(passiveNode()),
    command: switchover,
    code: 'nobody-serves',
  },
  { name: 'failback, at the main already', node: () => servingNode(), command: failback, code: 'already-at-main' },
  {
    name: 'failback at a standby beside a serving main',
    node: () => passiveNode(),
    command: failback,
    code: 'already-at-main',
  },
  { name: 'mode', node: () => servingNode(), command: { name: 'mode', mode: 'manual' }, code: 'mode' },
  {
    name: 'maintenance',
    node: () => servingNode(),
    command: { name: 'maintenance-on', forMs: 1000, reason: '' },
    code: 'maintenance-on',
  },
  {
    name: 'end of maintenance',
    node: () => servingNode(),
    command: { name: 'maintenance-off' },
    code: 'maintenance-off',
  },
  { name: 'acknowledge', node: () => servingNode(), command: { name: 'acknowledge' }, code: 'acknowledged' },
];

describe('answered at once', () => {
  for (const row of rows) {
    test(`${row.name}: ${row.code}`, () => {
      const node = row.node();
      node.forget();
      const before = node.state.phase.name;
      node.command(row.command);
      assert.deepEqual(node.replies(), [row.code]);
      assert.equal(node.state.phase.name, before);
      const [reply] = node.effects.filter((e) => e.kind === 'reply');
      assert.ok(reply?.kind === 'reply' && (reply.ok || reply.remedy !== ''), 'a refusal says what to do');
    });
  }
});

describe('refused', () => {
  test('past its expiry', () => {
    const node = servingNode();
    node.command(switchover, { expiresAt: node.now - 1 });
    assert.deepEqual(node.replies(), ['expired']);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('at its expiry it is obeyed', () => {
    const node = servingNode();
    node.command(switchover, { expiresAt: node.now });
    assert.equal(node.state.phase.name, 'closing');
  });
  test('for an older epoch than the node has seen', () => {
    const node = servingNode();
    node.command(switchover, { epoch: 1 });
    assert.deepEqual(node.replies(), ['older-epoch']);
    node.command(switchover, { epoch: 2 });
    assert.equal(node.state.phase.name, 'closing');
  });
  test('while another is under way', () => {
    const node = inManual(servingNode());
    node.kernel = 'silent';
    node.command(stop);
    node.command(switchover);
    assert.deepEqual(node.replies(), ['busy']);
  });
  test('but orders for the pair are not', () => {
    const node = inManual(servingNode());
    node.kernel = 'silent';
    node.command(stop);
    node.command({ name: 'mode', mode: 'automatic' });
    assert.deepEqual(node.replies(), ['mode']);
  });
});

describe('switchover', () => {
  test('at the active node: done when the other serves', () => {
    const node = servingNode();
    node.command(switchover);
    node.pass(50);
    assert.deepEqual(node.replies(), []);
    rivalServesFor(node, 3, 100);
    assert.deepEqual(node.replies(), ['done']);
    assert.equal(node.facts('command')['by'], 'anna');
  });
  test('at the passive node: it asks the other, and is done when it serves itself', () => {
    const node = passiveNode();
    node.command(switchover);
    const request = node.sent('main').find((m) => m.type === 'handover-request');
    assert.ok(request?.type === 'handover-request' && request.epoch === 2);
    node.voices.set('main', fitRival(node.settings));
    node.hear('main', releaseOf('main', 2, { addressee: 'standby', ordered: true }));
    node.pass(50);
    assert.deepEqual(node.replies(), ['done']);
    assert.equal(node.state.phase.name, 'serving');
    assert.ok(node.state.disk.pinned);
  });
  test('a request that is lost is repeated', () => {
    const node = passiveNode();
    node.command(switchover);
    rivalServesFor(node, 2, 1000);
    assert.ok(node.sent('main').filter((m) => m.type === 'handover-request').length > 1);
  });
  test('that does not come about in time says so', () => {
    const node = passiveNode();
    node.command(switchover);
    rivalServesFor(node, 2, 10_100);
    assert.deepEqual(node.replies(), ['not-reached']);
  });
  test('a person’s switchover pins service to the standby; an unplanned takeover does not', () => {
    for (const ordered of [true, false]) {
      const node = passiveNode({ failback: { policy: 'auto', holdMs: 500, maxWaitMs: 0 } });
      node.voices.set('main', fitRival(node.settings));
      node.hear('main', releaseOf('main', 2, { addressee: 'standby', ordered }));
      node.pass(100);
      assert.equal(node.state.disk.pinned, ordered);
      node.pass(3000);
      assert.equal(node.rules().includes('drain'), !ordered, ordered ? 'it stays' : 'it goes back');
    }
  });
});

describe('takeover', () => {
  test('the holder is asked again and again, with its epoch', () => {
    const node = passiveNode();
    node.command(takeover());
    rivalServesFor(node, 2, 1000);
    const requests = node.sent('main').filter((m) => m.type === 'handover-request');
    assert.ok(requests.length >= 3 && requests.length <= 5, String(requests.length));
  });
  test('in maintenance a person’s word moves service', () => {
    const node = passiveNode();
    node.command({ name: 'maintenance-on', forMs: 60_000, reason: 'main is off' });
    silentRival(node);
    assert.equal(node.state.phase.name, 'passive');
    node.command(takeover());
    node.pass(200);
    assert.equal(node.state.phase.name, 'serving');
    assert.ok(node.state.disk.pinned);
  });
  test('without votes a person’s word is needed that the silent one does not serve', () => {
    const node = passiveNode({ arbiter: noArbiter, watch: looksOf.remsys });
    node.voices.clear();
    node.pass(2000);
    node.command(takeover());
    assert.deepEqual(node.replies(), ['peer-unreachable']);
    node.command(takeover(true));
    node.pass(300);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('confirmed is no vote: with checkpoints, automatic mode still needs a majority', () => {
    const node = passiveNode();
    node.voices.clear();
    node.pass(1000);
    node.command(takeover(true));
    node.pass(11_000);
    assert.equal(node.state.phase.name, 'passive');
    assert.deepEqual(node.replies(), ['not-reached']);
  });
});

describe('manual mode', () => {
  test('start at the passive node: the other stops first, verified', () => {
    const node = passiveInManual();
    node.command(start());
    assert.ok(node.sent('main').some((m) => m.type === 'handover-request'));
    assert.equal(node.state.lease.name, 'none');
    const manual = orders({ revision: 2, mode: 'manual' });
    node.voices.set('main', (ask) => ({ ...fitRival(node.settings)(ask), orders: manual }));
    node.hear('main', releaseOf('main', 2, { addressee: 'standby', ordered: true }));
    node.pass(300);
    assert.deepEqual(node.replies(), ['done']);
    assert.equal(openEpoch(node), 3);
  });
  test('start, confirmed, with the other silent: a new epoch, no vote, no end', () => {
    const node = silentRival(passiveInManual());
    node.voices.clear();
    node.command(start(true));
    node.pass(200);
    assert.deepEqual(node.replies(), ['done']);
    assert.equal(openEpoch(node), 3);
    node.pass(20_000);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('confirmed counts only while the other is silent', () => {
    const node = passiveInManual();
    node.voices.delete('c1');
    node.command(start(true));
    node.pass(500);
    assert.equal(node.state.phase.name, 'passive');
  });
  test('stop: done when the gate is closed; nobody takes its place', () => {
    const node = inManual(servingNode());
    node.command(stop);
    assert.deepEqual(node.replies(), []);
    node.pass(5);
    assert.deepEqual(node.replies(), ['done']);
    const release = node.sent('standby').find((m) => m.type === 'release');
    assert.ok(release?.type === 'release' && release.addressee === null);
    node.pass(20_000);
    assert.equal(node.state.phase.name, 'passive');
  });
  test('a stop that the kernel does not confirm is not said to be done', () => {
    const node = inManual(servingNode());
    node.kernel = 'silent';
    node.command(stop);
    node.pass(10_500);
    assert.deepEqual(node.replies(), ['not-reached']);
  });
  test('stop again while it is closing still', () => {
    const node = inManual(servingNode());
    node.kernel = 'silent';
    node.command(stop);
    node.pass(10_500);
    node.forget();
    node.command(stop);
    assert.notDeepEqual(node.replies(), ['already-passive']);
  });
});

describe('failback by a person', () => {
  const standby: Partial<Settings> = { role: 'standby' };
  test('at the standby', () => {
    const node = servingNode(standby);
    node.command(failback);
    assert.equal(node.state.phase.name, 'closing');
  });
  test('at the main', () => {
    const node = passiveNode({ role: 'main' }, 3);
    node.command(failback);
    assert.ok(node.sent('standby').some((m) => m.type === 'handover-request'));
  });
  test('not to a main that is not well', () => {
    const node = servingNode(standby);
    node.voices.delete('main');
    node.hear('main', askOf('main', 'hello', 0, { status: status('main', { well: false }) }));
    node.command(failback);
    assert.deepEqual(node.replies(), ['rival-not-fit']);
  });
});
