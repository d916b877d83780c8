import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTime } from '../../agent/testing/time.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Database } from '../../replication/postgres/connection.ts';
import type { CompareReport } from '../../replication/postgres/continuous/compare.ts';
import type { ContinuousReceiver, ReceiverState } from '../../replication/postgres/continuous/receiver.ts';
import type { ContinuousSender, Offer } from '../../replication/postgres/continuous/sender.ts';
import type { Stream, StreamReporter, StreamRun, StreamStatus } from '../../replication/stream.ts';
import { checkFollowed } from './check.ts';
import { type FollowerView, followerViewOf } from './common.ts';
import { createMainStream, type MainStreamOptions } from './main.ts';
import { createStandbyStream } from './standby.ts';

const listening = () => {
  const said: string[] = [];
  const reporter: StreamReporter = {
    note: () => undefined,
    say: (level, code) => void said.push(`${level} ${code}`),
  };
  return { said, reporter };
};

const inStep: ReceiverState = {
  condition: 'in-step',
  text: 'Changes follow as they are made.',
  lag: { ms: 40, bytes: 0, keptBytes: 0 },
  fault: null,
  copied: null,
  sequencesSet: 0,
};

const standbySide = () => {
  const time = createTime();
  const { said, reporter } = listening();
  const did: string[] = [];
  const world: { next: Result<ReceiverState>; hang: boolean; view: () => FollowerView | null } = {
    next: ok(inStep),
    hang: false,
    view: () => null,
  };
  let copy: (why: string) => Result<null> = () => ok(null);
  const receiver = (signal: AbortSignal): ContinuousReceiver => ({
    step: (epoch) => {
      did.push(`step ${epoch}`);
      if (!world.hang) return Promise.resolve(world.next);
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(fail('database-aborted', 'Ended.', 'Nothing.')));
      });
    },
    again: (why) => void did.push(`again: ${why}`),
    disable: () => Promise.resolve(ok(undefined)),
    remove: () => Promise.resolve(ok(true)),
    close: async () => void did.push('close'),
  });
  const stream = createStandbyStream({
    open: (signal) => {
      did.push('open');
      return Promise.resolve(ok(receiver(signal)));
    },
    disable: async () => {
      did.push('disable');
      return ok(undefined);
    },
    answer: (view, asked) => {
      world.view = view;
      copy = asked;
    },
    clock: time.clock,
    reporter,
  });
  stream.start();
  return { time, said, did, world, stream, copy: (why: string) => copy(why) };
};

test('passive it steps under the highest term each second, and says how far it is', async () => {
  const { time, did, stream, world } = standbySide();
  assert.deepEqual(did, []);
  stream.setRight({ holding: 0, highest: 4 });
  await time.pass(2500);
  assert.deepEqual(did, ['open', 'step 4', 'step 4', 'step 4']);
  const { direction, condition, lagMs } = stream.status();
  assert.deepEqual({ direction, condition, lagMs }, { direction: 'in', condition: 'in-step', lagMs: 40 });
  assert.deepEqual(followerViewOf(JSON.parse(JSON.stringify(world.view()))), world.view());
  await stream.stop();
  assert.equal(time.waiting(), 0);
});

test('when it serves, what is under way ends and nothing comes in, at once; passive again it begins anew', async () => {
  const { time, did, stream, world, said } = standbySide();
  world.hang = true;
  stream.setRight({ holding: 0, highest: 4 });
  await time.pass(10);
  stream.setRight({ holding: 5, highest: 5 });
  assert.deepEqual(did, ['open', 'step 4', 'disable']);
  stream.setRight({ holding: 5, highest: 5 });
  await time.pass(5000);
  assert.deepEqual(did, ['open', 'step 4', 'disable', 'close']);
  assert.equal(stream.status().direction, 'none');
  world.hang = false;
  stream.setRight({ holding: 0, highest: 6 });
  await time.pass(500);
  assert.deepEqual(did.slice(4), ['open', 'step 6']);
  assert.deepEqual(said, []);
  await stream.stop();
});

