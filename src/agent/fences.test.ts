import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { AskDevice, Power } from '../fencing/device.ts';
import { systemClock } from '../time/clock.ts';
import { createFences, type FenceOrder } from './fences.ts';

const configOf = (more = '') => {
  const device = '{ name: bmc, agent: fence_ipmilan }';
  const parsed = parseConfig(
    `node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\nfencing: { ${more}levels: [{ devices: [${device}] }] }\n`,
  );
  assert.ok(parsed.ok);
  return parsed.config;
};

/** A device that answers when the test lets it, and not at all once it is called off. */
const createDevice = () => {
  const told: string[] = [];
  const asked = Promise.withResolvers<void>();
  const word = Promise.withResolvers<Power>();
  const ask: AskDevice = {
    turn: async ({ name }, to) => {
      told.push(`${name} ${to}`);
      asked.resolve();
      return ok(undefined);
    },
    power: async (_device, signal): Promise<Result<Power>> => {
      const off = new Promise<Result<Power>>((resolve) =>
        signal?.addEventListener('abort', () => resolve(fail('program-aborted', 'It was stopped.', ''))),
      );
      return await Promise.race([word.promise.then((power) => ok(power)), off]);
    },
    metadata: async () => ok(''),
  };
  return { ask, told, asked: asked.promise, says: word.resolve };
};

const begin = (more = '') => {
  const device = createDevice();
  const answers: string[] = [];
  const answered = Promise.withResolvers<void>();
  const noted = Promise.withResolvers<void>();
  const fences = createFences(configOf(more), device.ask, systemClock);
  assert.ok(fences !== null);
  fences.start({
    answer: (op, outcome) => {
      answers.push(`${op} ${outcome}`);
      answered.resolve();
    },
    note: (_kind, data) => {
      if (JSON.stringify(data).includes('"on"')) noted.resolve();
    },
    say: () => undefined,
  });
  return { device, fences, answers, answered: answered.promise, noted: noted.promise };
};
const order = (change: Partial<FenceOrder> = {}): FenceOrder => ({
  kind: 'fence',
  op: 7,
  action: 'off',
  epoch: 3,
  expiresAt: systemClock.now() + 60_000,
  ...change,
});

test('an order is answered once, by what the device says of its power', async () => {
  const { device, fences, answers, answered } = begin();
  fences.order(order());
  device.says('off');
  await answered;
  await fences.stop();
  assert.deepEqual([answers, device.told], [['7 off'], ['bmc off']]);
});

test('one that is ended is not answered', async () => {
  const { device, fences, answers } = begin();
  fences.order(order());
  await device.asked;
  fences.end(7);
  await fences.stop();
  assert.deepEqual(answers, []);
});

test('one whose time is over is unknown', async () => {
  const { device, fences, answers, answered } = begin();
  fences.order(order({ expiresAt: systemClock.now() + 50 }));
  await device.asked;
  await answered;
  await fences.stop();
  assert.deepEqual(answers, ['7 unknown']);
});

test('power-on: on again after the proof, and also where the order was ended in the moment', async () => {
  const proved = begin('after-off: power-on, ');
  proved.fences.order(order());
  proved.device.says('off');
  await proved.noted;
  assert.deepEqual(proved.device.told, ['bmc off', 'bmc on']);
  const ended = begin('after-off: power-on, ');
  ended.fences.order(order());
  await ended.device.asked;
  ended.fences.end(7);
  await ended.noted;
  assert.deepEqual(ended.device.told, ['bmc off', 'bmc on']);
});

test('without devices there is nobody to ask', () => {
  assert.equal(createFences({ fencing: null }, createDevice().ask, systemClock), null);
});
