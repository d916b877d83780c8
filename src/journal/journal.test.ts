import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalJson, entryHash, entryText, GENESIS, redactByKey } from './chain.ts';
import { entry, filled, journal, newPath, tamper, verified, without } from './journal.test-support.ts';
import { openLedger } from './ledger.ts';
import { openJournalReader } from './reader.ts';

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
  assert.equal(statSync(path).mode & 0o777, 0o700);
  for (const name of readdirSync(path)) assert.equal(statSync(join(path, name)).mode & 0o777, 0o600, name);
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

const replaced = (from: string | RegExp, to: string) => (lines: string[]) =>
  lines.map((line) => (line.startsWith('{"seq":7,') ? line.replace(from, to) : line));

const TAMPERINGS: readonly (readonly [string, (lines: string[]) => string[], string])[] = [
  ['a changed word', replaced('"count":7', '"count":8'), 'entry 7 was changed, or the one before it'],
  [
    'a changed hash',
    replaced(/"hash":"[0-9a-f]{64}"/, `"hash":"${GENESIS}"`),
    'entry 7 was changed, or the one before it',
  ],
  ['nonsense', replaced('{', '['), 'entry 7 is not to be read'],
  ['an entry gone', without(7, 7), 'entry 7 is missing'],
  ['some gone', without(7, 9), 'entries 7 to 9 are missing'],
  ['the first gone', without(1, 3), 'entries 1 to 3 are missing'],
  ['the last gone', without(18, 20), 'entries 18 to 20 at the end are missing'],
  [
    'one twice',
    (lines) => lines.flatMap((line) => (line.startsWith('{"seq":7,') ? [line, line] : [line])),
    'entry 7 is there twice',
  ],
  ['two exchanged', (lines) => lines.with(8, lines[9] ?? '').with(9, lines[8] ?? ''), 'entry 8 is missing'],
];

for (const [what, change, message] of TAMPERINGS) {
  test(`tampering is found, and the first bad entry named: ${what}`, async (context) => {
    const path = await filled(context, 20);
    assert.equal(verified(path), 'ok 20');
    tamper(path, change);
    assert.equal(verified(path), message);
  });
}

test('a chain that was made anew after an entry does not fit the end that was noted', async (context) => {
  const path = await filled(context, 20);
  let former = '';
  tamper(path, (lines) =>
    lines.map((line, index) => {
      const text = /"entry":(.*)\}$/.exec(line)?.[1];
      if (text === undefined) return line;
      const changed = text.replace('"count":7', '"count":8');
      former = entryHash(index === 1 ? GENESIS : former, index, changed);
      return `{"seq":${index},"hash":"${former}","entry":${changed}}`;
    }),
  );
  assert.equal(verified(path), 'entry 20 was changed');
});

test('retention drops the oldest segments by age and by size, and the rest verifies and goes on', async (context) => {
  const path = newPath();
  const { ledger } = await openLedger(path, 20_000);
  context.after(() => ledger.close());
  for (let count = 0; count < 20; count += 1) {
    const texts = Array.from({ length: 10 }, () => entryText(entry(count, 'x'.repeat(500)), redactByKey));
    await ledger.write(ledger.prepare(texts));
  }
  assert.equal(verified(path), 'ok 200');
  const segments = (): readonly string[] => readdirSync(path).filter((name) => name.endsWith('.jsonl'));
  const before = segments().length;
  assert.ok(before > 5);
  assert.equal(await ledger.prune(Date.now(), { maxAgeMs: 1e12, maxSizeBytes: 1e12 }), 0);
  for (const name of segments().slice(0, 2)) utimesSync(join(path, name), 1, 1);
  assert.equal(await ledger.prune(Date.now(), { maxAgeMs: 86_400_000, maxSizeBytes: 1e12 }), 2);
  assert.ok((await ledger.prune(Date.now(), { maxAgeMs: 1e12, maxSizeBytes: 50_000 })) > 0);
  assert.match(verified(path), /^ok \d\d$/);
  await ledger.prune(Date.now() + 1e12, { maxAgeMs: 0, maxSizeBytes: 0 });
  assert.equal(segments().length, 1);
  await ledger.write(ledger.prepare(['{"wall":1}']));
  assert.match(verified(path), /^ok [1-9]/);
});

test('a segment gone from the middle is found', async (context) => {
  const path = newPath();
  const opened = journal(context, path, { maxSizeBytes: 8 * 4000 });
  for (let count = 1; count <= 100; count += 1) {
    opened.append(entry(count));
    await opened.flush();
  }
  assert.equal(verified(path), 'ok 100');
  assert.deepEqual(
    opened.read({ sinceSeq: 40, limit: 30 }).map((each) => each.seq),
    Array.from({ length: 30 }, (_, index) => index + 41),
  );
  assert.equal(opened.read({ limit: 60 }).length, 60);
  const names = readdirSync(path).filter((name) => name.endsWith('.jsonl'));
  assert.ok(names.length > 3);
  const [, second = '', third = ''] = names;
  rmSync(join(path, second));
  assert.equal(
    verified(path),
    `entries ${Number(second.slice(0, 12))} to ${Number(third.slice(0, 12)) - 1} are missing`,
  );
});

test('an export carries the chain: each line follows from the one before', async (context) => {
  const path = await filled(context, 30);
  const reader = openJournalReader(path);
  assert.ok(reader.ok);
  const [head = '', ...lines] = reader.value.export();
  let { hash } = JSON.parse(head) as { hash: string };
  assert.equal(lines.length, 30);
  for (const line of lines) {
    const { seq, hash: own, entry: body } = JSON.parse(line) as { seq: number; hash: string; entry: unknown };
    hash = entryHash(hash, seq, canonicalJson(body));
    assert.equal(own, hash);
  }
});

test('a follower hears each entry once, in order', async (context) => {
  const path = newPath();
  const opened = journal(context, path, { maxSizeBytes: 8 * 1500 });
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
