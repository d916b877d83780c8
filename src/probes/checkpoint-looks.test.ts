import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTime } from '../agent/testing/time.ts';
import type { Sample } from '../core/event.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { CheckpointWord } from '../nrpe/checkpoint.ts';
import { type Asked, createCheckpointLooks } from './checkpoint-looks.ts';

type Word = Result<CheckpointWord>;
const reaches = ok({ reaches: true, text: 'TCP OK' });
const down = ok({ reaches: false, text: 'CRITICAL' });
const cutOff = fail('nrpe-timeout', 'It did not answer.', 'See it.');

const checkpoint = (name: string, word: (signal: AbortSignal) => Promise<Word>): Asked => ({
  name,
  ask: word,
});

test('each minute all checkpoints are asked at once, and what they say is one look', async () => {
  const time = createTime();
  const words: Record<string, Word> = { c1: reaches, c2: down, c3: cutOff };
  let asked = 0;
  const checkpoints = ['c1', 'c2', 'c3'].map((name) =>
    checkpoint(name, async () => {
      asked += 1;
      return words[name] ?? cutOff;
    }),
  );
  const looks: (readonly Sample[])[] = [];
  const asker = createCheckpointLooks({ checkpoints, everyMs: 60_000, tellNetwork: true }, time.clock, (look) =>
    looks.push(look),
  );
  asker.start();
  await time.pass(59_000);
  assert.equal(asked, 3);
  assert.deepEqual(
    looks[0]?.map(({ probe, about, outcome }) => `${probe} ${about} ${outcome}`),
    ['nrpe-c1 main ok', 'nrpe-c2 main failed', 'nrpe-c3 main silent', 'nrpe network ok'],
  );
  Object.assign(words, { c1: cutOff, c2: cutOff });
  await time.pass(2000);
  assert.equal(looks[1]?.at(-1)?.outcome, 'silent');
  asker.stop();
  await time.pass(180_000);
  assert.equal(looks.length, 2);
});

test('a look that is under way when the agent stops is none', async () => {
  const time = createTime();
  const looks: unknown[] = [];
  const hanging = checkpoint(
    'c1',
    (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(cutOff), { once: true })),
  );
  const options = { checkpoints: [hanging], everyMs: 60_000, tellNetwork: false };
  const asker = createCheckpointLooks(options, time.clock, (look) => looks.push(look));
  asker.start();
  await time.pass(1000);
  asker.stop();
  await time.pass(120_000);
  assert.deepEqual(looks, []);
});
