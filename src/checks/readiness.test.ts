import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { readinessOf, type Standing } from './readiness.ts';
import {
  type CheckResult,
  type Finding,
  type NodeReport,
  type Outcome,
  type ReadinessState,
  readReport,
  type Scope,
  type Severity,
} from './report.ts';
import { SETTLE_MS, type Settling, settle } from './settle.ts';

const finding = (outcome: Outcome): Finding => {
  if (outcome === 'pass') return { outcome, evidence: 'fine' };
  return outcome === 'fail' ? { outcome, evidence: 'broken', remedy: 'mend it' } : { outcome, why: 'because' };
};

const result = (id: string, severity: Severity, outcome: Outcome, scope: Scope = 'node'): CheckResult => ({
  id,
  about: id,
  severity,
  scope,
  finding: finding(outcome),
  accepted: false,
  at: 2,
  since: 1,
  tookMs: 1,
});

const report = (role: 'main' | 'standby', results: readonly CheckResult[] = []): NodeReport => ({
  node: role === 'main' ? 'pbx1' : 'pbx2',
  role,
  at: 2,
  results,
});

const good: Standing = {
  server: 'this',
  thisName: 'pbx1',
  otherName: 'pbx2',
  takeover: { possible: true, missing: [] },
  loss: { text: 'Nothing would be lost now.', exceedsLimit: false },
  own: report('main'),
  other: report('standby'),
  otherHeardMsAgo: 500,
};

const state = (more: Partial<Standing>): ReadinessState => readinessOf({ ...good, ...more }).state;

describe('readiness', () => {
  test('all well: ready, and it says what would be lost', () => {
    assert.deepEqual(readinessOf(good), {
      state: 'ready',
      text: 'ready: pbx2 could take over now',
      reasons: [],
      loss: 'Nothing would be lost now.',
    });
  });

  test('a critical failure on the passive node means not ready, on the active one degraded', () => {
    const bad = [result('disk', 'critical', 'fail')];
    const there = readinessOf({ ...good, other: report('standby', bad) });
    assert.equal(there.state, 'not-ready');
    assert.equal(there.text, 'NOT READY: pbx2 could not take over: disk on pbx2: broken');
    assert.equal(state({ own: report('main', bad) }), 'degraded');
    assert.equal(state({ server: 'other', own: report('main', bad) }), 'not-ready');
    assert.equal(state({ own: report('main', [result('link', 'critical', 'fail', 'pair')]) }), 'not-ready');
  });

  test('a warning, an unknown that is critical, a loss, a silent or old report: degraded; advice: nothing', () => {
    assert.equal(state({ own: report('main', [result('a', 'warning', 'fail')]) }), 'degraded');
    assert.equal(state({ other: report('standby', [result('a', 'critical', 'unknown')]) }), 'degraded');
    assert.equal(state({ own: report('main', [result('a', 'warning', 'unknown')]) }), 'ready');
    assert.equal(state({ loss: { text: 'much', exceedsLimit: true } }), 'degraded');
    assert.equal(state({ other: null, otherHeardMsAgo: null }), 'degraded');
    assert.equal(state({ otherHeardMsAgo: 200_000 }), 'degraded');
    assert.equal(state({ own: report('main', [result('a', 'advice', 'fail')]) }), 'ready');
    assert.equal(
      state({ own: report('main', [{ ...result('a', 'critical', 'fail', 'pair'), accepted: true }]) }),
      'ready',
    );
  });

  test('the agents see something in the way, nobody or both serve, no agent runs: not ready', () => {
    const missing = [{ rule: 'rival-silent', text: 'the standby is silent: last heard 3 s ago' }];
    const silent = readinessOf({ ...good, takeover: { possible: false, missing } });
    assert.deepEqual([silent.state, silent.reasons], ['not-ready', ['the standby is silent: last heard 3 s ago']]);
    assert.equal(state({ server: 'nobody' }), 'not-ready');
    assert.equal(state({ server: 'both' }), 'not-ready');
    assert.equal(state({ takeover: null }), 'not-ready');
    assert.equal(state({ takeover: { possible: false, missing: [] } }), 'not-ready');
    assert.equal(state({ own: null, other: null, otherHeardMsAgo: null }), 'unknown');
  });

  test('a hold is what a person wanted: degraded, and the reason is the hold', () => {
    // By the name of the rule, whatever its sentence says.
    for (const rule of ['manual-mode', 'maintenance', 'unconfirmed']) {
      const takeover = { possible: false, missing: [{ rule, text: 'as ordered' }] };
      assert.deepEqual(readinessOf({ ...good, takeover }).reasons, ['as ordered']);
      assert.equal(state({ takeover }), 'degraded');
    }
    const votes = { possible: false, missing: [{ rule: 'votes', text: 'maintenance: of the checkpoint' }] };
    assert.equal(state({ takeover: votes }), 'not-ready');
    // What passes within moments is in the way of nobody.
    assert.equal(
      state({ takeover: { possible: true, missing: [{ rule: 'listening', text: 'it listens first' }] } }),
      'ready',
    );
    // As a last resort it would serve, and no telephone would ring: both nodes say the same of that.
    const unfit = { possible: true, missing: [{ rule: 'unfit', text: 'telephony here is down (no answer)' }] };
    assert.equal(state({ server: 'other', takeover: unfit }), 'not-ready');
  });

  const outcomes = fc.constantFrom<Outcome>('not-applicable', 'pass', 'unknown', 'fail');
  const badness: Readonly<Record<Outcome, number>> = { 'not-applicable': 0, pass: 0, unknown: 1, fail: 2 };
  const rank: Readonly<Record<ReadinessState, number>> = { ready: 0, unknown: 1, degraded: 1, 'not-ready': 2 };
  const results = fc.uniqueArray(
    fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      severity: fc.constantFrom<Severity>('critical', 'warning', 'advice'),
      scope: fc.constantFrom<Scope>('node', 'pair'),
      outcome: outcomes,
      worse: outcomes,
    }),
    { selector: ({ id }) => id },
  );

  test('what both nodes find counts as the graver of the two takes it', () => {
    const own = report('main', [result('b', 'warning', 'fail', 'pair')]);
    const other = report('standby', [result('b', 'critical', 'fail', 'pair')]);
    assert.equal(readinessOf({ ...good, own, other }).state, 'not-ready');
  });

  test('never better by anything that gets worse; ready only without any failure that counts', () => {
    const servers = fc.constantFrom<Standing['server']>('this', 'other', 'nobody', 'both');
    fc.assert(
      fc.property(results, results, servers, (own, other, server) => {
        type Given = (typeof own)[number];
        const at = (role: 'main' | 'standby', list: readonly Given[], pick: (each: Given) => Outcome): NodeReport =>
          report(
            role,
            list.map((each) => result(each.id, each.severity, pick(each), each.scope)),
          );
        const now = (each: Given): Outcome => each.outcome;
        const later = ({ outcome, worse }: Given): Outcome => (badness[worse] > badness[outcome] ? worse : outcome);
        const before = readinessOf({ ...good, server, own: at('main', own, now), other: at('standby', other, now) });
        const after = readinessOf({ ...good, server, own: at('main', own, later), other: at('standby', other, later) });
        assert.ok(rank[after.state] >= rank[before.state]);
        const counting = [...own, ...other].filter((each) => each.outcome === 'fail' && each.severity !== 'advice');
        if (before.state === 'ready') assert.equal(counting.length, 0);
        assert.equal(before.reasons.length === 0, before.state === 'ready');
      }),
    );
  });
});

