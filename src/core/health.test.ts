import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Look } from './event.ts';
import type { Health } from './state.ts';
import {
  askOf,
  badLook,
  crashLook,
  cutLook,
  goodLook,
  looksOf,
  noArbiter,
  rivalLook,
  sample,
  settings,
  silentLook,
  status,
} from './testing/builders.ts';
import { createNode, type TestNode } from './testing/node.ts';
import { passiveNode, servingNode } from './testing/situations.ts';

const G = goodLook;
const B = badLook;
const S = silentLook;
const C = crashLook;
const optionalFailed: Look = { ...goodLook, samples: [...goodLook.samples, sample('optional', 'failed')] };
const oneOfTwo: Look = { ...goodLook, samples: [sample('telephony'), sample('telephony', 'failed')] };
const oneSilent: Look = { ...goodLook, samples: [sample('telephony'), sample('telephony', 'silent')] };

const rows: readonly (readonly [string, readonly Look[], Health['verdict']])[] = [
  ['no look', [], 'unknown'],
  ['the first good look', [G], 'up'],
  ['an optional part failed', [optionalFailed], 'degraded'],
  ['an optional part well again', [optionalFailed, G], 'up'],
  ['two bad looks of three', [G, B, B], 'up'],
  ['three bad looks', [G, B, B, B], 'down'],
  ['three bad looks from the beginning', [B, B, B], 'down'],
  ['a good look between bad ones', [G, B, B, G, B, B], 'up'],
  ['one good look after down', [B, B, B, G], 'down'],
  ['two good looks after down', [B, B, B, G, G], 'up'],
  ['good, bad, good after down', [B, B, B, G, B, G], 'down'],
  ['a crash at once', [G, C], 'down'],
  ['two good looks after a crash', [G, C, G, G], 'up'],
  ['one probe of two failed, three times', [G, oneOfTwo, oneOfTwo, oneOfTwo], 'down'],
  ['one probe of two silent', [G, oneSilent, oneSilent, oneSilent, oneSilent], 'up'],
  ['silence never makes down', [G, S, S, S, S, S, S, S, S], 'up'],
  ['silence never makes up', [S, S, S, S], 'unknown'],
  ['silence keeps the count of bad looks', [G, B, B, S, S, B], 'down'],
  ['silence does not mend', [B, B, B, S, S, S], 'down'],
  ['a look without samples', [G, { samples: [], calls: 3 }], 'up'],
];

describe('telephony', () => {
  for (const [name, looks, verdict] of rows) {
    test(`${name}: ${verdict}`, () => {
      const node = createNode(settings());
      for (const look of looks) node.see(look);
      assert.equal(node.state.health.verdict, verdict);
    });
  }

  test('silence for hours is no verdict', () => {
    const node = createNode(settings());
    node.see(goodLook);
    node.look = silentLook;
    node.pass(20_000);
    assert.equal(node.state.health.verdict, 'up');
  });

  test('the reason of a verdict stays until it changes', () => {
    const node = createNode(settings());
    node.see(crashLook);
    node.see(silentLook);
    assert.equal(node.state.health.reason, 'ami: connection refused');
    assert.equal(node.facts('verdict')['crashed'], true);
    assert.ok(node.notices().includes('telephony-down'));
  });

  test('calls in progress are those of the last look', () => {
    const node = createNode(settings());
    node.see({ ...goodLook, calls: 7 });
    assert.equal(node.state.health.calls, 7);
  });
});

