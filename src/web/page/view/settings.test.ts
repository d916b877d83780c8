import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigRequest, ConfigView, Result, Session } from '../../contract.ts';
import { changesOf, draftAddress, draftIn } from '../state/draft.ts';
import { fakeApi, show } from '../testing/dom.ts';
import { goodPair } from '../testing/pair.ts';

const WALL = 1_800_000_000_000;
const admin: Session = { user: 'claire', role: 'admin', by: 'session', endsAt: null };
const events = [
  { type: 'pair', pair: goodPair(WALL), now: WALL },
  { type: 'route', hash: '#/settings' },
] as const;

const CONFIG: ConfigView = {
  yaml: 'node: {}\n',
  file: '/etc/dualtone/dualtone.yaml',
  base: 'a'.repeat(64),
  settings: [
    { path: 'failback.hold', value: '90s', source: 'file' },
    { path: 'timing.lease', value: '170ms', source: 'preset' },
  ],
  editable: [
    { path: 'failback.hold', kind: 'span', options: [], value: '90s', source: 'file', pair: true },
    { path: 'checks.accept', kind: 'names', options: [], value: [], source: 'default', pair: false },
    { path: 'health.bad-looks', kind: 'number', options: [], value: 3, source: 'default', pair: true },
  ],
  problems: [],
  pending: false,
  timesChange: false,
  formerAt: null,
};

test('only what differs becomes a change; what is no number goes as it is, to be refused with its place', () => {
  const of = (draft: Record<string, string | null>) => changesOf(CONFIG.editable, draft);
  assert.deepEqual(of({ 'failback.hold': '90s', 'health.bad-looks': '3' }), []);
  assert.deepEqual(of({ 'failback.hold': null, 'checks.accept': null }), [{ path: 'failback.hold', value: null }]);
  assert.deepEqual(of({ 'checks.accept': 'a-b, c', 'health.bad-looks': '4' }), [
    { path: 'checks.accept', value: ['a-b', 'c'] },
    { path: 'health.bad-looks', value: 4 },
  ]);
  assert.deepEqual(of({ 'health.bad-looks': 'many' }), [{ path: 'health.bad-looks', value: 'many' }]);
  assert.deepEqual(of({ 'web.user': 'root' }), []);
});

test('a draft travels in an address, and an odd address carries none', () => {
  const draft = { 'failback.hold': '3m', 'checks.accept': null };
  const address = draftAddress('https://192.0.2.12:8443/#/overview', draft);
  assert.deepEqual(draftIn(new URL(address).hash), draft);
  for (const odd of ['#/settings', '#/settings?draft=%', '#/settings?draft=[1]', '#/settings?draft={"a":{"b":1}}'])
    assert.deepEqual(draftIn(odd), {});
});

test('a change is previewed, written with what was seen, and offered for the other node', async () => {
  const asked: ConfigRequest[] = [];
  const api = fakeApi({
    config: async () => ({ ok: true, value: CONFIG }),
    configPreview: async (request) => {
      asked.push(request);
      return {
        ok: true,
        value: {
          problems: [],
          notes: [],
          diff: [
            { sign: '-', line: 8, text: '  hold: 90s' },
            { sign: '+', line: 8, text: '  hold: 3m' },
          ],
          effective: [{ path: 'failback.hold', from: '90s', to: '3m' }],
        },
      };
    },
    configWrite: async (request) => {
      asked.push(request);
      return { ok: true, value: { ...CONFIG, base: 'b'.repeat(64), pending: true, formerAt: WALL } };
    },
  });
  const page = await show(admin, events, { api });
  assert.throws(() => page.button('Write it'), 'nothing is to be written yet');
  await page.type(page.find('[data-setting="failback.hold"]'), '3m');
  await page.click(page.button('Show what changes'));
  assert.match(page.find('[data-diff]').textContent ?? '', /- {3}8 {3}hold: 90s\n\+ {3}8 {3}hold: 3m/);
  await page.click(page.button('Write it into the file'));
  const request = { changes: [{ path: 'failback.hold', value: '3m' }], base: CONFIG.base };
  assert.deepEqual(asked, [request, request]);
  assert.match(page.root.textContent ?? '', /says something else than what is in force/);
  const there = page.find('[data-there]').getAttribute('href') ?? '';
  assert.deepEqual(draftIn(new URL(there).hash), { 'failback.hold': '3m' });
  assert.ok(page.button('Put back the file'));
  page.close();
});

const SHOWN = {
  problems: [],
  notes: [],
  diff: [{ sign: '+', line: 8, text: '  hold: 3m' }],
  effective: [{ path: 'failback.hold', from: '90s', to: '3m' }],
} as const;

