import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, lateReason, well } from './answer.ts';
import { createPacedProbe } from './paced.ts';
import { createHandClock } from './testing/clocks.ts';
import { collect } from './testing/samples.ts';

const pace = { probe: 'p', about: 'telephony', periodMs: 100, timeoutMs: 250, overlapping: true } as const;

/** A probe whose answers the test gives, or not. */
const setUp = (more: { overlapping?: boolean; timeoutMs?: number } = {}) => {
  const clock = createHandClock();
  const asked: { readonly answer: (answer: Answer) => void; readonly signal: AbortSignal }[] = [];
  const probe = createPacedProbe(
    { ...pace, ...more },
    (signal) =>
      new Promise((answer) => {
        signal.addEventListener('abort', () => answer(well('called off')));
        asked.push({ answer, signal });
      }),
    clock,
  );
  const got = collect();
  probe.start(got.report);
  return { clock, asked, probe, got, outcomes: () => got.samples.map(({ outcome }) => outcome) };
};

test('asks at once and then each period; each unanswered question fails at its deadline', async () => {
  const { clock, asked, probe, outcomes } = setUp();
  await clock.pass(249);
  assert.equal(asked.length, 3);
  assert.deepEqual(outcomes(), []);
  await clock.pass(1);
  assert.deepEqual(outcomes(), ['failed']);
  await clock.pass(300);
  assert.deepEqual(outcomes(), ['failed', 'failed', 'failed', 'failed']);
  await probe.stop();
});

test('one lost packet is made good by the next answer', async () => {
  const { clock, asked, probe, outcomes } = setUp();
  await clock.pass(100);
  asked[1]?.answer(well('here'));
  await clock.pass(99);
  assert.deepEqual(outcomes(), ['ok']);
  assert.equal(asked[0]?.signal.aborted, true);
  await clock.pass(100);
  assert.deepEqual(outcomes(), ['ok']);
  await probe.stop();
});

test('our own lateness is silence, and open questions get their time anew', async () => {
  const { clock, asked, probe, got, outcomes } = setUp();
  await clock.pass(50);
  await clock.freeze(1_000);
  assert.ok(got.samples.length > 0);
  assert.ok(got.samples.every(({ outcome, reason }) => outcome === 'silent' && reason === lateReason));
  asked.at(-1)?.answer(well('here'));
  await clock.pass(0);
  assert.equal(outcomes().at(-1), 'ok');
  await probe.stop();
});

test('our own lateness is told although no question was near its deadline', async () => {
  const { clock, probe, outcomes } = setUp({ timeoutMs: 60_000 });
  await clock.pass(50);
  await clock.freeze(99);
  assert.deepEqual(outcomes(), []);
  await clock.freeze(160);
  assert.deepEqual(outcomes(), ['silent']);
  await probe.stop();
});

test('without overlap the next question waits for the former', async () => {
  const { clock, asked, probe, outcomes } = setUp({ overlapping: false });
  await clock.pass(240);
  assert.equal(asked.length, 1);
  await clock.pass(60);
  assert.equal(asked.length, 2);
  assert.deepEqual(outcomes(), ['failed']);
  await probe.stop();
});

test('stopped: questions are called off, nothing is reported, no timer is left', async () => {
  const { clock, asked, probe, got } = setUp();
  await clock.pass(150);
  await probe.stop();
  assert.ok(asked.every(({ signal }) => signal.aborted));
  await clock.pass(1_000);
  assert.deepEqual(got.samples, []);
  assert.equal(clock.waiting(), 0);
});

test('a probe that breaks says nothing about what it looks at', async () => {
  const clock = createHandClock();
  const got = collect();
  const probe = createPacedProbe(pace, () => Promise.reject(new Error('oops')), clock);
  probe.start(got.report);
  await clock.pass(1);
  assert.deepEqual(got.samples, [
    { probe: 'p', about: 'telephony', outcome: 'silent', crashed: false, reason: 'the probe broke: oops' },
  ]);
  await probe.stop();
});

test('slow is not dead: an answer after its deadline is well, and questions asked before it are given their time', async () => {
  const { clock, asked, probe, outcomes } = setUp({ timeoutMs: 150 });
  await clock.pass(150);
  assert.deepEqual(outcomes(), ['failed']);
  await clock.pass(10);
  asked[0]?.answer(well('slow'));
  await clock.pass(0);
  assert.deepEqual(outcomes(), ['failed', 'ok']);
  // The second, asked at 100, is not held against one who answered at 160; the third, asked at 200, is.
  await clock.pass(189);
  assert.deepEqual(outcomes(), ['failed', 'ok']);
  await clock.pass(1);
  assert.deepEqual(outcomes(), ['failed', 'ok', 'failed']);
  await probe.stop();
});

test('whoever never answers is not listened to for ever', async () => {
  const { clock, asked, probe } = setUp({ timeoutMs: 50 });
  await clock.pass(2_000);
  assert.equal(asked.filter(({ signal }) => !signal.aborted).length, 9);
  await probe.stop();
  assert.ok(asked.every(({ signal }) => signal.aborted));
});

test('a turn that is left out says nothing', async () => {
  const clock = createHandClock();
  const got = collect();
  let turns = 0;
  const skip = (): boolean => {
    turns += 1;
    return turns % 2 === 0;
  };
  const probe = createPacedProbe({ ...pace, skip }, async () => well('here'), clock);
  probe.start(got.report);
  await clock.pass(399);
  assert.deepEqual([turns, got.samples.length], [4, 2]);
  await probe.stop();
});
