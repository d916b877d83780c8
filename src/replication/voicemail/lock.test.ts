import assert from 'node:assert/strict';
import { linkSync, mkdtempSync, readdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Directory, openDirectory } from './directory.ts';
import { createLock, type LockMode } from './lock.ts';
import { removeTree } from './testing/make-spool.ts';

let path = '';
let folder: Directory;

for (const mode of ['lockfile', 'flock'] satisfies LockMode[]) {
  describe(`the lock of a folder, ${mode}`, () => {
    beforeEach(() => {
      path = mkdtempSync(join(tmpdir(), 'dualtone-lock-'));
      folder = openDirectory(path);
    });
    afterEach(() => {
      folder.close();
      removeTree(path);
    });

    test('one holds it at a time, in turn, and nothing stays behind', async () => {
      const lock = createLock({ mode });
      let holders = 0;
      let most = 0;
      const once = async (): Promise<void> => {
        const held = await lock(folder);
        assert.ok(held.ok, JSON.stringify(held));
        holders += 1;
        most = Math.max(most, holders);
        await sleep(1);
        holders -= 1;
        held.value.release();
        held.value.release();
      };
      await Promise.all(Array.from({ length: 8 }, once));
      assert.equal(most, 1);
      assert.deepEqual(readdirSync(path), []);
    });

    test('who waits too long is told, and changes nothing', async () => {
      const held = await createLock({ mode })(folder);
      assert.ok(held.ok);
      const waited = await createLock({ mode, timeoutMs: 60 })(folder);
      assert.equal(waited.ok ? '' : waited.error.code, 'voicemail-locked');
      assert.deepEqual(readdirSync(path), [mode === 'flock' ? 'lock' : '.lock']);
      const off = AbortSignal.timeout(60);
      const called = await createLock({ mode })(folder, off);
      assert.equal(called.ok ? '' : called.error.code, 'voicemail-aborted');
      held.value.release();
    });
  });
}

describe('a lock file that nobody holds any more', () => {
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'dualtone-lock-'));
    folder = openDirectory(path);
  });
  afterEach(() => {
    folder.close();
    removeTree(path);
  });

  test('is removed, and people are told; a fresh one is not', async () => {
    writeFileSync(join(path, '.lock'), '');
    const told: string[] = [];
    const onStale = (text: string): void => {
      told.push(text);
    };
    const fresh = await createLock({ mode: 'lockfile', timeoutMs: 30, onStale })(folder);
    assert.equal(fresh.ok ? '' : fresh.error.code, 'voicemail-locked');
    assert.deepEqual(told, []);
    const held = await createLock({ mode: 'lockfile', timeoutMs: 5_000, staleMs: 100, onStale })(folder);
    assert.ok(held.ok, JSON.stringify(held));
    assert.equal(told.length, 1);
    held.value.release();
    assert.deepEqual(readdirSync(path), []);
  });

  test('whose time lies a year ahead, since the clock was set back, is removed when it was seen long enough', async () => {
    writeFileSync(join(path, '.lock'), '');
    const wall = (): number => Date.now() - 365 * 86_400_000;
    const patient = createLock({ mode: 'lockfile', timeoutMs: 30, wall });
    const refused = await patient(folder);
    assert.equal(refused.ok ? '' : refused.error.code, 'voicemail-locked');
    const lock = createLock({ mode: 'lockfile', timeoutMs: 5_000, staleMs: 50, wall });
    const held = await lock(folder);
    assert.ok(held.ok, JSON.stringify(held));
    held.value.release();
    // Another one in its place is as new as when it is first seen.
    writeFileSync(join(path, '.lock'), '');
    const next = await createLock({ mode: 'lockfile', timeoutMs: 20, staleMs: 5_000, wall })(folder);
    assert.equal(next.ok ? '' : next.error.code, 'voicemail-locked');
  });

  test('letting go removes only what is ours', async () => {
    const held = await createLock({ mode: 'lockfile' })(folder);
    assert.ok(held.ok);
    unlinkSync(join(path, '.lock'));
    writeFileSync(join(path, 'other'), '');
    linkSync(join(path, 'other'), join(path, '.lock'));
    held.value.release();
    assert.deepEqual(readdirSync(path).toSorted(), ['.lock', 'other']);
  });

  test('a link in the place of the flock file is refused', async () => {
    symlinkSync('/etc/hostname', join(path, 'lock'));
    const held = await createLock({ mode: 'flock' })(folder);
    assert.equal(held.ok ? '' : held.error.code, 'voicemail-lock-failed');
  });
});
