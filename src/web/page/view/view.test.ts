import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandPreview, CommandRequest, PublicView, Session } from '../../contract.ts';
import { fakeApi, show } from '../testing/dom.ts';
import { afterTakeover, entriesAt, goodPair } from '../testing/pair.ts';

const WALL = Date.UTC(2026, 10, 21, 12, 0, 0);
const admin: Session = { user: 'claire', role: 'admin', by: 'session', endsAt: null };
const viewer: Session = { ...admin, role: 'view' };
const good = { type: 'pair', pair: goodPair(WALL), now: WALL } as const;

const preview = (more: Partial<CommandPreview> = {}): CommandPreview => ({
  command: { name: 'switchover' },
  text: 'Service moves to pbx-nord (standby), in order.',
  code: 'moves-service',
  serves: 'standby',
  calls: 7,
  steps: ['announce', 'virtual-ip'],
  loss: null,
  needsAcceptLoss: false,
  needsConfirm: null,
  epoch: 8,
  ...more,
});

test('one sentence says who serves, since when, how far protected, who could take over and what it would lose', async () => {
  const page = await show(admin, [good]);
  const text = page.find('.glance h1').textContent ?? '';
  assert.match(text, /^pbx-sud \(main\) has served since .* \(2 h 10 min\);/);
  assert.match(text, /always protected against two active nodes; pbx-nord \(standby\) could take over now, after/);
  assert.match(text, /it would lose 2 voicemail messages\.$/);
  assert.equal(page.root.querySelectorAll('h1').length, 1);
  page.close();
});

test('a dead node is still shown, with how old that is, and what the other says of it', async () => {
  const page = await show(admin, [{ type: 'pair', pair: afterTakeover(WALL), now: WALL }]);
  const text = page.root.textContent ?? '';
  assert.match(text, /pbx-nord \(standby\) has served since/);
  assert.match(text, /pbx-sud \(main\) could NOT take over now/);
  assert.match(text, /This is 74 s old: it was so then, not now\./);
  assert.match(text, /pbx-nord says: it was last heard 74 s ago\./);
  page.close();
});

test('a change of the state is said by a screen reader, a second that passes is not', async () => {
  const page = await show(admin, [good]);
  const said = (): string => page.find('[data-live]').textContent ?? '';
  await page.dispatch({ type: 'tick', now: WALL + 1000 });
  assert.equal(said(), '');
  await page.dispatch({ type: 'pair', pair: afterTakeover(WALL + 2000), now: WALL + 2000 });
  assert.match(said(), /pbx-nord \(standby\) has served/);
  page.close();
});

test('who may only view is offered no order', async () => {
  const page = await show(viewer, [good]);
  assert.throws(() => page.button('Switch over'), /no button/);
  page.close();
});

test('an order is previewed with its calls, and given with the epoch that was seen', async () => {
  const given: CommandRequest[] = [];
  const api = fakeApi({
    preview: async () => ({ ok: true, value: preview() }),
    command: async (request) => {
      given.push(request);
      return { ok: true, value: { ok: true, code: 'done', text: 'The standby serves now.', remedy: '' } };
    },
  });
  const page = await show(admin, [good], { api });
  await page.click(page.button('Switch over'));
  assert.match(
    page.find('[data-preview]').textContent ?? '',
    /Service moves to pbx-nord, in order\.7 calls are up and may be cut\./,
  );
  await page.click(page.button('Switch over now'));
  assert.deepEqual(given, [{ command: { name: 'switchover' }, epoch: 8 }]);
  assert.match(page.find('dialog').textContent ?? '', /Done\. The standby serves now\./);
  page.close();
});

test('what cannot be known from here asks for the typed name', async () => {
  const given: CommandRequest[] = [];
  const api = fakeApi({
    preview: async () => ({ ok: true, value: preview({ code: 'starts-service', needsConfirm: 'pbx-sud' }) }),
    command: async (request) => {
      given.push(request);
      return { ok: false, error: { code: 'older-epoch', message: 'x', remedy: 'y' } };
    },
  });
  const own = goodPair(WALL).other?.snapshot ?? null;
  const page = await show(admin, [{ type: 'pair', pair: { ...goodPair(WALL), this: own, other: null }, now: WALL }], {
    api,
  });
  await page.click(page.button('Take over here'));
  const go = page.button('Take over now');
  assert.equal(go.disabled, true);
  await page.type(page.find('dialog input[type=text]'), 'pbx-nord');
  assert.equal(go.disabled, true);
  await page.type(page.find('dialog input[type=text]'), 'pbx-sud');
  assert.equal(go.disabled, false);
  await page.click(go);
  assert.deepEqual(given[0]?.command, { name: 'takeover', confirm: 'pbx-sud' });
  assert.match(page.find('[role=alert]').textContent ?? '', /Service has changed hands since you looked/);
  page.close();
});

