import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCoarseClock } from './coarse-clock.ts';
import { createTime } from './testing/time.ts';

const periodMs = 100;
const slackMs = 25;

/** Clock, and how it was woken: the instants, after the start, at which something fired. */
const setUp = () => {
  const { clock, pass } = createTime();
  const begunAt = clock.now();
  const coarse = createCoarseClock(clock, slackMs);
  const fired: number[] = [];
  const fire = (): void => void fired.push(Math.round(clock.now() - begunAt));
  return { clock, pass, begunAt, coarse, fired, fire };
};

test('a deadline is never early, and rides on an awakening in its slack', async () => {
  const { pass, begunAt, coarse, fired, fire } = setUp();
  coarse.at(begunAt + 100, fire);
  await pass(99);
  coarse.awake();
  assert.deepEqual(fired, []);
  await pass(11);
  coarse.awake();
  assert.deepEqual(fired, [110]);
  coarse.at(begunAt + 200, fire);
  await pass(200);
  assert.deepEqual(fired, [110, 225], 'nothing woke the process: it rings by itself');
});

test('what recurs falls in with what wakes the process as often, and stays with it though that comes a little early or late', async () => {
  const { clock, pass, begunAt, coarse, fired, fire } = setUp();
  const turn = (): void => {
    fire();
    coarse.about(clock.now() + periodMs, turn);
  };
  coarse.about(begunAt + 60, turn);
  const awakenings: number[] = [];
  for (let beat = 1; beat <= 20; beat += 1) {
    const at = beat * periodMs + (beat % 2 === 0 ? 4 : -4);
    await pass(at - (clock.now() - begunAt));
    awakenings.push(at);
    coarse.awake();
  }
  const alone = fired.filter((at) => !awakenings.includes(at));
  assert.ok(alone.length <= 4, `${alone.length} awakenings of its own: ${alone.join(' ')}`);
  assert.deepEqual(fired.slice(-10), awakenings.slice(-10));
});

test('what was called off does not fire', async () => {
  const { pass, begunAt, coarse, fired, fire } = setUp();
  coarse.at(begunAt + 50, fire)();
  coarse.about(begunAt + 60, fire)();
  await pass(200);
  coarse.awake();
  assert.deepEqual(fired, []);
});