describe('own network', () => {
  const networkAfter = (...looks: readonly Look[]): Health['network'] => {
    const node = createNode(settings());
    for (const look of looks) node.see(look);
    return node.state.health.network;
  };
  test('silence of all targets counts, after three looks', () => {
    assert.equal(networkAfter(goodLook, cutLook, cutLook), 'up');
    assert.equal(networkAfter(goodLook, cutLook, cutLook, cutLook), 'down');
  });
  test('one target that answers is enough', () => {
    const half: Look = { samples: [sample('network', 'silent'), sample('network')], calls: 0 };
    assert.equal(networkAfter(half, half, half), 'up');
  });
  test('the first answer mends it', () => {
    assert.equal(networkAfter(cutLook, cutLook, cutLook, goodLook), 'up');
  });
  test('it says nothing of telephony', () => {
    const node = createNode(settings());
    node.see(goodLook);
    for (let i = 0; i < 9; i += 1) node.see(cutLook);
    assert.equal(node.state.health.verdict, 'up');
  });
});

describe('a cold standby', () => {
  const cold = {
    role: 'standby',
    telephony: 'cold',
    plan: [{ id: 'telephony', timeoutMs: 2000, onFailure: 'continue' }],
  } as const;

  test('is not judged while its telephony is off', () => {
    const node = passiveNode(cold);
    for (let i = 0; i < 5; i += 1) node.see(crashLook);
    assert.equal(node.state.health.verdict, 'up');
  });

  test('is judged once its plan has started telephony', () => {
    const node = servingNode(cold);
    node.voices.delete('main');
    node.pass(400);
    node.look = badLook;
    node.pass(400);
    assert.equal(node.state.health.verdict, 'down');
  });

  test('is not judged while the plan is starting it', () => {
    const node = passiveNode({ ...cold, arbiter: noArbiter });
    node.look = { ...crashLook, samples: [...crashLook.samples, sample('network')] };
    node.steps = () => 'never';
    node.voices.clear();
    node.passUntil('it holds', (s) => s.phase.name === 'serving' && s.plan.running !== null);
    node.pass(500);
    assert.equal(node.state.health.verdict, 'up');
  });
});

describe('looks at the rival, as the originals did', () => {
  const standby = (preset: 'classic' | 'blog2012' | 'remsys'): TestNode => {
    const node = createNode(settings({ role: 'standby', arbiter: noArbiter, watch: looksOf[preset] }));
    node.hear('main', askOf('main', 'renew', 2));
    return node;
  };
  const all = rivalLook('ok', 'ok', 'ok');
  const none = rivalLook('failed', 'failed', 'failed');
  const mixed = rivalLook('failed', 'ok', 'failed');
  const rivalBad = (node: TestNode, ...looks: readonly Look[]): number => {
    for (const look of looks) node.see(look);
    return node.state.health.rivalBad;
  };

  test('bad: all pings of one look failed', () => assert.equal(rivalBad(standby('classic'), none), 1));
  test('bad: all pings of one look were silent', () => {
    assert.equal(rivalBad(standby('classic'), rivalLook('silent', 'silent', 'silent')), 1);
  });
  test('mixed changes no counter, upwards', () => assert.equal(rivalBad(standby('remsys'), none, mixed, mixed), 1));
  test('mixed changes no counter, downwards', () => assert.equal(rivalBad(standby('remsys'), none, none, mixed), 2));
  test('only an all-good look resets', () => assert.equal(rivalBad(standby('remsys'), none, none, none, none, all), 0));
  test('five in a row', () => assert.equal(rivalBad(standby('remsys'), none, none, none, none, none), 5));
  test('an agent silent for longer than a look makes it bad, pings or not', () => {
    const node = standby('blog2012');
    node.pass(30_100);
    assert.equal(rivalBad(node, rivalLook('ok')), 1);
    assert.equal(node.facts('look-at-rival')['agentSilent'], true);
  });
  test('an agent heard within a look does not', () => {
    const node = standby('blog2012');
    node.pass(29_900);
    node.hear('main', askOf('main', 'hello', 2, { status: status('main') }));
    node.pass(200);
    assert.equal(rivalBad(node, rivalLook('ok')), 0);
  });
  test('a watch by lease takes no notice', () => {
    const node = createNode(settings({ role: 'standby' }));
    assert.equal(rivalBad(node, none, none), 0);
  });
});
