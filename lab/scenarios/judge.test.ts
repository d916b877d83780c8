import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge, type Outcome } from './judge.ts';
import type { Measured } from './measure.ts';
import type { RunReport } from './run.ts';
import type { Expected, Scenario } from './scenario.ts';
import { groupByLab, seriesOf } from './series.ts';

const measured: Measured = {
  outageMs: 600,
  inboundOutageMs: 700,
  inboundSetupMs: 40,
  srvOutageMs: 4000,
  twoServingMs: 0,
  silentMs: 580,
  moves: 1,
  trunkRegistrations: 1,
  trunkTroubles: [],
  trunkAfterMs: 300,
  registrationsBegun: 0,
  callsCut: 0,
  selfLateMs: 3,
};
const outcome: Outcome = {
  serving: 'standby',
  registrationsKept: 100,
  needsAcknowledgement: false,
  voicePauseMs: null,
  problems: [],
};
const expected: Expected = { serving: 'standby', outageMsMost: 800, twoServing: 'none', moves: 1 };

describe('judge', () => {
  it('has nothing to say when all is as expected', () => {
    assert.deepEqual(judge(measured, outcome, expected), []);
  });

  const cases: readonly (readonly [string, Partial<Measured>, Partial<Outcome>, Partial<Expected>, RegExp])[] = [
    ['a long outage', { outageMs: 900 }, {}, {}, /outage 900 ms/],
    ['a slow set-up', { inboundSetupMs: 450 }, {}, { inboundSetupMsMost: 300 }, /set-up of a call from outside 450 ms/],
    ['a slow registration', { trunkAfterMs: 2500 }, {}, { trunkAfterMsMost: 2000 }, /trunk after 2500 ms/],
    ['a telephone by SRV without service', {}, {}, { srvOutageMsMost: 3000 }, /outage by SRV 4000 ms/],
    ['two serving', { twoServingMs: 10 }, {}, {}, /TWO NODES SERVED for 10 ms/],
    ['a lab that is blind', {}, {}, { twoServing: 'some' }, /saw no two nodes/],
    ['another node', {}, { serving: 'main' }, {}, /serving at the end: main/],
    ['a lost registration', {}, { registrationsKept: 95 }, {}, /registrations kept: 95/],
    ['a move too many', { moves: 3 }, {}, {}, /moves: 3/],
    ['a cut call', { callsCut: 1 }, {}, { callsCut: 0 }, /calls cut: 1/],
    ['a hole in the voice', {}, { voicePauseMs: 300 }, { voicePauseMsMost: 100 }, /voice of 300 ms/],
    ['a mute trunk', { trunkTroubles: ['the main registered'] }, {}, {}, /the main registered/],
    ['a deed that failed', {}, { problems: ['no power'] }, {}, /no power/],
    ['no call for a person', {}, {}, { needsAcknowledgement: true }, /needs acknowledgement: false/],
  ];
  for (const [what, m, o, e, said] of cases) {
    it(`sees ${what}`, () => {
      const problems = judge({ ...measured, ...m }, { ...outcome, ...o }, { ...expected, ...e });
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', said);
    });
  }
});

const scenario: Scenario = { name: 'one', text: '', deeds: [], expected, goal: { p50Ms: 650, p99Ms: 800 } };

const report = (run: number, outageMs: number, ok = true): RunReport => ({
  scenario: 'one',
  run,
  ok,
  outage_ms: outageMs,
  inbound_outage_ms: null,
  inbound_setup_ms: null,
  srv_outage_ms: null,
  trunk_after_ms: null,
  two_serving_ms: 0,
  silent_ms: 0,
  registrations_kept: 100,
  trunk_registrations: 1,
  expected,
  seen: {
    serving: 'standby',
    moves: 1,
    calls_cut: 0,
    voice_pause_ms: null,
    needs_acknowledgement: false,
    deeds_ms: 0,
    backup_phone_ms: null,
    asker_late_ms: 0,
    took_ms: 1,
    problems: [],
  },
});

describe('a series', () => {
  it('is well when each run is, and says the spread', () => {
    const series = seriesOf(scenario, [report(1, 600), report(2, 640)]);
    assert.deepEqual([series.ok, series.outage_ms, series.goal], [true, { p50: 600, p99: 640, max: 640 }, null]);
  });

  it('fails with one run, and names it', () => {
    assert.deepEqual(seriesOf(scenario, [report(1, 600), report(2, 640, false)]).failed, [2]);
    assert.equal(seriesOf(scenario, [report(1, 600, false)]).ok, false);
    assert.equal(seriesOf(scenario, []).ok, false);
  });

  it('is held against the goal when there are runs enough', () => {
    const slow = seriesOf(
      scenario,
      Array.from({ length: 20 }, (_, index) => report(index + 1, 700)),
    );
    assert.deepEqual([slow.ok, slow.goal?.reached], [false, false]);
  });

  it('shares a lab where the needs are the same', () => {
    const disk = { ...scenario, name: 'disk', needs: { stateDisk: true } };
    const groups = groupByLab([scenario, disk, { ...scenario, name: 'two', needs: {} }]);
    assert.deepEqual(
      groups.map((group) => group.map(({ name }) => name)),
      [['one', 'two'], ['disk']],
    );
  });
});
