import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { openBook } from './book.ts';
import { canonicalJson, type EntryBody, entryHash, entryText, GENESIS, redactByKey } from './chain.ts';
import { createJournal, type JournalOptions, type WrittenJournal } from './journal.ts';
import { openJournalReader } from './reader.ts';

const directory = mkdtempSync(join(tmpdir(), 'dualtone-journal-'));
after(() => rmSync(directory, { recursive: true }));

let made = 0;
const newPath = (): string => {
  made += 1;
  return join(directory, String(made), 'journal.db');
};

const entry = (count: number, data: unknown = { count }): EntryBody => ({
  wall: 1_700_000_000_000 + count,
  at: count + 0.5,
  epoch: 2,
  kind: 'decision',
  reasons: [{ rule: 'some-rule', facts: { count } }],
  data,
});

const journal = (context: TestContext, path: string, more: Partial<JournalOptions> = {}): WrittenJournal => {
  const opened = createJournal({ path, maxAgeMs: 1e15, maxSizeBytes: 1e12, memoryEntries: 1000, ...more });
  context.after(() => opened.close());
  return opened;
};

const filled = async (context: TestContext, count: number): Promise<string> => {
  const path = newPath();
  const opened = journal(context, path);
  for (let each = 1; each <= count; each += 1) opened.append(entry(each));
  assert.ok((await opened.flush()).ok);
  opened.close();
  return path;
};

const verified = (path: string): string => {
  const reader = openJournalReader(path);
  assert.ok(reader.ok);
  const result = reader.value.verify();
  reader.value.close();
  return result.ok ? `ok ${result.value.entries}` : result.error.message;
};

test('what is appended is read back in order, by this process and by another reader, and verifies', async (context) => {
  const path = newPath();
  const opened = journal(context, path, { memoryEntries: 2000 });
  for (let count = 1; count <= 1200; count += 1) opened.append(entry(count));
  assert.ok((await opened.flush()).ok);
  assert.equal(opened.trouble(), null);
  assert.equal(opened.pending(), 0);
  const some = opened.read({ sinceSeq: 10, limit: 2 });
  assert.deepEqual(
    some.map(({ seq, hash, ...body }) => [seq, hash.length, body]),
    [
      [11, 64, entry(11)],
      [12, 64, entry(12)],
    ],
  );
  assert.deepEqual(
    opened.read({ limit: 3 }).map((each) => each.seq),
    [1198, 1199, 1200],
  );
  assert.equal(opened.read({ sinceWall: entry(1190).wall }).length, 11);
  const result = opened.verify();
  assert.ok(result.ok && result.value.entries === 1200);
  assert.equal(verified(path), 'ok 1200');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
});

test('close writes what waits, and a second start goes on with the chain', async (context) => {
  const path = newPath();
  const first = journal(context, path);
  first.append(entry(1));
  await first.flush();
  first.append(entry(2));
  first.close();
  assert.equal(verified(path), 'ok 2');
  const second = journal(context, path);
  second.append(entry(3));
  assert.ok((await second.flush()).ok);
  assert.equal(verified(path), 'ok 3');
});

const TAMPERINGS: readonly (readonly [string, string])[] = [
  [
    'UPDATE entries SET text = replace(text, \'"count":7\', \'"count":8\') WHERE seq = 7',
    'entry 7 was changed, or the one before it',
  ],
  [`UPDATE entries SET hash = '${GENESIS}' WHERE seq = 7`, 'entry 7 was changed, or the one before it'],
  ['DELETE FROM entries WHERE seq = 7', 'entry 7 is missing'],
  ['DELETE FROM entries WHERE seq BETWEEN 7 AND 9', 'entries 7 to 9 are missing'],
  ['DELETE FROM entries WHERE seq < 4', 'entries 1 to 3 are missing'],
  ['DELETE FROM entries WHERE seq > 17', 'entries 18 to 20 at the end are missing'],
  ['UPDATE entries SET wall = 5 WHERE seq = 7', 'entry 7 was changed beside its text'],
  ["UPDATE places SET hash = 'x' WHERE name = 'head'", 'entry 20, the last, was changed'],
];

for (const [sql, message] of TAMPERINGS) {
  test(`tampering is found, and the first bad entry named: ${sql.slice(0, 60)}`, async (context) => {
    const path = await filled(context, 20);
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
    assert.equal(verified(path), message);
  });
}

test('retention drops the oldest by age and by size, and the rest verifies', () => {
  const path = newPath();
  const opened = openBook(path, 0);
  assert.ok(opened.ok);
  const { book } = opened.value;
  const lines = Array.from({ length: 3000 }, (_, index) => {
    const body = entry(index + 1, { filler: 'x'.repeat(500) });
    return { wall: body.wall, kind: body.kind, text: entryText(body, redactByKey) };
  });
  book.append(lines);
  assert.equal(book.prune(entry(1001).wall + 1000, { maxAgeMs: 1000, maxSizeBytes: 1e12 }), 1000);
  assert.equal(verified(path), 'ok 2000');
  assert.ok(book.prune(0, { maxAgeMs: 1e15, maxSizeBytes: 512 * 1024 }) > 500);
  assert.match(verified(path), /^ok \d{3}$/);
  book.append(lines.slice(0, 1));
  assert.equal(book.lastSeq(), 3001);
  assert.ok(book.prune(1e15, { maxAgeMs: 0, maxSizeBytes: 0 }) >= 0);
  assert.match(verified(path), /^ok [1-9]/, 'the last entry always stays');
  book.close();
  assert.ok(statSync(path).size < 1024 * 1024, `the file shrinks: ${statSync(path).size}`);
});