test('a dialog keeps the focus, closes by Escape and gives the focus back', async () => {
  const api = fakeApi({ preview: async () => ({ ok: true, value: preview() }) });
  const page = await show(admin, [good], { api });
  const opener = page.button('Switch over');
  opener.focus();
  await page.click(opener);
  const dialog = page.find('dialog');
  assert.ok(dialog.contains(page.focused()), 'the focus is not in the dialog');
  await page.key('Tab', true);
  assert.equal(page.focused(), page.button('Switch over now'), 'back from the first is the last');
  await page.key('Tab');
  assert.equal(page.focused(), page.find('dialog .close'), 'on from the last is the first');
  await page.key('Escape');
  assert.equal(page.root.querySelector('dialog'), null);
  assert.equal(page.focused(), opener);
  page.close();
});

test('a lost connection is said with the age of what is shown', async () => {
  const lost = { name: 'lost', since: WALL, retryAt: WALL + 12_000 } as const;
  const page = await show(admin, [good, { type: 'link', link: lost }, { type: 'tick', now: WALL + 9000 }]);
  assert.match(
    page.find('.banner[role=alert]').textContent ?? '',
    /lost for 9\.0 s\. What you see is 9\.1 s old\. Next try in 3\.0 s\./,
  );
  assert.match(page.find('.glance h1').textContent ?? '', /Who serves is not known/);
  page.close();
});

test('a French reader reads French, and what the agent says is marked as English', async () => {
  const page = await show(admin, [good, { type: 'journal', entries: entriesAt(WALL) }], { language: 'fr' });
  const text = page.root.textContent ?? '';
  assert.match(text, /pbx-sud \(principal\) est en service depuis/);
  assert.match(text, /il a gagné l’époque 9 avec son propre vote et cp-paris \(majorité/);
  assert.equal(page.find('.entry.alarm [lang=en]').textContent, 'This node took over: the main is silent.');
  page.close();
});

test('tables have captions and row headings, places have one landmark each', async () => {
  const page = await show(admin, [good]);
  for (const table of page.root.querySelectorAll('table')) {
    assert.ok(table.querySelector('caption'), 'a table without a caption');
    for (const row of table.querySelectorAll('tbody tr')) assert.equal(row.children[0]?.getAttribute('scope'), 'row');
  }
  assert.equal(page.root.querySelectorAll('main').length, 1);
  assert.equal(page.root.querySelectorAll('nav[aria-label]').length, 1);
  assert.equal(page.root.querySelector('a')?.className, 'skip', 'the first stop skips to the content');
  page.close();
});

test('anybody is told which address to use now, and nothing of it is kept from who asks again', async () => {
  const views: PublicView[] = [
    { wall: WALL, address: '192.0.2.12', kind: 'node', site: 'Lycée', centre: null },
    { wall: WALL, address: '192.0.2.11', kind: 'node', site: 'Lycée', centre: null },
  ];
  const api = fakeApi({ public: async () => ({ ok: true, value: views.pop() ?? (views[0] as PublicView) }) });
  const page = await show(null, [{ type: 'route', hash: '#/' }], { api });
  assert.match(page.find('h1').textContent ?? '', /Use this address now: 192\.0\.2\.11/);
  await page.click(page.button('Refresh'));
  assert.match(page.find('h1').textContent ?? '', /Use this address now: 192\.0\.2\.12/);
  page.close();
});

test('users of a contact centre are told its address, to refresh, and to wait until it is ready, virtual address or not', async () => {
  for (const [language, state, words] of [
    ['en', 'ready', /Refresh your browser/],
    ['en', 'preparing', /being made ready/],
    ['en', 'unknown', /not known here/],
    ['fr', 'ready', /Actualisez la fenêtre/],
  ] as const) {
    const centre = { address: 'cc2.example.org', state };
    const view: PublicView = { wall: WALL, address: '192.0.2.10', kind: 'virtual', site: 'Lycée', centre };
    const api = fakeApi({ public: async () => ({ ok: true, value: view }) });
    const page = await show(null, [{ type: 'route', hash: '#/' }], { api, language });
    assert.match(page.find('h2').textContent ?? '', /cc2\.example\.org/);
    assert.match(page.root.textContent ?? '', words);
    assert.doesNotMatch(page.root.textContent ?? '', /nothing changes|rien ne change/);
    page.close();
  }
});
