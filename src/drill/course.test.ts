import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeSnapshot } from '../api/snapshot.ts';
import { fail, ok } from '../core/result.ts';
import { bringHome, makeDrill, type Surroundings } from './course.ts';
import type { DrillKind, DrillStage } from './protocol.ts';
import { configWith, standby, standbyServing } from './testing/fixtures.ts';

interface World {
  snapshot: NodeSnapshot | null;
  now: number;
  readonly ordered: string[];
  readonly stages: DrillStage[];
  /** What happens when this instant is reached. */
  readonly events: { readonly at: number; readonly happen: () => void }[];
  answered: boolean;
  movesWithinMs: number | null;
  returnsWithinMs: number | null;
  readonly stop: AbortController;
}

const later = (world: World, ms: number, happen: () => void): void =>
  void world.events.push({ at: world.now + ms, happen });

/** A pair in simulated time: every sleep passes at once. */
const worldOf = (planted: Partial<World> = {}): { readonly world: World; readonly around: Surroundings } => {
  const world: World = {
    snapshot: standby,
    now: 0,
    ordered: [],
    stages: [],
    events: [],
    answered: true,
    movesWithinMs: 50,
    returnsWithinMs: 50,
    stop: new AbortController(),
    ...planted,
  };
  const become = (ms: number | null, to: NodeSnapshot): void => {
    if (ms !== null) later(world, ms, () => (world.snapshot = to));
  };
  const around: Surroundings = {
    config: configWith('drill: { stay: 5s, limit: 20s }'),
    wall: () => 1_800_000_000_000 + world.now,
    now: () => world.now,
    snapshot: () => world.snapshot,
    sleep: async (ms) => {
      world.now += ms;
      for (const event of world.events.splice(0)) {
        if (event.at <= world.now) event.happen();
        else world.events.push(event);
      }
    },
    order: async ({ name }) => {
      world.ordered.push(name);
      become(
        name === 'switchover' ? world.movesWithinMs : world.returnsWithinMs,
        name === 'switchover' ? standbyServing : { ...standby, epoch: 4 },
      );
      return ok(undefined);
    },
    loss: async () => null,
    measure: async () => ok(undefined),
    own: () => [{ at: 0, answered: world.answered, sight: 'network' }],
    silence: async () => {
      world.ordered.push('silence');
      become(world.movesWithinMs, standbyServing);
      return ok(undefined);
    },
    moving: () => ok(undefined),
    power: null,
    tell: (stage) => world.stages.push(stage),
    stop: world.stop.signal,
  };
  return { world, around };
};

const options = (kind: DrillKind) => ({ kind, withCalls: false, acceptLoss: false, anyTime: false });

test('service moves, stays, comes back, and is watched a moment longer', async () => {
  for (const [kind, cut] of [
    ['switchover', 'switchover'],
    ['takeover', 'silence'],
  ] as const) {
    const { world, around } = worldOf();
    const course = await makeDrill(around, options(kind));
    assert.equal(course.outcome, 'passed', course.text);
    assert.deepEqual(world.ordered, [cut, 'failback']);
    assert.deepEqual(course.epochs, { before: 2, away: 3, after: 4 });
    assert.ok((course.thereMs ?? 1e9) <= 100 && (course.backMs ?? 1e9) <= 100);
    assert.ok(world.now > 3000 + 5000 + 3000);
    assert.deepEqual(world.stages, ['before', 'moving', 'away', 'returning', 'after']);
  }
});

test('where telephones are not answered before, nothing is moved', async () => {
  const { world, around } = worldOf({ answered: false });
  const course = await makeDrill(around, options('takeover'));
  assert.equal(course.outcome, 'failed');
  assert.deepEqual(world.ordered, []);
  assert.equal(course.there, null);
});

test('where the main does not take part, nothing is moved', async () => {
  const { world, around } = worldOf();
  const silent = fail('drill-other-silent', 'silent', '');
  const course = await makeDrill({ ...around, measure: async () => silent }, options('switchover'));
  assert.equal(course.outcome, 'failed');
  assert.deepEqual(world.ordered, []);
});

test('what cannot be noted is not moved', async () => {
  const { world, around } = worldOf();
  const course = await makeDrill({ ...around, moving: () => fail('x', 'disk full', '') }, options('switchover'));
  assert.equal(course.outcome, 'failed');
  assert.deepEqual(world.ordered, []);
});

