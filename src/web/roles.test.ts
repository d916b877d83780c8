import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { WebRole, WebWork } from './contract.ts';
import { openWorld, type World } from './keeper/testing/world.ts';
import { mayDo, ROLES, WORK_NEEDS } from './roles.ts';
import { ROUTES, type Route } from './server/routes.ts';
import { ask, bearer, openEvents, type Sent, type Told } from './testing/client.ts';

let world: World;
before(async () => {
  world = await openWorld();
});
after(() => world.close());

const bodyOf = ({ path, method }: Route): unknown => {
  if (method !== 'POST') return undefined;
  if (path.endsWith('/session')) return { user: 'nobody', password: 'nothing' };
  if (path.endsWith('/commands')) return { command: { name: 'acknowledge' } };
  const base = '0'.repeat(64);
  if (path.endsWith('/config/both')) return { base, otherBase: base, changes: [{ path: 'web.public', value: true }] };
  if (path.includes('/config'))
    return path.endsWith('/undo') ? { base } : { base, changes: [{ path: 'web.public', value: true }] };
  if (/\/drills(\/preview)?$/.test(path)) return { kind: 'dry' };
  if (path.endsWith('/preview')) return { command: { name: 'stop' } };
  // Refused for what was not typed: nothing begins.
  if (path.endsWith('/pairing/tokens')) return { replace: true, confirm: 'nobody' };
  if (path.endsWith('/pairing/join')) return { token: `dt1-${'x'.repeat(80)}`, confirm: 'nobody' };
  return path.endsWith('/jobs') ? { work: { name: 'loss' } } : {};
};

const send = async (route: Route, headers: Sent['headers'] = {}, body: unknown = bodyOf(route)): Promise<Told> => {
  if (route.path.endsWith('/events')) {
    const stream = await openEvents(world, headers);
    stream.close();
    return { status: stream.status, headers: {}, text: '', body: null };
  }
  const own = { 'x-dualtone': '1', ...headers };
  const query = /\/drills\/(report|paper)$/.test(route.path) ? '?id=20260101-000000' : '';
  return ask(world, `${route.path.replace(':id', '0')}${query}`, { method: route.method, headers: own, body });
};

const isBarred = ({ status }: Told): boolean => status === 401 || status === 403;

const BAD: readonly (readonly [string, Sent['headers']])[] = [
  ['no credential', {}],
  ['a token nobody gave', bearer(`dt_${'x'.repeat(43)}`)],
  ['a cookie nobody gave', { cookie: `__Host-dualtone=${'x'.repeat(43)}` }],
  ['a session in the place of a token', bearer('y'.repeat(43))],
  ['Basic', { authorization: 'Basic YWRtaW46YWRtaW4=' }],
];

for (const route of ROUTES.filter(({ needs }) => needs !== null)) {
  test(`${route.method} ${route.path} is closed to strangers, and open from its role on`, async () => {
    for (const [what, headers] of BAD) assert.equal((await send(route, headers)).status, 401, what);
    const needed: WebRole = route.needs === 'work' ? 'view' : (route.needs ?? 'admin');
    for (const role of ROLES) {
      const told = await send(route, bearer(world.token(role)));
      if (mayDo(role, needed)) assert.ok(!isBarred(told), `${role}: ${told.status} ${told.text}`);
      else assert.equal(told.status, 403, role);
    }
  });
}

for (const route of ROUTES.filter(({ needs }) => needs === null)) {
  test(`${route.method} ${route.path} needs no login`, async () => {
    const told = await send(route);
    assert.ok(told.status !== 403, told.text);
    // A wrong password is refused, which is something else.
    assert.ok(told.status !== 401 || told.text.includes('login-refused'), told.text);
  });
}

const works: readonly WebWork[] = [
  { name: 'check' },
  { name: 'replicate' },
  { name: 'merge-preview' },
  { name: 'merge-run' },
  { name: 'merge-undo', merge: 1 },
  { name: 'merge-report' },
  { name: 'loss' },
  { name: 'forecast' },
  { name: 'sync-init' },
  { name: 'sync-remove', preview: true },
];

test('each kind of work needs its role', async () => {
  assert.equal(works.length, Object.keys(WORK_NEEDS).length);
  for (const work of works) {
    for (const role of ROLES) {
      const told = await ask(world, '/api/v1/jobs', {
        method: 'POST',
        headers: bearer(world.token(role)),
        body: { work },
      });
      const expected = mayDo(role, WORK_NEEDS[work.name]) ? 202 : 403;
      // As many run at once as may: that is no matter of roles.
      if (told.status !== 503) assert.equal(told.status, expected, `${work.name} as ${role}: ${told.text}`);
    }
  }
});

test('who gave an order stands in what the agent is told', async () => {
  await ask(world, '/api/v1/commands', {
    method: 'POST',
    headers: bearer(world.token('operate')),
    body: { command: { name: 'mode', mode: 'manual' } },
  });
  const given = world.agent.given.findLast(({ type }) => type === 'command');
  assert.equal(given?.by, 'token for-operate (API, 127.0.0.1)');
});
