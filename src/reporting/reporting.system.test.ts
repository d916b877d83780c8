import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { ok } from '../core/result.ts';
import { startCutter } from '../replication/postgres/testing/cutter.ts';
import type { PassOptions } from './pass.ts';
import { reportingSql } from './postgres/schema-sql.ts';
import { createPostgresTarget } from './postgres/target.ts';
import { isWhole, reportLines, reportOn } from './report.ts';
import { drain, type Fixture, startFixture, tables } from './testing/fixture.ts';

type Node = 'main' | 'standby';

let fixture: Fixture;
before(async () => {
  fixture = await startFixture();
});
after(async () => {
  await fixture.stop();
});
beforeEach(async () => {
  await fixture.reset();
});

const never = new AbortController().signal;

/** Queue log only, where channel events would show the same. */
const queueOnly = (node: Node, changes: Partial<PassOptions> = {}): PassOptions => {
  const lane = fixture.lane(node, changes);
  return { ...lane, source: { ...lane.source, tables: tables.slice(0, 1) } };
};

const queueSql = (node: Node, from: number, to: number): string =>
  `INSERT INTO queue_log ("time", callid, event, data1) SELECT to_char('2026-03-01 10:30'::timestamp + n * interval '1 s', 'YYYY-MM-DD HH24:MI:SS.US'),
     '${node}-' || n, 'ENTERQUEUE', 'it''s "' || n FROM generate_series(${from}, ${to}) n`;

const write = async (node: Node, from: number, to: number): Promise<void> => {
  await fixture.on(
    node,
    `${queueSql(node, from, to)}; INSERT INTO cel (eventtype, eventtime, linkedid, extra)
       SELECT 'ANSWER', '2026-03-01 10:30Z'::timestamptz + n * interval '1 s', '${node}-' || n, '{"a": 1}' FROM generate_series(${from}, ${to}) n`,
  );
};

const named = (node: Node, from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_one, index) => `${node}-${from + index}`);

const names = async (): Promise<readonly string[]> =>
  (await fixture.on('stats', 'SELECT callid FROM queue_log ORDER BY id')).map((row) => String(row['callid']));

const send = async (lane: PassOptions): Promise<string> => {
  const done = await drain(lane);
  return done.ok ? `${done.value.sent} ${done.value.known} ${done.value.refused} ${done.value.gone}` : done.error.code;
};

const report = (node: Node) => reportOn(queueOnly(node), true, never);

test('the standby’s events go once and in order; what a merge brings home goes no second time', async () => {
  await write('standby', 1, 20);
  assert.equal(await send(fixture.lane('standby')), '40 0 0 0');
  await write('standby', 21, 30);
  await fixture.merge();
  await write('main', 1, 10);
  // The ten that the standby has not sent yet come from the main; its own after them.
  assert.equal(await send(fixture.lane('main')), '40 40 0 0');
  assert.equal(await send(fixture.lane('standby')), '0 20 0 0');
  assert.deepEqual(await names(), [...named('standby', 1, 30), ...named('main', 1, 10)]);
  const [cel] = await fixture.on('stats', 'SELECT count(*)::int AS n, count(DISTINCT linkedid)::int AS names FROM cel');
  assert.deepEqual({ ...cel }, { n: 40, names: 40 });
  for (const node of ['main', 'standby'] as const) {
    const whole = await reportOn(fixture.lane(node), true, never);
    assert.ok(isWhole(whole), JSON.stringify(whole));
  }
});

test('both nodes at once: each number once, each event once', async () => {
  await write('standby', 1, 60);
  await fixture.merge();
  await write('main', 1, 60);
  const both = await Promise.all([drain(fixture.lane('main')), drain(fixture.lane('standby'))]);
  assert.deepEqual(
    both.map((each) => each.ok),
    [true, true],
    JSON.stringify(both),
  );
  const all = await names();
  assert.equal(all.length, 120);
  assert.equal(new Set(all).size, 120);
});

