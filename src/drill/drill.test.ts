import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { NodeSnapshot } from '../api/snapshot.ts';
import { createJournal } from '../journal/journal.ts';
import { openJournalReader } from '../journal/reader.ts';
import { paperOf } from './paper.ts';
import { packed, readPeerMessage, unpacked } from './peer.ts';
import { objections, realFault, silentMsOf } from './permit.ts';
import { linesOfPicture, pictureOf } from './picture.ts';
import { proveReport } from './proof.ts';
import { type DrillOptions, readDrillAsk } from './protocol.ts';
import { digestOfReport, idOf, readDrillReport } from './report.ts';
import { answeredShare, type Sample, seenBy, silenceBetween } from './samples.ts';
import { createDrillStore } from './store.ts';
import { configWith, drillReport, standby } from './testing/fixtures.ts';
import { isWithin } from './windows.ts';

const PLAIN: DrillOptions = { kind: 'switchover', withCalls: false, acceptLoss: false, anyTime: false };
const NIGHT = { day: 0, minutes: 3 * 60 };

const codes = (snapshot: Partial<NodeSnapshot>, options: Partial<DrillOptions> = {}, more = ''): readonly string[] =>
  objections(
    { snapshot: { ...standby, ...snapshot }, loss: null, time: NIGHT },
    { ...PLAIN, ...options },
    configWith(more),
  ).map(({ code }) => code);

test('nothing stands against a drill where all is well, and a dry one asks in any case', () => {
  assert.deepEqual(codes({}), []);
  assert.deepEqual(codes({}, { kind: 'takeover' }), []);
  assert.deepEqual(codes({ server: 'nobody', mode: 'manual' }, { kind: 'dry' }), []);
});

test('each reason against a drill is told by its own code', () => {
  const unready = {
    ...standby.explanation,
    ifOtherOrThisDied: { takesOver: false, afterMs: null, text: '', missing: [] },
  };
  const cases: readonly (readonly [Partial<NodeSnapshot>, string])[] = [
    [{ server: 'this' }, 'drill-not-at-main'],
    [{ server: 'nobody' }, 'drill-not-at-main'],
    [{ phase: 'closing' }, 'drill-busy'],
    [{ mode: 'manual' }, 'drill-manual'],
    [{ maintenance: { leftMs: 1000, reason: 'x' } }, 'drill-maintenance'],
    [{ explanation: unready }, 'drill-not-ready'],
    [{ health: { ...standby.health, verdict: 'down' } }, 'drill-unfit'],
    [{ other: { ...standby.other, well: false } }, 'drill-main-unwell'],
    [{ other: { ...standby.other, heardMsAgo: 9000 } }, 'drill-main-unwell'],
    [{ needsAcknowledgement: true }, 'drill-flapping'],
    [{ other: { ...standby.other, calls: 2 } }, 'drill-calls'],
    [{ other: { ...standby.other, calls: -1 } }, 'drill-calls'],
  ];
  for (const [planted, code] of cases) assert.deepEqual(codes(planted), [code], code);
  assert.deepEqual(codes({ other: { ...standby.other, calls: 2 } }, { withCalls: true }), []);
  assert.deepEqual(codes({}, {}, 'drill: { windows: ["sun 04:00-05:00"] }'), ['drill-window']);
  assert.deepEqual(codes({}, { anyTime: true }, 'drill: { windows: ["sun 04:00-05:00"] }'), []);
});

test('power is cut only while service is away by order, and only where a device can', () => {
  const fencing = 'fencing: { levels: [{ devices: [{ name: bmc, agent: fence_ipmilan, options: [ip=10.0.0.5] }] }] }';
  const withPower = true;
  assert.deepEqual(codes({}, { withPower }, fencing), []);
  assert.deepEqual(codes({}, { withPower }), ['drill-power-none']);
  for (const kind of ['takeover', 'dry'] as const)
    assert.deepEqual(codes({}, { withPower, kind }, fencing), ['drill-power-kind']);
  assert.deepEqual(readDrillAsk({ name: 'begin', kind: 'switchover', withPower }), {
    ...PLAIN,
    name: 'begin',
    withPower,
  });
  assert.deepEqual(readDrillAsk({ name: 'begin', kind: 'switchover' }), { ...PLAIN, name: 'begin' });
  assert.equal(readDrillAsk({ name: 'begin', kind: 'switchover', withPower: 'yes' }), null);
});