test('one change for both nodes is shown for both, written in both, and taken back in both', async () => {
  const asked: unknown[] = [];
  const written = { ...CONFIG, base: 'b'.repeat(64), pending: true, formerAt: WALL };
  const api = fakeApi({
    config: async () => ({ ok: true, value: CONFIG }),
    bothPreview: async () => ({ ok: true, value: { here: SHOWN, there: SHOWN, otherBase: 'c'.repeat(64) } }),
    bothWrite: async (request) => {
      asked.push(request);
      return { ok: true, value: written };
    },
    bothUndo: async (base) => {
      asked.push(base);
      return { ok: true, value: CONFIG };
    },
  });
  const page = await show(admin, events, { api });
  await page.type(page.find('[data-setting="failback.hold"]'), '3m');
  await page.click(page.button('Show what changes on both nodes'));
  assert.equal(page.root.querySelectorAll('[data-config-both] [data-diff]').length, 2);
  assert.match(page.find('[data-config-both]').textContent ?? '', /pbx-sud.*pbx-nord/s);
  await page.click(page.button('Write it into both files'));
  await page.click(page.button('Put back both former files'));
  const changes = [{ path: 'failback.hold', value: '3m' }];
  assert.deepEqual(asked, [{ changes, base: CONFIG.base, otherBase: 'c'.repeat(64) }, written.base]);
  page.close();
});

test('where the other node would not take it, it is written in neither', async () => {
  const problem = { line: 8, column: 9, path: 'failback.hold', message: 'no', remedy: 'mend it' };
  const there = { ...SHOWN, problems: [problem] };
  const api = fakeApi({
    config: async () => ({ ok: true, value: CONFIG }),
    bothPreview: async () => ({ ok: true, value: { here: SHOWN, there, otherBase: 'c'.repeat(64) } }),
  });
  const page = await show(admin, events, { api });
  await page.type(page.find('[data-setting="failback.hold"]'), '3m');
  await page.click(page.button('on both nodes'));
  assert.throws(() => page.button('Write it'));
  page.close();
});

test('an agent is started again from the page only where the other node serves, and not for other times', async () => {
  const restarts: string[] = [];
  const shown = async (config: ConfigView, server: 'this' | 'other') => {
    const pair = goodPair(WALL);
    assert.ok(pair.this !== null);
    const passive = { ...pair, this: { ...pair.this, server } };
    const api = fakeApi({
      config: async () => ({ ok: true, value: config }),
      restart: async () => {
        restarts.push(server);
        return { ok: true, value: { node: 'x' } };
      },
    });
    return show(admin, [{ type: 'pair', pair: passive, now: WALL }, events[1]], { api });
  };
  const pending = { ...CONFIG, pending: true };
  const active = await shown(pending, 'this');
  assert.throws(() => active.button('Start the agent'));
  active.close();
  const times = await shown({ ...pending, timesChange: true }, 'other');
  assert.throws(() => times.button('Start the agent'));
  assert.match(times.find('[data-pending]').textContent ?? '', /all checkpoints before any of them/);
  times.close();
  const passive = await shown(pending, 'other');
  await passive.click(passive.button('Start the agent'));
  assert.deepEqual(restarts, ['other']);
  passive.close();
});

test('when the agent has started again the page asks what is in force now, and no more says that it waits', async () => {
  let config = { ...CONFIG, pending: true };
  const pair = goodPair(WALL);
  assert.ok(pair.this !== null);
  const page = await show(admin, events, { api: fakeApi({ config: async () => ({ ok: true, value: config }) }) });
  assert.ok(page.find('[data-pending]'));
  config = CONFIG;
  const { agent } = pair.this;
  await page.dispatch({
    type: 'pair',
    pair: { ...pair, this: { ...pair.this, agent: { ...agent, pid: 9 } } },
    now: WALL,
  });
  assert.throws(() => page.find('[data-pending]'));
  page.close();
});

test('what would not be valid cannot be written, and says where', async () => {
  const problem = { line: 8, column: 9, path: 'failback.hold', message: '"soon" is no duration', remedy: 'write 90s' };
  const api = fakeApi({
    config: async () => ({ ok: true, value: CONFIG }),
    configPreview: async () => ({ ok: true, value: { problems: [problem], notes: [], diff: [], effective: [] } }),
  });
  const page = await show(admin, events, { api });
  await page.type(page.find('[data-setting="failback.hold"]'), 'soon');
  await page.click(page.button('Show what changes'));
  assert.match(page.find('[role=alert]').textContent ?? '', /line 8, column 9: failback\.hold "soon" is no duration/);
  assert.throws(() => page.button('Write it'));
  const field = page.find('[data-setting="failback.hold"]');
  const described = (field.getAttribute('aria-describedby') ?? '')
    .split(' ')
    .map((id) => page.find(`#${id}`).textContent);
  assert.equal(field.getAttribute('aria-invalid'), 'true');
  assert.match(described.join(' '), /"soon" is no duration; write 90s/);
  await page.type(field, '90s');
  assert.equal(field.getAttribute('aria-invalid'), null);
  page.close();
});

test('what comes later has ids of its own: a label never belongs to the field of another', async () => {
  const asked = Promise.withResolvers<Result<ConfigView>>();
  const page = await show(admin, events, { api: fakeApi({ config: () => asked.promise }) });
  await page.dispatch({ type: 'tick', now: WALL + 1000 });
  asked.resolve({ ok: true, value: CONFIG });
  await page.dispatch({ type: 'tick', now: WALL + 2000 });
  assert.ok(page.find('[data-setting]'));
  const ids = [...page.root.querySelectorAll('[id]')].map(({ id }) => id);
  assert.deepEqual(
    ids.filter((id, index) => ids.indexOf(id) !== index),
    [],
  );
  page.close();
});
