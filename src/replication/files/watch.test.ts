import assert from 'node:assert/strict';
import type { FSWatcher } from 'node:fs';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, test } from 'node:test';
import { bytesOf } from './raw-path.ts';
import { createWatch, type Dirty, type Watch, type WatchOptions } from './watch.ts';

const clock = {
  now: () => performance.now(),
  at: (at: number, fire: () => void) => {
    const timer = setTimeout(fire, Math.max(0, at - performance.now()));
    return () => clearTimeout(timer);
  },
};

let root = '';
let running: Watch[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dualtone-watch-'));
});
afterEach(() => {
  for (const watch of running) watch.stop();
  running = [];
  rmSync(root, { recursive: true, force: true });
});

/** A watch with the events it gave, and a way to wait until they hold something. */
const open = async (over: Partial<WatchOptions> = {}) => {
  const batches: (readonly Dirty[])[] = [];
  const troubles: (string | null)[] = [];
  let waiting: { holds: () => boolean; resolve: () => void } | null = null;
  const check = (): void => {
    if (waiting?.holds() === true) waiting.resolve();
  };
  const watch = createWatch({
    roots: [root],
    settleMs: 40,
    longestMs: 1000,
    clock,
    onDirty: (dirty) => {
      batches.push(dirty);
      check();
    },
    onTrouble: (text) => {
      troubles.push(text);
      check();
    },
    ...over,
  });
  running.push(watch);
  await watch.start();
  const until = (holds: () => boolean): Promise<void> =>
    holds()
      ? Promise.resolve()
      : new Promise((resolve) => {
          waiting = { holds, resolve };
        });
  const seen = (): ReadonlySet<string> =>
    new Set(batches.flat().flatMap(({ directories }) => (directories === 'all' ? ['ALL'] : directories)));
  return { watch, batches, troubles, until, seen };
};

test('a change marks its directory; many within a moment are one', async () => {
  mkdirSync(join(root, 'a', 'b'), { recursive: true });
  const { batches, until, watch } = await open();
  assert.equal(watch.watched(), 3);
  for (let i = 0; i < 20; i += 1) writeFileSync(join(root, 'a', 'b', `f${i}`), 'x');
  assert.equal(watch.waitingSince(), null);
  await until(() => batches.length > 0);
  assert.deepEqual(batches[0], [{ root, directories: ['a/b'] }]);
});

test('nothing is missed in directories that come while it looks, however deep, nor in those renamed', async () => {
  const { until, seen } = await open();
  const expected = new Set<string>();
  for (let i = 0; i < 60; i += 1) {
    const folder = `n${i}/x/y`;
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, folder, 'f'), 'x');
    expected.add(folder);
  }
  await until(() => [...expected].every((folder) => seen().has(folder)));
  renameSync(join(root, 'n1'), join(root, 'renamed'));
  await until(() => seen().has('renamed/x/y'));
  appendFileSync(join(root, 'renamed', 'x', 'y', 'f'), 'more');
  rmSync(join(root, 'n2'), { recursive: true });
  mkdirSync(join(root, 'n2', 'again'), { recursive: true });
  await until(() => seen().has('n2/again'));
});

test('names of any bytes are kept', async () => {
  const { until, seen } = await open();
  mkdirSync(Buffer.concat([Buffer.from(`${root}/`), bytesOf('\xff\n')]));
  await until(() => seen().has('\xff\n'));
});

test('what never settles is told at times nevertheless', async () => {
  const { batches, until } = await open({ settleMs: 200, longestMs: 300 });
  const writer = setInterval(() => writeFileSync(join(root, 'busy'), String(performance.now())), 20);
  await until(() => batches.length >= 2);
  clearInterval(writer);
});

test('so many events that the queue may have run over are everything', async () => {
  const { until, seen } = await open({ burst: 500 });
  for (let i = 0; i < 600; i += 1) writeFileSync(join(root, `f${i}`), 'x');
  await until(() => seen().has('ALL'));
});

test('too many directories are everything', async () => {
  for (let i = 0; i < 12; i += 1) mkdirSync(join(root, `d${i}`));
  const { until, seen } = await open({ mostDirectories: 10 });
  for (let i = 0; i < 12; i += 1) writeFileSync(join(root, `d${i}`, 'f'), 'x');
  await until(() => seen().has('ALL'));
});

test('where the kernel has no more watches that is said, and it goes well again when there are', async () => {
  for (let i = 0; i < 5; i += 1) mkdirSync(join(root, `d${i}`));
  let left = 3;
  const limited = (): FSWatcher => {
    if (left <= 0) throw Object.assign(new Error('limit'), { code: 'ENOSPC' });
    left -= 1;
    return { on: () => undefined, close: () => undefined } as unknown as FSWatcher;
  };
  const { troubles, until, seen, watch } = await open({ watch: limited });
  await until(() => troubles.length === 1 && seen().has('ALL'));
  assert.match(troubles[0] ?? '', /max_user_watches/);
  left = 100;
  await watch.retry();
  assert.equal(troubles.at(-1), null);
  assert.equal(watch.watched(), 6);
});

test('a root that is missing is said, and taken when it comes', async () => {
  const late = join(root, 'late');
  const { troubles, watch, until, seen } = await open({ roots: [late] });
  assert.match(troubles[0] ?? '', /ENOENT/);
  await until(() => seen().has('ALL'));
  mkdirSync(late);
  await watch.retry();
  assert.equal(troubles.at(-1), null);
  writeFileSync(join(late, 'f'), 'x');
  await until(() => seen().has(''));
});

test('a root that is replaced is said, and taken anew', async () => {
  const own = join(root, 'own');
  mkdirSync(own);
  const { troubles, watch, until, seen } = await open({ roots: [own] });
  renameSync(own, join(root, 'old'));
  rmSync(join(root, 'old'), { recursive: true });
  mkdirSync(own);
  await until(() => troubles.length === 1 && seen().has('ALL'));
  await watch.retry();
  assert.equal(troubles.at(-1), null);
  writeFileSync(join(own, 'f'), 'x');
  await until(() => seen().has(''));
});
