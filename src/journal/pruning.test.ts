import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { entry, journal, newPath, verified } from './journal.test-support.ts';
import type { WrittenJournal } from './journal.ts';
import { type Disk, realDisk } from './ledger.ts';
import { openJournalReader } from './reader.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** A journal whose clocks are the test's: time passes on both; the wall clock may be set besides. Files are as old as the wall clock says. */
const worn = (context: TestContext, maxSizeBytes: number, maxAgeMs: number) => {
  const path = newPath();
  const clocks = { at: 1000, wallAt: 1_700_000_000_000 };
  const disk: Disk = {
    write: async (file, bytes, position) => {
      await realDisk.write(file, bytes, position);
      await file.utimes(clocks.wallAt / 1000, clocks.wallAt / 1000);
    },
    // A year's worth of syncs would test the machine.
    sync: async () => undefined,
  };
  const opened: WrittenJournal = journal(context, path, {
    maxSizeBytes,
    maxAgeMs,
    disk,
    clocks: { now: () => clocks.at, wall: () => clocks.wallAt },
    diskBytes: async () => 1e12,
  });
  let count = 0;
  const pass = async (ms: number, entries: number): Promise<void> => {
    clocks.at += ms;
    clocks.wallAt += ms;
    for (let each = 0; each < entries; each += 1) {
      count += 1;
      opened.append({ ...entry(count), wall: clocks.wallAt });
    }
    assert.ok((await opened.flush()).ok);
  };
  const segments = (): readonly string[] => readdirSync(path).filter((name) => name.endsWith('.jsonl'));
  const bytes = (): number => readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
  return { path, opened, clocks, pass, segments, bytes, count: () => count };
};

test('a year of decisions stays within its size, and the chain holds across every segment and after each pruning', async (context) => {
  const most = 256 * 1024;
  const year = worn(context, most, 400 * DAY_MS);
  let largest = 0;
  for (let day = 1; day <= 365; day += 1) {
    await year.pass(DAY_MS, 60);
    largest = Math.max(largest, year.bytes());
    if (day % 30 === 0) assert.match(verified(year.path), /^ok \d+$/);
  }
  assert.ok(year.count() === 365 * 60 && largest > most / 2, `${largest} bytes`);
  // One segment more than what may stay, since the newest is never dropped.
  assert.ok(largest <= most + most / 8 + 20_000, `${largest} bytes at most`);
  const reader = openJournalReader(year.path);
  assert.ok(reader.ok);
  const [head = ''] = reader.value.export();
  assert.ok((JSON.parse(head) as { after: number }).after > 1000, 'the oldest are gone');
  assert.equal(reader.value.read({ limit: 1 })[0]?.seq, year.count());
});

test('what is too old goes, a segment an hour, and no more stays than that', async (context) => {
  const month = worn(context, 10 * 1024 ** 2, 30 * DAY_MS);
  // Days after which a segment is full, and days on which little happens.
  for (let day = 1; day <= 60; day += 1) {
    for (let hour = 0; hour < 24; hour += 1) await month.pass(DAY_MS / 24, day % 5 === 0 ? 200 : 1);
  }
  assert.match(verified(month.path), /^ok \d+$/);
  const left = month.opened.read({ sinceSeq: 0, limit: 1 })[0];
  const ageDays = (month.clocks.wallAt - (left?.wall ?? 0)) / DAY_MS;
  assert.ok(ageDays < 50, `the oldest is ${ageDays} days old`);
});

test('a wall clock that is a year ahead for a while costs a segment, not the journal', async (context) => {
  const it = worn(context, 64 * 1024, 30 * DAY_MS);
  for (let hour = 0; hour < 48; hour += 1) await it.pass(3_600_000, 5);
  const before = it.segments().length;
  assert.ok(before > 4);
  it.clocks.wallAt += YEAR_MS;
  for (let minute = 0; minute < 60; minute += 10) await it.pass(600_000, 1);
  assert.ok(it.segments().length >= before - 1, `${before} segments became ${it.segments().length}`);
  it.clocks.wallAt -= YEAR_MS;
  await it.pass(600_000, 1);
  assert.match(verified(it.path), /^ok \d+$/);
  assert.ok(it.segments().length >= before - 1);
});

