import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ok } from '../../core/result.ts';
import type { Batch } from '../core/words.ts';
import type { Source } from '../source.ts';
import type { SessionOptions, TargetSession } from '../target.ts';
import { batchOf, eventOf, queueLog, stretch } from '../testing/batches.ts';
import { type ElasticStandIn, type ElasticStandInOptions, type Mishap, startElastic } from '../testing/elastic.ts';
import type { ElasticAccess } from './http.ts';
import { createElasticTarget } from './target.ts';

const INDEX = 'xivo-queue_log';

interface Bench {
  readonly elastic: ElasticStandIn;
  open(changes?: Partial<ElasticAccess>, session?: Partial<SessionOptions>): Promise<TargetSession>;
  refusal(changes?: Partial<ElasticAccess>): Promise<string>;
}

const withBench = async (options: ElasticStandInOptions, work: (bench: Bench) => Promise<void>): Promise<void> => {
  const elastic = await startElastic(options);
  const directory = mkdtempSync(join(tmpdir(), 'reporting-'));
  const target = (changes: Partial<ElasticAccess> = {}) =>
    createElasticTarget({
      access: () =>
        ok({ url: elastic.url, ca: options.tls?.cert ?? null, authorization: null, timeoutMs: 1000, ...changes }),
      indexOf: (table) => `xivo-${table}`,
      storePath: join(directory, 'elastic.json'),
      node: 'a',
    });
  const session = {
    sender: 'a:1/x',
    tables: [queueLog],
    signal: new AbortController().signal,
    onStep: () => undefined,
  };
  try {
    await work({
      elastic,
      open: async (changes, more) => {
        const opened = await target(changes).open({ ...session, ...more });
        assert.ok(opened.ok, JSON.stringify(opened));
        return opened.value;
      },
      refusal: async (changes) => {
        const opened = await target(changes).open(session);
        return opened.ok ? 'opened' : `${opened.error.code}: ${opened.error.message}`;
      },
    });
  } finally {
    await elastic.stop();
    rmSync(directory, { recursive: true });
  }
};

/** As the lane does: a session for each try, from where the target says it is. Ends when all is there. */
const sendAll = async (bench: Bench, all: Batch, changes?: Partial<ElasticAccess>): Promise<readonly string[]> => {
  const faults: string[] = [];
  for (let tries = 0; tries < 20; tries += 1) {
    const session = await bench.open(changes);
    const standing = await session.standing(queueLog);
    assert.ok(standing.ok);
    if (standing.value === null) await session.begin(queueLog, all.after);
    let position = standing.value?.position ?? all.after;
    for (;;) {
      const events = all.events.filter(({ readKey }) => readKey > position);
      if (events.length === 0) {
        await session.close();
        return faults;
      }
      const written = await session.write(batchOf(position, events));
      if (!written.ok) {
        faults.push(written.error.code);
        break;
      }
      ({ position } = written.value);
    }
    await session.close();
  }
  assert.fail(`still not there: ${faults.join(', ')}`);
};

const all = (origin: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_one, index) => `${origin}/queue_log/${index + 1}`);

test('a document says what it is, whose, when, and holds each column', async () => {
  await withBench({}, async (bench) => {
    assert.deepEqual(await sendAll(bench, stretch('a:1/x', 0, 1)), []);
    const [document] = bench.elastic.documents(INDEX);
    assert.deepEqual(document, {
      '@timestamp': new Date('2026-03-01T10:00:00.500').toISOString(),
      dualtone: { origin: 'a:1/x', key: 1, sender: 'a:1/x', 'sender-key': 1, node: 'a', table: 'queue_log' },
      time: '2026-03-01 10:00:00.5',
      callid: 'a:1/x-1',
      data1: 'a "b"\nc',
    });
  });
});

const mishaps: readonly (readonly [Mishap, number])[] = [
  ['hang', 1],
  ['reset-before', 1],
  ['reset-after', 1],
  ['truncate', 1],
  ['html', 1],
  ['no-items', 1],
  ['wrong-names', 1],
  [429, 1],
  [503, 1],
  [401, 1],
  [413, 0],
  ['busy-items', 0],
];