test('a trouble is told once, when it lasts, and its end too; the lag grows meanwhile', async () => {
  const { time, said, stream, world } = standbySide();
  stream.setRight({ holding: 0, highest: 4 });
  await time.pass(500);
  world.next = fail('database-unreachable', 'The database of main is not reached.', 'Look.');
  await time.pass(4000);
  assert.deepEqual(said, []);
  await time.pass(20_000);
  assert.deepEqual(said, ['alarm database-unreachable']);
  const { condition, lagMs, lastError } = stream.status();
  assert.equal(condition, 'failed');
  assert.equal(lastError?.code, 'database-unreachable');
  assert.ok((lagMs ?? 0) > 20_000);
  world.next = ok(inStep);
  await time.pass(1500);
  assert.deepEqual(said, ['alarm database-unreachable', 'info database-well']);
  await stream.stop();
});

test('a copy is asked for only where it follows; a step that never ends does not keep it from stopping', async () => {
  const { time, did, stream, world, copy } = standbySide();
  assert.equal(copy('x').ok, false);
  stream.setRight({ holding: 0, highest: 4 });
  await time.pass(10);
  assert.equal(copy('differs').ok, true);
  assert.ok(did.includes('again: differs'));
  world.hang = true;
  await time.pass(1000);
  const stopped = stream.stop();
  await time.pass(2500);
  await stopped;
});

const mainSide = (changes: Partial<MainStreamOptions> = {}) => {
  const time = createTime();
  const { said, reporter } = listening();
  const did: string[] = [];
  const world: { beat: Result<void>; offer: Result<Offer>; view: unknown } = {
    beat: ok(undefined),
    offer: ok({ tables: 3, refused: [], dropped: 0 }),
    view: null,
  };
  const db = { isClosed: () => false, close: async () => void did.push('close') } as unknown as Database;
  const sender: ContinuousSender = {
    offer: () => {
      did.push('offer');
      return Promise.resolve(world.offer);
    },
    beat: () => {
      did.push('beat');
      return Promise.resolve(world.beat);
    },
    rest: () => {
      did.push('rest');
      return Promise.resolve(ok(1));
    },
    remove: () => Promise.resolve(ok(undefined)),
  };
  const stream = createMainStream({
    openSender: () => Promise.resolve(ok(sender)),
    openDatabase: () => Promise.resolve(ok(db)),
    askFollower: () => Promise.resolve(ok(world.view)),
    check: () => Promise.reject(new Error('not asked')),
    snapshots: null,
    clock: time.clock,
    reporter,
    ...changes,
  });
  return { time, said, did, world, stream };
};

const view: FollowerView = { condition: 'in-step', text: 'Follows.', lagMs: 30, copies: 1, rows: 5, bytes: 100 };

test('serving it beats twice a second, offers now and then, and shows what the standby says', async () => {
  const { time, did, stream, world } = mainSide();
  world.view = view;
  stream.setRight({ holding: 2, highest: 2 });
  await time.pass(2100);
  assert.deepEqual(did, ['beat', 'offer', 'beat', 'beat', 'beat', 'beat']);
  const { direction, condition, lagMs } = stream.status();
  assert.deepEqual({ direction, condition, lagMs }, { direction: 'out', condition: 'in-step', lagMs: 30 });
  world.view = { condition: 'nonsense' };
  await time.pass(8000);
  assert.equal(stream.status().condition, 'behind');
  assert.ok((stream.status().lagMs ?? 0) > 5000);
  await time.pass(25_000);
  assert.equal(did.filter((what) => what === 'offer').length, 2);
  await stream.stop();
  assert.equal(time.waiting(), 0);
});

test('where set-up is undone nothing is offered, and it is told', async () => {
  const { time, did, said, stream, world } = mainSide();
  world.beat = fail('database-failed', 'relation does not exist.', 'Set it up.');
  stream.setRight({ holding: 2, highest: 2 });
  await time.pass(9000);
  assert.ok(!did.includes('offer'));
  assert.deepEqual(said, ['alarm database-failed']);
  assert.equal(stream.status().condition, 'failed');
  await stream.stop();
});

const snapshotsOf = (did: string[]): Stream => {
  const status: StreamStatus = {
    name: 'database',
    direction: 'out',
    condition: 'in-step',
    text: '3 rows compared',
    lagMs: 700_000,
    lastSuccess: null,
    lastError: null,
    nextRun: 5,
    rows: 3,
    bytes: 4,
    tookMs: 5,
    progress: null,
  };
  return {
    name: 'database',
    start: () => void did.push('snapshots start'),
    setRight: ({ holding }) => void did.push(`snapshots ${holding}`),
    status: () => status,
    run: async () => {
      did.push('snapshot');
      return fail('database-guarded', 'It is merged first.', 'Wait.');
    },
    stop: async () => void did.push('snapshots stop'),
  };
};

