import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { openWorld, type World } from './keeper/testing/world.ts';
import { ask, bearer, login, openEvents, PAGE_HEADERS, rawSocket, untilEnd } from './testing/client.ts';

const PASSWORD = 'correct horse battery';
let world: World;
before(async () => {
  world = await openWorld();
  for (const name of ['anna', 'boris', 'carla'])
    assert.ok((await world.users.addUser(name, 'operate', PASSWORD, Date.now() - 1000)).ok);
});
after(() => world.close());

const who = (cookie: string) => ask(world, '/api/v1/session', { headers: { cookie } });

test('a login gives a cookie that scripts and other sites never see, and the journal says who', async () => {
  const audited = world.agent.audited('login');
  const told = await login(world, 'anna', PASSWORD);
  assert.equal(told.status, 200);
  const attributes = told.headers['set-cookie']?.[0] ?? '';
  assert.match(
    attributes,
    /^__Host-dualtone=[A-Za-z0-9_-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=\d+$/,
  );
  assert.equal((await audited).by, 'anna (web, 127.0.0.1)');
  assert.equal((await who(told.cookie)).status, 200);
});

test('of passwords, cookies and tokens only what proves them is kept, and only root reads it', async () => {
  const { cookie } = await login(world, 'anna', PASSWORD);
  const token = world.token('view');
  for (const name of ['users.json', 'sessions.json', 'tls.key']) {
    const path = join(world.folder, 'state', 'web', name);
    const text = readFileSync(path, 'utf8');
    assert.equal(statSync(path).mode & 0o777, 0o600, name);
    for (const secret of [PASSWORD, token, cookie.split('=')[1] ?? '']) assert.ok(!text.includes(secret), name);
  }
});

test('a cookie is of no use after logout, and a stolen copy neither', async () => {
  const { cookie } = await login(world, 'anna', PASSWORD);
  const out = await ask(world, '/api/v1/session', { method: 'DELETE', headers: { cookie, ...PAGE_HEADERS } });
  assert.equal(out.status, 204);
  assert.equal((await who(cookie)).status, 401);
});

test('a new password and a removed user end all logins at once', async () => {
  const { cookie } = await login(world, 'boris', PASSWORD);
  assert.ok((await world.users.setPassword('boris', `${PASSWORD} 2`, Date.now() + 1)).ok);
  assert.equal((await who(cookie)).status, 401);
  const again = await login(world, 'boris', `${PASSWORD} 2`);
  assert.equal((await who(again.cookie)).status, 200);
  world.users.removeUser('boris');
  assert.equal((await who(again.cookie)).status, 401);
});

test('another role counts from the next request on', async () => {
  const { cookie } = await login(world, 'carla', PASSWORD);
  world.users.setRole('carla', 'view');
  const told = await ask(world, '/api/v1/commands', {
    method: 'POST',
    headers: { cookie, ...PAGE_HEADERS },
    body: { command: { name: 'stop' } },
  });
  assert.equal(told.status, 403);
});

test('an open event stream ends with its login', async () => {
  const { cookie } = await login(world, 'anna', PASSWORD);
  const stream = await openEvents(world, { cookie });
  await stream.next('pair');
  await ask(world, '/api/v1/session', { method: 'DELETE', headers: { cookie, ...PAGE_HEADERS } });
  assert.deepEqual((await stream.next('bye')).data, { reason: 'session-over', retryMs: 0 });
  await stream.ended;
});

const commands = (): number => world.agent.given.filter(({ type }) => type === 'command').length;

const FORGED: readonly (readonly [string, Record<string, string>])[] = [
  ['without the header that forms cannot send', { 'sec-fetch-site': 'same-origin' }],
  ['from another site', { 'x-dualtone': '1', 'sec-fetch-site': 'cross-site' }],
  ['from a sister site', { 'x-dualtone': '1', 'sec-fetch-site': 'same-site' }],
  ['from another origin', { 'x-dualtone': '1', origin: 'https://evil.example' }],
  ['from the same host without TLS', { 'x-dualtone': '1', origin: 'http://127.0.0.1' }],
  ['from nowhere', { 'x-dualtone': '1', origin: 'null' }],
];

for (const [what, headers] of FORGED) {
  test(`a request that changes something ${what} is refused, with a good cookie and at the login`, async () => {
    const { cookie } = await login(world, 'anna', PASSWORD);
    const before = commands();
    const told = await ask(world, '/api/v1/commands', {
      method: 'POST',
      headers: { cookie, ...headers },
      body: { command: { name: 'switchover' } },
    });
    assert.equal(told.status, 403);
    assert.match(told.text, /request-forged/);
    assert.equal(commands(), before);
    const at = await ask(world, '/api/v1/session', {
      method: 'POST',
      headers,
      body: { user: 'anna', password: PASSWORD },
    });
    assert.equal(at.status, 403);
  });
}

test('every answer forbids a browser what it need not do', async () => {
  for (const path of ['/', '/nothing', '/api/v1/pair', '/health/live', '/api/v1/openapi.json']) {
    const { headers } = await ask(world, path);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /default-src 'none'.*frame-ancestors 'none'/, path);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['strict-transport-security'], 'max-age=31536000');
    assert.equal(headers['access-control-allow-origin'], undefined);
    assert.equal(headers['x-powered-by'], undefined);
  }
});