test('a takeover is rehearsed only where the kernel and the votes make it sure', () => {
  const takeover = { kind: 'takeover' } as const;
  const weak = { ...standby.protection, level: 'likely' } as const;
  assert.deepEqual(codes({ protection: weak }, takeover), ['drill-takeover-unsure']);
  assert.deepEqual(codes({ gate: { open: false, enforced: false } }, takeover), ['drill-takeover-unsure']);
  assert.deepEqual(codes({}, takeover, 'on-isolation: serve'), ['drill-takeover-unsure']);
  const slow = 'timing: { promise: 3s, lease: 2800ms, heartbeat: 400ms }';
  assert.deepEqual(codes({}, takeover, slow), ['drill-takeover-slow']);
  assert.equal(silentMsOf(configWith()), 2800);
});

test('what is real ends a drill, and what the drill itself does is no fault', () => {
  const away = { isAway: true, silentForMs: 4000 };
  const serving: NodeSnapshot = { ...standby, server: 'this' };
  assert.equal(realFault(serving, away), null);
  assert.match(realFault({ ...serving, other: { ...standby.other, heardMsAgo: 5000 } }, away) ?? '', /not heard/);
  assert.equal(
    realFault({ ...serving, other: { ...standby.other, heardMsAgo: 5000 } }, { ...away, silentForMs: 6000 }),
    null,
  );
  assert.match(realFault(standby, away) ?? '', /went back/);
  assert.equal(realFault(standby, { ...away, isAway: false }), null);
  assert.match(realFault({ ...serving, mode: 'manual' }, away) ?? '', /manual/);
  assert.match(
    realFault({ ...serving, health: { ...standby.health, verdict: 'down', reason: 'gone' } }, away) ?? '',
    /gone/,
  );
});

test('windows are in local time, go over midnight, and belong to the day on which they begin', () => {
  const at = (day: number, hours: number, minutes = 0) => ({ day, minutes: hours * 60 + minutes });
  assert.equal(isWithin([], at(3, 12)), true);
  assert.equal(isWithin(['22:00-05:30'], at(3, 5, 29)), true);
  assert.equal(isWithin(['22:00-05:30'], at(3, 5, 30)), false);
  assert.equal(isWithin(['22:00-05:30'], at(3, 22)), true);
  assert.equal(isWithin(['sun 22:00-05:30'], at(1, 3)), true);
  assert.equal(isWithin(['sun 22:00-05:30'], at(0, 3)), false);
  assert.equal(isWithin(['fri-mon 01:00-02:00'], at(0, 1)), true);
  assert.equal(isWithin(['fri-mon 01:00-02:00'], at(2, 1)), false);
});

const row = (from: number, text: string, sight: Sample['sight']): readonly Sample[] =>
  Array.from(text).flatMap((each, index) =>
    each === ' ' ? [] : [{ at: 1000 + (from + index) * 100, answered: each === 'y', sight }],
  );

test('what telephones saw: the network decides, the serving node’s own word fills, the blind say nothing', () => {
  const atStandby = [...row(0, 'yyynnn', 'network'), ...row(6, 'yy', 'own')];
  const atMain = [...row(0, 'yyyyyyy', 'blind'), ...row(7, 'nyy', 'network')];
  const seen = seenBy([atStandby, atMain], true);
  assert.equal(seen.slots, 'yyynnnonyy');
  assert.deepEqual(seen.silences, [
    { at: 300, ms: 300, isOpen: false },
    { at: 700, ms: 100, isOpen: false },
  ]);
  assert.equal(silenceBetween(seen, 1350, 1500), 300);
  assert.equal(silenceBetween(seen, 1000, 1200), 0);
  assert.equal(answeredShare(atStandby), 5 / 8);
});

test('without a virtual address a telephone is content with either node; silence to the end is open', () => {
  const seen = seenBy([row(0, 'yynnn', 'network'), row(0, 'nnyn ', 'network')], false);
  assert.equal(seen.slots, 'yyynn');
  assert.deepEqual(seen.silences, [{ at: 300, ms: 200, isOpen: true }]);
  assert.equal(seenBy([[], []], true).slots, '');
});

test('samples go over the wire and come back, by the other clock; what is odd is left out', () => {
  const samples = row(0, 'yn', 'network');
  assert.deepEqual(unpacked(packed(samples), 0), samples);
  assert.equal(unpacked(packed(samples), 40)[0]?.at, 960);
  assert.deepEqual(unpacked([['x', 1, 0], [1, 1, 9], null], 0), []);
  assert.deepEqual(unpacked('x', 0), []);
});

