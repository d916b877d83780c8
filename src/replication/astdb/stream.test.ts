import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { FamilyRules } from './families.ts';
import { contact, options, setUp } from './testing/nodes.ts';
import { row } from './testing/pair.ts';

test('all rows are there soon after the start, and what does not belong there is gone', async () => {
  const { clock, pass, a, b, main, standby, begin, stop } = setUp();
  for (let index = 0; index < 1_000; index += 1) a.rows.set(...row(String(index), clock));
  b.rows.set(...row('stranger', clock));
  begin();
  await pass(300);
  assert.deepEqual(b.rows, a.rows);
  const [out, into] = [main.status(), standby.status()];
  assert.equal(out.direction === 'out' && out.inStep && out.rows === 1_000, true);
  assert.equal(into.direction === 'in' && into.inStep && into.rows === 1_000, true);
  await stop();
});

test('a phone that registers or leaves is followed within a tenth of a second', async () => {
  const { clock, pass, a, b, begin, stop } = setUp();
  begin();
  await pass(300);
  a.register(...row('100', clock));
  await pass(100);
  assert.deepEqual(b.rows, a.rows);
  a.register(contact('100'), null);
  await pass(100);
  assert.equal(b.rows.size, 0);
  await stop();
});

test('a refreshed registration, of which Asterisk tells nothing, is followed at the next reading', async () => {
  const { clock, pass, a, b, begin, stop } = setUp();
  a.rows.set(...row('100', clock, 60_000));
  begin();
  await pass(300);
  a.put(...row('100', clock, 120_000));
  await pass(options.pollMs);
  assert.deepEqual(b.rows, a.rows);
  await stop();
});

test('expired registrations are not carried, and one that expires is left to Asterisk', async () => {
  const { clock, pass, a, b, begin, stop } = setUp();
  a.rows.set(...row('old', clock, -1_000));
  a.rows.set(...row('brief', clock, 7_000));
  a.rows.set(contact('odd'), '{"uri":"sip:odd@h"}');
  begin();
  await pass(300);
  assert.deepEqual([...b.rows.keys()], [contact('brief')]);
  await pass(10_000);
  a.rows.delete(contact('brief'));
  await pass(options.compareMs);
  assert.deepEqual([...b.rows.keys()], [contact('brief')]);
  await stop();
});

test('an older epoch is refused, and so is anything while this node serves', async () => {
  const { clock, pass, cable, a, b, standby, begin, stop } = setUp();
  a.rows.set(...row('100', clock));
  begin();
  await pass(300);
  standby.setRight({ holding: 0, highest: 5 });
  a.register(...row('101', clock));
  await pass(options.compareMs);
  assert.deepEqual([...b.rows.keys()], [contact('100')]);
  standby.setRight({ holding: 7, highest: 7 });
  await pass(100);
  const [key, value] = row('evil', clock);
  const place = { epoch: 9, session: 'x' };
  const nothing = createHash('sha256').digest('hex');
  cable.inject(1, { type: 'begin', ...place, seq: 0, wall: 0 });
  cable.inject(1, { type: 'complete', ...place, seq: 1, cut: 1, count: 0, digest: nothing });
  cable.inject(1, { type: 'change', ...place, seq: 2, put: [{ key, value }], delete: [] });
  await pass(100);
  assert.equal(b.rows.has(contact('evil')), false);
  await stop();
});

test('after a takeover the direction turns, and the newcomer gets all that happened', async () => {
  const { clock, pass, cable, a, b, main, standby, begin, stop } = setUp();
  for (const name of ['100', '101', '102']) a.rows.set(...row(name, clock));
  begin();
  await pass(300);
  cable.cut();
  main.setRight({ holding: 0, highest: 2 });
  standby.setRight({ holding: 3, highest: 3 });
  await pass(1_000);
  b.register(contact('100'), null);
  b.register(...row('103', clock));
  b.register(...row('101', clock, 900_000));
  await pass(1_000);
  cable.join();
  main.setRight({ holding: 0, highest: 3 });
  await pass(1_000);
  assert.deepEqual([...b.rows.keys()].toSorted(), [contact('101'), contact('102'), contact('103')]);
  assert.deepEqual(a.rows, b.rows);
  await stop();
});

