import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type FilesPeer, realClock, startFilesPeer } from '../../../test/ssh/files-peer.ts';
import type { Result } from '../../core/result.ts';
import type { Stream } from '../stream.ts';
import { manifest, writeManifests } from './merge/manifest.ts';
import { createFileMerge } from './merge/merge.ts';
import { BEFORE_LIST, createStandbySources, NOW_LIST } from './merge/pull.ts';
import { createFilesStream } from './stream.ts';
import { transfer } from './transfer.ts';

let peer: FilesPeer;
let stream: Stream | null = null;
let lists = '';
beforeEach(async () => {
  peer = await startFilesPeer();
  lists = join(peer.there, '..', 'lists');
});
afterEach(async () => {
  await stream?.stop();
  stream = null;
  await peer.stop();
});

const value = <T>(result: Result<T>): T => {
  if (!result.ok) assert.fail(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
const limits = { signal: new AbortController().signal, onProgress: () => undefined };

/** Both nodes are this machine, so what goes to a directory there goes to its counterpart. */
const elsewhere: typeof transfer = (call, more) =>
  transfer({ ...call, there: call.there.map((path) => path.replace(peer.here, peer.there)) }, more);

const start = (): { readonly stream: Stream; readonly said: string[]; readonly told: string[] } => {
  const said: string[] = [];
  const told: string[] = [];
  stream = createFilesStream({
    name: 'files',
    role: 'main',
    target: peer.target,
    directories: [{ path: peer.here, deletions: true }],
    exclude: ['*.tmp'],
    onChange: true,
    settleMs: 50,
    schedule: { at: '0 * * * *', missed: 'run' },
    bandwidthKbps: 0,
    timeLimitMs: 60_000,
    stateDir: peer.sshd.folder,
    clock: realClock,
    reporter: { note: () => undefined, say: (level, code) => said.push(`${level} ${code}`) },
    backOffMs: { first: 50, last: 200 },
    transfer: elsewhere,
    watched: {
      patterns: ['*/sub/a', '*/new', '*.tmp'],
      onChanged: (paths) => told.push(...paths.map((path) => path.slice(peer.here.length + 1))),
    },
  });
  stream.start();
  return { stream, said, told };
};

const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (let tries = 0; !holds(); tries += 1) {
    assert.ok(tries < 3000, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

test('what changes here is there soon, deletions too; a peer that is gone is waited for; the right is minded', {
  timeout: 120_000,
}, async () => {
  mkdirSync(join(peer.here, 'sub'));
  writeFileSync(join(peer.here, 'sub', 'a'), '1');
  writeFileSync(join(peer.here, 'b.tmp'), 'not this');
  writeFileSync(join(peer.there, 'c.tmp'), 'nor that');
  const { stream: files, said, told } = start();
  files.setRight({ holding: 2, highest: 2 });
  await until('the first run', () => files.status().condition === 'in-step');
  assert.deepEqual(readdirSync(peer.there).toSorted(), ['c.tmp', 'sub']);
  writeFileSync(join(peer.here, 'sub', 'new'), '2');
  rmSync(join(peer.here, 'sub', 'a'));
  await until(
    'a change',
    () => existsSync(join(peer.there, 'sub', 'new')) && !existsSync(join(peer.there, 'sub', 'a')),
  );
  await until('both are told', () => told.length === 3);
  assert.deepEqual(told.toSorted(), ['sub/a', 'sub/a', 'sub/new']);
  writeFileSync(peer.settings.blocked, '');
  writeFileSync(join(peer.here, 'sub', 'later'), '3');
  await until('the other node serves', () => files.status().condition === 'blocked');
  rmSync(peer.settings.blocked);
  await until('it serves no more', () => existsSync(join(peer.there, 'sub', 'later')));
  await until('all well', () => said.includes('info files-well'));
  files.setRight({ holding: 0, highest: 3 });
  assert.equal(files.status().condition, 'waiting');
});

test('what the standby collected comes home over SSH, once, and can be taken back', { timeout: 120_000 }, async () => {
  mkdirSync(lists);
  writeFileSync(join(peer.here, 'old.wav'), 'old');
  writeFileSync(join(peer.here, 'deleted.wav'), 'deleted there');
  const call = {
    target: peer.target,
    way: 'push' as const,
    here: `${peer.here}/`,
    there: [`${peer.there}/`],
    deletions: false,
    exclude: [],
    bandwidthKbps: 0,
    silenceMs: 30_000,
    only: null,
    compareWith: null,
  };
  value(await transfer(call, { ...limits, timeLimitMs: 60_000 }));
  const writeList = async (name: string): Promise<Result<void>> => {
    const listed = value(await manifest([peer.there]));
    return writeManifests(join(lists, name), new Map([[peer.here, listed.get(peer.there) ?? null]]));
  };
  value(await writeList(BEFORE_LIST));
  mkdirSync(join(peer.there, 'calls'));
  writeFileSync(join(peer.there, 'calls', 'a b\n.wav'), 'collected');
  rmSync(join(peer.there, 'deleted.wav'));
  writeFileSync(join(peer.there, 'own.key'), 'of the standby alone');
  const kept = [join(peer.here, 'own.key')];
  const sources = createStandbySources({
    target: peer.target,
    exclude: [],
    kept,
    bandwidthKbps: 0,
    silenceMs: 30_000,
    timeLimitMs: 60_000,
    lists: async (now) => {
      if (now) value(await writeList(NOW_LIST));
      return { ok: true, value: lists };
    },
    work: join(peer.sshd.folder, 'work'),
    transfer: elsewhere,
  });
  const merge = createFileMerge({ directories: [peer.here], kept }, sources, join(peer.sshd.folder, 'merge'));
  const staging = join(peer.sshd.folder, 'fetched');
  mkdirSync(staging);
  value(await sources.fetch(peer.here, staging, limits));
  assert.deepEqual(readdirSync(staging), ['calls'], 'what is the standby’s own does not travel');
  assert.equal(value(await merge.preview(limits)).count, 2);
  const report = value(await merge.run(limits));
  assert.deepEqual([report.count, report.left, report.conflicts, report.warnings], [2, 0, [], []]);
  assert.deepEqual(readdirSync(peer.here).toSorted(), ['calls', 'old.wav']);
  assert.equal(readFileSync(join(peer.here, 'calls', 'a b\n.wav'), 'utf8'), 'collected');
  assert.deepEqual(value(await merge.run(limits)), report);
  value(await merge.undo(limits));
  assert.deepEqual(readdirSync(peer.here).toSorted(), ['deleted.wav', 'old.wav']);
});