for (const ending of ['COMMIT', 'ROLLBACK'] as const)
  test(`an earlier number that is still being written is waited for: ${ending}`, async () => {
    await write('main', 1, 3);
    const slow = await fixture.cluster.connect({ database: 'main' });
    await slow.query(`BEGIN; ${queueSql('main', 4, 4)}`);
    await write('main', 5, 9);
    assert.equal(await send(queueOnly('main')), '3 0 0 0');
    assert.equal(await send(queueOnly('main')), '0 0 0 0');
    await slow.query(ending);
    await slow.end();
    assert.equal(await send(queueOnly('main')), ending === 'COMMIT' ? '6 0 0 0' : '5 0 0 0');
    assert.deepEqual(await names(), [...named('main', 1, ending === 'COMMIT' ? 4 : 3), ...named('main', 5, 9)]);
  });

test('events that were deleted before they went are told as a gap, by number', async () => {
  await write('main', 1, 5);
  await send(queueOnly('main'));
  await write('main', 6, 20);
  await fixture.on('main', 'DELETE FROM queue_log WHERE id <= 12');
  assert.equal(await send(queueOnly('main')), '8 0 0 7');
  const found = await report('main');
  assert.deepEqual(found.tables[0]?.gone, [{ from: 6, to: 12 }]);
  assert.match(reportLines(found).join('\n'), /! numbers 6 to 12 were deleted here before they could be sent/);
});

test('what somebody deletes there is told, and second copies by another sender', async () => {
  await write('main', 1, 9);
  await send(queueOnly('main'));
  assert.ok(isWhole(await report('main')));
  await fixture.on('stats', 'DELETE FROM queue_log WHERE id IN (4, 5)');
  await fixture.on(
    'stats',
    `INSERT INTO queue_log SELECT id + 100, "time", callid, event, data1 FROM queue_log WHERE id < 4;
     INSERT INTO queue_log VALUES (200, '2026-03-01', 'new', 'NONE', '')`,
  );
  const {
    tables: [table],
    ...rest
  } = await report('main');
  assert.deepEqual([table?.missing, table?.twice, table?.others], [[{ from: 1, to: 9, count: 2 }], 3, 4]);
  assert.ok(!isWhole({ ...rest, tables: table === undefined ? [] : [table] }));
  // Numbers of others are passed over, not written upon.
  await write('main', 10, 12);
  assert.equal(await send(queueOnly('main')), '3 0 0 0');
});

test('an event that does not fit is kept aside with its reason, and the rest goes on', async () => {
  await write('main', 1, 3);
  await fixture.on('main', `INSERT INTO queue_log ("time", callid, event) VALUES ('no time', 'odd', 'x')`);
  await write('main', 4, 6);
  await fixture.on('main', `UPDATE queue_log SET data1 = repeat('x', 31) WHERE callid = 'main-5'`);
  assert.equal(await send(queueOnly('main')), '5 0 2 0');
  assert.deepEqual(await names(), [...named('main', 1, 4), 'main-6']);
  const found = await report('main');
  assert.deepEqual(found.tables[0]?.missing, []);
  assert.deepEqual(
    found.refused.map(({ key }) => key),
    [4, 6],
  );
  assert.match(found.refused[1]?.reason ?? '', /too long/);
  // The table is put right: at the next session the one that fits now goes, once.
  await fixture.on('stats', 'ALTER TABLE queue_log ALTER data1 TYPE text');
  assert.equal(await send(queueOnly('main')), '0 0 0 0');
  assert.deepEqual((await names()).toSorted(), named('main', 1, 6));
  assert.deepEqual(
    (await report('main')).refused.map(({ key }) => key),
    [4],
  );
});

test('nothing is written where a table, a column or a right is missing; and rows there cannot be changed by the role', async () => {
  await write('main', 1, 3);
  await fixture.on('stats', 'ALTER TABLE queue_log RENAME data1 TO data2');
  assert.equal(await send(fixture.lane('main')), 'reporting-table-unfit');
  await fixture.on('stats', 'ALTER TABLE queue_log RENAME data2 TO data1; REVOKE INSERT ON cel FROM reporter');
  assert.equal(await send(fixture.lane('main')), 'reporting-table-unfit');
  await fixture.on('stats', 'DROP SCHEMA dualtone_reporting CASCADE');
  assert.equal(await send(fixture.lane('main')), 'reporting-target-unprepared');
  assert.deepEqual(await names(), []);
  await fixture.on('stats', reportingSql('public', tables, 'reporter'));
  assert.equal(await send(fixture.lane('main')), '6 0 0 0');
  const client = await fixture.cluster.connect({ database: 'stats' });
  await client.query('SET ROLE reporter');
  for (const sql of ['DELETE FROM queue_log', 'UPDATE cel SET extra = NULL', 'TRUNCATE cel'])
    await assert.rejects(client.query(sql), /permission denied/);
  await client.end();
});

