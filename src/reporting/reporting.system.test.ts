import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { drain, type Fixture, startFixture } from './testing/fixture.ts';

let fixture: Fixture;
before(async () => {
  fixture = await startFixture();
});
after(async () => {
  await fixture.stop();
});

const write = async (node: 'main' | 'standby', from: number, to: number): Promise<void> => {
  await fixture.on(
    node,
    `INSERT INTO queue_log ("time", callid, event, data1) SELECT to_char('2026-03-01 10:30'::timestamp + n * interval '1 s', 'YYYY-MM-DD HH24:MI:SS.US'),
       '${node}-' || n, 'ENTERQUEUE', 'it''s "' || n FROM generate_series(${from}, ${to}) n;
     INSERT INTO cel (eventtype, eventtime, linkedid, extra) SELECT 'ANSWER', '2026-03-01 10:30Z'::timestamptz + n * interval '1 s', '${node}-' || n, '{"a": 1}'
       FROM generate_series(${from}, ${to}) n`,
  );
};

const names = async (): Promise<readonly string[]> =>
  (await fixture.on('stats', 'SELECT callid FROM queue_log ORDER BY id')).map((row) => String(row['callid']));

test('the standby’s events go once and in order; what a merge brings home goes no second time', async () => {
  await write('standby', 1, 20);
  assert.deepEqual(await drain(fixture.lane('standby')), {
    ok: true,
    value: { sent: 40, known: 0, refused: 0, gone: 0 },
  });
  await write('standby', 21, 30);
  await fixture.merge();
  await write('main', 1, 10);
  // The ten that the standby has not sent yet come from the main; its own after them.
  assert.deepEqual(await drain(fixture.lane('main')), {
    ok: true,
    value: { sent: 40, known: 40, refused: 0, gone: 0 },
  });
  assert.deepEqual(await drain(fixture.lane('standby')), {
    ok: true,
    value: { sent: 0, known: 20, refused: 0, gone: 0 },
  });
  assert.deepEqual(await names(), [
    ...Array.from({ length: 30 }, (_one, index) => `standby-${index + 1}`),
    ...Array.from({ length: 10 }, (_one, index) => `main-${index + 1}`),
  ]);
  const [cel] = await fixture.on('stats', 'SELECT count(*)::int AS n, count(DISTINCT linkedid)::int AS names FROM cel');
  assert.deepEqual({ ...cel }, { n: 40, names: 40 });
});
