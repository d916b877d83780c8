import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Clock } from '../ports.ts';
import { createSchedule, type Schedule } from './schedule.ts';

let folder = '';
let files = 0;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'dualtone-schedule-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A clock that is moved by hand; its wall may be set. */
const handClock = (wallText: string) => {
  let now = 0;
  let offset = Date.parse(wallText);
  const timers = new Set<{ at: number; fire: () => void }>();
  const clock: Clock = {
    now: () => now,
    wall: () => now + offset,
    at: (at, fire) => {
      const timer = { at, fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const pass = (spanMs: number): void => {
    const end = now + spanMs;
    for (;;) {
      const next = [...timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      timers.delete(next);
      now = Math.max(now, next.at);
      next.fire();
    }
    now = end;
  };
  const setWall = (text: string): void => {
    offset = Date.parse(text) - now;
  };
  return { clock, pass, setWall, timers: () => timers.size };
};

interface Made {
  readonly schedule: Schedule;
  readonly runs: string[];
  can: boolean;
}

const make = (
  clock: Clock,
  over: { at?: string; missed?: 'run' | 'skip'; file?: string; timezone?: string } = {},
): Made => {
  files += 1;
  const made: Made = {
    runs: [],
    can: true,
    schedule: createSchedule({
      at: over.at ?? '0 * * * *',
      missed: over.missed ?? 'run',
      stateFile: over.file ?? join(folder, `s${files}`),
      clock,
      timezone: over.timezone ?? 'Europe/Paris',
      canRun: () => made.can,
      onDue: (why) => made.runs.push(`${new Date(clock.wall()).toISOString().slice(5, 19)} ${why}`),
      onTrouble: (text) => assert.fail(text),
    }),
  };
  made.schedule.start();
  return made;
};

test('each full hour, once, in time', () => {
  const { clock, pass } = handClock('2026-03-01T10:20:00Z');
  const { schedule, runs } = make(clock);
  assert.equal(schedule.next(), Date.parse('2026-03-01T11:00:00Z'));
  pass(3 * HOUR);
  assert.deepEqual(runs, ['03-01T11:00:00 due', '03-01T12:00:00 due', '03-01T13:00:00 due']);
  schedule.stop();
  pass(HOUR);
  assert.equal(runs.length, 3);
});

test('a run in the hour that summer time skips or doubles happens once', () => {
  const spring = handClock('2026-03-28T12:00:00Z');
  const first = make(spring.clock, { at: '30 2 * * *' });
  spring.pass(48 * HOUR);
  assert.deepEqual(first.runs, ['03-29T01:00:00 due', '03-30T00:30:00 due']);
  const autumn = handClock('2026-10-24T12:00:00Z');
  const second = make(autumn.clock, { at: '30 2 * * *' });
  autumn.pass(48 * HOUR);
  assert.equal(second.runs.length, 2);
});

test('what fell due while the node could not run is made up for once, or left out', () => {
  for (const missed of ['run', 'skip'] as const) {
    const { clock, pass } = handClock('2026-03-01T10:20:00Z');
    const made = make(clock, { missed });
    made.can = false;
    pass(3 * HOUR);
    assert.deepEqual(made.runs, []);
    made.can = true;
    made.schedule.look();
    made.schedule.look();
    assert.deepEqual(made.runs, missed === 'run' ? ['03-01T13:20:00 missed'] : []);
    pass(HOUR);
    assert.equal(made.runs.at(-1), '03-01T14:00:00 due');
  }
});

test('what was missed while the program did not run is known after its start', () => {
  const file = join(folder, 'kept');
  const first = handClock('2026-03-01T10:20:00Z');
  const before = make(first.clock, { file });
  first.pass(HOUR);
  before.schedule.stop();
  assert.equal(first.timers(), 0);
  const soon = handClock('2026-03-01T11:40:00Z');
  const unhurt = make(soon.clock, { file });
  assert.deepEqual(unhurt.runs, []);
  unhurt.schedule.stop();
  const late = handClock('2026-03-02T08:40:00Z');
  const made = make(late.clock, { file });
  assert.deepEqual(made.runs, ['03-02T08:40:00 missed']);
  late.pass(HOUR);
  assert.equal(made.runs.length, 2);
});

test('with `skip` a run that is due in time happens, whatever was missed before it', () => {
  const file = join(folder, 'skip');
  writeFileSync(file, JSON.stringify({ handled: Date.parse('2026-03-01T06:00:00Z') }));
  const { clock } = handClock('2026-03-01T11:00:01Z');
  assert.deepEqual(make(clock, { file, missed: 'skip' }).runs, ['03-01T11:00:01 due']);
});

test('a clock that is set forth or back neither silences the schedule nor doubles it', () => {
  const { clock, pass, setWall } = handClock('2026-03-01T10:20:00Z');
  const { runs } = make(clock);
  pass(HOUR);
  setWall('2026-03-01T10:50:00Z');
  pass(20 * MINUTE);
  assert.equal(runs.at(-1), '03-01T11:00:00 due');
  setWall('2026-03-01T15:30:00Z');
  pass(MINUTE);
  assert.equal(runs.length, 3);
  assert.match(runs.at(-1) ?? '', /missed$/);
  pass(30 * MINUTE);
  assert.equal(runs.at(-1), '03-01T16:00:00 due');
});

test('a damaged state, or one from the future, is as none', () => {
  for (const text of ['garbage', JSON.stringify({ handled: Date.parse('2030-01-01') }), '{}']) {
    const file = join(folder, 'damaged');
    writeFileSync(file, text);
    const { clock, pass } = handClock('2026-03-01T10:20:00Z');
    const { runs } = make(clock, { file });
    pass(HOUR);
    assert.deepEqual(runs, ['03-01T11:00:00 due'], text);
  }
});
