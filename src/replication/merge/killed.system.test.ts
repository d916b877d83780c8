import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventsPart, identity, type Nodes, options, startNodes } from './testing/nodes.ts';

let nodes: Nodes;
before(async () => {
  nodes = await startNodes();
});
after(() => nodes?.stop());

const worker = fileURLToPath(new URL('testing/killed.ts', import.meta.url));

const startWorker = (pass: string): ChildProcess => {
  const reach = ({ socketDir, port, database }: Nodes['main']) => ({ socketDir, port, database });
  const where = JSON.stringify({ main: reach(nodes.main), standby: reach(nodes.standby) });
  return spawn(process.execPath, [worker, where, pass], { stdio: ['ignore', 'pipe', 'inherit'] });
};

/** Kills it `delayMs` after its `lines`th line; answers the last line that it said. */
const killAfter = async (child: ChildProcess, lines: number, delayMs: number): Promise<string> => {
  let seen = 0;
  let last = '';
  assert.ok(child.stdout !== null);
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    seen += 1;
    if (seen === lines) setTimeout(() => child.kill('SIGKILL'), delayMs);
  }
  await exited;
  return last;
};

const MATCH = `SELECT count(*)::int AS calls, count(DISTINCT source)::int AS sources,
  (SELECT count(*)::int FROM cel) AS cel, (SELECT count(DISTINCT linkedid)::int FROM cel) AS linked,
  (SELECT count(*)::int FROM cel e JOIN call_log l ON l.id = e.call_log_id WHERE 'c' || l.source = e.linkedid) AS pointed,
  (SELECT count(*)::int FROM participant) AS participants FROM call_log`;

test('killed with SIGKILL at random points, again and again: every call is there exactly once, with its own', async (t) => {
  await nodes.main.query(`INSERT INTO call_log (date, source) SELECT '2026-03-01 08:00Z', 'own' || n FROM generate_series(1, 33) n;
    DELETE FROM call_log`);
  await nodes.standby.query(`
    INSERT INTO call_log (date, source) SELECT '2026-03-01 10:00Z'::timestamptz + n * interval '1 second', n FROM generate_series(1, 900) n;
    INSERT INTO cel (eventtype, eventtime, linkedid, call_log_id) SELECT e, l.date, 'c' || l.source, l.id FROM call_log l, (VALUES ('START'), ('END')) v(e);
    INSERT INTO participant (uuid, call_log_id, role) SELECT gen_random_uuid(), id, 'source' FROM call_log`);
  let ended = false;
  for (let round = 0; round < 12 && !ended; round += 1) {
    const last = await killAfter(
      startWorker(round < 3 ? 'first' : 'second'),
      1 + Math.floor(Math.random() * 12),
      Math.random() * 30,
    );
    t.diagnostic(`round ${round}: ${last}`);
    assert.doesNotMatch(last, /^fault/);
    ended = last.startsWith('ended') && round >= 3;
  }
  const report = await eventsPart(nodes).run(identity(), options());
  assert.ok(report.ok, report.ok ? '' : report.error.message);
  assert.equal(report.value.count, 900 + 1800 + 900);
  assert.deepEqual(report.value.conflicts, []);
  const [there] = await nodes.standby.query(MATCH);
  assert.deepEqual(there, { calls: 900, sources: 900, cel: 1800, linked: 900, pointed: 1800, participants: 900 });
  assert.deepEqual(await nodes.main.query(MATCH), [there]);
});

test('the connections are cut by the server in the middle: nothing is lost nor twice when it is back', async () => {
  await nodes.main.query('TRUNCATE call_log, cel, participant CASCADE; DELETE FROM dualtone.merged');
  const child = startWorker('second');
  assert.ok(child.stdout !== null);
  let killed = false;
  let last = '';
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    if (killed || !line.startsWith('events of cel')) continue;
    killed = true;
    await nodes.main.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dualtone' AND datname = 'main'`,
    );
  }
  await exited;
  assert.match(last, /^fault database-/);
  const report = await eventsPart(nodes).run(identity(), options());
  assert.ok(report.ok && report.value.count === 3600);
  assert.deepEqual(await nodes.main.query(MATCH), await nodes.standby.query(MATCH));
});
