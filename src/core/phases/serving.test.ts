import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Settings } from '../settings.ts';
import {
  askOf,
  badLook,
  crashLook,
  cutLook,
  goodLook,
  looksOf,
  noArbiter,
  rivalLook,
  silentLook,
  status,
  WALL,
} from '../testing/builders.ts';
import type { TestNode } from '../testing/node.ts';
import { fitRival, servingNode, yes } from '../testing/situations.ts';

const passive = (node: TestNode): boolean => node.state.phase.name === 'passive';

describe('health decides who should serve', () => {
  test('a crash hands over to a fit rival at once', () => {
    const node = servingNode();
    const from = node.now;
    node.see(crashLook);
    node.passUntil('it released', () => passive(node));
    assert.ok(node.now - from < 1);
    assert.equal(node.facts('unfit')['crashed'], true);
    assert.equal(node.facts('close')['why'], 'handover');
  });
  test('a hang after three bad looks', () => {
    const node = servingNode();
    node.see(badLook);
    node.see(badLook);
    assert.equal(node.state.phase.name, 'serving');
    node.see(badLook);
    assert.equal(node.state.phase.name, 'closing');
  });
  test('where the rival is not fit, it goes on as well as it can', () => {
    const node = servingNode();
    node.voices.set('standby', fitRival(node.settings, { well: false }));
    node.pass(200);
    node.look = crashLook;
    node.pass(5000);
    assert.equal(node.state.phase.name, 'serving');
    assert.ok(!node.rules().includes('drain'));
  });
  test('where the rival is silent too', () => {
    const node = servingNode();
    node.voices.delete('standby');
    node.look = crashLook;
    node.pass(5000);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('a rival heard only through the checkpoint is good enough', () => {
    const node = servingNode();
    node.voices.delete('standby');
    node.voices.set('c1', () => ({ heard: { agoMs: 20, status: status('standby') } }));
    node.pass(1000);
    node.see(crashLook);
    assert.equal(node.state.phase.name, 'closing');
  });
  test('silence of the probes is no reason', () => {
    const node = servingNode();
    node.look = silentLook;
    node.pass(10_000);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('a degraded node goes on', () => {
    const node = servingNode();
    node.look = {
      ...goodLook,
      samples: [
        ...goodLook.samples,
        { probe: 'fax', outcome: 'failed', about: 'optional', crashed: false, reason: 'x' },
      ],
    };
    node.pass(2000);
    assert.equal(node.state.health.verdict, 'degraded');
    assert.equal(node.state.phase.name, 'serving');
  });
});

describe('failback', () => {
  const auto: Settings['failback'] = { policy: 'auto', holdMs: 1000, maxWaitMs: 0 };
  const standby = (failback: Settings['failback'], change: Partial<Settings> = {}): TestNode => {
    const node = servingNode({ role: 'standby', failback, ...change });
    node.voices.set('main', fitRival(node.settings));
    return node;
  };
  /** A standby that took over from a silent main, which is back now. */
  const back = (failback: Settings['failback'], change: Partial<Settings> = {}): TestNode => {
    const node = standby(failback, change);
    node.voices.delete('main');
    node.hear('main', askOf('main', 'hello', 0, { status: status('main', { well: false }) }));
    node.pass(1000);
    node.forget();
    node.voices.set('main', fitRival(node.settings));
    return node;
  };

  test('service does not go back by itself before what was left here is at home', () => {
    const node = back(auto);
    node.feed({ kind: 'return', at: node.now, ready: false, why: '3 messages are to be merged' });
    node.pass(120_000);
    assert.equal(node.state.phase.name, 'serving');
    node.feed({ kind: 'return', at: node.now, ready: true, why: '' });
    node.pass(2000);
    assert.ok(node.rules().includes('hand-over'));
  });
  test('auto: when the main has been well for hold', () => {
    const node = back(auto);
    node.pass(950);
    assert.equal(node.state.phase.name, 'serving');
    node.pass(300);
    assert.ok(passive(node));
    assert.equal(node.facts('drain')['why'], 'the main has been well for long enough');
  });
  test('auto: who stood still begins the hold anew, since what it knows is from before', () => {
    const node = back(auto);
    node.pass(700);
    node.now += 400;
    node.feed({ kind: 'wake', at: node.now });
    assert.ok(!node.rules().includes('drain'), 'the hold is over by the clock');
    node.feed({ kind: 'return', at: node.now, ready: false, why: '3 messages are to be merged' });
    node.pass(5000);
    assert.ok(!node.rules().includes('drain'));
  });
  test('auto: a main that says it is unwell begins its hold anew', () => {
    const node = back(auto);
    node.pass(800);
    node.hear('main', askOf('main', 'hello', 0, { status: status('main', { well: false }) }));
    node.pass(900);
    assert.equal(node.state.phase.name, 'serving');
    node.pass(300);
    assert.ok(passive(node));
  });
  test('auto: a main that fell silent, though it was well, begins its hold anew', () => {
    const node = back(auto);
    node.pass(800);
    node.voices.delete('main');
    node.pass(5000);
    node.voices.set('main', fitRival(node.settings));
    node.pass(900);
    assert.equal(node.state.phase.name, 'serving', 'a flapping cable gives service back and forth');
    node.pass(300);
    assert.ok(passive(node));
  });
  test('manual: never by itself', () => {
    const node = back({ ...auto, policy: 'manual' });
    node.pass(20_000);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('the main never gives back to the standby', () => {
    const node = servingNode({ failback: auto });
    node.pass(20_000);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('when-idle: waits for the last call', () => {
    const node = back({ policy: 'when-idle', holdMs: 1000, maxWaitMs: 60_000 });
    node.look = { ...goodLook, calls: 2 };
    node.pass(5000);
    assert.equal(node.state.phase.name, 'draining');
    node.look = goodLook;
    node.pass(200);
    assert.ok(passive(node));
  });
  test('when-idle: at the latest after max-wait', () => {
    const node = back({ policy: 'when-idle', holdMs: 1000, maxWaitMs: 3000 });
    node.look = { ...goodLook, calls: 2 };
    node.pass(3900);
    assert.equal(node.state.phase.name, 'draining');
    node.pass(400);
    assert.ok(passive(node));
    assert.equal(node.facts('hand-over')['calls'], 2);
  });
  test('not in manual mode, nor in maintenance', () => {
    for (const hold of [
      { name: 'mode', mode: 'manual' },
      { name: 'maintenance-on', forMs: 60_000, reason: '' },
    ] as const) {
      const node = back(auto);
      node.command(hold);
      node.pass(5000);
      assert.equal(node.state.phase.name, 'serving', hold.name);
    }
  });
  test('not while a person’s word put service here', () => {
    const node = back(auto);
    node.feed({ kind: 'wake', at: node.now });
    const pinned = { ...node.state, disk: { ...node.state.disk, pinned: true } };
    node.state = pinned;
    node.pass(5000);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('classic: on the first good look, not before', () => {
    const node = back({ policy: 'auto', holdMs: 0, maxWaitMs: 0 }, { arbiter: noArbiter, watch: looksOf.classic });
    node.pass(5000);
    assert.equal(node.state.phase.name, 'serving');
    node.see(rivalLook('ok', 'failed', 'ok'));
    node.pass(200);
    assert.equal(node.state.phase.name, 'serving', 'a mixed look is not a good one');
    node.see(rivalLook('ok', 'ok', 'ok'));
    node.pass(200);
    assert.ok(passive(node));
  });
  test('classic: not while the main’s telephony does not answer', () => {
    const node = back({ policy: 'auto', holdMs: 0, maxWaitMs: 0 }, { arbiter: noArbiter, watch: looksOf.classic });
    node.voices.set('main', fitRival(node.settings, { well: false }));
    node.pass(300);
    node.see(rivalLook('ok', 'ok', 'ok'));
    node.pass(3000);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('flapping: above the cap service stays until a person acknowledges', () => {
    const node = back(auto, { flapping: { maxSwitches: 3, windowMs: 3_600_000 } });
    node.state = {
      ...node.state,
      disk: { ...node.state.disk, switches: [1, 2, 3, 4].map((ms) => WALL + node.now - ms) },
    };
    node.pass(5000);
    assert.equal(node.state.phase.name, 'serving');
    assert.deepEqual(node.notices(), ['flapping'], 'said once');
    node.command({ name: 'acknowledge' });
    assert.deepEqual(node.replies(), ['acknowledged']);
    node.pass(300);
    assert.ok(passive(node));
  });
  test('flapping: switches that have left the window count no more', () => {
    const node = back(auto, { flapping: { maxSwitches: 3, windowMs: 3000 } });
    const now = WALL + node.now;
    node.state = { ...node.state, disk: { ...node.state.disk, switches: [now, now, now, now] } };
    node.look = { ...goodLook, calls: 1 };
    node.voices.delete('main');
    node.pass(60_000);
    node.voices.set('main', fitRival(node.settings));
    node.pass(2000);
    assert.ok(!node.notices().includes('flapping'));
    assert.ok(node.rules().includes('hand-over'), 'it goes back by itself');
  });
});

describe('isolation under arbiter none', () => {
  const none = { arbiter: noArbiter } as const;
  test('who is the one cut off stops, once the other is silent too', () => {
    const node = servingNode(none);
    node.look = cutLook;
    node.pass(1000);
    assert.equal(node.state.phase.name, 'serving', 'the other is heard');
    node.voices.clear();
    const heardAt = node.state.rival.heardAt;
    node.passUntil('it stops', () => passive(node));
    assert.ok(node.rules().includes('cut-off'));
    assert.ok(node.now - heardAt < 550, `after ${node.now - heardAt} ms: the other takes over after 600`);
  });
  test('loss of the standby never stops the main', () => {
    const node = servingNode(none);
    node.voices.clear();
    node.pass(30_000);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('onIsolation serve: it goes on', () => {
    const node = servingNode({ ...none, onIsolation: 'serve' });
    node.look = cutLook;
    node.voices.clear();
    node.pass(10_000);
    assert.equal(node.state.phase.name, 'serving');
  });
  test('in manual mode it goes on', () => {
    const node = servingNode(none);
    node.command({ name: 'mode', mode: 'manual' });
    node.look = cutLook;
    node.voices.clear();
    node.pass(10_000);
    assert.equal(node.state.phase.name, 'serving');
  });
});

describe('keeping', () => {
  test('what the kernel holds for a limited time is refreshed while it serves, up to the lease’s end', () => {
    const node = servingNode();
    node.pass(2000);
    const kept = node.effects.filter((e) => e.kind === 'keep');
    assert.ok(kept.length >= 6 && kept.length <= 9, String(kept.length));
    assert.ok(kept.every((e) => e.kind === 'keep' && e.until > e.at && e.until <= e.at + 560));
  });
  test('and not after', () => {
    const node = servingNode();
    node.voices.clear();
    node.pass(1000);
    node.forget();
    node.pass(2000);
    assert.ok(!node.effects.some((e) => e.kind === 'keep'));
  });
});

test('yes from the checkpoint alone keeps a main whose rival says no', () => {
  const node = servingNode();
  node.voices.set('standby', () => ({ yes: false, why: 'promised', status: status('standby') }));
  node.voices.set('c1', yes);
  node.pass(3000);
  assert.equal(node.state.phase.name, 'serving');
});
