import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InviteRequest, JoinRequest, PairingView, PairingWork, Session } from '../../contract.ts';
import { fakeApi, show } from '../testing/dom.ts';
import { goodPair } from '../testing/pair.ts';

const WALL = 1_800_000_000_000;
const admin: Session = { user: 'claire', role: 'admin', by: 'session', endsAt: null };
const events = [
  { type: 'pair', pair: goodPair(WALL), now: WALL },
  { type: 'route', hash: '#/settings' },
] as const;

const TOKEN = `dt1-${'x'.repeat(80)}`;
const WORK: PairingWork = {
  what: 'invite',
  by: 'claire (web, 192.0.2.1)',
  since: WALL,
  until: WALL + 600_000,
  invited: [{ for: 'standby', kind: 'node' }],
  state: 'running',
  joined: [],
  missing: [],
  fault: null,
};

const world = () => {
  const asked: (InviteRequest | JoinRequest | 'end')[] = [];
  let view: PairingView = { node: 'pbx-sud', peer: 'pbx-nord', work: null };
  const api = fakeApi({
    pairing: async () => ({ ok: true, value: view }),
    invite: async (request) => {
      asked.push(request);
      view = { ...view, work: WORK };
      const tokens = [{ for: 'standby', kind: 'node', token: TOKEN, command: 'dualtone join -' } as const];
      return { ok: true, value: { until: WALL + 600_000, address: '192.0.2.11', tokens } };
    },
    join: async (request) => {
      asked.push(request);
      return { ok: false, error: { code: 'pairing-running', message: 'A pairing is under way.', remedy: 'Wait.' } };
    },
    endPairing: async () => {
      asked.push('end');
      view = { ...view, work: { ...WORK, state: 'failed' } };
      return { ok: true, value: view };
    },
  });
  return { api, asked };
};

test('a token is shown once with its end, and is gone from the page when it is put away', async () => {
  const { api, asked } = world();
  const page = await show(admin, events, { api });
  await page.click(page.button('Make tokens'));
  assert.deepEqual(asked, [{ validMinutes: 10 }]);
  assert.equal(page.find('[data-token="standby"]').textContent, TOKEN);
  assert.match(page.find('[data-tokens]').textContent ?? '', /Shown this once.*dualtone join -/);
  assert.match(page.find('[data-pairing-state="running"]').textContent ?? '', /waits for: standby/);
  await page.click(page.button('I have it'));
  assert.ok(!(page.root.textContent ?? '').includes(TOKEN));
  await page.click(page.button('End it'));
  assert.equal(asked.at(-1), 'end');
});

test('what shuts the other node out, or rewrites this one, wants its name typed', async () => {
  const { api, asked } = world();
  const page = await show(admin, events, { api });
  const isDisabled = (name: string): boolean => page.button(name).hasAttribute('disabled');
  assert.ok(isDisabled('Make a token for a new machine') && isDisabled('Join now'));
  await page.type(page.find('[data-pairing="confirm"]'), 'pbx-nord');
  await page.type(page.find('[data-pairing="token"]'), ` ${TOKEN} `);
  assert.ok(!isDisabled('Make a token for a new machine') && isDisabled('Join now'));
  await page.type(page.find('[data-pairing="own"]'), 'pbx-sud');
  await page.click(page.button('Join now'));
  assert.deepEqual(asked, [{ token: TOKEN, confirm: 'pbx-sud' }]);
  assert.match(page.root.textContent ?? '', /A pairing is under way/);
  await page.click(page.button('Make a token for a new machine'));
  assert.deepEqual(asked.at(-1), { validMinutes: 10, replace: true, confirm: 'pbx-nord' });
});

test('each field says what is wrong with it and how to mend it, and nothing is asked for before', async () => {
  const { api, asked } = world();
  const page = await show(admin, events, { api });
  const field = (name: string): HTMLElement => page.find(`[data-pairing="${name}"]`);
  const saidOf = (name: string): string =>
    (field(name).getAttribute('aria-describedby') ?? '')
      .split(' ')
      .map((id) => (id.endsWith('wrong') ? page.find(`#${id}`).textContent : ''))
      .join('');
  const isOpen = (name: string): boolean => !page.button(name).hasAttribute('disabled');
  const cases = [
    ['minutes', ['', '0', '61', 'ten', '1.5'], '60', /whole number from 1 to 60/],
    ['checkpoint', ['CP 1', '-cp', 'x'.repeat(33)], 'cp1', /lower-case letters/],
    ['address', ['', 'cp1', '10.0.0', '10.0.0.300', '010.0.0.1'], 'fd00::3', /in numbers/],
    ['token', ['dt1-x', 'hello'], TOKEN, /begins with dt1-/],
    ['from', ['pbx', '10.0.0.1:22'], '10.0.0.1', /in numbers/],
  ] as const;
  await page.type(field('own'), 'pbx-sud');
  for (const [name, odd, good, expected] of cases) {
    const button = name === 'token' || name === 'from' ? 'Join now' : 'Make tokens';
    for (const text of odd) {
      await page.type(field(name), text);
      assert.match(saidOf(name), expected, `${name}: ${text}`);
      assert.equal(field(name).getAttribute('aria-invalid'), 'true');
      assert.ok(!isOpen(button), `${name}: ${text}`);
    }
    await page.type(field(name), good);
    assert.equal(saidOf(name), '', name);
  }
  assert.ok(isOpen('Make tokens') && isOpen('Join now'));
  assert.deepEqual(asked, []);
});

test('who only operates is shown no way to pair', async () => {
  const page = await show({ ...admin, role: 'operate' }, events, { api: world().api });
  assert.throws(() => page.button('Make tokens'));
});
