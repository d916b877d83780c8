import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Interval, intervalsOf, longestSilenceMs, overlapMs } from './serving.ts';

const span = (fromMs: number, toMs: number): Interval => ({ fromMs, toMs });

describe('intervals of answers', () => {
  it('join what is close, and keep a lone answer as an instant', () => {
    const arrivals = [0, 10, 20, 45, 100, 300, 310].map((atMs) => ({ lookedMs: atMs, readMs: atMs }));
    assert.deepEqual(intervalsOf(arrivals, 25), [span(0, 45), span(100, 100), span(300, 310)]);
    assert.deepEqual(intervalsOf([], 25), []);
  });

  it('end where the last answer may have come, however late it was read', () => {
    const read = (lookedMs: number, readMs: number) => ({ lookedMs, readMs });
    assert.deepEqual(intervalsOf([read(0, 1), read(10, 11), read(11, 75), read(11, 75)], 25), [span(1, 11)]);
    assert.deepEqual(intervalsOf([read(0, 1), read(990, 1000)], 25), [span(1, 1), span(1000, 1000)], 'it spoke again');
  });
});

describe('two serving', () => {
  it('is the time that both have in common', () => {
    assert.equal(overlapMs([span(0, 100), span(200, 300)], [span(90, 250)], 10), 60);
  });

  it('counts a lone answer within the other’s service as a period', () => {
    assert.equal(overlapMs([span(0, 100)], [span(50, 50)], 10), 10);
  });

  it('is nothing when one begins after the other ended', () => {
    assert.equal(overlapMs([span(0, 100)], [span(100.1, 200)], 10), 0);
  });

  it('is the same from both sides', () => {
    const spans = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 100 })))
      .map((pairs) => pairs.map(([fromMs, lengthMs]) => span(fromMs, fromMs + lengthMs)));
    fc.assert(
      fc.property(spans, spans, (one, other) => {
        assert.equal(overlapMs(one, other, 10), overlapMs(other, one, 10));
      }),
    );
  });
});

describe('silence', () => {
  it('is the longest time that nobody covers, at the edges too', () => {
    const window = span(0, 1000);
    assert.equal(longestSilenceMs(window, [span(0, 300), span(250, 400), span(640, 1000)]), 240);
    assert.equal(longestSilenceMs(window, [span(0, 300)]), 700);
    assert.equal(longestSilenceMs(window, [span(400, 1000)]), 400);
    assert.equal(longestSilenceMs(window, []), 1000);
  });
});
