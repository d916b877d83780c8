import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { createDraft } from '../draft.ts';
import type { Look, Sample } from '../event.ts';
import { explain } from '../explain.ts';
import type { BootMemory } from '../memory.ts';
import { obstacles } from '../policy.ts';
import type { Settings } from '../settings.ts';
import { askOf, goodLook, noArbiter, sample, started, status, WALL } from '../testing/builders.ts';
import { createNode, type TestNode } from '../testing/node.ts';
import { fitRival, passiveNode, rivalServesFor, servingNode } from '../testing/situations.ts';
import { countLook, judgeCheckpoints, judgePings, type LookAtMain, looksUntilMainStops } from './looks.ts';

const REMSYS = { kind: 'looks', badLooks: 5, lookMs: 60_000, need: 3 } as const;
const BY_HAND: Partial<Settings> = { failback: { policy: 'manual', holdMs: 60_000, maxWaitMs: 0 } };
const AUTO: Partial<Settings> = { failback: { policy: 'auto', holdMs: 60_000, maxWaitMs: 0 } };
const OK = 'ok';
const NO = 'failed';
const MUTE = 'silent';

const rows: readonly (readonly [Sample['outcome'][], number, LookAtMain, LookAtMain])[] = [
  [[OK, OK, OK], 3, 'good', 'good'],
  [[NO, NO, NO], 3, 'bad', 'bad'],
  [[NO, NO, OK], 3, 'mixed', 'mixed'],
  [[NO, NO, OK], 2, 'bad', 'bad'],
  [[NO, NO, MUTE], 3, 'mixed', 'bad'],
  [[NO, MUTE, OK], 2, 'mixed', 'bad'],
  [[NO, NO, MUTE], 2, 'bad', 'bad'],
  [[OK, OK, MUTE], 3, 'mixed', 'mixed'],
  [[MUTE, MUTE, MUTE], 1, 'mixed', 'bad'],
];
for (const [outcomes, need, standby, main] of rows) {
  test(`${outcomes.join(' ')}, ${need} needed: ${standby} to the standby, ${main} to the main`, () => {
    assert.equal(judgeCheckpoints(outcomes, need, 'standby'), standby);
    assert.equal(judgeCheckpoints(outcomes, need, 'main'), main);
  });
}

const outcomes = fc.array(fc.constantFrom<Sample['outcome']>(OK, NO, MUTE), { minLength: 1, maxLength: 9 });

test('silence is never evidence against the main: what is bad stays so without it, and only enough plain words make it bad', () => {
  fc.assert(
    fc.property(outcomes, fc.integer({ min: 1, max: 9 }), (said, need) => {
      const bad = judgeCheckpoints(said, need, 'standby') === 'bad';
      assert.equal(bad, said.filter((each) => each === NO).length >= need);
      if (bad) assert.equal(judgeCheckpoints(said, need, 'main'), 'bad', 'what the standby counts, the main does');
    }),
  );
});

test('mixed looks change no counter, and only an all-good one resets', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.constantFrom<LookAtMain>('good', 'bad', 'mixed'), (bad, look) => {
      assert.equal(countLook(bad, look), { good: 0, bad: bad + 1, mixed: bad }[look]);
    }),
  );
  assert.equal(judgePings([OK, NO], false), 'mixed');
  assert.equal(judgePings([OK, OK], true), 'bad');
});

test('a main that began to count a whole look later, and whose answers are late by one, stops before the standby may start', () => {
  const share = fc.double({ min: 0, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 20 }), share, share, (badLooks, laterBy, lateBy) => {
      const standbyStarts = badLooks - 1;
      const mainStops = laterBy + looksUntilMainStops(badLooks) - 1 + lateBy;
      assert.ok(mainStops < standbyStarts);
    }),
  );
});

const look = (...said: readonly Sample['outcome'][]): Look => ({
  samples: [
    ...said.map((outcome, index) => sample('main', outcome, { probe: `nrpe-c${index + 1}` })),
    sample('network', said.includes(OK) || said.includes(NO) ? OK : MUTE, { probe: 'nrpe' }),
  ],
  calls: 0,
});
const down = look(NO, NO, NO);
const up = look(OK, OK, OK);
const mixed = look(NO, OK, NO);
const mute = look(MUTE, MUTE, MUTE);

describe('the standby, whose checkpoints cannot promise', () => {
  const watching = (): TestNode => {
    const node = passiveNode({ arbiter: noArbiter, watch: REMSYS });
    rivalServesFor(node, 2, 500);
    node.look = null;
    node.voices.clear();
    node.pass(1000);
    return node;
  };
  const see = (node: TestNode, ...looks: readonly Look[]): string => {
    for (const each of looks) {
      node.see(each);
      node.pass(60_000);
    }
    return node.state.phase.name;
  };
  test('takes over at the fifth bad look', () => {
    const node = watching();
    assert.equal(see(node, down, down, mixed, down, mixed, down), 'passive');
    assert.equal(see(node, down), 'serving');
  });
  test('begins anew after an all-good look', () => {
    assert.equal(see(watching(), down, down, down, down, up, down, down, down, down), 'passive');
  });
  test('tells of nobody serving only when the checkpoints do not reach the main either', () => {
    const node = watching();
    see(node, up);
    assert.ok(!node.notices().includes('nobody-serves'));
    see(node, down);
    assert.ok(node.notices().includes('nobody-serves'));
  });
  test('serving, it says that the main will wait for a person should it fall silent, where service goes back by hand', () => {
    for (const [policy, takesOver] of [
      ['manual', false],
      ['auto', true],
    ] as const) {
      const failback = { policy, holdMs: 60_000, maxWaitMs: 0 };
      const node = servingNode({ role: 'standby', arbiter: noArbiter, watch: REMSYS, failback });
      const said = explain(node.settings, node.state, node.now).ifOtherOrThisDied;
      assert.equal(said.takesOver, takesOver, said.text);
    }
  });
  test('never takes over on silence, mixed words, or a main that is just not heard from here', () => {
    assert.equal(see(watching(), ...Array.from({ length: 20 }, () => mute)), 'passive');
    assert.equal(see(watching(), ...Array.from({ length: 20 }, () => mixed)), 'passive');
    assert.equal(see(watching(), ...Array.from({ length: 20 }, () => look(NO, NO, MUTE))), 'passive');
    assert.equal(see(watching(), ...Array.from({ length: 20 }, () => up)), 'passive');
  });
});

