import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Result } from '../../../core/result.ts';
import type { ChangesOptions } from '../options.ts';
import type { MergePart } from '../part.ts';
import { databaseRules } from '../testing/model.ts';
import { connectTo, identity, type Nodes, options, schemaSql, startNodes } from '../testing/nodes.ts';
import { createConfigurationPart } from './configuration-part.ts';
import { createStatusPart } from './status-part.ts';

let nodes: Nodes;
let status: MergePart;
let configuration: MergePart;

before(async () => {
  nodes = await startNodes(schemaSql);
  await nodes.standby.query(`UPDATE dualtone.guard SET keeps_log = true, serving = true, epoch = 3;
    CREATE TRIGGER dualtone_log AFTER INSERT OR UPDATE OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION dualtone.log_change('users', 'id');
    CREATE TRIGGER dualtone_log AFTER INSERT OR UPDATE OR DELETE ON extensions FOR EACH ROW EXECUTE FUNCTION dualtone.log_change('extensions', 'id');
    CREATE TRIGGER dualtone_empty AFTER TRUNCATE ON extensions EXECUTE FUNCTION dualtone.log_change('extensions', 'id')`);
  const changes: ChangesOptions = {
    connectHere: connectTo('the main', nodes.main),
    connectThere: connectTo('the standby', nodes.standby),
    schema: 'public',
    rules: databaseRules,
  };
  status = createStatusPart(changes);
  configuration = createConfigurationPart(changes);
});
after(() => nodes?.stop());

beforeEach(async () => {
  for (const side of [nodes.main, nodes.standby])
    await side.query(`TRUNCATE extensions, call_log, cel, participant RESTART IDENTITY CASCADE; DELETE FROM users;
      INSERT INTO users (id, name, own) SELECT n, 'user ' || n, '${side.database}' FROM generate_series(1, 300) n;
      INSERT INTO extensions (exten, user_id) SELECT n, n FROM generate_series(1, 5) n`);
  await nodes.standby.query('TRUNCATE dualtone.changes');
  await nodes.main.query(
    'DROP TABLE IF EXISTS dualtone.merged, dualtone.aside, dualtone.merge_changes, dualtone.merge_settled',
  );
});

