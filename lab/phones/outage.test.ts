import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Ask, judgeOutage } from './outage.ts';

const window = { sinceMs: 0, untilMs: 1e9, answerWithinMs: 200 };
/** Asks 10 ms apart: a letter is who answers after 2 ms, `.` nobody, `~` after 300 ms. */
const asksOf = (pattern: string): readonly Ask[] =>
  pattern.split('').map((sign, index) => {
    const ask = { sentMs: 1000 + index * 10, lateMs: index % 3 };
    if (sign === '.') return ask;
    return { ...ask, answeredMs: ask.sentMs + (sign === '~' ? 300 : 2), status: 200, by: sign };
  });

describe('judgeOutage', () => {
  it('sees no outage where each ask is answered', () => {
    const report = judgeOutage(asksOf('mmmmmm'), window);
    assert.deepEqual([report.outageMs, report.lost, report.gaps, report.latencyMedianMs], [0, 0, [], 2]);
    assert.equal(report.silenceMs, 10);
    assert.equal(report.selfLateMsMax, 2);
  });

  it('measures from the last good ask to the first good one, and says who served', () => {
    const report = judgeOutage(asksOf('mmm...ss.s'), window);
    assert.deepEqual(
      report.gaps.map(({ fromMs, toMs, lost }) => [fromMs, toMs, lost]),
      [
        [1020, 1060, 3],
        [1070, 1090, 1],
      ],
    );
    assert.equal(report.outageMs, 40);
    assert.deepEqual(
      report.services.map(({ by, answers }) => [by, answers]),
      [
        ['m', 3],
        ['s', 3],
      ],
    );
  });

  it('counts an answer that came too late as lost, and shows the silence', () => {
    const report = judgeOutage(asksOf('mm~~mm'), window);
    assert.deepEqual([report.outageMs, report.lost, report.late], [30, 2, 2]);
  });

  it('leaves open what is not over, and out what is not decided', () => {
    const asks = asksOf(`mm${'.'.repeat(40)}`);
    const [gap] = judgeOutage(asks, window).gaps;
    assert.deepEqual([gap?.toMs, gap?.lengthMs], [undefined, 400]);
    const undecided = judgeOutage(asks, { ...window, untilMs: 1100 });
    assert.deepEqual([undecided.lost, undecided.asked], [0, 2]);
    assert.equal(judgeOutage(asks, { ...window, untilMs: 1250 }).lost, 4);
  });

  it('begins a gap with the window if nothing was answered before', () => {
    assert.equal(judgeOutage(asksOf('...m'), window).outageMs, 30);
    assert.equal(judgeOutage([], window).outageMs, 0);
  });

  it('never finds less than was lost', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ms.~]{0,60}$/), (pattern) => {
        const report = judgeOutage(asksOf(pattern), window);
        const lost = pattern.split('').filter((sign) => sign === '.' || sign === '~').length;
        assert.equal(report.lost, lost);
        assert.equal(
          report.gaps.reduce((sum, gap) => sum + gap.lost, 0),
          lost,
        );
        const run = Math.max(0, ...(pattern.match(/[.~]+/g) ?? []).map((part) => part.length));
        assert.ok(report.outageMs >= Math.max(0, run - 1) * 10);
      }),
    );
  });
});