test('while PostgreSQL waits for its restart snapshots do the work, and end when single changes follow', async () => {
  const did: string[] = [];
  const { time, said, stream, world } = mainSide({ snapshots: snapshotsOf(did) });
  world.view = view;
  world.offer = fail('database-not-logical', 'It is not ready: wal_level is replica.', 'Restart it.');
  stream.start();
  stream.setRight({ holding: 2, highest: 2 });
  await time.pass(9000);
  assert.deepEqual(new Set(did), new Set(['snapshots start', 'snapshots 2', 'snapshot']));
  assert.equal(did.filter((what) => what === 'snapshot').length, 1);
  assert.deepEqual(said, ['warning database-not-logical']);
  const { condition, text, lagMs, nextRun } = stream.status();
  assert.deepEqual({ condition, lagMs, nextRun }, { condition: 'in-step', lagMs: 700_000, nextRun: 5 });
  assert.match(text, /^by snapshots until PostgreSQL is restarted .*: 3 rows compared$/);
  const run = { signal: new AbortController().signal, onProgress: () => undefined };
  const asked = await stream.run?.(run);
  assert.equal(asked?.ok === false && asked.error.code, 'database-guarded');
  // Another trouble in between, such as the restart itself, does not end them.
  world.beat = fail('database-lost', 'It is gone.', 'Wait.');
  await time.pass(3000);
  assert.equal(stream.status().condition, 'failed');
  did.length = 0;
  world.beat = ok(undefined);
  world.offer = ok({ tables: 3, refused: [], dropped: 0 });
  await time.pass(3000);
  assert.deepEqual(did, ['snapshots 0']);
  assert.deepEqual(said, ['warning database-not-logical', 'info database-well']);
  assert.equal(stream.status().lagMs, 30);
  await stream.stop();
  assert.equal(did.at(-1), 'snapshots stop');
  assert.equal(time.waiting(), 0);
});

test('when the other serves, its place goes; a run is refused', async () => {
  const { time, did, stream } = mainSide();
  stream.setRight({ holding: 2, highest: 2 });
  await time.pass(100);
  stream.setRight({ holding: 0, highest: 3 });
  await time.pass(20_000);
  assert.equal(did.filter((what) => what === 'rest').length, 1);
  const run = { signal: new AbortController().signal, onProgress: () => undefined };
  const refused = await stream.run?.(run);
  assert.equal(refused?.ok === false && refused.error.code, 'database-not-sending');
  assert.equal(stream.status().direction, 'none');
  await stream.stop();
});

test('what differs is copied anew, and compared again; what does not follow one by one is copied by a run', async () => {
  const time = createTime();
  const report: CompareReport = { tables: ['a', 'b'], rows: 10, differing: [], moving: [], refused: [] };
  const refusedTable = { table: 'c', fault: fail('database-not-followed', 'No key.', 'Give it one.').error };
  const reports: CompareReport[] = [
    { ...report, differing: ['a'] },
    { ...report, refused: [refusedTable] },
  ];
  const did: string[] = [];
  let copies = 0;
  const rest: StreamRun = {
    stream: 'database',
    startedAt: 0,
    tookMs: 1,
    changed: 2,
    bytes: 3,
    warnings: [],
    text: '',
  };
  const parts = {
    compare: async () => ok(reports.shift() ?? report),
    askCopy: async (why: string) => {
      did.push(why);
      copies += 1;
      return ok(null);
    },
    copyRest: async () => ok(rest),
    timeLimitMs: 60_000,
    clock: time.clock,
  };
  const options = {
    epoch: 2,
    follower: () => ({ ...view, copies }),
    run: { signal: new AbortController().signal, onProgress: () => undefined },
  };
  const done = await checkFollowed(parts, options);
  assert.ok(done.ok);
  assert.match(done.value.text, /`a` differed and was copied anew; both sides agree/);
  assert.equal(done.value.changed, 7);
  assert.equal(done.value.warnings[0]?.code, 'database-not-followed');
  assert.match(did.join(), /differences in `a`/);
  reports.push({ ...report, differing: ['a'] }, { ...report, differing: ['a'] });
  const still = await checkFollowed(parts, options);
  assert.equal(still.ok ? 'agrees' : still.error.code, 'database-still-differs');
});
