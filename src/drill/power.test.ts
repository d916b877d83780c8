import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeSnapshot } from '../api/snapshot.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { FenceDevice, Power } from '../fencing/device.ts';
import { createPowerDevices, type PowerAround, type PowerDesk, provePower } from './power.ts';
import { configWith, standbyServing } from './testing/fixtures.ts';

const heard: NodeSnapshot = standbyServing;
const unheard: NodeSnapshot = { ...standbyServing, other: { ...standbyServing.other, heardMsAgo: 9000 } };

interface World {
  readonly done: string[];
  readonly proved: string[];
  readonly around: PowerAround;
  readonly desk: PowerDesk;
  readonly stop: AbortController;
}

interface Planted {
  /** What the device says of the off. */
  readonly isOff?: boolean;
  /** The main is off, whatever the device says. */
  readonly falls?: boolean;
  readonly on?: string | null;
  /** How long it boots; null: it never comes back. */
  readonly bootMs?: number | null;
  readonly begin?: Result<void>;
}

/** Two levels, in simulated time: every sleep passes at once. */
const worldOf = ({
  isOff = true,
  falls = isOff,
  on = null,
  bootMs = 4000,
  begin = ok(undefined),
}: Planted = {}): World => {
  const done: string[] = [];
  const stop = new AbortController();
  let now = 0;
  let isUp = true;
  let upAt = Number.POSITIVE_INFINITY;
  const around: PowerAround = {
    config: configWith('drill: { limit: 20s }'),
    now: () => now,
    snapshot: () => (isUp ? heard : unheard),
    sleep: async (ms) => {
      now += ms;
      isUp ||= now >= upAt;
    },
    tell: () => undefined,
    stop: stop.signal,
  };
  const desk: PowerDesk = {
    levels: ['bmc', 'pdu-a and pdu-b'],
    begin: async () => {
      done.push('begin');
      return begin;
    },
    end: async () => void done.push('end'),
    off: async (level) => {
      done.push(`off ${level}`);
      isUp = !falls;
      return { isOff, detail: 'it says so' };
    },
    on: async (level) => {
      done.push(`on ${level}`);
      upAt = bootMs === null ? Number.POSITIVE_INFINITY : now + bootMs;
      return on;
    },
  };
  return { done, proved: [], around, desk, stop };
};

const codeOf = async ({ around, desk, proved }: World): Promise<string> =>
  (await provePower(around, desk, (text) => proved.push(text)))?.code ?? 'proved';

test('each level turns the main off and on by itself, and the next waits until it is well again', async () => {
  const world = worldOf();
  assert.equal(await codeOf(world), 'proved');
  const level = (index: number) => ['begin', `off ${index}`, `on ${index}`, 'end'];
  assert.deepEqual(world.done, [...level(0), ...level(1)]);
  assert.match(world.proved[0] ?? '', /^level 1 \(bmc\): the main was off .* well again 4\.0 s after/);
});

test('what may be off is turned on, whatever went wrong', async () => {
  const cases: readonly (readonly [Planted, string])[] = [
    [{ isOff: false }, 'drill-power-failed'],
    [{ isOff: false, falls: true }, 'drill-power-failed'],
    // It says off of another machine.
    [{ falls: false }, 'drill-power-failed'],
    [{ bootMs: null }, 'drill-power-not-on'],
    [{ on: 'bmc did not answer', bootMs: null }, 'drill-power-not-on'],
    // It lies of both.
    [{ falls: false, on: 'bmc says off' }, 'drill-power-failed'],
    [{ on: 'bmc did not answer' }, 'drill-power-failed'],
  ];
  for (const [planted, code] of cases) {
    const world = worldOf(planted);
    assert.equal(await codeOf(world), code, JSON.stringify(planted));
    assert.deepEqual(world.done.slice(0, 3), ['begin', 'off 0', 'on 0']);
    assert.ok(!world.done.includes('off 1'), 'no other level is tried');
  }
});

test('what cannot be noted is not switched; a stopped drill begins no further level', async () => {
  const full = worldOf({ begin: fail('drill-not-noted', 'disk full', '') });
  assert.equal(await codeOf(full), 'drill-not-noted');
  assert.deepEqual(full.done, ['begin']);
  const stopped = worldOf();
  const off = (level: number) => {
    stopped.stop.abort();
    return stopped.desk.off(level);
  };
  const desk = { ...stopped.desk, off };
  assert.equal(await codeOf({ ...stopped, desk }), 'proved');
  assert.deepEqual(stopped.done, ['begin', 'off 0', 'on 0', 'end']);
});

test('devices of a level are all told, and all read', async () => {
  const told: string[] = [];
  const power = new Map<string, Power>([
    ['a', 'on'],
    ['b', 'on'],
  ]);
  const device = (name: string): FenceDevice => ({ name, agent: 'fence_x', options: [], secrets: [], timeoutMs: 1000 });
  const devices = createPowerDevices([{ devices: [device('a'), device('b')] }], {
    power: async ({ name }) => ok(power.get(name) ?? 'on'),
    turn: async ({ name }, to) => {
      told.push(`${name} ${to}`);
      // The second supply stays on.
      if (name === 'a') power.set(name, to);
      return name === 'b' && to === 'on' ? fail('fence-device-silent', 'b did not answer.', '') : ok(undefined);
    },
    metadata: async () => ok(''),
  });
  assert.deepEqual(devices.levels, ['a and b']);
  assert.deepEqual(await devices.off(0), { isOff: false, detail: 'a says off; b says on' });
  assert.equal(await devices.on(0), 'b did not answer');
  assert.deepEqual(told, ['a off', 'b off', 'a on', 'b on']);
});
