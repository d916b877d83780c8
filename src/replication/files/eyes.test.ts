import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realClock } from '../../../test/ssh/files-peer.ts';
import { createEyes } from './eyes.ts';

/** `heard` settles when what was told is enough. */
const look = (
  t: TestContext,
  paths: readonly string[],
  isEnough: (told: readonly (readonly string[] | null)[]) => boolean,
) => {
  const told: (readonly string[] | null)[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const eyes = createEyes({
    paths,
    settleMs: 5,
    blindMs: 20,
    clock: realClock,
    onDirty: () => undefined,
    onBlind: (roots) => {
      told.push(roots);
      if (isEnough(told)) resolve();
    },
    onTrouble: () => undefined,
  });
  t.after(eyes.close);
  return { eyes, told, heard: promise };
};

const folderOf = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-eyes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
};

test('of several directories only the one that cannot be watched is compared again and again', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'file'), '');
  const unseen = join(folder, 'file', 'below');
  const { eyes, told, heard } = look(t, [folder, unseen], ({ length }) => length === 3);
  await eyes.open();
  await heard;
  assert.deepEqual(told, [[unseen], [unseen], [unseen]]);
  assert.notEqual(eyes.blind(), null);
});

test('a directory that is missing is compared alone; once it is there everything is, and that ends it', async (t) => {
  const folder = folderOf(t);
  const later = join(folder, 'later');
  const { eyes, told, heard } = look(t, [folder, later], (all) => all.includes(null));
  await eyes.open();
  assert.notEqual(eyes.blind(), null);
  mkdirSync(later);
  await heard;
  assert.equal(eyes.blind(), null);
  assert.ok(told.slice(0, -1).every((roots) => roots?.join() === later));
});
