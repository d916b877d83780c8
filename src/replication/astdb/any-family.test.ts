import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contact, options, setUp } from './testing/nodes.ts';
import { row } from './testing/pair.ts';

test('a forward that is set is there within half a second, and so is its end', async () => {
  for (const tells of [true, false]) {
    const { pass, a, b, begin, stop } = setUp(tells);
    begin();
    await pass(300);
    a.put('CF/100', '0791234567');
    await pass(2 * options.pollMs);
    assert.equal(b.rows.get('CF/100'), '0791234567');
    a.remove('CF/100');
    await pass(2 * options.pollMs);
    assert.equal(b.rows.has('CF/100'), false);
    await stop();
  }
});

test('what is true on one node only does not follow', async () => {
  const { pass, a, b, begin, stop } = setUp();
  a.put('pbx/UUID', 'a');
  a.put('dundi/secret', 'a');
  a.put('DND/1', 'YES');
  b.rows.set('pbx/UUID', 'b');
  begin();
  await pass(1_000);
  assert.deepEqual(
    [...b.rows],
    [
      ['pbx/UUID', 'b'],
      ['DND/1', 'YES'],
    ],
  );
  await stop();
});

test('a contact is new where it was not, or had ended; else it is only changed', async () => {
  const { clock, pass, a, b, begin, stop } = setUp();
  begin();
  await pass(300);
  a.register(...row('100', clock, 10_000));
  await pass(300);
  a.register(...row('100', clock, 60_000));
  await pass(70_000);
  a.register(...row('100', clock, 60_000));
  await pass(300);
  const key = contact('100');
  assert.deepEqual(b.calls, [`new ${key}`, `again ${key}`, `new ${key}`]);
  await stop();
});

test('an Asterisk that starts for the takeover with the rows of long ago gets what the other had last', async () => {
  const { pass, a, b, standby, begin, stop } = setUp();
  a.put('CF/1', 'new');
  a.put('DND/2', 'YES');
  b.rows.set('CF/1', 'old');
  b.rows.set('DND/1', 'YES');
  b.setUp(false);
  begin();
  await pass(1_000);
  standby.setRight({ holding: 3, highest: 3 });
  await pass(500);
  b.setUp(true);
  await pass(500);
  assert.deepEqual(Object.fromEntries(b.rows), { 'CF/1': 'new', 'DND/2': 'YES' });
  assert.equal(b.calls.includes('awaken'), true);
  await stop();
});

test('of a quiet table nothing is read but whether it changed', async () => {
  const { clock, pass, a, begin, stop } = setUp();
  for (let index = 0; index < 100; index += 1) a.rows.set(...row(String(index), clock));
  begin();
  await pass(20_000);
  assert.equal(a.reads.all, 1);
  assert.equal(a.reads.others, 0);
  assert.equal(a.reads.news >= 90, true);
  await stop();
});

test('the status says how it stands', async () => {
  const { pass, cable, a, b, main, standby, begin, stop } = setUp();
  begin();
  a.put('DND/1', 'YES');
  await pass(500);
  assert.deepEqual(
    [main.status(), standby.status()].map(({ name, direction, condition, text, lagMs, rows }) => [
      name,
      direction,
      condition,
      text,
      lagMs,
      rows,
    ]),
    [
      ['astdb', 'out', 'in-step', '1 rows sent, the other node has all', 200, 1],
      ['astdb', 'in', 'in-step', '1 rows received', 200, 1],
    ],
  );
  b.setUp(false);
  a.put('DND/2', 'YES');
  await pass(5_000);
  assert.equal(main.status().condition, 'behind');
  assert.equal((main.status().lagMs ?? 0) > 4_000, true);
  assert.equal(standby.status().condition, 'failed');
  cable.cut();
  await stop();
});
