import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { directory, entry, filled, journal, newPath, tamper, verified, without } from './journal.test-support.ts';
import { type Disk, realDisk } from './ledger.ts';
import { openJournalReader } from './reader.ts';

test('a disk that is full keeps entries in memory; when space returns all are there, in order', async (context) => {
  const path = newPath();
  let space = 3000;
  const disk: Disk = {
    write: async (file, bytes, position) => {
      const part = bytes.subarray(0, Math.max(0, space));
      space -= bytes.length;
      await realDisk.write(file, part, position);
      if (part.length < bytes.length)
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    },
    sync: realDisk.sync,
  };
  const opened = journal(context, path, { disk, retryMs: 2 });
  const notices: string[] = [];
  opened.onNotice((text) => notices.push(text));
  let count = 0;
  for (let full = false; !full; ) {
    count += 1;
    opened.append(entry(count));
    full = !(await opened.flush()).ok;
  }
  for (let more = 0; more < 30; more += 1) opened.append(entry(count + 1 + more));
  count += 30;
  assert.match(opened.trouble() ?? '', /no space left on device; 31 entries wait in memory$/);
  assert.match(notices.join(), /kept in memory/);
  assert.equal(verified(path), `ok ${count - 31}`, 'half a line is no entry');
  const back = new Promise<void>((resolve) => opened.onNotice((text) => text.includes('on disk again') && resolve()));
  space = 1e9;
  await back;
  assert.ok((await opened.flush()).ok);
  assert.equal(opened.trouble(), null);
  assert.deepEqual(
    opened.read({}).map((each) => (each.data as { count: number }).count),
    Array.from({ length: count }, (_, index) => index + 1),
  );
  assert.equal(verified(path), `ok ${count}`);
});

test('a disk that does not answer holds nobody up, and is told', async (context) => {
  const path = newPath();
  let answer = (): void => undefined;
  const stalled = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const disk: Disk = { write: realDisk.write, sync: async (file) => stalled.then(() => realDisk.sync(file)) };
  const opened = journal(context, path, { disk, slowMs: 0 });
  const begin = performance.now();
  for (let count = 1; count <= 100; count += 1) opened.append(entry(count));
  assert.ok(performance.now() - begin < 200);
  const flushed = opened.flush();
  await new Promise((resolve) => setImmediate(resolve));
  assert.match(opened.trouble() ?? '', /does not answer; 100 entries/);
  answer();
  assert.ok((await flushed).ok);
  assert.equal(opened.trouble(), null);
  assert.equal(verified(path), 'ok 100');
});

