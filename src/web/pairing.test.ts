import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { PairingTokens, PairingView } from './contract.ts';
import { openWorld, type World } from './keeper/testing/world.ts';
import { ask, bearer, PAGE_HEADERS, type Told } from './testing/client.ts';

let world: World;
let port = 0;
before(async () => {
  world = await openWorld();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address === 'object' && address !== null) port = address.port;
  server.close();
  await once(server, 'close');
});
after(async () => {
  await asAdmin('', undefined, 'DELETE');
  await world.close();
});

const asAdmin = (path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST'): Promise<Told> =>
  ask(world, `/api/v1/pairing${path}`, { method, headers: bearer(world.token('admin')), body });

const file = (): string => readFileSync(join(world.folder, 'dualtone.yaml'), 'utf8');
const codeOf = ({ body }: Told): string => (body as { readonly error: { readonly code: string } }).error.code;
const audits = (): readonly string[] =>
  world.agent.given.flatMap((each) => (each.type === 'audit' && each.what === 'pairing' ? [each.detail] : []));

/** Each turn asks the server: it is not a wait, but a conversation. */
const untilOver = async (): Promise<PairingView> => {
  for (;;) {
    const view = (await asAdmin('')).body as PairingView;
    if (view.work?.state !== 'running') return view;
  }
};

test('a token is told once, with its end, to who asked; nobody else begins a second, and its end leaves all as it was', async () => {
  const before = file();
  const told = await asAdmin('/tokens', { validMinutes: 2, port });
  assert.equal(told.status, 200, told.text);
  const { until, tokens } = told.body as PairingTokens;
  assert.ok(Math.abs(until - Date.now() - 120_000) < 20_000);
  assert.deepEqual(
    tokens.map(({ for: as, kind, command }) => [as, kind, command]),
    [['standby', 'node', 'dualtone join -']],
  );
  const token = tokens[0]?.token ?? '';
  assert.match(token, /^dt1-/);
  const seen = await asAdmin('');
  const { work } = seen.body as PairingView;
  assert.deepEqual(
    [work?.what, work?.state, work?.until, work?.by],
    ['invite', 'running', until, 'token for-admin (API, 127.0.0.1)'],
  );
  assert.equal(codeOf(await asAdmin('/tokens', { port })), 'pairing-running');
  assert.equal((await asAdmin('', undefined, 'DELETE')).status, 200);
  const over = await untilOver();
  assert.equal(over.work?.fault?.code, 'pairing-nobody-came');
  assert.equal(codeOf(await asAdmin('', undefined, 'DELETE')), 'pairing-not-running');
  assert.equal(file(), before);
  // Neither what is shown later, nor the journal, nor the log has the secret.
  for (const text of [seen.text, JSON.stringify(over), JSON.stringify(world.agent.given), world.said()])
    assert.ok(!text.includes(token.slice(4)), 'the token was told again');
  assert.ok(audits().some((each) => each === 'invite from the page: tokens for 2 min'));
});

test('after a restart of the agent the page still knows of what waits, and ends it', async () => {
  const told = await asAdmin('/tokens', { validMinutes: 2, port });
  assert.equal(told.status, 200, told.text);
  await world.renew();
  const { work } = (await asAdmin('')).body as PairingView;
  assert.deepEqual(
    [work?.what, work?.state, work?.until, work?.by, work?.invited],
    [
      'invite',
      'running',
      (told.body as PairingTokens).until,
      'token for-admin (API, 127.0.0.1)',
      [{ for: 'standby', kind: 'node' }],
    ],
  );
  assert.equal(codeOf(await asAdmin('/tokens', { port })), 'pairing-running');
  const over = await asAdmin('', undefined, 'DELETE');
  assert.equal(over.status, 200, over.text);
  assert.equal((over.body as PairingView).work?.fault?.code, 'pairing-nobody-came');
  const kept = readFileSync(join(world.folder, 'state', 'pairing-progress.json'), 'utf8');
  assert.ok(!kept.includes('dt1-'), 'the token was kept');
});

test('a token that was never made joins nothing, and what was not typed begins nothing', async () => {
  const before = file();
  const token = `dt1-${'x'.repeat(80)}`;
  assert.equal(codeOf(await asAdmin('/join', { token, confirm: 'pbx2' })), 'pairing-confirm');
  assert.equal(codeOf(await asAdmin('/tokens', { replace: true, confirm: 'pbx1' })), 'pairing-confirm');
  assert.equal((await asAdmin('/join', { token, confirm: 'pbx1' })).status, 202);
  const { work } = await untilOver();
  assert.deepEqual([work?.what, work?.state, work?.fault?.code], ['join', 'failed', 'pairing-token-malformed']);
  assert.equal(file(), before);
});

test('what is no request of pairing is said by its field, and words of a command line are none', async () => {
  const wrong: readonly (readonly [string, unknown])[] = [
    ['/tokens', { validMinutes: 0 }],
    ['/tokens', { validMinutes: 600 }],
    ['/tokens', { checkpoint: { name: 'cp1 --no-system', address: '10.0.0.3' } }],
    ['/tokens', { checkpoint: { name: 'cp1', address: '10.0.0.3 --etc-dir /' } }],
    ['/tokens', { port: 70_000 }],
    ['/tokens', { etcDir: '/' }],
    ['/join', { token: '--help', confirm: 'pbx1' }],
    ['/join', { token: `dt1-${'x'.repeat(80)}`, address: '--etc-dir', confirm: 'pbx1' }],
    ['/join', { token: `dt1-${'x'.repeat(80)}\n--force`, confirm: 'pbx1' }],
  ];
  for (const [path, body] of wrong) {
    const told = await asAdmin(path, body);
    assert.equal(told.status, 400, `${JSON.stringify(body)}: ${told.text}`);
    assert.match(told.text, /"fields":\[\{"path"/);
  }
});

test('another site cannot pair this node by an administrator’s cookie', async () => {
  assert.ok((await world.users.addUser('anna', 'admin', 'correct horse battery', Date.now() - 1000)).ok);
  const login = await ask(world, '/api/v1/session', {
    method: 'POST',
    headers: PAGE_HEADERS,
    body: { user: 'anna', password: 'correct horse battery' },
  });
  const cookie = login.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  for (const [method, path] of [
    ['POST', '/tokens'],
    ['POST', '/join'],
    ['DELETE', ''],
  ] as const) {
    const headers = { cookie, 'sec-fetch-site': 'cross-site', 'x-dualtone': '1' };
    const told = await ask(world, `/api/v1/pairing${path}`, {
      method,
      headers,
      ...(method === 'POST' ? { body: {} } : {}),
    });
    assert.equal(told.status, 403, path);
    assert.match(told.text, /request-forged/);
  }
});