test('a wall clock that is set back by a year does not stop the pruning', async (context) => {
  const most = 64 * 1024;
  const it = worn(context, most, 30 * DAY_MS);
  await it.pass(DAY_MS, 10);
  it.clocks.wallAt -= YEAR_MS;
  for (let hour = 0; hour < 100; hour += 1) await it.pass(3_600_000, 30);
  assert.ok(it.bytes() <= most + most / 8 + 10_000, `${it.bytes()} bytes`);
  assert.match(verified(it.path), /^ok \d+$/);
});

test('on a small disk the journal takes half of it at most, whatever it may', async (context) => {
  const path = newPath();
  const clocks = { at: 0 };
  const opened = journal(context, path, {
    maxSizeBytes: 1e9,
    clocks: { now: () => clocks.at, wall: () => Date.now() },
    diskBytes: async () => 128 * 1024,
  });
  for (let round = 1; round <= 50; round += 1) {
    clocks.at += 600_000;
    for (let each = 0; each < 20; each += 1) opened.append(entry(round * 20 + each));
    assert.ok((await opened.flush()).ok);
  }
  const bytes = readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
  assert.ok(bytes <= 64 * 1024 + 20_000, `${bytes} bytes`);
  assert.match(verified(path), /^ok \d+$/);
});

test('a disk that is full of the journal itself gets room when it prunes: nothing waits for a person', async (context) => {
  const path = newPath();
  let room = 1e6;
  const disk: Disk = {
    write: async (file, bytes, position) => {
      const used = readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
      if (used + bytes.length > room) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
      await realDisk.write(file, bytes, position);
    },
    sync: realDisk.sync,
  };
  // Others took what the disk had left: the journal is above what may stay of it, and not due to be looked at for minutes.
  const opened = journal(context, path, {
    disk,
    retryMs: 2,
    maxSizeBytes: 32 * 1024,
    clocks: { now: () => 0, wall: () => 0 },
  });
  for (let each = 1; each <= 200; each += 1) {
    opened.append(entry(each));
    if (each % 10 === 0) await opened.flush();
  }
  room = 40_000;
  for (let each = 201; each <= 210; each += 1) opened.append(entry(each));
  if (!(await opened.flush()).ok)
    await new Promise<void>((resolve) => opened.onNotice((text) => text.includes('on disk again') && resolve()));
  assert.ok((await opened.flush()).ok);
  assert.equal(opened.trouble(), null);
  assert.match(verified(path), /^ok \d+$/);
  assert.equal(opened.read({ limit: 1 })[0]?.seq, 210);
});

test('what is dropped while somebody reads is no fault; what is gone from the middle is', async (context) => {
  const it = worn(context, 256 * 1024, 1000 * DAY_MS);
  for (let day = 1; day <= 3; day += 1) for (let part = 0; part < 6; part += 1) await it.pass(DAY_MS / 6, 50);
  const whole = it.segments().toSorted();
  assert.ok(whole.length >= 4, `${whole.length} segments`);
  // Listed, and no file any more: as between a reader's two looks.
  const vanish = (name = ''): void => {
    rmSync(join(it.path, name));
    symlinkSync(join(it.path, 'nowhere'), join(it.path, name));
  };
  vanish(whole[0]);
  assert.match(verified(it.path), /^ok \d+$/);
  const reader = openJournalReader(it.path);
  assert.ok(reader.ok);
  assert.equal(reader.value.read({ sinceWall: 0, limit: 1e6 }).at(-1)?.seq, it.count());
  const [head = '', ...lines] = reader.value.export();
  assert.equal((JSON.parse(head) as { after: number }).after, it.count() - lines.length);
  vanish(whole[2]);
  assert.match(verified(it.path), /are missing/);
});