test('the connection is cut, or falls silent, after any byte: also after the commit and before its answer', async () => {
  await write('main', 1, 12);
  const { host, port } = fixture.access;
  const through = (cutPort: number, limitMs: number): PassOptions => {
    const access = { ...fixture.access, port: cutPort, statementMs: limitMs, connectMs: limitMs };
    const target = createPostgresTarget({ access: () => ok(access), schema: 'public', mostRuns: 10 });
    return queueOnly('main', { target });
  };
  const whole = await startCutter(host, port, 'cut', Number.POSITIVE_INFINITY);
  assert.equal(await send(through(whole.port, 60_000)), '12 0 0 0');
  const length = whole.passed();
  await whole.stop();
  // The login is before, the commit and its answer are near the end.
  const cuts = [0.35, 0.6, 0.75, 0.85, 0.93].map((part) => Math.floor(part * length));
  for (const cut of [...cuts, length - 160, length - 120, length - 80, length - 40]) {
    await fixture.reset();
    await write('main', 1, 12);
    const isSilent = cut === cuts[3];
    const cutter = await startCutter(host, port, isSilent ? 'silent' : 'cut', cut);
    const broken = await send(through(cutter.port, isSilent ? 400 : 60_000));
    await cutter.stop();
    assert.match(broken, /^(reporting-target-failed|12 0 0 0)$/);
    await send(queueOnly('main'));
    assert.deepEqual(await names(), named('main', 1, 12), `cut after ${cut} bytes`);
  }
});

test('the reporting database is killed in the middle of a transaction, and comes back', async () => {
  await write('main', 1, 10);
  const halts: Promise<void>[] = [];
  const onStep = (step: string): void => {
    if (step !== 'inserted' || halts.length > 0) return;
    // The halt takes a moment, in which the transaction could be committed.
    fixture.cluster.killSessions();
    halts.push(fixture.cluster.halt('kill'));
  };
  const broken = await drain(queueOnly('main', { onStep })).catch(() => null);
  await Promise.all(halts);
  await fixture.cluster.startAgain();
  assert.notEqual(broken?.ok, true);
  await send(queueOnly('main'));
  assert.deepEqual(await names(), named('main', 1, 10));
});

test('a database that was restored is told, and sent by nobody until a person says so', async () => {
  await write('main', 1, 8);
  await send(queueOnly('main'));
  await fixture.on('main', 'TRUNCATE queue_log RESTART IDENTITY');
  await write('main', 1, 3);
  assert.equal(await send(queueOnly('main')), 'reporting-source-changed');
  await write('main', 101, 109);
  assert.equal(await send(queueOnly('main')), 'reporting-source-changed');
  const lane = queueOnly('main', { begin: 'now' });
  const next = { ...lane, source: { ...lane.source, era: 2 } };
  assert.equal(await send(next), '0 0 0 0');
  await write('main', 110, 111);
  assert.equal(await send(next), '2 0 0 0');
});

test('a year of undone writes leaves no more behind than is allowed, and still nothing goes twice', async () => {
  const target = createPostgresTarget({ access: () => ok(fixture.access), schema: 'public', mostRuns: 5 });
  for (let day = 0; day < 40; day += 1)
    await fixture.on('main', `${queueSql('main', day + 1, day + 1)}; SELECT nextval('queue_log_id_seq')`);
  await send(queueOnly('main', { target }));
  await send(queueOnly('main', { target }));
  const [runs] = await fixture.on('stats', 'SELECT count(*)::int AS n FROM dualtone_reporting.run');
  assert.equal(runs?.['n'], 5);
  assert.deepEqual(await names(), named('main', 1, 40));
  // As if the position were lost: what was folded is known all the same.
  await fixture.on('stats', 'UPDATE dualtone_reporting.position SET position = 0, digest = NULL');
  assert.equal(await send(queueOnly('main', { target })), '0 40 0 0');
});