test('what had come, but not yet reached an Asterisk that was not running, is added when it starts for the takeover', async () => {
  const { clock, pass, a, b, standby, begin, stop } = setUp();
  a.rows.set(...row('100', clock));
  a.rows.set(...row('101', clock));
  b.setUp(false);
  begin();
  await pass(1_000);
  standby.setRight({ holding: 3, highest: 3 });
  await pass(500);
  const newer = row('100', clock, 900_000);
  b.rows.set(...newer);
  b.setUp(true);
  await pass(500);
  assert.deepEqual([...b.rows.keys()].toSorted(), [contact('100'), contact('101')]);
  assert.equal(b.rows.get(contact('100')), newer[1]);
  await stop();
});

test('a telephone that registers at the new server while its rows are still compared with the old one’s stays', async () => {
  const { clock, pass, a, b, main, standby, begin, stop } = setUp();
  a.rows.set(...row('100', clock));
  begin();
  await pass(300);
  const goOn = b.holdReads();
  await pass(options.compareMs);
  main.setRight({ holding: 0, highest: 3 });
  standby.setRight({ holding: 3, highest: 3 });
  b.register(...row('newcomer', clock));
  goOn();
  await pass(300);
  assert.deepEqual([...b.rows.keys()].toSorted(), [contact('100'), contact('newcomer')]);
  assert.deepEqual(a.rows, b.rows);
  await stop();
});

test('a reading of all rows that fails comes again soon: what was written behind Asterisk’s back is not left until the next one', async () => {
  const { pass, a, b, begin, stop } = setUp();
  begin();
  await pass(300);
  a.failReads(true);
  a.rows.set('DND/1', 'YES');
  await pass(options.compareMs);
  a.failReads(false);
  await pass(1_000);
  assert.equal(b.rows.get('DND/1'), 'YES');
  await stop();
});

test('rows that come before Asterisk runs are acknowledged once it does, though nothing more comes', async () => {
  const { clock, pass, a, b, main, standby, begin, stop } = setUp();
  a.rows.set(...row('100', clock));
  b.setUp(false);
  begin();
  await pass(1_000);
  a.register(...row('101', clock));
  await pass(1_000);
  assert.deepEqual([main.status().inStep, standby.status().inStep], [false, false]);
  b.setUp(true);
  await pass(100);
  assert.deepEqual(b.rows, a.rows);
  assert.deepEqual([main.status().inStep, standby.status().inStep], [true, true]);
  assert.equal(main.status().pending, null);
  await stop();
});

test('rows that somebody changed behind our back are put right at the next comparison', async () => {
  const { clock, pass, a, b, begin, stop } = setUp();
  for (const name of ['100', '101']) a.rows.set(...row(name, clock));
  begin();
  await pass(300);
  b.rows.delete(contact('100'));
  b.rows.set(...row('999', clock));
  await pass(options.compareMs + options.pollMs);
  assert.deepEqual(b.rows, a.rows);
  await stop();
});

test('a lost message is noticed with the next, and all is sent anew', async () => {
  const { clock, pass, cable, a, b, begin, stop } = setUp();
  begin();
  await pass(300);
  let lost = 0;
  cable.pass((message) => {
    if (message.type !== 'change' || lost > 0) return message;
    lost += 1;
    return null;
  });
  a.register(...row('100', clock));
  await pass(100);
  assert.equal(b.rows.size, 0);
  a.register(...row('101', clock));
  await pass(500);
  assert.deepEqual(b.rows, a.rows);
  assert.equal(b.rows.size, 2);
  await stop();
});

test('a row that came otherwise than it was sent is noticed at the next comparison', async () => {
  const { clock, pass, cable, a, b, begin, stop } = setUp();
  begin();
  await pass(300);
  cable.pass((message) => (message.type === 'change' ? { ...message, put: [] } : message));
  a.register(...row('100', clock));
  await pass(100);
  assert.equal(b.rows.size, 0);
  cable.pass((message) => message);
  await pass(options.compareMs + options.pollMs);
  assert.deepEqual(b.rows, a.rows);
  await stop();
});

test('a phone that leaves and comes back just as it was is there again', async () => {
  const { clock, pass, a, b, begin, stop } = setUp();
  begin();
  await pass(300);
  const [key, value] = row('100', clock);
  for (const next of [value, null, value]) {
    a.register(key, next);
    await pass(100);
    assert.equal(b.rows.get(key) ?? null, next);
  }
  await stop();
});

