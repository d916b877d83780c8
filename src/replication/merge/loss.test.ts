import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { StreamStatus } from '../stream.ts';
import { type LossInput, lossLines, lossNow, spanText } from './loss.ts';

const stream = (changes: Partial<StreamStatus>): StreamStatus => ({
  name: 'database',
  direction: 'in',
  condition: 'in-step',
  text: '',
  lagMs: 0,
  lastSuccess: 1_000_000,
  lastError: null,
  nextRun: null,
  rows: null,
  bytes: null,
  tookMs: null,
  progress: null,
  ...changes,
});

const input = (changes: Partial<LossInput>): LossInput => ({
  move: 'takeover',
  now: 1_000_000,
  streams: [],
  uncollected: [],
  mergeDue: false,
  limitMs: 60_000,
  ...changes,
});

test('all in step: nothing would be lost, and nothing is asked', () => {
  const loss = lossNow(input({ streams: [stream({}), stream({ name: 'astdb', lagMs: 300 })] }));
  assert.deepEqual(loss, { maxLagMs: 300, items: [], exceedsLimit: false });
  assert.deepEqual(lossLines(loss), ['Nothing would be lost now.']);
});

test('an hourly copy 42 minutes old exceeds a limit of a minute, and is told in one sentence', () => {
  const loss = lossNow(input({ streams: [stream({ lagMs: 41.5 * 60_000, condition: 'waiting' })] }));
  assert.equal(loss.exceedsLimit, true);
  assert.deepEqual(loss.items, [
    {
      stream: 'database',
      text: 'Database: what changed on the main in the last 42 min is not on the standby.',
    },
  ]);
});

test('what waits is told in its own words and numbers, in one sentence', () => {
  const textOf = (changes: Partial<StreamStatus>): string | undefined =>
    lossNow(input({ streams: [stream({ lagMs: 40_000, condition: 'behind', ...changes })] })).items[0]?.text;
  const three = { count: 3, text: '3 voicemail messages' };
  assert.equal(
    textOf({ name: 'voicemail', pending: three }),
    'Voicemail: 3 voicemail messages of the last 40 s on the main would be missing on the standby.',
  );
  const one = { count: 1, text: '1 key' };
  assert.equal(
    textOf({ name: 'astdb', pending: one }),
    'Astdb: 1 key of the last 40 s on the main would be missing on the standby.',
  );
  assert.match(textOf({ pending: null }) ?? '', /what changed on the main in the last 40 s/);
});

test('where no row was written since an old copy, only the last seconds count', () => {
  const quiet = stream({ lagMs: 42 * 60_000, pending: { count: 0, text: 'up to 0 rows' } });
  const loss = lossNow(input({ streams: [quiet] }));
  assert.equal(loss.exceedsLimit, false);
  assert.equal(loss.items[0]?.text, 'Database: what changed on the main in the last 15 s is not on the standby.');
  assert.equal(lossNow(input({ streams: [quiet], limitMs: 10_000 })).exceedsLimit, true);
});

test('below the limit it is told and not asked', () => {
  const loss = lossNow(input({ streams: [stream({ lagMs: 20_000, condition: 'behind' })] }));
  assert.equal(loss.exceedsLimit, false);
  assert.equal(loss.items.length, 1);
});

test('a stream that never succeeded exceeds any limit and says why', () => {
  const error = { code: 'x', message: 'The password was refused.', remedy: 'Look.', at: 5 };
  const loss = lossNow(
    input({
      limitMs: Number.MAX_SAFE_INTEGER,
      streams: [stream({ lagMs: null, lastSuccess: null, lastError: error, condition: 'failed' })],
    }),
  );
  assert.equal(loss.exceedsLimit, true);
  assert.equal(
    loss.items[0]?.text,
    'Database: nothing has ever been copied from the main to the standby; all of it would be missing there. The last error: The password was refused.',
  );
});

test('an error that is over is no reason any more', () => {
  const lastError = { code: 'x', message: 'It was not reached.', remedy: 'Look.', at: 5 };
  const textOf = (lastSuccess: number): string =>
    lossNow(input({ streams: [stream({ lagMs: 20_000, condition: 'behind', lastError, lastSuccess })] })).items[0]
      ?.text ?? '';
  assert.match(textOf(4), /The last error: It was not reached\./);
  assert.doesNotMatch(textOf(6), /error/);
});

test('a lag that is not known counts from the last success', () => {
  const loss = lossNow(input({ streams: [stream({ lagMs: null, lastSuccess: 1_000_000 - 90_000 })] }));
  assert.equal(loss.maxLagMs, 90_000);
  assert.equal(loss.exceedsLimit, true);
});

test('streams that are off are passed over', () => {
  const loss = lossNow(input({ streams: [stream({ condition: 'off', lagMs: null, lastSuccess: null })] }));
  assert.deepEqual(loss, { maxLagMs: null, items: [], exceedsLimit: false });
});

test('failback with messages left on the standby needs consent, and says where they stay', () => {
  const loss = lossNow(
    input({
      move: 'failback',
      mergeDue: true,
      uncollected: [
        { part: 'voicemail', count: 12, what: '12 voicemail messages' },
        { part: 'events', count: 0, what: '0 call events' },
      ],
    }),
  );
  assert.equal(loss.exceedsLimit, true);
  assert.deepEqual(
    loss.items.map((item) => item.stream),
    ['voicemail'],
  );
  assert.match(
    loss.items[0]?.text ?? '',
    /^12 voicemail messages collected by the standby would not be on the main; they stay/,
  );
});

test('failback while the standby cannot be asked is loss for certain only when a merge is due', () => {
  assert.equal(lossNow(input({ move: 'failback', mergeDue: true, uncollected: null })).exceedsLimit, true);
  assert.equal(lossNow(input({ move: 'failback', mergeDue: false, uncollected: null })).exceedsLimit, false);
});

test('a takeover asks nothing about merges', () => {
  assert.equal(lossNow(input({ move: 'takeover', mergeDue: true, uncollected: null })).exceedsLimit, false);
});

test('a span never says less than it is', () => {
  assert.equal(spanText(0), '1 s');
  assert.equal(spanText(59_001), '60 s');
  assert.equal(spanText(61_000), '2 min');
  assert.equal(spanText(2 * 3_600_000), '2 h');
  assert.equal(spanText(3 * 3_600_000 + 1), '3 h 1 min');
  assert.equal(spanText(26 * 3_600_000), '1 d 2 h');
  const units: Record<string, number> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 90 * 86_400_000 }), (ms) => {
      const words = spanText(ms).split(' ');
      let told = 0;
      for (let index = 0; index < words.length; index += 2)
        told += Number(words[index]) * (units[words[index + 1] ?? ''] ?? Number.NaN);
      assert.ok(told >= ms && told <= ms * 1.05 + 3_600_000, `${spanText(ms)} for ${ms}`);
    }),
  );
});

test('more lag is never less loss', () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), fc.nat(10_000_000), fc.nat(10_000_000), (lagMs, more, limitMs) => {
      const before = lossNow(input({ limitMs, streams: [stream({ lagMs })] }));
      const after = lossNow(input({ limitMs, streams: [stream({ lagMs: lagMs + more })] }));
      assert.ok(!before.exceedsLimit || after.exceedsLimit);
      assert.ok(before.items.length <= after.items.length);
      assert.equal(before.exceedsLimit, lagMs > limitMs);
    }),
  );
});
