import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createPending, type Task } from './pending.ts';
import { countPending } from './pending-count.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dualtone-pending-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const task = (since: number, ...wanted: string[]): Task => ({ path: folder, wanted: new Set(wanted), since });
const told = (tasks: readonly Task[], counted: 'files' | 'messages', wall = Date.now()) =>
  countPending(tasks, counted, 1000, wall)?.text ?? null;

test('messages and files that are new since are counted; what is older, and directories, are not', () => {
  const inbox = join(folder, 'default', '100', 'INBOX');
  mkdirSync(join(inbox, 'sub'), { recursive: true });
  for (const name of ['msg0000.txt', 'msg0000.wav', 'msg0001.txt', 'msg0001.wav', '.lock-x'])
    writeFileSync(join(inbox, name), 'x');
  utimesSync(join(inbox, 'msg0000.txt'), 1, 1);
  const waits = [task(1000, 'default/100/INBOX')];
  assert.equal(told(waits, 'messages'), '2 voicemail messages');
  assert.equal(told(waits, 'files'), '5 files');
  const late = Date.now() + 60_000;
  assert.equal(told(waits, 'messages', late), 'changes in 1 directory');
  assert.equal(told([task(1000, 'gone', 'gone too')], 'files'), 'changes in 2 directories');
  assert.equal(told([{ path: folder, wanted: 'all', since: 0 }], 'files'), null);
  assert.equal(told([], 'files'), null);
  assert.equal(
    told([task(1000, ...Array.from({ length: 60 }, (_, n) => `d${n}`))], 'files'),
    'changes in 60 directories',
  );
});

test('what is being copied waits until it is settled', () => {
  const pending = createPending(['/a', '/b']);
  pending.add('/a', new Set(['x']), 5);
  assert.equal(pending.take().length, 1);
  pending.add('/a', new Set(['y']), 7);
  assert.deepEqual(pending.all(), [{ path: '/a', wanted: new Set(['x', 'y']), since: 5 }]);
  pending.settled();
  assert.deepEqual(pending.all(), [{ path: '/a', wanted: new Set(['y']), since: 7 }]);
  assert.equal(pending.since(), 7);
});
