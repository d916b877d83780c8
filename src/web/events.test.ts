import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { goodSnapshot } from '../checks/testing/around.ts';
import type { Job, JournalEntry, PairChange, PairView } from './contract.ts';
import { openWorld, type World } from './keeper/testing/world.ts';
import { workResults } from './page/testing/work-results.ts';
import { ask, bearer, login, openEvents } from './testing/client.ts';

let world: World;
before(async () => {
  world = await openWorld();
});
after(() => world.close());

const asViewer = () => bearer(world.token('view'));

const untilChange = async (stream: Awaited<ReturnType<typeof openEvents>>, fits: (change: PairChange) => boolean) => {
  for (;;) {
    const event = await stream.next('change');
    if (fits(event.data as PairChange)) return event;
  }
};

test('first the whole, then what changed, soon', async () => {
  const stream = await openEvents(world, asViewer());
  assert.equal(stream.status, 200);
  const whole = (await stream.next('pair')).data as PairView;
  assert.equal(whole.this?.node.name, 'pbx1');
  assert.equal(whole.other, null);
  const began = performance.now();
  world.agent.show({ server: 'other', headline: { level: 'warning', who: 'pbx2 serves', ready: '' } });
  const { data } = await untilChange(stream, (change) => change.this?.server === 'other');
  assert.equal((data as PairChange).this?.headline?.who, 'pbx2 serves');
  assert.equal('plan' in ((data as PairChange).this ?? {}), false, 'what did not change does not travel');
  assert.ok(performance.now() - began < 5000);
  stream.close();
  world.agent.show(goodSnapshot);
});

test('what was missed comes after a lost connection, once', async () => {
  const first = await openEvents(world, asViewer());
  await first.next('pair');
  world.agent.show({ epoch: 40 });
  const seen = await untilChange(first, (change) => change.this?.epoch === 40);
  first.close();
  const watching = await openEvents(world, asViewer());
  await watching.next('pair');
  world.agent.show({ epoch: 42 });
  await untilChange(watching, (change) => change.this?.epoch === 42);
  const again = await openEvents(world, { ...asViewer(), 'last-event-id': seen.id });
  const missed = (await again.next('change')).data as PairChange;
  assert.notEqual(missed.this?.epoch, 40);
  if (missed.this?.epoch !== 42) await untilChange(again, (change) => change.this?.epoch === 42);
  again.close();
  watching.close();
});

test('an id of another life, or none at all, brings the whole', async () => {
  for (const id of ['00000000-5', 'nonsense', '../../x', '']) {
    const stream = await openEvents(world, { ...asViewer(), 'last-event-id': id });
    assert.ok((await stream.next('pair')).data);
    stream.close();
  }
});

test('the other node is shown as it showed itself, and how old that is', async () => {
  const stream = await openEvents(world, asViewer());
  await stream.next('pair');
  const shown = { ...goodSnapshot, node: goodSnapshot.peer, peer: goodSnapshot.node };
  const [seconds, nanoseconds] = process.hrtime();
  world.agent.showOther({ snapshot: shown, heardAt: seconds * 1000 + nanoseconds / 1e6 - 7000 });
  const { data } = await untilChange(stream, ({ other }) => other !== null);
  const { other } = data as PairChange;
  assert.equal(other?.set.node?.name, 'pbx2');
  assert.ok((other?.heardMsAgo ?? 0) >= 7000);
  stream.close();
});

test('the journal and jobs are told as they come', async () => {
  const stream = await openEvents(world, asViewer());
  await stream.next('pair');
  const told = await ask(world, '/api/v1/jobs', {
    method: 'POST',
    headers: bearer(world.token('operate')),
    body: { work: { name: 'replicate', stream: 'database' } },
  });
  const { id } = told.body as Job;
  for (;;) {
    const job = (await stream.next('job')).data as Job;
    if (job.id === id && job.state === 'done') {
      assert.deepEqual(job.result, { ok: true, value: workResults['replicate'] });
      break;
    }
  }
  const kept = (await ask(world, `/api/v1/jobs/${id}`, { headers: asViewer() })).body as Job;
  assert.equal(kept.state, 'done');
  world.agent.journal.append({ wall: Date.now(), at: 1, epoch: 2, kind: 'planted', reasons: [], data: { here: true } });
  for (;;) {
    const entries = (await stream.next('journal')).data as readonly JournalEntry[];
    if (entries.some(({ kind }) => kind === 'planted')) break;
  }
  stream.close();
});

test('one login has four streams and no more', async () => {
  assert.ok((await world.users.addUser('viewer', 'view', 'a long enough word', Date.now() - 1000)).ok);
  const { cookie } = await login(world, 'viewer', 'a long enough word');
  const streams = await Promise.all([1, 2, 3, 4].map(() => openEvents(world, { cookie })));
  assert.deepEqual(
    streams.map(({ status }) => status),
    [200, 200, 200, 200],
  );
  assert.equal((await openEvents(world, { cookie })).status, 503);
  for (const stream of streams) stream.close();
});

test('a silent agent is said to be silent', async () => {
  const stream = await openEvents(world, asViewer());
  await stream.next('pair');
  await world.agent.close();
  const { data } = await untilChange(stream, ({ thisTrouble }) => thisTrouble !== null);
  assert.match((data as PairChange).thisTrouble ?? '', /agent/);
  assert.equal((await ask(world, '/health/active')).status, 503);
  stream.close();
});