const must = <T>(result: Result<T>): T => {
  if (!result.ok) assert.fail(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
const undoing = { settled: false, signal: new AbortController().signal, onProgress: () => undefined };

test('status columns come home; changed on both, the standby wins; own columns stay; undo restores', async () => {
  await nodes.standby.query(`UPDATE users SET dnd = true, own = 'changed' WHERE id % 2 = 0;
    UPDATE users SET forward = '10' || id WHERE id <= 3`);
  await nodes.main.query(
    `UPDATE users SET forward = 'mine' WHERE id = 2; UPDATE users SET forward = 'kept' WHERE id = 9; DELETE FROM users WHERE id = 300`,
  );
  const was = await nodes.main.query('SELECT * FROM users ORDER BY id');
  assert.equal(must(await status.preview(identity(), options())).count, 149 + 2);
  const report = must(await status.run(identity(), options()));
  assert.equal(report.count, 151);
  assert.deepEqual(report.conflicts.map((conflict) => conflict.item).toSorted(), [
    'users {"id":2}',
    'users {"id":300}',
  ]);
  assert.match(
    report.conflicts.map((conflict) => conflict.text).join('\n'),
    /forward "mine" → "102" \(changed on both; the standby served\)/,
  );
  const now = await nodes.main.query('SELECT * FROM users ORDER BY id');
  assert.deepEqual(
    now.map((row) => [row['dnd'], row['forward'], row['own']]).slice(0, 9),
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => [id % 2 === 0, id <= 3 ? `10${id}` : id === 9 ? 'kept' : '', 'main']),
  );
  assert.equal(must(await status.run(identity(), options())).count, 151);
  // A user changes his mind on the standby after the first pass, another on the main.
  await nodes.standby.query(`UPDATE users SET dnd = false WHERE id = 4`);
  await nodes.main.query(`UPDATE users SET dnd = false WHERE id = 6`);
  must(await status.run(identity(), options()));
  assert.deepEqual(await nodes.main.query('SELECT id, dnd FROM users WHERE id IN (4, 6, 8) ORDER BY id'), [
    { id: 4, dnd: false },
    { id: 6, dnd: false },
    { id: 8, dnd: true },
  ]);
  const undone = must(await status.undo(identity(), undoing));
  assert.deepEqual(
    undone.conflicts.map((conflict) => conflict.item),
    ['users {"id":6}'],
  );
  assert.deepEqual(await nodes.main.query('SELECT * FROM users ORDER BY id'), was);
});

test('configuration waits by default, is merged when accepted, kept when refused, and taken back by undo', async () => {
  await nodes.standby.query(`INSERT INTO users (id, name) VALUES (500, 'new');
    INSERT INTO extensions (exten, user_id) VALUES ('500', 500);
    UPDATE extensions SET context = 'outside' WHERE id = 1;
    DELETE FROM extensions WHERE id = 2`);
  await nodes.main.query(`UPDATE extensions SET context = 'inside' WHERE id = 1`);
  const was = await nodes.main.query('SELECT * FROM extensions ORDER BY id');
  const asked = must(await configuration.run(identity(), options()));
  assert.deepEqual([asked.count, asked.pending.length, asked.refused.length], [0, 4, 0]);
  assert.deepEqual(await nodes.main.query('SELECT * FROM extensions ORDER BY id'), was);
  const text = asked.pending.map((entry) => entry.text).join('\n');
  assert.match(
    text,
    /extensions \(id 1\): context "default" → "outside" \(on the main: "inside"\)\. The main changed it too\./,
  );
  const deleted = asked.pending.find((entry) => entry.text.includes('deleted'));
  assert.ok(deleted !== undefined);
  const decisions = { all: 'accept' as const, byId: { [deleted.id]: 'refuse' as const } };
  const accepted = must(await configuration.run(identity(), options({ decisions })));
  assert.deepEqual([accepted.count, accepted.pending.length, accepted.refused.length], [3, 0, 1]);
  assert.deepEqual(
    (await nodes.main.query('SELECT id, exten, context FROM extensions ORDER BY id')).map((row) => Object.values(row)),
    [1, 2, 3, 4, 5].map((id) => [id, String(id), id === 1 ? 'outside' : 'default']).concat([[6, '500', 'default']]),
  );
  // The main's own next number is free.
  await nodes.main.query(`INSERT INTO extensions (exten) VALUES ('next')`);
  await nodes.main.query(`DELETE FROM extensions WHERE exten = 'next'`);
  const again = must(await configuration.run(identity(), options()));
  assert.deepEqual([again.count, again.pending.length, again.refused.length], [3, 0, 1]);
  must(await configuration.undo(identity(), undoing));
  assert.deepEqual(await nodes.main.query('SELECT * FROM extensions ORDER BY id'), was);
});

test('what waits can still be accepted when the standby and its log are gone', async () => {
  await nodes.standby.query(`UPDATE extensions SET context = 'outside' WHERE id = 3`);
  const [entry] = must(await configuration.run(identity(), options())).pending;
  await nodes.standby.query('TRUNCATE dualtone.changes');
  const decisions = { all: 'ask' as const, byId: { [entry?.id ?? '']: 'accept' as const } };
  const later = must(await configuration.run(identity({ settled: true }), options({ decisions })));
  assert.deepEqual([later.count, later.pending.length], [1, 0]);
  assert.deepEqual(await nodes.main.query('SELECT context FROM extensions WHERE id = 3'), [{ context: 'outside' }]);
});

test('a row that the main gave the same number stays, an accepted one that does not fit is told, an emptied table too', async () => {
  await nodes.standby.query(`INSERT INTO extensions (exten) VALUES ('there')`);
  await nodes.main.query(`INSERT INTO extensions (exten) VALUES ('here')`);
  await nodes.standby.query(`UPDATE extensions SET exten = 'here' WHERE id = 4`);
  const decisions = { all: 'accept' as const, byId: {} };
  const report = must(await configuration.run(identity(), options({ decisions })));
  assert.deepEqual([report.count, report.pending.length], [0, 2]);
  assert.match(report.pending.map((entry) => entry.text).join('\n'), /The main has another row there\./);
  assert.match(report.pending.map((entry) => entry.text).join('\n'), /It was accepted and does not fit/);
  await nodes.standby.query('TRUNCATE extensions');
  assert.match(
    must(await configuration.run(identity(), options())).warnings.join('\n'),
    /extensions was emptied at once/,
  );
});

test('what was written into the passive standby before its term is no part of the merge', async () => {
  await nodes.standby.query(`UPDATE dualtone.guard SET serving = false; UPDATE users SET dnd = true WHERE id = 1`);
  await nodes.standby.query(`UPDATE dualtone.guard SET serving = true; UPDATE users SET dnd = true WHERE id = 2`);
  assert.equal(must(await status.run(identity(), options())).count, 1);
});

test('what a settled merge has brought home is no part of the next: what the main changed since stays', async () => {
  await nodes.standby.query(
    `UPDATE users SET dnd = true WHERE id = 1; UPDATE extensions SET context = 'outside' WHERE id = 1`,
  );
  must(await status.run(identity(), options()));
  must(await configuration.run(identity(), options({ decisions: { all: 'refuse', byId: {} } })));
  await nodes.main.query('UPDATE users SET dnd = false WHERE id = 1');
  await nodes.standby.query(`UPDATE dualtone.guard SET serving = false; UPDATE users SET dnd = true WHERE id = 3`);
  await nodes.standby.query(
    `UPDATE dualtone.guard SET serving = true, epoch = 5; UPDATE users SET dnd = true WHERE id = 2`,
  );
  const next = identity({
    mergeKey: '22222222-2222-4222-8222-222222222222',
    terms: [{ epoch: 5, from: 1, to: 2 }],
  });
  assert.equal(must(await status.preview(next, options())).count, 1);
  assert.equal(must(await status.run(next, options())).count, 1);
  assert.deepEqual(await nodes.main.query('SELECT id, dnd FROM users WHERE id <= 3 ORDER BY id'), [
    { id: 1, dnd: false },
    { id: 2, dnd: true },
    { id: 3, dnd: false },
  ]);
  assert.equal(must(await configuration.preview(next, options())).count, 0);
  const { pending, refused } = must(await configuration.run(next, options()));
  assert.deepEqual([pending, refused], [[], []]);
  await nodes.standby.query('UPDATE dualtone.guard SET epoch = 3');
});