const asOperator = (body: unknown) =>
  ask(world, '/api/v1/commands', { method: 'POST', headers: bearer(world.token('operate')), body });

test('what is wrong with a request is said by field, and nothing reaches the agent', async () => {
  const before = commands();
  const wrong: readonly (readonly [unknown, number])[] = [
    [{ command: { name: 'explode' } }, 400],
    [{ command: { name: 'switchover', whenIdle: 'yes' } }, 400],
    [{ command: { name: 'switchover', maxWaitMs: -1 } }, 400],
    [{ command: { name: 'switchover', maxWaitMs: 1e300 } }, 400],
    [{ command: { name: 'stop', also: 1 } }, 400],
    [{ command: { name: 'maintenance-on', forMs: 60_000, reason: 'x'.repeat(201) } }, 400],
    [{ command: { name: 'maintenance-on', forMs: 60_000, reason: '  ' } }, 400],
    [{ command: { name: 'maintenance-on', forMs: 8 * 86_400_000, reason: 'x' } }, 400],
    [[], 400],
    ['not json', 400],
    ['{"command":{"name":"stop"},"__proto__":{"a":1}}', 400],
    [`{"command":${'['.repeat(10_000)}`, 400],
    [{ command: { name: 'stop' }, filler: 'x'.repeat(70_000) }, 413],
  ];
  for (const [body, status] of wrong) {
    const told = await asOperator(body);
    assert.equal(told.status, status, JSON.stringify(body).slice(0, 80));
    assert.match(told.text, /"remedy"/);
  }
  assert.equal(commands(), before);
  const fields = (await asOperator({ command: { name: 'switchover', maxWaitMs: -1 } })).text;
  assert.match(fields, /"path":"command.maxWaitMs"/);
});

test('control characters in a reason never reach the journal', async () => {
  const told = await asOperator({ command: { name: 'maintenance-on', forMs: 60_000, reason: 'a\nb\u001b[31m' } });
  assert.equal(told.status, 400);
  assert.match(told.text, /api-garbage|request-invalid/);
});

test('nothing that a stranger sends is told to the journal as said: not a name, not a header, not another address', async () => {
  const forged = 'x\nanna (web, 10.0.0.9) logged in\u001b[2J';
  const headers = {
    ...PAGE_HEADERS,
    'user-agent': 'forged-agent',
    'x-forwarded-for': '10.0.0.9',
    forwarded: 'for=10.0.0.9',
  };
  const audited = world.agent.audited('login-refused');
  const told = await ask(world, '/api/v1/session', {
    method: 'POST',
    headers,
    body: { user: forged, password: forged },
  });
  assert.equal(told.status, 401);
  const { by, detail } = await audited;
  assert.equal(by, 'an unknown user (web, 127.0.0.1)');
  assert.equal(detail, 'a login as an unknown user from 127.0.0.1 was refused');
});