describe('settling', () => {
  const start: Settling = { settled: null, candidate: null };

  test('a state is told when it has held, once, and with the time when it began', () => {
    const first = settle(start, 'not-ready', 0, 1000);
    assert.equal(first.change, null);
    const held = settle(first.after, 'not-ready', SETTLE_MS, 1000 + SETTLE_MS);
    assert.deepEqual(held.change, { from: 'unknown', to: 'not-ready', wall: 1000 });
    assert.equal(settle(held.after, 'not-ready', 5 * SETTLE_MS, 9).change, null);
  });

  test('what passes by itself is never told; two changes are never closer than the time to settle', () => {
    const states = fc.constantFrom<ReadinessState>('ready', 'degraded', 'not-ready', 'unknown');
    fc.assert(
      fc.property(fc.array(fc.record({ state: states, afterMs: fc.integer({ min: 1, max: 20_000 }) })), (looks) => {
        let now = 0;
        let settling = start;
        let run = { state: 'unknown' as ReadinessState, since: -1 };
        let last = Number.NEGATIVE_INFINITY;
        for (const look of looks) {
          now += look.afterMs;
          if (run.state !== look.state || run.since < 0) run = { state: look.state, since: now };
          const { after, change } = settle(settling, look.state, now, now);
          settling = after;
          if (change === null) continue;
          assert.equal(change.to, look.state);
          assert.notEqual(change.from, change.to);
          assert.ok(now - run.since >= SETTLE_MS && now - last >= SETTLE_MS);
          assert.equal(change.wall, run.since);
          last = now;
        }
      }),
    );
  });
});

describe('the report of the other node', () => {
  test('comes through as it was told', () => {
    const told = report('standby', [result('a', 'critical', 'fail'), result('b', 'advice', 'unknown', 'pair')]);
    assert.deepEqual(readReport(JSON.parse(JSON.stringify(told))), told);
  });

  test('is refused where it is odd, and its words are cut and stripped', () => {
    const one = result('a', 'critical', 'fail');
    const odd: readonly unknown[] = [
      null,
      [],
      { ...report('main'), role: 'checkpoint' },
      { ...report('main'), results: [{ ...one, id: '../x' }] },
      { ...report('main'), results: [{ ...one, severity: 'worst' }] },
      { ...report('main'), results: [{ ...one, at: Number.NaN }] },
      { ...report('main'), results: [{ ...one, finding: { outcome: 'fail', evidence: 'x' } }] },
      { ...report('main'), results: [one, one] },
      { ...report('main'), results: Array.from({ length: 500 }, (_, index) => ({ ...one, id: `c-${index}` })) },
    ];
    for (const each of odd) assert.equal(readReport(each), null, JSON.stringify(each)?.slice(0, 80));
    const long = { outcome: 'fail', evidence: `\u001b[31m${'x'.repeat(5000)}`, remedy: 'a\nb' };
    const read = readReport({ ...report('main'), results: [{ ...one, finding: long }] })?.results[0]?.finding;
    assert.ok(read?.outcome === 'fail' && read.evidence.length <= 600 && !read.evidence.includes('\u001b'));
    assert.equal(read.remedy, 'a b');
  });

  test('no input at all makes it throw', () => {
    fc.assert(fc.property(fc.anything(), (input) => void readReport(input)));
  });
});