describe('the main, whose checkpoints cannot promise', () => {
  const serving = (rivalIsHeard: boolean, change: Partial<Settings> = BY_HAND): TestNode => {
    const node = servingNode({ arbiter: noArbiter, watch: REMSYS, ...change });
    node.see(up);
    if (!rivalIsHeard) node.voices.clear();
    node.pass(1000);
    return node;
  };
  const see = (node: TestNode, ...looks: readonly Look[]): string => {
    for (const each of looks) {
      node.see(each);
      node.pass(5000);
    }
    return node.state.phase.name;
  };
  test('says how long the standby would count', () => {
    const node = serving(true);
    assert.equal(explain(node.settings, node.state, node.now).ifOtherOrThisDied.afterMs, 300_000);
  });
  test('stops by itself at the third bad look, and says why', () => {
    const node = serving(false);
    assert.equal(see(node, down, mixed, down), 'serving');
    assert.equal(see(node, down), 'passive');
    assert.equal(node.facts('own-network')['to'], 'down');
    assert.ok(node.rules().includes('cut-off'));
  });
  test('stops as well when no checkpoint answers it any more', () => {
    assert.equal(see(serving(false), mute, mute, mute), 'passive');
  });
  test('serves on whatever they say while it hears the standby', () => {
    assert.equal(see(serving(true), down, down, down, down, down, down), 'serving');
  });
  test('counts also while it hears a standby that does not hear it', () => {
    const node = serving(true);
    node.voices.set('standby', () => null);
    const speak = (): void => node.hear('standby', askOf('standby', 'hello', 0));
    node.pass(1000);
    for (const each of [down, down, down]) {
      speak();
      node.see(each);
      node.pass(500);
    }
    assert.equal(node.state.phase.name, 'passive');
  });
  test('once it has stopped, only an all-good look brings it back, where service goes back by itself', () => {
    const node = serving(false, AUTO);
    assert.equal(see(node, down, down, down), 'passive');
    assert.equal(see(node, mixed, look(OK, OK, MUTE), down), 'passive');
    assert.equal(see(node, up), 'serving');
  });
  describe('once it has stopped, where service goes back by hand', () => {
    const stopped = (): TestNode => {
      const node = serving(false);
      see(node, down, down, down);
      return node;
    };
    const again = (former: TestNode, boot: BootMemory | null = former.state.boot): TestNode => {
      const node = createNode(former.settings, started(former.now + 50, { boot, disk: former.state.disk }));
      node.look = goodLook;
      node.see(up);
      node.pass(20_000);
      return node;
    };
    const inTheWay = (node: TestNode): readonly string[] =>
      obstacles(createDraft(node.settings, node.state, node.now)).map(({ rule }) => rule);
    test('the standby may serve: not even all-good looks, a restart or a boot bring it back', () => {
      const node = stopped();
      assert.equal(see(node, up, up), 'passive');
      assert.deepEqual(inTheWay(node), ['standby-may-serve']);
      assert.deepEqual(inTheWay(again(node)), ['standby-may-serve']);
      assert.deepEqual(inTheWay(again(node, null)), ['standby-may-serve']);
    });
    test('a clock that was set back since tells nothing: the standby may serve', () => {
      const settings = { watch: REMSYS, arbiter: noArbiter, ...BY_HAND };
      const from = (afterMs: number): readonly string[] => {
        const disk = { ...servingNode(settings).state.disk, standbyMayServeFrom: WALL + afterMs };
        const node = createNode(servingNode(settings).settings, started(10_000, { boot: null, disk }));
        return inTheWay(node);
      };
      assert.ok(!from(100_000).includes('standby-may-serve'), 'it counts still');
      assert.ok(from(-100_000).includes('standby-may-serve'));
      assert.ok(from(86_400_000).includes('standby-may-serve'));
    });
    test('a standby that says it is passive does, and a person', () => {
      const node = again(stopped());
      node.voices.set('standby', fitRival(node.settings));
      node.hear('standby', askOf('standby', 'hello', 0));
      node.pass(2000);
      assert.equal(node.state.phase.name, 'serving');
      assert.equal(node.state.disk.standbyMayServeFrom, 0);
      const byHand = again(stopped());
      byHand.command({ name: 'takeover', confirmed: true });
      byHand.pass(1000);
      assert.equal(byHand.state.phase.name, 'serving');
    });
    test('a standby that was heard to serve, and then fell silent, may serve still', () => {
      const node = serving(true);
      node.hear('standby', askOf('standby', 'renew', 9, { status: status('standby', { holding: 9 }) }));
      node.voices.clear();
      node.pass(30_000);
      assert.ok(node.state.phase.name === 'passive' && node.state.disk.standbyMayServeFrom > 0);
    });
  });
  test('what was said before it served is no reason to stop: nobody reaches who is passive', () => {
    const node = createNode(
      servingNode({ arbiter: noArbiter, watch: REMSYS }).settings,
      started(10_000, { boot: null }),
    );
    for (let i = 0; i < 6; i += 1) node.see(down);
    assert.equal(node.state.health.rivalBad, 0);
  });
});