test('a body that is not JSON is refused by its type', async () => {
  const headers = { ...bearer(world.token('operate')), 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal((await ask(world, '/api/v1/commands', { method: 'POST', headers, body: 'name=stop' })).status, 415);
  const plain = { ...headers, 'content-type': 'text/plain' };
  assert.equal((await ask(world, '/api/v1/commands', { method: 'POST', headers: plain, body: '{}' })).status, 415);
});

test('tricks with paths lead nowhere', async () => {
  const tricks = [
    '/../../etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/assets/..%5c..%5cetc',
    '//etc/passwd',
    '/index.html%00.js',
    '/%c0%ae%c0%ae/',
    '/%',
    '/API/v1/pair',
    '/api/v1/pair/',
    `/api/v1/jobs/${'a'.repeat(1000)}`,
    '/api/v1/jobs/..%2fpair',
  ];
  for (const path of tricks) {
    const told = await ask(world, path, { headers: bearer(world.token('view')) });
    assert.ok([400, 404, 414].includes(told.status), `${path}: ${told.status}`);
    assert.doesNotMatch(told.text, /root:/);
  }
});

test('what breaks the rules of HTTP ends the connection and reaches nobody', async () => {
  const before = commands();
  const head = `Host: 127.0.0.1\r\nAuthorization: Bearer ${world.token('operate')}\r\nContent-Type: application/json\r\n`;
  const wrong = [
    `POST /api/v1/commands HTTP/1.1\r\n${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
    `POST /api/v1/commands HTTP/1.1\r\n${head}Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}`,
    `POST /api/v1/commands HTTP/1.1\r\n${head}Content-Length: +2\r\n\r\n{}`,
    'GET /health/live HTTP/1.1\r\n\r\n',
    'GET /health/live HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n',
    `GET /health/live HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    'nonsense\r\n\r\n',
    '\u0000\u0001\u0002\r\n\r\n',
  ];
  for (const text of wrong) {
    const socket = await rawSocket(world);
    socket.end(text);
    assert.match(await untilEnd(socket), /^$|^HTTP\/1\.1 4\d\d/, text.slice(0, 60));
  }
  assert.equal(commands(), before);
});

test('a header cannot carry a second one out again', async () => {
  const told = await ask(world, '/api/v1/journal?search=a%0d%0aSet-Cookie:%20x=y', {
    headers: bearer(world.token('view')),
  });
  assert.equal(told.headers['set-cookie'], undefined);
});

test('TLS below 1.2 and plain HTTP are not spoken', async () => {
  const old = await new Promise<string>((resolve) => {
    const socket = connectTls(
      { host: '127.0.0.1', port: world.port, ca: world.certificate(), maxVersion: 'TLSv1.1', minVersion: 'TLSv1' },
      () => resolve('spoken'),
    );
    socket.on('error', (error) => resolve(error.message));
  });
  assert.notEqual(old, 'spoken');
});

test('two cookies of the name count as none', async () => {
  const { cookie } = await login(world, 'anna', PASSWORD);
  assert.equal((await who(`${cookie}; __Host-dualtone=${'z'.repeat(43)}`)).status, 401);
});

test('a token that is over opens nothing', async () => {
  const made = world.users.addToken('old', 'admin', Date.now() - 10, Date.now() - 5);
  assert.ok(made.ok);
  assert.equal((await ask(world, '/api/v1/pair', { headers: bearer(made.value) })).status, 401);
});

// The last: from here on this address has to wait.
test('guessing passwords is stopped, for this address and not for those who hold a token', async () => {
  const statuses: number[] = [];
  for (let tried = 0; tried < 14; tried += 1) statuses.push((await login(world, 'anna', `guess ${tried}`)).status);
  assert.ok(statuses.includes(401));
  assert.equal(statuses.at(-1), 429);
  const told = await login(world, 'anna', PASSWORD);
  assert.equal(told.status, 429);
  assert.ok(Number(told.headers['retry-after']) > 0);
  assert.equal((await ask(world, '/api/v1/pair', { headers: bearer(world.token('view')) })).status, 200);
  const refused = world.agent.given.filter((each) => each.type === 'audit' && each.what === 'login-refused');
  assert.ok(refused.length > 0);
});
