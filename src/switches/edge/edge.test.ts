import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FarHost } from '../far-host.ts';
import { persist } from '../persist.ts';
import { createForcedHost, unreachableHost } from '../testing/forced.ts';
import { createEdge } from './edge.ts';

const sides = { main: { xivo: '10.0.0.1', cc: '10.0.0.10' }, standby: { xivo: '10.0.0.2', cc: '10.0.0.20' } };
const BEFORE =
  'XIVO_HOST=10.0.0.1\nXIVOCC_HOST=10.0.0.10\nTURN_ALLOWED_PEERS=10.0.0.1,10.0.0.10\nXIVO_MDS_HOST_DEFAULT=10.0.0.1\n';
const AFTER =
  'XIVO_HOST=10.0.0.2\nXIVOCC_HOST=10.0.0.20\nTURN_ALLOWED_PEERS=10.0.0.2,10.0.0.20\nXIVO_MDS_HOST_DEFAULT=10.0.0.2\n';
const never = new AbortController().signal;

const edgeOf = (t: TestContext) => {
  const far = createForcedHost('dualtone-edge');
  t.after(far.remove);
  far.put('.env', BEFORE);
  const edge = createEdge({ host: far.host, sides, fileMs: 60_000, upMs: 60_000 });
  return { far, edge };
};

test('all four at once, started from them, and back again; the former file stays beside it', async (t) => {
  const { far, edge } = edgeOf(t);
  const mode = statSync(join(far.folder, '.env')).mode;
  const preview = await edge.preview('standby', never);
  assert.ok(preview.ok && preview.value.length === 4);
  assert.equal(far.file('.env'), BEFORE, 'a preview changes nothing');
  const done = await edge.switchTo('standby', never);
  assert.ok(done.ok, done.ok ? '' : done.error.message);
  assert.deepEqual(
    [far.file('.env'), far.file('running-env'), far.file('.env.dualtone-before')],
    [AFTER, AFTER, BEFORE],
  );
  assert.equal(statSync(join(far.folder, '.env')).mode, mode);
  assert.ok((await edge.switchTo('main', never)).ok);
  assert.deepEqual([far.file('.env'), far.file('running-env')], [BEFORE, BEFORE]);
});

test('where Edge does not come up with them it is put back whole, and says why', async (t) => {
  const { far, edge } = edgeOf(t);
  far.refuse('up', 'once');
  const done = await edge.switchTo('standby', never);
  assert.equal(done.ok ? 'done' : done.error.code, 'edge-rolled-back');
  assert.match(done.ok ? '' : done.error.message, /no space left/);
  assert.deepEqual([far.file('.env'), far.file('running-env')], [BEFORE, BEFORE]);
});

test('where it cannot even be put back, that is said, with where the former file lies', async (t) => {
  const { far, edge } = edgeOf(t);
  far.refuse('up', 'always');
  const done = await edge.switchTo('standby', never);
  assert.equal(done.ok ? 'done' : done.error.code, 'edge-not-rolled-back');
  assert.equal(far.file('.env'), BEFORE, 'the file is as it was, what runs is not known');
  far.well();
  assert.ok((await edge.switchTo('standby', never)).ok, 'and the next try goes through');
});

test('a try that ended between the file and the start is finished by the next', async (t) => {
  const { far, edge } = edgeOf(t);
  far.put('.env', AFTER);
  const done = await edge.switchTo('standby', never);
  assert.deepEqual(done.ok && done.value.changes, []);
  assert.equal(far.file('running-env'), AFTER);
});

test('a value that is not known leaves everything as it is, and nothing is started', async (t) => {
  const { far, edge } = edgeOf(t);
  far.put('.env', BEFORE.replace('XIVO_MDS_HOST_DEFAULT=10.0.0.1', 'XIVO_MDS_HOST_DEFAULT=mds.example.org'));
  const done = await edge.switchTo('standby', never);
  assert.equal(done.ok ? 'done' : done.error.code, 'edge-value-unknown');
  assert.equal(far.file('calls'), null);
});

test('a file that somebody changed since it was read is not overwritten', async (t) => {
  const { far } = edgeOf(t);
  const meddled: FarHost = {
    ...far.host,
    ask: (words, bounds) => {
      if (words[0] === 'write') far.put('.env', `${BEFORE}# by hand\n`);
      return far.host.ask(words, bounds);
    },
  };
  const done = await createEdge({ host: meddled, sides, fileMs: 60_000, upMs: 60_000 }).switchTo('standby', never);
  assert.equal(done.ok ? 'done' : done.error.code, 'edge-changed-meanwhile');
  assert.equal(far.file('.env'), `${BEFORE}# by hand\n`);
});

test('a write whose answer was lost is put back too', async (t) => {
  const { far } = edgeOf(t);
  let lost = false;
  const lossy: FarHost = {
    ...far.host,
    ask: async (words, bounds) => {
      const done = await far.host.ask(words, bounds);
      if (words[0] !== 'write' || lost) return done;
      lost = true;
      return unreachableHost().ask(words, bounds);
    },
  };
  const done = await createEdge({ host: lossy, sides, fileMs: 60_000, upMs: 60_000 }).switchTo('standby', never);
  assert.equal(done.ok ? 'done' : done.error.code, 'edge-rolled-back');
  assert.equal(far.file('.env'), BEFORE);
});

test('an Edge that hangs is given up in time', async (t) => {
  const { far } = edgeOf(t);
  far.hang('up');
  const edge = createEdge({ host: far.host, sides, fileMs: 60_000, upMs: 1000 });
  const beganAt = performance.now();
  const done = await edge.switchTo('standby', never);
  assert.equal(done.ok ? 'done' : done.error.code, 'edge-not-rolled-back');
  assert.ok(performance.now() - beganAt < 60_000);
  assert.equal(far.file('.env'), BEFORE);
});

test('an Edge that is not reached is tried again until it is; each failure is told', async (t) => {
  const { far } = edgeOf(t);
  const absent = unreachableHost();
  let asked = 0;
  const host: FarHost = {
    name: 'edge',
    ask: (words, bounds) => {
      asked += 1;
      return (asked <= 3 ? absent : far.host).ask(words, bounds);
    },
  };
  const edge = createEdge({ host, sides, fileMs: 60_000, upMs: 60_000 });
  const told: string[] = [];
  const waits: number[] = [];
  const done = await persist((signal) => edge.switchTo('standby', signal), {
    firstMs: 1000,
    mostMs: 3000,
    signal: never,
    onFault: ({ code }, tries) => told.push(`${tries} ${code}`),
    wait: async (ms) => void waits.push(ms),
  });
  assert.ok(done.ok);
  assert.deepEqual(told, ['1 ssh-unreachable', '2 ssh-unreachable', '3 ssh-unreachable']);
  assert.deepEqual(waits, [1000, 2000, 3000]);
});

test('the key may do nothing else there', async (t) => {
  const { far } = edgeOf(t);
  const bounds = { timeoutMs: 60_000, signal: never };
  for (const words of [['bash'], ['cat', '/etc/shadow'], []]) {
    const done = await far.host.ask(words, bounds);
    assert.equal(done.ok ? done.value : done.error.code, 'far-refused', words.join(' '));
  }
  const odd = await far.host.ask(['write', 'nonsense'], { ...bounds, input: 'x' });
  assert.equal(odd.ok ? 'done' : odd.error.code, 'far-failed');
  assert.equal(far.file('.env'), BEFORE);
});
