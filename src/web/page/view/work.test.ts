import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, Session, WebWork } from '../../contract.ts';
import { fakeApi, show } from '../testing/dom.ts';
import { goodPair } from '../testing/pair.ts';
import { workResults } from '../testing/work-results.ts';

const WALL = 1_800_000_000_000;
const operator: Session = { user: 'otto', role: 'operate', by: 'session', endsAt: null };
const good = { type: 'pair', pair: goodPair(WALL), now: WALL } as const;
const at = (hash: string) => ({ type: 'route', hash }) as const;

const job = (work: WebWork, more: Partial<Job> = {}): Job => ({
  id: work.name,
  work,
  by: 'otto (web)',
  startedAt: WALL - 4000,
  state: 'done',
  progress: null,
  result: { ok: true, value: workResults[work.name] },
  endedAt: WALL - 1000,
  ...more,
});

const FORECAST = {
  rows: [
    { fault: 'main loses power', runs: 20, p50: 558, p99: 674 },
    { fault: 'planned switchover', runs: 20, p50: 1.7, p99: 2.3 },
    { fault: 'a fault of tomorrow', runs: 20, p50: 40, p99: 90 },
  ],
  tookMs: 5200,
  preset: 'fast',
};

test('a replication is told as a table, with what was not done', async () => {
  const page = await show(operator, [good, at('#/streams'), { type: 'jobs', jobs: [job({ name: 'replicate' })] }]);
  const item = page.find('[data-job=replicate]');
  assert.match(item.textContent ?? '', /done replication .* for 3\.0 s/);
  assert.match(item.querySelector('table')?.textContent ?? '', /files143\.4 MB2\.3 s14 files were brought\./);
  assert.match(item.textContent ?? '', /files: The folder \/srv\/moh does not exist\. Make it, or take it out\./);
  assert.equal(item.querySelector('pre'), null);
  page.close();
});

test('progress is live, and said in numbers', async () => {
  const running = job({ name: 'replicate' }, { state: 'running', result: null, endedAt: null });
  const page = await show(operator, [good, at('#/streams'), { type: 'jobs', jobs: [running] }]);
  assert.match(page.find('[data-job=replicate]').textContent ?? '', /It begins/);
  const progress = { what: 'files', done: 5, total: 20 };
  await page.dispatch({ type: 'jobs', jobs: [{ ...running, progress }] });
  assert.match(page.find('[data-job=replicate]').textContent ?? '', /files \(5 of 20\)/);
  assert.equal(page.find('progress').getAttribute('value'), '5');
  page.close();
});

test('what waits in a merge is decided where it is shown', async () => {
  const asked: WebWork[] = [];
  const api = fakeApi({
    work: async (work) => {
      asked.push(work);
      return { ok: true, value: job(work) };
    },
  });
  const events = [good, at('#/streams'), { type: 'jobs', jobs: [job({ name: 'merge-report' })] }] as const;
  const page = await show(operator, events, { api, language: 'fr' });
  const text = page.find('[data-job=merge-report]').textContent ?? '';
  assert.match(text, /Fusion 3\s: premier passage/);
  assert.match(text, /voicemail a échoué/);
  await page.click(page.button('Accepter c-7'));
  assert.deepEqual(asked, [{ name: 'merge-run', accept: ['c-7'] }]);
  page.close();
});

test('a simulation is asked for, and told in the reader’s language', async () => {
  const asked: WebWork[] = [];
  const api = fakeApi({
    work: async (work) => {
      asked.push(work);
      return { ok: true, value: job(work) };
    },
  });
  const done = job({ name: 'forecast' }, { result: { ok: true, value: FORECAST } });
  const page = await show(operator, [good, at('#/what-if')], { api, language: 'fr' });
  await page.click(page.button('Simuler maintenant'));
  assert.deepEqual(asked, [{ name: 'forecast' }]);
  await page.dispatch({ type: 'jobs', jobs: [done] });
  const rows = [...page.find('[data-job=forecast]').querySelectorAll('tbody tr')].map((row) => row.textContent);
  assert.match(rows[0] ?? '', /le principal perd son courant558 ms674 ms.*une coupure/);
  assert.match(rows[1] ?? '', /un passage prévu au secours2 ms2 ms.*pas de coupure/);
  assert.match(rows[2] ?? '', /^a fault of tomorrow/);
  page.close();
});

test('who only looks may not simulate, and sees what others simulated', async () => {
  const done = job({ name: 'forecast' }, { result: { ok: true, value: FORECAST } });
  const page = await show({ ...operator, role: 'view' }, [good, at('#/what-if'), { type: 'jobs', jobs: [done] }]);
  assert.ok(page.find('[data-job=forecast] table'));
  assert.throws(() => page.button('Simulate now'));
  page.close();
});