test('closed while a write is on its way: what was appended is there, once', async (context) => {
  for (const stage of ['unopened', 'beginning', 'writing'] as const) {
    const path = newPath();
    let reached = (): void => undefined;
    const there = new Promise<void>((resolve) => {
      reached = resolve;
    });
    let writes = 0;
    const disk: Disk = {
      write: async (file, bytes, position) => {
        writes += 1;
        if (writes === (stage === 'beginning' ? 1 : 2)) {
          reached();
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        await realDisk.write(file, bytes, position);
      },
      sync: realDisk.sync,
    };
    const opened = journal(context, path, { disk });
    opened.append(entry(1));
    opened.append(entry(2));
    if (stage !== 'unopened') await there;
    opened.append(entry(3));
    opened.close();
    assert.equal(verified(path), 'ok 3', stage);
    await new Promise((resolve) => setTimeout(resolve, 40));
    assert.equal(verified(path), 'ok 3', `${stage}, later`);
    const next = journal(context, path);
    next.append(entry(4));
    assert.ok((await next.flush()).ok);
    assert.equal(verified(path), 'ok 4', `${stage}, next`);
    next.close();
  }
});

test('a write that a kill cut off is taken away; damage before it stays for verify to name', async (context) => {
  const path = await filled(context, 10);
  const file = join(path, readdirSync(path).find((name) => name.endsWith('.jsonl')) ?? '');
  const whole = readFileSync(file, 'utf8');
  for (const torn of ['{"seq":11,"ha', '\0\0\0\0\0', '{"seq":11}\n{"seq"']) {
    writeFileSync(file, whole + torn);
    assert.equal(verified(path), torn.includes('\n') ? 'entry 11 is not to be read' : 'ok 10');
    const next = journal(context, path);
    next.append(entry(11));
    assert.ok((await next.flush()).ok);
    assert.equal(verified(path), 'ok 11');
    next.close();
    writeFileSync(join(path, 'head'), '');
    writeFileSync(file, whole);
  }
  const again = journal(context, path);
  again.append(entry(11));
  await again.flush();
  again.close();
  tamper(path, without(5, 5));
  const opened = journal(context, path);
  const notice = new Promise<string>((resolve) => opened.onNotice(resolve));
  opened.append(entry(12));
  assert.match(await notice, /entry 5 of the journal is damaged: it stays/);
  assert.ok((await opened.flush()).ok);
  assert.equal(verified(path), 'entry 5 is missing');
  assert.equal(opened.read({ limit: 1 })[0]?.seq, 12);
});

test('a directory that is not there yet, then is: the journal catches up and says so', async (context) => {
  const place = join(directory, 'late');
  writeFileSync(place, 'in the way');
  const opened = journal(context, join(place, 'journal'), { retryMs: 5 });
  const back = new Promise<void>((resolve) => opened.onNotice((text) => text.includes('on disk again') && resolve()));
  for (let count = 1; count <= 10; count += 1) opened.append(entry(count));
  assert.ok(!(await opened.flush()).ok);
  opened.append(entry(11));
  assert.match(opened.trouble() ?? '', /11 entries wait/);
  assert.deepEqual(opened.read({}), []);
  rmSync(place);
  mkdirSync(place);
  await back;
  assert.ok((await opened.flush()).ok);
  assert.deepEqual(
    opened.read({}).map((each) => (each.data as { count: number }).count),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  );
});

test('over the bound the oldest are counted in one entry that says so', async (context) => {
  const place = join(directory, 'over');
  writeFileSync(place, 'in the way');
  const opened = journal(context, join(place, 'journal'), { retryMs: 5, memoryEntries: 10 });
  const notices: string[] = [];
  opened.onNotice((text) => notices.push(text));
  opened.append(entry(1));
  assert.ok(!(await opened.flush()).ok);
  for (let count = 2; count <= 31; count += 1) opened.append(entry(count));
  assert.equal(opened.lost(), 21);
  assert.match(opened.trouble() ?? '', /21 are LOST/);
  assert.equal(notices.filter((text) => text.includes('LOST')).length, 1);
  rmSync(place);
  mkdirSync(place);
  await new Promise<void>((resolve) => opened.onNotice((text) => text.includes('on disk again') && resolve()));
  assert.ok((await opened.flush()).ok);
  const [marker, ...rest] = opened.read({});
  assert.equal(marker?.kind, 'entries-lost');
  assert.deepEqual(marker?.data, { count: 21, from: entry(1).wall, to: entry(21).wall });
  assert.equal(rest.length, 10);
  assert.ok(opened.verify().ok);
});

test('a segment that is no journal stays as it is, and a new one goes on', async (context) => {
  const path = newPath();
  mkdirSync(path, { recursive: true });
  const odd = join(path, '000000000001.jsonl');
  writeFileSync(odd, 'nothing that anybody knows\n');
  const opened = journal(context, path);
  const notice = new Promise<string>((resolve) => opened.onNotice(resolve));
  opened.append(entry(1));
  assert.match(await notice, /damaged: it stays/);
  assert.ok((await opened.flush()).ok);
  assert.equal(opened.read({}).length, 1);
  assert.equal(readFileSync(odd, 'utf8'), 'nothing that anybody knows\n');
  assert.ok(!opened.verify().ok);
});

test('killed at any moment: every entry that was said to be on disk is there, and the chain holds', {
  timeout: 60_000,
}, async () => {
  const path = newPath();
  const child = fileURLToPath(new URL('./killed.test-support.ts', import.meta.url));
  let told = 0;
  for (let run = 0; run < 4; run += 1) {
    const writer = spawn(process.execPath, [child, path, String(told)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let acknowledged = told;
    const enough = 20 + run * 37;
    writer.stdout.setEncoding('utf8').on('data', (text: string) => {
      acknowledged = Math.max(acknowledged, ...text.trim().split('\n').slice(0, -1).map(Number));
      if (acknowledged - told > enough) writer.kill('SIGKILL');
    });
    await once(writer, 'close');
    const reader = openJournalReader(path);
    assert.ok(reader.ok);
    const result = reader.value.verify();
    assert.ok(result.ok, result.ok ? '' : result.error.message);
    assert.ok(result.value.entries >= acknowledged, `${result.value.entries} of ${acknowledged}`);
    told = result.value.entries;
  }
});