test('stopped before, nothing is moved; stopped away, service comes back at once', async () => {
  const early = worldOf();
  later(early.world, 1000, () => early.world.stop.abort());
  const course = await makeDrill(early.around, options('switchover'));
  assert.equal(course.outcome, 'stopped');
  assert.deepEqual(early.world.ordered, []);
  const late = worldOf();
  later(late.world, 4000, () => late.world.stop.abort());
  const second = await makeDrill(late.around, options('switchover'));
  assert.equal(second.outcome, 'stopped');
  assert.deepEqual(late.world.ordered, ['switchover', 'failback']);
  const asked = second.steps.find(({ what }) => what === 'back-asked')?.at ?? 0;
  assert.ok(asked - 1_800_000_000_000 < 4500, `asked back ${asked - 1_800_000_000_000} ms after the beginning`);
});

test('a real fault ends it, and nothing is ordered after that', async () => {
  const lost = { ...standbyServing, other: { ...standby.other, heardMsAgo: 60_000 } };
  const { world, around } = worldOf();
  later(world, 5000, () => (world.snapshot = lost));
  const course = await makeDrill(around, options('switchover'));
  assert.equal(course.outcome, 'gave-way');
  assert.match(course.text, /not heard/);
  assert.deepEqual(world.ordered, ['switchover']);
});

test('with power the main is turned off and on while service is away; what is wrong with it fails the drill, and service goes home if the main is well', async () => {
  const lost = { ...standbyServing, other: { ...standby.other, heardMsAgo: 60_000 } };
  for (const [isOff, returns, outcome, ordered] of [
    [true, true, 'passed', ['switchover', 'off', 'on', 'failback']],
    [false, true, 'failed', ['switchover', 'off', 'on', 'failback']],
    [true, false, 'failed', ['switchover', 'off', 'on']],
  ] as const) {
    const { world, around } = worldOf();
    const power = {
      levels: ['bmc'],
      begin: async () => ok(undefined),
      end: async () => undefined,
      off: async () => {
        world.ordered.push('off');
        if (isOff) world.snapshot = lost;
        return { isOff, detail: 'bmc says on' };
      },
      on: async () => {
        world.ordered.push('on');
        if (returns) world.snapshot = standbyServing;
        return null;
      },
    };
    const course = await makeDrill({ ...around, power }, { ...options('switchover'), withPower: true });
    assert.equal(course.outcome, outcome, course.text);
    assert.deepEqual(world.ordered, ordered);
    assert.ok(course.steps.some(({ what }) => what === 'power'));
    if (!returns) assert.match(course.remedy, /by hand/);
  }
  const without = worldOf();
  const touched = async () => assert.fail('nobody asked for power');
  const power = { levels: ['bmc'], begin: touched, end: touched, off: touched, on: touched };
  assert.equal((await makeDrill({ ...without.around, power }, options('switchover'))).outcome, 'passed');
});

test('a moment in which the other is told late is no fault', async () => {
  const { world, around } = worldOf();
  later(world, 4000, () => (world.snapshot = { ...standbyServing, server: 'both' }));
  later(world, 4400, () => (world.snapshot = standbyServing));
  assert.equal((await makeDrill(around, options('switchover'))).outcome, 'passed');
});

test('a standby that does not come to serve has failed; what comes late is brought home all the same', async () => {
  const never = worldOf({ movesWithinMs: null });
  const course = await makeDrill(never.around, options('takeover'));
  assert.equal(course.outcome, 'failed');
  assert.deepEqual(never.world.ordered, ['silence']);
  const late = worldOf({ movesWithinMs: 13_000 });
  const second = await makeDrill(late.around, options('switchover'));
  assert.equal(second.outcome, 'failed');
  assert.deepEqual(late.world.ordered, ['switchover', 'failback']);
});

test('service that may not go back within the limit stays, and a person is told', async () => {
  const { world, around } = worldOf();
  const loss = {
    move: 'failback',
    exceedsLimit: true,
    text: '3 messages',
    items: [{ stream: 'voicemail', text: '3 messages' }],
  } as const;
  const course = await makeDrill({ ...around, loss: async () => loss }, options('switchover'));
  assert.equal(course.outcome, 'failed');
  assert.match(course.remedy, /failback/);
  assert.deepEqual(world.ordered, ['switchover']);
  assert.deepEqual(course.lossBack, ['3 messages']);
});

test('who comes after a death brings service home, or finds it there', async () => {
  const away = worldOf({ snapshot: standbyServing });
  const course = await bringHome(away.around, options('switchover'));
  assert.equal(course.outcome, 'interrupted');
  assert.deepEqual(away.world.ordered, ['failback']);
  const home = worldOf();
  await bringHome(home.around, options('takeover'));
  assert.deepEqual(home.world.ordered, []);
  const nobody = worldOf({ snapshot: null });
  assert.match((await bringHome(nobody.around, options('takeover'))).text, /Nobody/);
});