test('what comes from elsewhere is checked', () => {
  assert.equal(readDrillAsk({ name: 'begin', kind: 'reboot' }), null);
  assert.equal(readDrillAsk({ name: 'begin', kind: 'dry', withCalls: 'yes' }), null);
  assert.deepEqual(readDrillAsk({ name: 'stop' }), { name: 'stop' });
  assert.equal(readPeerMessage({ type: 'deed', id: '1', deed: { do: 'silence', ms: -1 } }), null);
  assert.equal(readPeerMessage({ type: 'deed', id: '1', deed: { do: 'exec' } }), null);
  assert.equal(readPeerMessage({ type: 'report', report: { ...drillReport, id: '../../x' } }), null);
  assert.equal(readPeerMessage(7), null);
});

test('reports are kept, the oldest go, and a path is no id', () => {
  const directory = mkdtempSync(join(tmpdir(), 'drill-'));
  try {
    const store = createDrillStore(directory);
    assert.deepEqual(store.list(), []);
    for (const second of [1, 2, 3]) {
      const startedAt = drillReport.startedAt + second * 1000;
      store.keep({ ...drillReport, id: idOf(startedAt), startedAt }, 2);
    }
    assert.deepEqual(
      store.list().map(({ id }) => id),
      ['20270115-080003', '20270115-080002'],
    );
    assert.equal(store.report('20270115-080001'), null);
    assert.equal(store.report('20270115-080003')?.outcome, 'passed');
    assert.equal(store.report('../list'), null);
    const current = {
      id: '20270115-080000',
      kind: 'takeover',
      by: 'x',
      startedAt: 1,
      isMoved: true,
      from: { seq: 1, hash: 'a' },
    } as const;
    store.setCurrent(current);
    assert.deepEqual(store.current(), current);
    store.setCurrent(null);
    assert.equal(store.current(), null);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a year of drills, with the clock set back in the middle: the newest reports stay', () => {
  const directory = mkdtempSync(join(tmpdir(), 'drill-'));
  try {
    const store = createDrillStore(directory);
    const kept: string[] = [];
    for (let day = 1; day <= 40; day += 1) {
      const startedAt = drillReport.startedAt + day * 86_400_000 - (day > 20 ? 365 * 86_400_000 : 0);
      kept.unshift(idOf(startedAt));
      store.keep({ ...drillReport, id: idOf(startedAt), startedAt }, 10);
    }
    assert.deepEqual(
      store.list().map(({ id }) => id),
      kept.slice(0, 10),
    );
    assert.equal(readdirSync(join(directory, 'drills')).length, 11);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('the journal proves a report, and nothing else of that name', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'drill-'));
  const journal = createJournal({ path: directory, maxAgeMs: 1e9, maxSizeBytes: 1e7, memoryEntries: 10 });
  try {
    const entry = { wall: drillReport.startedAt, at: 1, epoch: 2, reasons: [] };
    journal.append({ ...entry, kind: 'drill', data: {} });
    assert.ok((await journal.flush()).ok);
    const [first] = journal.read({ limit: 1 });
    const place = { seq: first?.seq ?? 0, hash: first?.hash ?? '' };
    const report = { ...drillReport, journal: { node: 'pbx2', from: place, to: place } };
    const reader = openJournalReader(directory);
    assert.ok(reader.ok);
    const before = proveReport(report, reader.value);
    assert.ok(!before.ok && before.error.code === 'drill-unsigned');
    journal.append({ ...entry, kind: 'drill-report', data: { id: report.id, digest: digestOfReport(report) } });
    assert.ok((await journal.flush()).ok);
    const proved = proveReport(JSON.parse(JSON.stringify(report)), reader.value);
    assert.ok(proved.ok && proved.value.isBetween, JSON.stringify(proved));
    const changed = proveReport({ ...report, outcome: 'failed' }, reader.value);
    assert.ok(!changed.ok && changed.error.code === 'drill-untrue');
    const foreign = { ...report, journal: { ...report.journal, from: { seq: 1, hash: 'b'.repeat(64) } } };
    assert.ok(!proveReport(foreign, reader.value).ok);
  } finally {
    journal.close();
    rmSync(directory, { recursive: true });
  }
});

test('a report is drawn and printed, and what it says is no markup', () => {
  const evil = { ...drillReport, by: '<script>alert(1)</script>', former: [] };
  assert.deepEqual(readDrillReport(JSON.parse(JSON.stringify(evil))), evil);
  const page = paperOf(evil);
  assert.ok(!page.includes('<script>'));
  assert.match(page, /&lt;script&gt;/);
  assert.equal(linesOfPicture(evil).length, 2);
  assert.match(pictureOf(evil), /class="no"/);
  assert.equal(pictureOf({ ...evil, phones: { ...evil.phones, seen: null } }), '');
});
