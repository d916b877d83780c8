import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ok, type Result } from '../../core/result.ts';
import { createLock } from '../voicemail/lock.ts';
import { takeManifest } from '../voicemail/manifest.ts';
import { idsIn, writeMessage } from '../voicemail/testing/make-spool.ts';
import type { MergeIdentity, MergePart, PartRunOptions } from './part.ts';
import { createVoicemailPart } from './voicemail-part.ts';

const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const BOX = 'default/1000';

let root: string;
let part: MergePart;
let told: string[];
let recording: number;
let most: number;
const at = (name: string): string => join(root, name);

beforeEach(async () => {
  root = mkdtempSync(join(place, 'dualtone-voicemail-part-'));
  for (const name of ['main', 'standby', 'merge']) mkdirSync(at(name));
  for (const spool of [at('main'), at('standby')]) {
    writeMessage(spool, BOX, 'INBOX', 0, { id: 'old' });
    writeMessage(spool, BOX, 'INBOX', 1, { id: 'gone' });
  }
  const ancestor = await takeManifest(at('standby'), 1);
  told = [];
  [recording, most] = [0, 100];
  part = createVoicemailPart({
    spool: at('main'),
    copy: at('copy'),
    fetch: async () => {
      rmSync(at('copy'), { recursive: true, force: true });
      cpSync(at('standby'), at('copy'), { recursive: true, preserveTimestamps: true });
      return ok(null);
    },
    ancestor: async () => ancestor,
    lock: createLock({ mode: 'lockfile' }),
    mailboxes: async () => ok({ maxMessages: () => most, inUse: () => false }),
    recording: async () => ok(recording),
    refresh: async ({ mailbox }) => {
      told.push(mailbox);
      return ok(undefined);
    },
  });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const must = <T>(result: Result<T>): T => {
  if (!result.ok) assert.fail(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

const merge = (changes: Partial<MergeIdentity> = {}): MergeIdentity => ({
  mergeKey: '33333333-3333-4333-8333-333333333333',
  directory: at('merge'),
  terms: [{ epoch: 3, from: 1, to: null }],
  settled: false,
  ...changes,
});

const asked = (pass: PartRunOptions['pass']): PartRunOptions => ({
  pass,
  decisions: { all: 'ask', byId: {} },
  signal: new AbortController().signal,
  onProgress: () => undefined,
});

test('messages come in two passes, once; what was deleted stays deleted; telephones are told; undo takes all back', async () => {
  rmSync(join(at('standby'), BOX, 'INBOX'), { recursive: true });
  writeMessage(at('standby'), BOX, 'INBOX', 0, { id: 'old' });
  writeMessage(at('standby'), BOX, 'INBOX', 1, { id: 'first' });
  const preview = must(await part.preview(merge(), asked('first')));
  assert.equal(preview.count, 2);
  assert.deepEqual(idsIn(at('main'), BOX, 'INBOX'), ['old', 'gone']);
  const first = must(await part.run(merge(), asked('first')));
  assert.deepEqual([first.count, first.left], [2, 0]);
  assert.deepEqual(idsIn(at('main'), BOX, 'INBOX'), ['old', 'first']);
  // The main is mute: what it says reaches no telephone, and is not said again.
  assert.deepEqual(told, []);
  // A caller was still speaking on the standby when service went back.
  writeMessage(at('standby'), BOX, 'INBOX', 2, { id: 'second' });
  const second = must(await part.run(merge(), asked('second')));
  assert.deepEqual([second.count, second.left], [3, 0]);
  assert.deepEqual(idsIn(at('main'), BOX, 'INBOX'), ['old', 'first', 'second']);
  assert.deepEqual(told, ['1000']);
  assert.equal(must(await part.run(merge(), asked('second'))).count, 3);
  assert.equal(must(await part.run(merge({ settled: true }), asked('second'))).count, 3);
  const undone = must(
    await part.undo(merge(), { settled: false, signal: new AbortController().signal, onProgress: () => undefined }),
  );
  assert.equal(undone.count, 3);
  assert.deepEqual([...idsIn(at('main'), BOX, 'INBOX')].toSorted(), ['gone', 'old']);
});

test('a message that came and was deleted on the main is not brought again', async () => {
  writeMessage(at('standby'), BOX, 'INBOX', 2, { id: 'new' });
  must(await part.run(merge(), asked('first')));
  rmSync(join(at('main'), BOX, 'INBOX'), { recursive: true });
  writeMessage(at('main'), BOX, 'INBOX', 0, { id: 'old' });
  must(await part.run(merge(), asked('second')));
  assert.deepEqual(idsIn(at('main'), BOX, 'INBOX'), ['old']);
});

test('a call that still leaves a message at the resting standby keeps the merge from its end', async () => {
  recording = 1;
  assert.equal(must(await part.run(merge(), asked('first'))).left, 0);
  const waiting = must(await part.run(merge(), asked('second')));
  assert.deepEqual([waiting.left, waiting.warnings], [1, ['A call still leaves a message at the standby.']]);
  recording = 0;
  assert.equal(must(await part.run(merge(), asked('second'))).left, 0);
});

test('a torn message of the standby and a full folder hold up the first pass only', async () => {
  writeMessage(at('standby'), BOX, 'INBOX', 2, { id: 'torn', formats: [] });
  most = 2;
  writeMessage(at('standby'), BOX, 'INBOX', 3, { id: 'more' });
  assert.equal(must(await part.run(merge(), asked('first'))).left, 2);
  const second = must(await part.run(merge(), asked('second')));
  assert.equal(second.left, 0);
  assert.equal(second.warnings.filter((text) => /kept in \.dualtone\/kept/.test(text)).length, 1);
  must(await part.settle(merge(), new AbortController().signal));
  assert.equal(existsSync(at('copy')), false);
  must(await part.forget(merge(), new AbortController().signal));
  assert.equal(existsSync(join(at('main'), '.dualtone', merge().mergeKey)), false);
});

test('what came or was changed after the standby began to serve is not taken for what lay before', async () => {
  const ctimeOf = (number: number) => statSync(join(at('standby'), BOX, 'INBOX', `msg000${number}.txt`)).ctimeMs;
  // The kernel's clock goes in steps.
  do writeMessage(at('standby'), BOX, 'INBOX', 2, { id: 'new' });
  while (ctimeOf(2) === ctimeOf(1));
  const before = must(await takeManifest(at('standby'), 1, { before: ctimeOf(2) }));
  const all = must(await takeManifest(at('standby'), 1));
  const ids = (manifest: typeof all) =>
    [...(manifest.mailboxByKey.get(BOX)?.messageById.keys() ?? [])].map((id) => id.replace(/\..*/, '')).toSorted();
  assert.deepEqual(
    [ids(before), ids(all)],
    [
      ['gone', 'old'],
      ['gone', 'new', 'old'],
    ],
  );
});

test('nothing to do: nothing is done, and an undo of it is no fault', async () => {
  assert.equal(must(await part.run(merge(), asked('second'))).what, 'nothing');
  const undone = await part.undo(merge(), {
    settled: false,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  assert.equal(must(undone).count, 0);
});
