import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import { noOrders } from '../core/in-force.ts';
import type { BootMemory, DiskMemory } from '../core/memory.ts';
import { createStateStore, readBootId } from './state-store.ts';

const directory = mkdtempSync(join(tmpdir(), 'dualtone-state-'));
after(() => rmSync(directory, { recursive: true }));

let made = 0;
const place = () => {
  made += 1;
  const runDir = join(directory, `run${made}`);
  const stateDir = join(directory, `state${made}`);
  return { runDir, stateDir, store: (bootId = 'boot-1') => createStateStore({ runDir, stateDir, bootId }) };
};

const BOOT: BootMemory = {
  promise: { holder: 'main', epoch: 4, until: 1234.5 },
  highest: 4,
  releasedMain: 2,
  releasedStandby: 3,
  openUntil: -1,
  silentUntil: 0,
  holding: 4,
  seq: 99,
  heldOpen: false,
  looksBad: 0,
};

const disk = (epochCeiling: number): DiskMemory => ({
  epochCeiling,
  orders: {
    ...noOrders,
    standby: { revision: 3, knew: 0, mode: 'manual', manualSince: 3, maintenanceMs: 0, maintenanceReason: 'cabling' },
  },
  maintenanceUntilWall: 0,
  loose: false,
  serving: true,
  switches: [1_700_000_000_000],
  standbyMayServeFrom: 0,
  needsAcknowledgement: false,
  pinned: false,
  heldOpenBy: null,
});

test('the first start remembers nothing, and says so', () => {
  const loaded = place().store().load();
  assert.deepEqual([loaded.boot, loaded.disk], [null, null]);
  assert.match(loaded.notes.join(), /first start/);
});

test('what is saved is loaded by the next process of the same boot, and only the disk after a boot', () => {
  const { store, runDir, stateDir } = place();
  const first = store();
  first.load();
  assert.ok(first.saveBoot(BOOT).ok && first.saveDisk(disk(20)).ok && first.saveDisk(disk(40)).ok);
  assert.deepEqual(store().load(), { boot: BOOT, disk: disk(40), notes: [] });
  const rebooted = store('boot-2').load();
  assert.equal(rebooted.boot, null);
  assert.deepEqual(rebooted.disk, disk(40));
  assert.match(rebooted.notes.join(), /another boot/);
  for (const path of [join(runDir, 'boot.json'), join(stateDir, 'state-a')])
    assert.equal(statSync(path).mode & 0o777, 0o600);
  for (const path of [runDir, stateDir]) assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.match(readBootId(), /^[0-9a-f-]{36}$/);
});

test('the boot file is written in place, whole, and made anew where it is not there any more', () => {
  const { store, runDir } = place();
  const path = join(runDir, 'boot.json');
  const first = store();
  const saved = (memory: BootMemory): number => {
    assert.ok(first.saveBoot(memory).ok);
    assert.deepEqual(store().load().boot, memory);
    return statSync(path).ino;
  };
  const inode = saved(BOOT);
  // Longer, then shorter: nothing of the former text stays.
  for (const seq of [123_456_789, 1, 99]) assert.equal(saved({ ...BOOT, seq }), inode);
  rmSync(path);
  assert.notEqual(saved(BOOT), 0);
  writeFileSync(`${path}.other`, '{}');
  renameSync(`${path}.other`, path);
  saved({ ...BOOT, seq: 100 });
  // A lost directory is a failure that is told, and mended by the next attempt.
  rmSync(runDir, { recursive: true });
  assert.equal(first.saveBoot(BOOT).ok, false);
  saved({ ...BOOT, seq: 101 });
});

test('a boot file that is odd is no memory, and is told', () => {
  const { store, runDir } = place();
  assert.ok(store().saveBoot(BOOT).ok);
  const path = join(runDir, 'boot.json');
  const whole = readFileSync(path, 'utf8');
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    whole.slice(0, 50),
    whole.replace('"seq":99', '"seq":-1'),
    whole.replace('"seq"', '"sqe"'),
  ]) {
    writeFileSync(path, text);
    const loaded = store().load();
    assert.equal(loaded.boot, null, text);
    assert.ok(
      loaded.notes.some((note) => note.includes('ignored')),
      text,
    );
  }
});