for (const [mishap, faults] of mishaps)
  test(`all of it once and in order: ${mishap}`, async () => {
    await withBench({}, async (bench) => {
      bench.elastic.mishaps([mishap]);
      const told = await sendAll(bench, stretch('a:1/x', 0, 9), { timeoutMs: 150 });
      assert.equal(told.length, faults, told.join(', '));
      const names = bench.elastic.names(INDEX);
      // Of a queue that took the last one first, the order in the index is its own; each is there once.
      assert.deepEqual(mishap === 'busy-items' ? names.toSorted() : names, all('a:1/x', 9));
    });
  });

test('an event that the main sends after a merge is there already, and a lost position is found again', async () => {
  await withBench({}, async (bench) => {
    await sendAll(bench, stretch('b:2/x', 0, 4));
    // Read at the main under numbers of its own.
    const merged = [1, 2, 3, 4].map((key) => eventOf('b:2/x', key, 10 + key));
    await sendAll(bench, batchOf(4, [...merged, eventOf('a:1/x', 15)]));
    assert.deepEqual(bench.elastic.names(INDEX), [...all('b:2/x', 4), 'a:1/x/queue_log/15']);
    assert.equal(bench.elastic.conflicts(), 4);
    const elsewhere = await bench.open({ url: bench.elastic.url.replace('localhost', '127.0.0.1') });
    assert.deepEqual(await elsewhere.standing(queueLog), ok({ position: 15, digest: null, begun: 15, gone: [] }));
    await elsewhere.close();
  });
});

test('what it never takes is kept aside with its reason, and the rest goes on; too much of it stops', async () => {
  await withBench({}, async (bench) => {
    bench.elastic.refuse((document) => document['callid'] === 'a:1/x-3');
    assert.deepEqual(await sendAll(bench, stretch('a:1/x', 0, 6)), []);
    assert.equal(bench.elastic.names(INDEX).length, 5);
    const session = await bench.open();
    const refused = await session.refused();
    assert.ok(refused.ok);
    assert.deepEqual(refused.value, [
      { origin: 'a:1/x', key: 3, table: 'queue_log', reason: 'document_parsing_exception: failed to parse field' },
    ]);
    const source = { origin: 'a:1/x', events: async () => ok([eventOf('a:1/x', 3)]) } as unknown as Source;
    assert.deepEqual(await session.retry(source, queueLog), ok(0));
    bench.elastic.refuse(() => false);
    assert.deepEqual(await session.retry(source, queueLog), ok(1));
    assert.deepEqual([await session.refused(), bench.elastic.names(INDEX).length], [ok([]), 6]);
    bench.elastic.refuse(() => true);
    const written = await session.write(stretch('a:1/x', 6, 120));
    assert.equal(written.ok ? 'written' : written.error.code, 'reporting-many-refused');
    assert.deepEqual((await session.standing(queueLog)).ok && bench.elastic.names(INDEX).length, 6);
    await session.close();
  });
});

test('a batch that is too long is halved, and a document that is too long is kept aside', async () => {
  await withBench({ mostBytes: 900 }, async (bench) => {
    const long = { ...eventOf('a:1/x', 3), cells: ['', 'x'.repeat(1000), ''] };
    await sendAll(bench, batchOf(0, [eventOf('a:1/x', 1), eventOf('a:1/x', 2), long, eventOf('a:1/x', 4)]));
    assert.deepEqual(
      bench.elastic.names(INDEX),
      [1, 2, 4].map((key) => `a:1/x/queue_log/${key}`),
    );
  });
});

test('before anything is written: a login that is refused, an index that does not fit, nobody there', async () => {
  await withBench({ authorization: 'ApiKey abc' }, async (bench) => {
    assert.match(await bench.refusal(), /^reporting-target-refused: .* \(401\)/);
    assert.equal(await bench.refusal({ authorization: 'ApiKey abc' }), 'opened');
    assert.match(await bench.refusal({ url: 'http://127.0.0.1:1' }), /^reporting-target-failed: .*ECONNREFUSED/);
  });
  const text = { properties: { dualtone: { properties: { origin: { type: 'text' } } } } };
  await withBench({ mapping: text }, async (bench) => {
    assert.match(await bench.refusal(), /^reporting-index-unfit: .*`dualtone.origin` is no keyword/);
  });
});
