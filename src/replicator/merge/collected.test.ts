import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { Config } from '../../config/config.ts';
import { ok, type Result } from '../../core/result.ts';
import { readManifests } from '../../replication/files/merge/manifest.ts';
import { BEFORE_LIST, NOW_LIST } from '../../replication/files/merge/pull.ts';
import type { Answerer } from '../../replication/talk.ts';
import { systemClock } from '../../time/clock.ts';
import type { Term } from '../protocol.ts';
import { createCollected, listsIn, VOICEMAIL_LIST } from './collected.ts';

let root: string;
let recordings: string;
let said: string[];
const answererByQuestion = new Map<string, Answerer>();

beforeEach(() => {
  root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'dualtone-collected-'));
  recordings = join(root, 'recordings');
  mkdirSync(recordings);
  mkdirSync(join(root, 'voicemail'));
  writeFileSync(join(recordings, 'old.wav'), 'old');
  said = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Two seconds ahead, so that what lies there is older than its margin. */
const clock = { ...systemClock, wall: () => Date.now() + 2000 };

const make = () => {
  const streams = { voicemail: { enabled: true, directory: join(root, 'voicemail') }, collected: [recordings] };
  return createCollected({
    config: { stateDir: root, streams: streams as unknown as Config['streams'] },
    talk: {
      ask: async () => ok(null),
      answer: (question, answerer) => answererByQuestion.set(question, answerer),
      onConnected: () => undefined,
      stop: () => undefined,
    },
    clock,
    reporter: { note: () => undefined, say: (_level, code) => said.push(code) },
    mailboxes: { recording: async () => ok(0) },
  });
};

const term = (epoch: number, changes: Partial<Term> = {}): Term => ({
  epoch,
  from: clock.wall(),
  to: null,
  settled: false,
  ...changes,
});

const lists = async (now: boolean): Promise<string> => {
  const answered: Result<unknown> = (await answererByQuestion.get('collected-lists')?.({ now })) ?? ok(null);
  if (!answered.ok) return answered.error.code;
  return (answered.value as { readonly path: string }).path;
};

const namesOf = (path: string, list: string): readonly string[] | null => {
  const read = readManifests(join(path, list));
  assert.ok(read.ok);
  return read.value === null ? null : [...(read.value.get(recordings)?.keys() ?? [])].toSorted();
};

test('what lay there when the node began to serve is listed once, and what came since afresh', async () => {
  const collected = make();
  assert.equal(await lists(true), 'collected-nothing');
  const first = term(3);
  collected.setRight({ holding: 3, highest: 3 }, [term(2, { to: 1, settled: true }), first]);
  const path = await lists(false);
  assert.equal(path, join(listsIn(root), '3'));
  writeFileSync(join(recordings, 'new.wav'), 'new');
  await collected.stop();
  // A term later nothing is home yet, and the process is another one.
  const again = make();
  again.setRight({ holding: 5, highest: 5 }, [{ ...first, to: clock.wall() }, term(5)]);
  assert.equal(await lists(true), path);
  assert.deepEqual(namesOf(path, BEFORE_LIST), ['old.wav']);
  assert.deepEqual(namesOf(path, NOW_LIST), ['new.wav', 'old.wav']);
  assert.ok(existsSync(join(path, VOICEMAIL_LIST)));
  // All is home: the next term begins anew.
  again.setRight({ holding: 0, highest: 5 }, [term(5, { to: clock.wall(), settled: true })]);
  assert.equal(await lists(false), 'collected-nothing');
  again.setRight({ holding: 7, highest: 7 }, [term(7)]);
  const next = await lists(false);
  assert.deepEqual(readdirSync(listsIn(root)), ['7']);
  assert.deepEqual(namesOf(next, BEFORE_LIST), ['new.wav', 'old.wav']);
  assert.deepEqual(said, []);
  await again.stop();
});

test('too late to know what lay there, nothing is known, and people are told', async () => {
  const collected = make();
  collected.setRight({ holding: 3, highest: 3 }, [term(3, { from: clock.wall() - 60_000 })]);
  const path = await lists(false);
  assert.equal(namesOf(path, BEFORE_LIST), null);
  assert.deepEqual(said, ['collected-unknown']);
  await collected.stop();
});
