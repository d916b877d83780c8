import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { createTime, type Time } from '../../agent/testing/time.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { MergePreview } from '../../replication/merge/report.ts';
import type { StreamStatus } from '../../replication/stream.ts';
import type { Answerer, Talk } from '../../replication/talk.ts';
import { streamStatus } from '../../replication/testing/stream-status.ts';
import { createLosses, type Losses } from './losses.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-losses-'));
  folders.push(folder);
  return folder;
};

const status = (more: Partial<StreamStatus>): StreamStatus => streamStatus('database', more);

interface Side {
  readonly losses: Losses;
  own: readonly StreamStatus[];
  wholeAt: number | null;
  preview: Result<MergePreview>;
}

/** Two replicators' parts of this, whose questions reach each other while `cut` is false. */
const pairOf = (time: Time, folder: string) => {
  const around = { cut: false, terms: [] as unknown[] };
  const answersBySide = { main: new Map<string, Answerer>(), standby: new Map<string, Answerer>() };
  const make = (role: 'main' | 'standby'): Side => {
    const there = role === 'main' ? 'standby' : 'main';
    const talk: Talk = {
      ask: async (question, parameters) => {
        if (around.cut) return fail('peer-not-connected', 'The other node is not connected.', 'Wait.');
        const given = await answersBySide[there].get(question)?.(parameters);
        return given ?? fail('peer-question-unknown', 'It does not know this.', 'Update it.');
      },
      answer: (question, answerer) => void answersBySide[role].set(question, answerer),
      onConnected: () => undefined,
      stop: () => undefined,
    };
    const config = {
      node: { role },
      stateDir: join(folder, role),
      streams: { lossLimitMs: 60_000, merge: { automatic: true } },
    };
    const side: Side = {
      own: [],
      wholeAt: null,
      preview: fail('database-unreachable', 'It is not reached.', 'Wait.'),
      losses: createLosses({
        config: config as unknown as Parameters<typeof createLosses>[0]['config'],
        talk,
        clock: time.clock,
        own: () => side.own,
        merging: {
          wholeAt: () => side.wholeAt,
          merges: { preview: async () => side.preview } as unknown as NonNullable<
            Parameters<typeof createLosses>[0]['merging']['merges']
          >,
        },
      }),
    };
    return side;
  };
  answersBySide.standby.set('standby-view', async () => ok({ serving: false, terms: around.terms }));
  return { around, main: make('main'), standby: make('standby') };
};

const never = new AbortController().signal;
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

test('a takeover: both nodes know how old the copy is, the standby also when the main is gone', async () => {
  const time = createTime();
  const { around, main, standby } = pairOf(time, newFolder());
  const pending = { count: 7, text: 'up to 7 rows' };
  main.own = [status({ lagMs: 30_000, lastSuccess: 1, pending })];
  standby.own = [status({ direction: 'in', condition: 'waiting', lagMs: null })];
  main.losses.setHolding(3);
  main.losses.start();
  standby.losses.start();
  await turns();
  assert.deepEqual(main.losses.view(), {
    move: 'takeover',
    exceedsLimit: false,
    text: 'Database: up to 7 rows of the last 30 s on the main would be missing on the standby.',
    items: [
      {
        stream: 'database',
        text: 'Database: up to 7 rows of the last 30 s on the main would be missing on the standby.',
      },
    ],
  });
  assert.match(standby.losses.view().text, /^Database: up to 7 rows of the last/);
  assert.equal(standby.losses.statuses()[0]?.condition, 'in-step');
  assert.equal(standby.losses.statuses()[0]?.direction, 'in');
  around.cut = true;
  await time.pass(40_000);
  const told = await standby.losses.tell(never);
  assert.ok(told.ok);
  assert.equal(told.value.exceedsLimit, true);
  // It may have gone on after it was last heard: its count holds no more.
  assert.match(told.value.text, /what changed .* in the last (69|7\d) s|what changed .* in the last 2 min/);
  main.losses.stop();
  standby.losses.stop();
});

test('begun anew, neither node says that nothing was ever copied', async () => {
  const time = createTime();
  const folder = newFolder();
  const before = pairOf(time, folder);
  before.main.own = [status({ lastSuccess: time.clock.wall() - 1000 })];
  before.main.losses.setHolding(3);
  for (const { losses } of [before.main, before.standby]) losses.start();
  await turns();
  // The standby keeps what it heard at its next look.
  await time.pass(6000);
  await turns();
  for (const { losses } of [before.main, before.standby]) losses.stop();
  const after = pairOf(time, folder);
  after.around.cut = true;
  for (const side of [after.main, after.standby]) side.own = [status({ lagMs: null, condition: 'waiting' })];
  after.main.losses.setHolding(3);
  for (const { losses } of [after.main, after.standby]) {
    assert.match(losses.view().text, /^Database: what changed on the main in the last \d+ s is not/);
  }
});

test('a standby that never heard the main says so, and counts it as lost', async () => {
  const { standby } = pairOf(createTime(), newFolder());
  standby.own = [status({ lagMs: null })];
  const told = await standby.losses.tell(never);
  assert.ok(told.ok && told.value.exceedsLimit);
  assert.match(told.value.text, /has not told yet/);
});

test('a failback: nothing collected, counted, resting, and a standby that cannot be asked', async () => {
  const time = createTime();
  const { around, main, standby } = pairOf(time, newFolder());
  standby.losses.setHolding(4);
  main.losses.start();
  await turns();
  const quiet = await main.losses.tell(never);
  assert.deepEqual(quiet.ok && [quiet.value.move, quiet.value.exceedsLimit, quiet.value.items.length], [
    'failback',
    false,
    0,
  ]);

  around.terms = [{ epoch: 4 }];
  const uncounted = await standby.losses.tell(never);
  assert.ok(uncounted.ok && uncounted.value.exceedsLimit);
  assert.match(uncounted.value.text, /is not all at home/);
  const part = { part: 'events', count: 12, what: '12 call events', conflicts: [], pending: [], warnings: [] };
  main.preview = ok({ number: null, parts: [part], failed: [] });
  const counted = await standby.losses.tell(never);
  assert.ok(counted.ok && counted.value.exceedsLimit);
  assert.match(counted.value.text, /^12 call events collected by the standby would not be on the main/);

  main.wholeAt = time.clock.now();
  await time.pass(10_000);
  const resting = await standby.losses.tell(never);
  assert.ok(resting.ok && !resting.value.exceedsLimit);
  assert.match(resting.value.text, /in the last 10 s comes to the main right after the move/);

  await time.pass(50_001);
  const again = await standby.losses.tell(never);
  assert.match(again.ok ? again.value.text : '', /^12 call events/, 'a pass from before the limit says nothing');
  around.cut = true;
  const alone = await main.losses.tell(never);
  assert.ok(alone.ok && alone.value.exceedsLimit);
  const apart = await standby.losses.tell(never);
  assert.equal(apart.ok ? '' : apart.error.code, 'peer-not-connected');
  main.losses.stop();
});
