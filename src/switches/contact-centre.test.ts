import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ContactCentreOptions, createContactCentre } from './contact-centre.ts';
import { createForcedHost, unreachableHost } from './testing/forced.ts';

const never = new AbortController().signal;

const centreOf = (t: TestContext, options: Partial<ContactCentreOptions> = {}) => {
  const far = createForcedHost('dualtone-cc');
  t.after(far.remove);
  const centre = createContactCentre({
    host: far.host,
    service: 'xuc',
    readiness: { kind: 'log', pattern: /xuc started/ },
    restartMs: 60_000,
    readyMs: 60_000,
    everyMs: 20,
    ...options,
  });
  return { far, centre };
};

test('xuc is restarted, and done is only when its log says ready', async (t) => {
  const { far, centre } = centreOf(t);
  const done = await centre.restart(never);
  assert.ok(done.ok, done.ok ? '' : done.error.message);
  assert.equal(far.calls()[0], 'restart xuc');
  assert.match(far.calls()[1] ?? '', /^logs --no-color --since \d{4}-\S+Z xuc$/);
  assert.deepEqual(await centre.isRunning(never), { ok: true, value: true });
  assert.ok((await centre.set('stop', never)).ok);
  assert.deepEqual(await centre.isRunning(never), { ok: true, value: false });
});

test('ready by its port', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { centre } = centreOf(t, { readiness: { kind: 'port', address: '127.0.0.1', port } });
  assert.ok((await centre.restart(never)).ok);
});

test('one that is never ready, hangs, refuses or is not reached is a fault in time', async (t) => {
  const silent = centreOf(t, { readiness: { kind: 'log', pattern: /never said/ }, readyMs: 200 });
  const late = await silent.centre.restart(never);
  assert.equal(late.ok ? 'ready' : late.error.code, 'cc-not-ready');
  const stuck = centreOf(t, { restartMs: 200 });
  stuck.far.hang('restart');
  const hung = await stuck.centre.restart(never);
  assert.equal(hung.ok ? 'ready' : hung.error.code, 'program-timeout');
  const refusing = centreOf(t);
  refusing.far.refuse('restart', 'always');
  const refused = await refusing.centre.restart(never);
  assert.equal(refused.ok ? 'ready' : refused.error.code, 'far-failed');
  const gone = await centreOf(t, { host: unreachableHost() }).centre.restart(never);
  assert.equal(gone.ok ? 'ready' : gone.error.code, 'ssh-unreachable');
});

test('the key may do nothing else there, whatever its words are', async (t) => {
  const { far } = centreOf(t);
  for (const words of [['exec', 'xuc'], ['restart', '--all'], ['restart', '-f'], ['logs', 'xuc', 'x'], ['restart']]) {
    const done = await far.host.ask(words, { timeoutMs: 60_000, signal: never });
    assert.equal(done.ok ? 'done' : done.error.code, 'far-refused', words.join(' '));
  }
  assert.equal(far.file('calls'), null);
});