test('a damaged copy on disk is told and kept, and the other is used with a ceiling above what may be lost', () => {
  const { store, stateDir } = place();
  const first = store();
  for (const ceiling of [20, 40, 60]) assert.ok(first.saveDisk(disk(ceiling)).ok);
  const newest = ['state-a', 'state-b']
    .map((name) => join(stateDir, name))
    .find((path) => readFileSync(path, 'utf8').includes(':60,'));
  assert.ok(newest !== undefined);
  const content = readFileSync(newest, 'utf8');
  writeFileSync(newest, content.replace(':60,', ':61,'));
  // Within the boot tmpfs knows what the damaged copy held.
  assert.deepEqual(store().load().disk, disk(60));
  renameSync(`${newest}.damaged`, newest);
  const second = store('boot-2');
  const loaded = second.load();
  assert.equal(loaded.disk?.epochCeiling, 1040);
  assert.deepEqual(loaded.disk?.orders, disk(1).orders);
  assert.match(loaded.notes.join(), /damaged: its checksum is wrong.*number 2/);
  assert.ok(existsSync(`${newest}.damaged`));
  assert.ok(second.saveDisk(disk(1060)).ok);
  assert.deepEqual(store('boot-2').load().disk, disk(1060));
});

test('what the disk refuses outlives the process, not the boot; where tmpfs refuses too, an old copy there is not believed', () => {
  const { store, runDir, stateDir } = place();
  const first = store();
  assert.ok(first.saveDisk(disk(20)).ok);
  renameSync(stateDir, `${stateDir}.away`);
  writeFileSync(stateDir, 'in the way');
  assert.equal(first.saveDisk(disk(40)).ok, false);
  assert.deepEqual(store().load().disk, disk(40));
  rmSync(stateDir);
  renameSync(`${stateDir}.away`, stateDir);
  const second = store();
  const loaded = second.load();
  assert.deepEqual(loaded.disk, disk(40));
  assert.match(loaded.notes.join(), /the disk lacks what was last decided/);
  assert.deepEqual(store('boot-2').load().disk, disk(20));
  // A folder in its place: tmpfs cannot be written, and the disk can.
  rmSync(join(runDir, 'disk.json'));
  mkdirSync(join(runDir, 'disk.json.new'));
  assert.ok(second.saveDisk(disk(60)).ok);
  assert.equal(existsSync(join(runDir, 'disk.json')), false);
  assert.deepEqual(store().load().disk, disk(60));
});

test('a copy that vanished is told too', () => {
  const { store, stateDir } = place();
  const first = store();
  for (const ceiling of [20, 40]) assert.ok(first.saveDisk(disk(ceiling)).ok);
  rmSync(join(stateDir, 'state-a'));
  const loaded = store('boot-2').load();
  assert.ok((loaded.disk?.epochCeiling ?? 0) > 1000);
  assert.equal(loaded.notes.filter((note) => note.includes('copy')).length, 1);
});

test('with both copies damaged nothing is taken for a first start', () => {
  const { store, stateDir } = place();
  const first = store();
  for (const ceiling of [20, 40]) assert.ok(first.saveDisk(disk(ceiling)).ok);
  for (const name of ['state-a', 'state-b']) truncateSync(join(stateDir, name), 10);
  const loaded = store('boot-2').load();
  assert.ok((loaded.disk?.epochCeiling ?? 0) >= 1_000_000);
  assert.match(loaded.notes.join(), /both copies of the state are lost/);
});

test('a write that is cut off anywhere leaves a state that was saved, never a mixture', () => {
  const { store, stateDir } = place();
  const first = store();
  for (const ceiling of [20, 40]) assert.ok(first.saveDisk(disk(ceiling)).ok);
  const paths = ['state-a', 'state-b'].map((name) => join(stateDir, name));
  const before = paths.map((path) => readFileSync(path));
  assert.ok(first.saveDisk(disk(60)).ok);
  const index = paths.findIndex((path, each) => !readFileSync(path).equals(before[each] ?? Buffer.alloc(0)));
  const [path = '', old = Buffer.alloc(0)] = [paths[index], before[index]];
  const fresh = readFileSync(path);
  fc.assert(
    fc.property(fc.nat(600), (at) => {
      writeFileSync(path, Buffer.concat([fresh.subarray(0, at), old.subarray(at)]));
      const ceiling = store('boot-2').load().disk?.epochCeiling ?? 0;
      assert.ok(ceiling === 60 || ceiling === 40 || ceiling === 1040, `${at}: ${ceiling}`);
    }),
    { numRuns: 100 },
  );
});

test('a place where nothing can be written is a fault with a remedy', () => {
  const { stateDir, runDir, store } = place();
  writeFileSync(stateDir, 'in the way');
  writeFileSync(runDir, 'in the way');
  const results = [store().saveBoot(BOOT), store().saveDisk(disk(1))];
  assert.deepEqual(
    results.map((result) => (result.ok ? 'ok' : result.error.code)),
    ['state-boot-not-written', 'state-disk-not-written'],
  );
});
