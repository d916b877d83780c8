import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeOutage } from '../phones/outage.ts';
import { cellsOf } from './cells.ts';
import { frame, plainLegend, plainLine } from './view.ts';
import { cellCount, cellMs, type Moment } from './world.ts';

const moment: Moment = {
  nodes: [
    { role: 'main', power: false, doing: '', serves: false, epoch: 0, health: '-', calls: 0 },
    { role: 'standby', power: true, doing: 'active', serves: true, epoch: 5, health: 'up', calls: 3 },
  ],
  checkpoint: 'last answered the standby 40 ms ago: yes, and this sentence goes on and on and on without an end',
  trunk: 'registered by the standby',
  phones: 3000,
  calls: { up: 5, placed: 100, cut: 4 },
  cells: Array.from({ length: cellCount }, () => 'standby' as const),
};

describe('the view', () => {
  it('fits into 80 columns, and says who has no power', () => {
    const lines = frame(
      'A title that is longer than it should be '.repeat(3),
      moment,
      ['x'.repeat(200)],
      61_234,
      false,
    );
    for (const line of lines) assert.ok(line.length <= 80, line);
    assert.ok(lines.some((line) => line.includes('main') && line.includes('no power')));
    assert.match(plainLine(moment, 61_234), /standby serves, the main has no power/);
    for (const sign of new Set(plainLine(moment, 61_234).split('; ')[1]))
      assert.ok(plainLegend.includes(`${sign} `), sign);
  });
});

describe('the bar', () => {
  it('shows who answered, and when nobody did', () => {
    const untilMs = 10_000;
    const beganMs = untilMs - cellCount * cellMs;
    const asks = Array.from({ length: cellCount * 10 }, (_, index) => {
      const sentMs = beganMs + index * 10;
      // Nobody from cell 20 to cell 25; then another server.
      const cell = Math.floor(index / 10);
      if (cell >= 20 && cell < 26) return { sentMs, lateMs: 0 };
      return { sentMs, lateMs: 0, answeredMs: sentMs + 1, status: 200, by: cell < 20 ? 'lab main' : 'lab standby' };
    });
    const cells = cellsOf(
      judgeOutage(asks, { sinceMs: beganMs, untilMs: untilMs + 300, answerWithinMs: 200 }),
      untilMs,
    );
    assert.deepEqual(
      [cells[0], cells[19], cells[22], cells[30], cells.at(-1)],
      ['main', 'main', 'nobody', 'standby', 'standby'],
    );
    assert.equal(cells.filter((cell) => cell === 'nobody').length, 6);
  });
});