test('nobody to talk to: Asterisk is not read for nothing', async () => {
  const { clock, pass, cable, a, begin, stop } = setUp();
  a.rows.set(...row('100', clock));
  cable.cut();
  begin();
  await pass(60_000);
  assert.equal(a.reads.all, 0);
  await stop();
});

test('messages that are not ours are counted and forgotten', async () => {
  const { pass, cable, standby, begin, stop } = setUp();
  begin();
  await pass(300);
  const place = { epoch: 4, session: 's', seq: 0 };
  const strange = [
    null,
    [],
    'x',
    { type: 'begin' },
    { type: 'begin', ...place, wall: -1 },
    { type: 'change', ...place, put: [{ key: 'a\r\nAction: Command', value: 'v' }], delete: [] },
    { type: 'change', ...place, put: [], delete: Array.from({ length: 201 }, () => 'k') },
    { type: 'complete', ...place, cut: 1, count: 1, digest: 'x' },
    { type: 'other', ...place },
  ];
  for (const message of strange) cable.inject(1, message);
  assert.equal(standby.status().strange, strange.length);
  await stop();
});

const act = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('register' as const), name: fc.nat(8), tells: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), name: fc.nat(8) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), name: fc.nat(8), family: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('unset' as const), name: fc.nat(8), family: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cut', 'join', 'down', 'up', 'swap') }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(3_000) }) },
);

/** One that both send, one that only the main may, one that only the standby may. */
const families = ['DND', 'MAIN', 'STANDBY'];
const ruleSets: readonly [FamilyRules, FamilyRules] = [
  { include: ['*'], exclude: ['STANDBY'] },
  { include: ['registrar', 'DND', 'STANDBY'], exclude: [] },
];

const isShared = (key: string): boolean => /^(registrar|DND)\//.test(key);

const shared = (rows: ReadonlyMap<string, string>) => new Map([...rows].filter(([key]) => isShared(key)));
const own = (rows: ReadonlyMap<string, string>) => new Map([...rows].filter(([key]) => !isShared(key)));

for (const tells of [true, false]) {
  test(`whatever happens on the way: when it is quiet again, both tables are equal, and what is excluded was not touched (tells: ${tells})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 30 }), async (acts) => {
        const { clock, pass, cable, a, b, main, standby, begin, stop } = setUp(tells, ruleSets);
        begin();
        let epoch = 2;
        let life = 600_000;
        const active = () => (epoch % 2 === 0 ? a : b);
        const passive = () => (epoch % 2 === 0 ? b : a);
        const excluded = [new Map<string, string>(), new Map<string, string>()] as const;
        const excludedHere = () => excluded[epoch % 2 === 0 ? 0 : 1];
        for (const one of acts) {
          life += 1_000;
          if (one.do === 'register') {
            if (one.tells) active().register(...row(String(one.name), clock, life));
            else active().put(...row(String(one.name), clock, life));
          } else if (one.do === 'leave') active().register(contact(String(one.name)), null);
          else if (one.do === 'set') {
            const key = `${families[one.family]}/${one.name}`;
            active().put(key, String(life));
            if (!isShared(key)) excludedHere().set(key, String(life));
          } else if (one.do === 'unset') {
            const key = `${families[one.family]}/${one.name}`;
            active().remove(key);
            excludedHere().delete(key);
          } else if (one.do === 'wait') await pass(one.ms);
          else if (one.do === 'cut') cable.cut();
          else if (one.do === 'join') cable.join();
          else if (one.do === 'down') passive().setUp(false);
          else if (one.do === 'up') passive().setUp(true);
          else {
            epoch += 1;
            main.setRight({ holding: epoch % 2 === 0 ? epoch : 0, highest: epoch });
            standby.setRight({ holding: epoch % 2 === 1 ? epoch : 0, highest: epoch });
          }
        }
        a.setUp(true);
        b.setUp(true);
        cable.join();
        await pass(options.compareMs + 5 * options.pollMs);
        assert.deepEqual(shared(passive().rows), shared(active().rows));
        assert.deepEqual(own(a.rows), excluded[0]);
        assert.deepEqual(own(b.rows), excluded[1]);
        await stop();
      }),
      { numRuns: 60 },
    );
  });
}