test('an export carries the chain: each line follows from the one before', async (context) => {
  const path = await filled(context, 30);
  const reader = openJournalReader(path);
  assert.ok(reader.ok);
  const [head = '', ...lines] = reader.value.export();
  reader.value.close();
  let { hash } = JSON.parse(head) as { hash: string };
  assert.equal(lines.length, 30);
  for (const line of lines) {
    const { seq, hash: own, entry: body } = JSON.parse(line) as { seq: number; hash: string; entry: unknown };
    hash = entryHash(hash, seq, canonicalJson(body));
    assert.equal(own, hash);
  }
});

test('a disk that is full keeps entries in memory, in order; nothing is lost when space returns', async (context) => {
  const path = newPath();
  const opened = journal(context, path, { maxPages: 40, retryMs: 5 });
  const notices: string[] = [];
  opened.onNotice((text) => notices.push(text));
  let count = 0;
  let last = await opened.flush();
  while (last.ok && count < 2000) {
    for (let each = 0; each < 20; each += 1) {
      count += 1;
      opened.append(entry(count, { filler: 'x'.repeat(500) }));
    }
    last = await opened.flush();
  }
  assert.ok(!last.ok && last.error.code === 'journal-not-written');
  assert.match(opened.trouble() ?? '', /full.*wait in memory/);
  assert.ok(opened.pending() > 0);
  assert.match(notices.join(), /kept in memory/);
  opened.close();
  const before = Number(/^ok (\d+)$/.exec(verified(path))?.[1]);
  assert.ok(before > 0 && before < count);
});

test('a directory that is not there yet, then is: the journal catches up and says so', async (context) => {
  const place = join(directory, 'late');
  writeFileSync(place, 'in the way');
  const opened = journal(context, join(place, 'journal.db'), { retryMs: 5 });
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
  const opened = journal(context, join(place, 'journal.db'), { retryMs: 5, memoryEntries: 10 });
  const notices: string[] = [];
  opened.onNotice((text) => notices.push(text));
  opened.append(entry(1));
  assert.ok(!(await opened.flush()).ok);
  for (let count = 2; count <= 31; count += 1) opened.append(entry(count));
  assert.equal(opened.lost(), 20);
  assert.match(opened.trouble() ?? '', /20 are LOST/);
  assert.equal(notices.filter((text) => text.includes('LOST')).length, 1);
  rmSync(place);
  mkdirSync(place);
  await new Promise<void>((resolve) => opened.onNotice((text) => text.includes('on disk again') && resolve()));
  assert.ok((await opened.flush()).ok);
  const [first, marker, ...rest] = opened.read({});
  assert.deepEqual(first?.data, { count: 1 });
  assert.equal(marker?.kind, 'entries-lost');
  assert.deepEqual(marker?.data, { count: 20, from: entry(2).wall, to: entry(21).wall });
  assert.equal(rest.length, 10);
  assert.ok(opened.verify().ok);
});

test('a file that is no journal is kept aside, and a new one begins that says so', async (context) => {
  const path = newPath();
  mkdirSync(join(path, '..'));
  writeFileSync(path, 'nothing that SQLite knows'.repeat(100));
  const opened = journal(context, path);
  const notice = new Promise<string>((resolve) => opened.onNotice(resolve));
  opened.append(entry(1));
  assert.match(await notice, /damaged; it is kept as/);
  assert.ok((await opened.flush()).ok);
  assert.deepEqual(
    opened.read({}).map((each) => each.kind),
    ['journal-damaged', 'decision'],
  );
  assert.ok(readdirSync(join(path, '..')).some((name) => name.includes('damaged')));
});

test('a follower hears each entry once, in order', async (context) => {
  const path = newPath();
  const opened = journal(context, path);
  opened.append(entry(1));
  await opened.flush();
  const reader = openJournalReader(path);
  assert.ok(reader.ok);
  const stop = new AbortController();
  const seen: number[] = [];
  const done = new Promise<void>((resolve) => {
    reader.value.follow(
      0,
      stop.signal,
      (entries) => {
        seen.push(...entries.map((each) => each.seq));
        if (seen.length >= 21) resolve();
      },
      5,
    );
  });
  for (let count = 2; count <= 21; count += 1) {
    opened.append(entry(count));
    if (count % 5 === 0) await opened.flush();
  }
  await done;
  stop.abort();
  reader.value.close();
  assert.deepEqual(
    seen,
    Array.from({ length: 21 }, (_, index) => index + 1),
  );
});

test('secrets are hidden, long entries are cut, the same value gives the same text', () => {
  const text = entryText(
    entry(1, { user: 'a', password: 'x1', deep: [{ 'api-token': 'x2', secretFile: 'x3' }] }),
    redactByKey,
  );
  for (const secret of ['x1', 'x2', 'x3']) assert.ok(!text.includes(secret), secret);
  assert.ok(entryText(entry(1, 'y'.repeat(100_000)), redactByKey).length < 10_000);
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const shuffled = Object.fromEntries(Object.entries(value).toReversed());
      assert.equal(canonicalJson(shuffled), canonicalJson(value));
      assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('killed at any moment: every entry that was said to be on disk is there, and the chain holds', {
  timeout: 60_000,
}, async () => {
  const path = newPath();
  const child = fileURLToPath(new URL('./killed.test-support.ts', import.meta.url));
  let told = 0;
  for (let run = 0; run < 6; run += 1) {
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
    reader.value.close();
  }
});
