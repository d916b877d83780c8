import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Result } from '../../../core/result.ts';
import { eventsPart, identity, type Nodes, options, startNodes } from '../testing/nodes.ts';

let nodes: Nodes;
before(async () => {
  nodes = await startNodes();
});
after(() => nodes?.stop());

const must = <T>(result: Result<T>): T => {
  if (!result.ok) assert.fail(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

const rows = (side: Nodes['main'], sql: string) => side.query(sql);

beforeEach(async () => {
  for (const cluster of [nodes.main, nodes.standby]) {
    await cluster.query('TRUNCATE call_log, cel, participant, queue_log RESTART IDENTITY CASCADE');
    await cluster.query(
      'DROP TABLE IF EXISTS dualtone.merged, dualtone.aside, dualtone.merge_changes, dualtone.merge_settled',
    );
  }
});

/** `count` calls within the term from 10:00 on, one a minute, with two channel events and a participant each. */
const calls = async (count: number, from = '2026-03-01 10:00Z'): Promise<void> => {
  await nodes.standby.query(`
    INSERT INTO call_log (date, source, answered, "duration-ms")
      SELECT '${from}'::timestamptz + n * interval '1 minute', 'line' || n, true, 9007199254740993 FROM generate_series(0, ${count - 1}) n;
    INSERT INTO cel (eventtype, eventtime, linkedid, extra, tags, call_log_id)
      SELECT e, l.date + interval '1 second' * o, 'c' || l.id, '{"a": 1e400}', ARRAY['x', NULL, E'tab\\tnew\\nline\\\\N'], l.id
      FROM call_log l, (VALUES ('START', 0), ('END', 5)) v(e, o) WHERE l.date >= '${from}' ORDER BY l.id, o;
    INSERT INTO participant (uuid, call_log_id, role, user_id)
      SELECT gen_random_uuid(), l.id, 'source', 1 + l.id % 20 FROM call_log l WHERE l.date >= '${from}'`);
};

const CEL = `SELECT eventtype, eventtime, linkedid, extra, tags, shout, (SELECT source FROM call_log l WHERE l.id = call_log_id) AS call
  FROM cel ORDER BY cel.id`;

test('rows come with new numbers, re-pointed, in the order of their time, once', async () => {
  await nodes.main.query(`INSERT INTO call_log (date, source) SELECT now(), 'own' FROM generate_series(1, 50)`);
  await nodes.main.query(
    `INSERT INTO cel (eventtype, eventtime) SELECT 'OWN', '2026-03-01 09:00Z' FROM generate_series(1, 7)`,
  );
  await calls(60);
  await nodes.standby.query(`INSERT INTO queue_log ("time", callid, event) VALUES
    ('2026-03-01 10:30:00.123', 'a', 'ENTERQUEUE'), ('2026-03-01T11:00:00', 'b', 'X'), ('1772362800.5', 'c', 'EPOCH'),
    ('2026-03-01 09:30:00', 'early', 'X'), ('', 'none', 'X'), ('garbage', 'none', 'X'), ('2026-13-45 99:99', 'none', 'X')`);
  const part = eventsPart(nodes, { batchRows: 37 });
  const preview = must(await part.preview(identity(), options()));
  assert.equal(preview.count, 60 + 120 + 60 + 3);
  assert.equal((await rows(nodes.main, 'SELECT 1 FROM participant')).length, 0);
  const report = must(await part.run(identity(), options()));
  assert.equal(report.count, 243);
  assert.deepEqual(report.conflicts, []);
  assert.match(report.warnings.join(), /1 event of queue_log on the standby without a time/);
  assert.deepEqual(
    (await rows(nodes.main, CEL)).filter((row) => row['eventtype'] !== 'OWN'),
    await rows(nodes.standby, CEL),
  );
  const [numbers] = await rows(
    nodes.main,
    `SELECT min(id) AS low, max(id) AS high FROM call_log WHERE source LIKE 'line%'`,
  );
  assert.deepEqual(numbers, { low: 51, high: 110 });
  assert.deepEqual(await rows(nodes.main, `SELECT "duration-ms" AS d FROM call_log WHERE source = 'line5'`), [
    { d: '9007199254740993' },
  ]);
  assert.deepEqual(
    await rows(nodes.main, 'SELECT uuid, role, user_id FROM participant ORDER BY uuid'),
    await rows(nodes.standby, 'SELECT uuid, role, user_id FROM participant ORDER BY uuid'),
  );
  assert.deepEqual(await rows(nodes.main, 'SELECT callid FROM queue_log ORDER BY callid'), [
    { callid: 'a' },
    { callid: 'b' },
    { callid: 'c' },
  ]);
  const before = await rows(nodes.main, CEL);
  assert.equal(must(await part.run(identity(), options())).count, 243);
  assert.deepEqual(await rows(nodes.main, CEL), before);
  assert.equal(must(await part.preview(identity(), options())).count, 0);
  // What the main writes afterwards gets numbers of its own.
  await nodes.main.query(`INSERT INTO call_log (date) VALUES (now())`);
});

test('an autovacuum that is at the tables of the merge is not waited for', async () => {
  const part = eventsPart(nodes);
  await calls(3);
  must(await part.run(identity(), options()));
  // It gives way to who waits for a second, and Dualtone waits for half of one.
  const vacuum = await nodes.main.connect();
  try {
    await vacuum.query('BEGIN; LOCK TABLE dualtone.merged, dualtone.merge_changes IN SHARE UPDATE EXCLUSIVE MODE');
    await calls(4, '2026-03-01 11:00Z');
    const report = must(await part.run(identity(), options({ signal: AbortSignal.timeout(20_000) })));
    assert.equal(report.count, 4 * 7);
  } finally {
    await vacuum.end();
  }
});

test('the first pass leaves what may still get its call; the second brings it, and what changed meanwhile', async () => {
  await calls(5, '2026-03-01 11:50Z');
  await nodes.standby.query(
    `INSERT INTO cel (eventtype, eventtime, linkedid) VALUES ('NEW', '2026-03-01 11:59Z', 'running'), ('OLD', '2026-03-01 10:00Z', 'never')`,
  );
  const part = eventsPart(nodes, { now: () => Date.parse('2026-03-01T12:00:00Z'), youngMs: 3_600_000 });
  const first = must(await part.run(identity(), options({ pass: 'first' })));
  assert.deepEqual([first.count, first.left], [5 + 10 + 1 + 5, 1]);
  await nodes.standby.query(`INSERT INTO call_log (date, source) VALUES ('2026-03-01 11:59Z', 'late')`);
  await nodes.standby.query(`UPDATE cel SET call_log_id = (SELECT max(id) FROM call_log) WHERE linkedid = 'running'`);
  await nodes.standby.query(`UPDATE call_log SET answered = false, source = 'renamed' WHERE id = 2`);
  const second = must(await part.run(identity(), options()));
  assert.deepEqual([second.count, second.left], [5 + 10 + 1 + 5 + 2, 0]);
  const call = `SELECT source, answered FROM call_log ORDER BY source`;
  assert.deepEqual(await rows(nodes.main, call), await rows(nodes.standby, call));
  assert.deepEqual(
    await rows(nodes.main, `SELECT l.source FROM cel JOIN call_log l ON l.id = call_log_id WHERE linkedid = 'running'`),
    [{ source: 'late' }],
  );
});

test('what does not fit is kept aside and listed, and the rest comes; once it fits it comes too', async () => {
  await calls(40);
  await nodes.standby.query(`INSERT INTO users (id, name) VALUES (99, 'new there')`);
  await nodes.standby.query(`UPDATE participant SET user_id = 99 WHERE call_log_id = 3`);
  await nodes.standby.query(`UPDATE participant SET must_user = 99 WHERE call_log_id = 4`);
  await nodes.main.query(`ALTER TABLE cel ADD CONSTRAINT odd CHECK (linkedid <> 'c7')`);
  const part = eventsPart(nodes);
  const report = must(await part.run(identity(), options()));
  assert.equal(report.count, 40 + 78 + 39);
  assert.deepEqual(report.conflicts.map((conflict) => conflict.item.split(' ')[0] ?? '').toSorted(), [
    'cel',
    'cel',
    'participant',
    'participant',
  ]);
  assert.match(
    report.conflicts.map((conflict) => conflict.text).join('\n'),
    /user_id leads to a row of users that the main/,
  );
  assert.deepEqual(await rows(nodes.main, `SELECT row->>'user_id' AS u FROM dualtone.aside WHERE state = 'trimmed'`), [
    { u: '99' },
  ]);
  assert.deepEqual(
    await rows(nodes.main, `SELECT row->>'linkedid' AS c FROM dualtone.aside WHERE table_name = 'cel' LIMIT 1`),
    [{ c: 'c7' }],
  );
  await nodes.main.query(`ALTER TABLE cel DROP CONSTRAINT odd`);
  await nodes.main.query(`INSERT INTO users (id, name) VALUES (99, 'new there')`);
  const again = must(await part.run(identity(), options()));
  assert.equal(again.count, 40 + 80 + 40);
  assert.deepEqual(await rows(nodes.main, 'SELECT state FROM dualtone.aside'), [{ state: 'trimmed' }]);
  for (const cluster of [nodes.main, nodes.standby]) {
    await cluster.query('TRUNCATE participant');
    await cluster.query('DELETE FROM users WHERE id = 99');
  }
});

test('undo takes back exactly what came, and a merge can begin anew', async () => {
  await calls(30);
  await nodes.main.query(`INSERT INTO call_log (date, source) VALUES (now(), 'own')`);
  const part = eventsPart(nodes, { batchRows: 16 });
  must(await part.run(identity(), options()));
  await nodes.main.query(`INSERT INTO call_log (date, source) VALUES (now(), 'later')`);
  const undone = must(
    await part.undo(identity(), { settled: false, signal: options().signal, onProgress: () => undefined }),
  );
  assert.equal(undone.count, 120);
  assert.deepEqual(await rows(nodes.main, 'SELECT source FROM call_log ORDER BY source'), [
    { source: 'later' },
    { source: 'own' },
  ]);
  assert.deepEqual(
    await rows(nodes.main, 'SELECT (SELECT count(*) FROM cel) + (SELECT count(*) FROM participant) AS n'),
    [{ n: '0' }],
  );
  must(await part.run(identity({ mergeKey: '22222222-2222-4222-8222-222222222222' }), options()));
  assert.equal((await rows(nodes.main, 'SELECT 1 FROM call_log')).length, 32);
  const settled = { settled: true, signal: options().signal, onProgress: () => undefined };
  must(await part.undo(identity({ mergeKey: '22222222-2222-4222-8222-222222222222' }), settled));
  assert.deepEqual(await rows(nodes.main, `SELECT count(*)::int AS n FROM dualtone.aside WHERE state = 'undone'`), [
    { n: 120 },
  ]);
});

test('plain words where a table cannot be merged', async () => {
  const code = async (change: object): Promise<string> => {
    const result = await eventsPart(nodes, change).preview(identity(), options());
    return result.ok ? 'ok' : result.error.message;
  };
  const rule = { table: 'cel', key: 'id', time: 'eventtime', parent: null };
  assert.equal(await code({ events: [rule] }), 'ok');
  assert.match(await code({ events: [{ ...rule, key: 'linkedid' }] }), /`linkedid` is not unique/);
  assert.match(await code({ events: [{ ...rule, time: 'extra' }] }), /`extra` is no time/);
  assert.match(await code({ events: [{ ...rule, time: 'nope' }] }), /no column `nope`/);
  assert.match(await code({ events: [{ ...rule, time: null }] }), /neither `time` nor `parent`/);
  assert.match(
    await code({ events: [{ ...rule, parent: { table: 'call_log', column: 'call_log_id' } }] }),
    /`call_log`, to which they belong, has no entry/,
  );
});
