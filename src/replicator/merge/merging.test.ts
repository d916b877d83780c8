import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { configOf } from '../../agent/testing/config.ts';
import { createTime } from '../../agent/testing/time.ts';
import { ok } from '../../core/result.ts';
import type { Term } from '../protocol.ts';
import { createMerging } from './merging.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dualtone-merging-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A main whose standby has served; nothing is configured that would have to be brought. */
const mainBeside = (automatic: boolean) => {
  const time = createTime();
  const world = { serving: true, terms: [{ epoch: 3, from: 1, to: null, settled: false }] as readonly Term[] };
  const notes: string[] = [];
  const merging = createMerging({
    config: configOf('main', `state-dir: ${folder}\nstreams: { merge: { keep: 1h, automatic: ${automatic} } }\n`),
    talk: {
      ask: async (question) => {
        if (question === 'settle') world.terms = [];
        return ok(question === 'standby-view' ? world : null);
      },
      answer: () => undefined,
      onConnected: () => undefined,
      stop: () => undefined,
    },
    way: {
      toDatabase: async () => ok(undefined),
      toMysql: async () => ok(undefined),
      renew: () => undefined,
      stop: async () => undefined,
    },
    clock: time.clock,
    reporter: { note: (kind) => void notes.push(kind), say: () => undefined },
    say: () => undefined,
    mailboxes: null as never,
    mysql: null,
    onSettled: () => undefined,
  });
  const kept = (): readonly string[] =>
    existsSync(join(folder, 'merges')) ? readdirSync(join(folder, 'merges')).filter((name) => /^\d+$/.test(name)) : [];
  return { time, world, notes, merging, kept };
};

for (const automatic of [true, false])
  test(`a merge is kept as long as it may be undone, and then forgotten (automatic: ${automatic})`, async () => {
    const { time, world, notes, merging, kept } = mainBeside(automatic);
    merging.start();
    world.serving = false;
    if (automatic) await time.pass(60_000);
    else
      await merging.merges?.run({
        decisions: { all: 'ask', byId: {} },
        signal: new AbortController().signal,
        onProgress: () => undefined,
      });
    await time.pass(40 * 60_000);
    assert.deepEqual(kept(), ['1']);
    await time.pass(2 * 3_600_000);
    assert.deepEqual(kept(), []);
    assert.ok(notes.includes('merges-forgotten'));
    await merging.stop();
    assert.equal(time.waiting(), 0);
  });

test('after another outage the last report says that there is more', async () => {
  const { world, merging } = mainBeside(false);
  const { merges } = merging;
  assert.ok(merges !== null);
  const { signal } = new AbortController();
  const asked = { decisions: { all: 'ask', byId: {} }, signal, onProgress: () => undefined } as const;
  assert.equal(await merges.hasMore(signal), true);
  await merges.run(asked);
  assert.equal(await merges.hasMore(signal), false);
  world.serving = false;
  await merges.run(asked);
  assert.equal(await merges.hasMore(signal), false);
  world.terms = [{ epoch: 5, from: 5, to: 6, settled: false }];
  assert.equal(await merges.hasMore(signal), true);
  await merging.stop();
});
