import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DrillPreview, DrillRequest, DrillSummary, NodeSnapshot, PairView, Session } from '../../contract.ts';
import { fakeApi, show } from '../testing/dom.ts';
import { goodPair, mainAt } from '../testing/pair.ts';

const WALL = Date.UTC(2026, 10, 22, 3, 0, 0);
const operator: Session = { user: 'claire', role: 'operate', by: 'session', endsAt: null };
const viewer: Session = { ...operator, role: 'view' };

const idle = { run: null, last: null, passedAt: null, nextAt: null };
const at = (drill: NodeSnapshot['drill']) => {
  const pair: PairView = { ...goodPair(WALL), this: { ...mainAt(WALL), drill } };
  return [
    { type: 'pair', pair, now: WALL },
    { type: 'route', hash: '#/drills' },
  ] as const;
};

const summary: DrillSummary = {
  id: '20261122-020000',
  kind: 'takeover',
  by: 'schedule',
  startedAt: WALL - 3_600_000,
  outcome: 'gave-way',
  text: 'x',
  thereMs: 600,
  backMs: null,
};

const preview = (against: DrillPreview['against']): DrillPreview => ({
  kind: 'switchover',
  lines: ['calls      none is up'],
  against,
});

test('a drill is begun after its preview, with what a person allows besides', async () => {
  const asked: DrillRequest[] = [];
  const begun: DrillRequest[] = [];
  const calls = { code: 'drill-calls', text: '2 calls are up, and would end.', remedy: 'Wait.' };
  const api = fakeApi({
    drills: async () => ({ ok: true, value: [summary] }),
    drillPreview: async (request) => {
      asked.push(request);
      return { ok: true, value: preview(request.withCalls === true ? [] : [calls]) };
    },
    drill: async (request) => {
      begun.push(request);
      return { ok: true, value: { id: summary.id } };
    },
  });
  const page = await show(operator, at(idle), { api });
  assert.match(page.root.textContent ?? '', /gave way to a real fault/);
  assert.match(page.find('table a').getAttribute('href') ?? '', /drills\/paper\?id=20261122-020000$/);
  await page.click(page.button('Switchover drill'));
  assert.match(page.find('[data-preview]').textContent ?? '', /2 calls are up/);
  assert.equal(page.button('Make this drill now').disabled, true);
  await page.click(page.find('dialog input[type=checkbox]'));
  assert.equal(page.button('Make this drill now').disabled, false);
  await page.click(page.button('Make this drill now'));
  assert.deepEqual(begun, [{ kind: 'switchover', withCalls: true }]);
  assert.equal(asked.length, 2);
  assert.equal(page.root.querySelector('dialog'), null);
  page.close();
});

test('one that is being made can be stopped, and no other begun', async () => {
  let stopped = 0;
  const api = fakeApi({
    drillStop: async () => {
      stopped += 1;
      return { ok: true, value: { id: summary.id } };
    },
  });
  const run = {
    id: summary.id,
    kind: 'takeover',
    by: 'claire',
    startedAt: WALL,
    stage: 'away',
    text: 'The standby serves.',
  } as const;
  const page = await show(operator, at({ ...idle, run }), { api });
  assert.throws(() => page.button('Takeover drill'), /no button/);
  await page.click(page.button('Stop'));
  assert.equal(stopped, 1);
  page.close();
});

test('who may only look neither begins nor stops one; where drills are off it says so', async () => {
  const page = await show(viewer, at(idle));
  assert.throws(() => page.button('Dry drill'), /no button/);
  assert.match(page.root.textContent ?? '', /nobody knows that the standby takes over/);
  page.close();
  const off = await show(operator, at(null));
  assert.match(off.root.textContent ?? '', /drill\.enabled is off/);
  off.close();
});
