import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import * as fc from 'fast-check';
import { goodSnapshot } from '../../checks/testing/around.ts';
import type { JournalEntry, NodeSnapshot, PairChange, PairView } from '../contract.ts';
import { makeKeys } from '../keeper/testing/keys.ts';
import { LIMITS } from '../wire.ts';
import { createDiffer } from './change.ts';
import { createEvents } from './events.ts';
import { encodingFor, readPage } from './files.ts';
import { createPace, type Keys, listenAll } from './listen.ts';
import { metricsText } from './metrics.ts';
import { openApi } from './openapi.ts';
import { createRing } from './ring.ts';
import { ROUTES } from './routes.ts';
import { healthOf, publicOf } from './state.ts';

const view = (change: Partial<NodeSnapshot> = {}, more: Partial<PairView> = {}): PairView => ({
  wall: 1,
  this: { ...goodSnapshot, ...change },
  thisTrouble: null,
  thisMsAgo: 100,
  other: null,
  ...more,
});

const facts = { eventStreams: 2, requests: 10, refused: 1, version: 'test' };

/** The text format, strictly: HELP, TYPE, then samples of that name; labels quoted, values numbers; no series twice. */
const readMetrics = (text: string): ReadonlyMap<string, number> => {
  const found = new Map<string, number>();
  let family = '';
  assert.ok(text.endsWith('\n'));
  for (const line of text.trimEnd().split('\n')) {
    const help = /^# HELP ([a-z_]+) \S.*$/.exec(line);
    const type = /^# TYPE ([a-z_]+) (gauge|counter)$/.exec(line);
    if (help !== null) {
      assert.ok(![...found.keys()].some((key) => key.split('{')[0] === help[1]), `${help[1]} comes twice`);
      family = help[1] ?? '';
    } else if (type !== null) assert.equal(type[1], family);
    else {
      const sample = /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (-?[0-9.e+-]+)$/.exec(line);
      assert.ok(sample !== null, line);
      assert.equal(sample[1], family);
      const key = `${sample[1]}${sample[2] ?? ''}`;
      assert.ok(!found.has(key), `${key} comes twice`);
      assert.ok(Number.isFinite(Number(sample[3])), line);
      found.set(key, Number(sample[3]));
    }
  }
  return found;
};

test('metrics are of the form that Prometheus reads, whatever names hold', () => {
  const odd = 'a"b\\c\nd{}';
  const snapshot: Partial<NodeSnapshot> = {
    node: { role: 'main', name: odd, address: '127.0.0.1' },
    samples: [{ probe: odd, about: 'telephony', outcome: 'ok', reason: '' }],
    voters: [{ name: 'cp1', answeredMsAgo: 1500, said: 'yes' }],
  };
  const metrics = readMetrics(metricsText(view(snapshot), facts));
  assert.equal(metrics.get('dualtone_agent_up'), 1);
  assert.equal(metrics.get('dualtone_voter_answered_seconds{voter="cp1"}'), 1.5);
  assert.equal(metrics.get('dualtone_protection{level="always"}'), 1);
  assert.equal(metrics.get('dualtone_active{node="pbx2",role="standby"}'), 0);
});

test('of a silent agent there are no old values', () => {
  for (const pair of [
    null,
    view({}, { thisMsAgo: 5000 }),
    view({}, { thisTrouble: 'gone' }),
    view({}, { this: null }),
  ]) {
    const metrics = readMetrics(metricsText(pair, facts));
    assert.equal(metrics.get('dualtone_agent_up'), 0);
    assert.ok(![...metrics.keys()].some((key) => key.startsWith('dualtone_active')));
  }
});

test('health: active only with an open gate and fresh, ready where it serves well or could take over', () => {
  const standby: Partial<NodeSnapshot> = { server: 'other' };
  const cannot = {
    ...goodSnapshot.explanation,
    ifOtherOrThisDied: { takesOver: false, afterMs: null, text: '', missing: [] },
  };
  const cases: readonly (readonly [Parameters<typeof healthOf>[0], PairView | null, boolean])[] = [
    ['active', view(), true],
    ['active', view({ gate: { open: false, enforced: true } }), false],
    ['active', view({ server: 'both' }), false],
    ['active', view(standby), false],
    ['active', view({}, { thisMsAgo: 2001 }), false],
    ['active', null, false],
    ['ready', view(), true],
    ['ready', view({ health: { ...goodSnapshot.health, verdict: 'down' } }), false],
    ['ready', view(standby), true],
    ['ready', view({ ...standby, explanation: cannot }), false],
    ['ready', view({ server: 'nobody' }), false],
    ['live', null, true],
  ];
  for (const [question, pair, expected] of cases) assert.equal(healthOf(question, pair).ok, expected, question);
});

const noCentres = { main: null, standby: null };
const publicSettings = { site: 's', virtualAddress: null, centreByRole: noCentres };

test('the public page tells an address, and none where nobody serves or nothing is known', () => {
  const behind = { ...publicSettings, virtualAddress: '10.0.0.10' };
  assert.equal(publicOf(view(), publicSettings, 1).address, '127.0.0.1');
  assert.equal(publicOf(view({ server: 'other' }), publicSettings, 1).address, '127.0.0.2');
  assert.deepEqual(publicOf(view({ server: 'other' }), behind, 1), {
    wall: 1,
    address: '10.0.0.10',
    kind: 'virtual',
    site: 's',
    centre: null,
  });
  for (const pair of [null, view({ server: 'nobody' }), view({ server: 'both' }), view({}, { thisMsAgo: 9000 })])
    assert.equal(publicOf(pair, behind, 1).address, null);
  // Without a name of its own the pair is called by its nodes as they are now, which a rejoin may have changed.
  const replaced = { peer: { role: 'standby', name: 'pbx9', address: '127.0.0.9' } } as const;
  const unnamed = { ...publicSettings, site: null };
  assert.equal(publicOf(view(replaced), unnamed, 1).site, 'pbx1 / pbx9');
  assert.equal(publicOf(null, unnamed, 1).site, '');
});

test('the public page tells the contact centre beside the node that serves, on both nodes, and whether it is ready', () => {
  const settings = {
    ...publicSettings,
    virtualAddress: '10.0.0.10',
    centreByRole: { main: 'cc1.example.org', standby: 'cc2.example.org' },
  };
  const centreAs = (state: 'waiting' | 'trying' | 'done', direction: 'activate' | 'passivate' = 'activate') => ({
    all: [{ name: 'contact-centre', state, direction, since: 1, failed: 0, trouble: null, remedy: null }],
    trouble: null,
  });
  const here = (switches: ReturnType<typeof centreAs> | null) => publicOf(view({ switches }), settings, 1).centre;
  assert.deepEqual(here(centreAs('done')), { address: 'cc1.example.org', state: 'ready' });
  assert.equal(here(centreAs('trying'))?.state, 'preparing');
  assert.equal(here(centreAs('waiting'))?.state, 'preparing');
  assert.equal(here(null)?.state, 'unknown');
  // On the passive node: what it stopped itself says nothing of the other's.
  const there = (heardMsAgo: number | null) => {
    const snapshot = { ...goodSnapshot, switches: centreAs('done') };
    const other = heardMsAgo === null ? null : { snapshot, heardMsAgo };
    return publicOf(view({ server: 'other', switches: centreAs('done', 'passivate') }, { other }), settings, 1).centre;
  };
  assert.deepEqual(there(500), { address: 'cc2.example.org', state: 'ready' });
  assert.equal(there(60_000)?.state, 'unknown');
  assert.equal(there(null)?.state, 'unknown');
  assert.equal(publicOf(view({ server: 'nobody' }), settings, 1).centre, null);
});

const snapshotChange = fc.record(
  {
    epoch: fc.integer({ min: 0, max: 3 }),
    phaseText: fc.constantFrom('a', 'b'),
    server: fc.constantFrom('this', 'other', 'nobody'),
    wall: fc.integer({ min: 0, max: 2 }),
  },
  { requiredKeys: [] },
);

test('whoever applies all changes has what the agent showed', () => {
  fc.assert(
    fc.property(fc.array(snapshotChange, { maxLength: 30 }), (changes) => {
      let shown = view();
      const differ = createDiffer(shown, 0, 1000);
      let seen = differ.sent();
      for (const [index, change] of changes.entries()) {
        shown = view({ ...shown.this, ...(change as Partial<NodeSnapshot>) });
        const told: PairChange | null = differ.next(shown, index * 400);
        if (told === null) continue;
        const own = { ...seen.this, ...told.this } as NodeSnapshot;
        seen = { ...seen, this: own };
        assert.deepEqual(own, shown.this);
        assert.deepEqual(differ.sent().this, shown.this);
      }
      const last = differ.next(shown, 1e9);
      assert.deepEqual({ ...seen.this, ...last?.this }, shown.this);
    }),
  );
});

test('the ring gives what was missed or says that it cannot, in bounded memory', () => {
  const ring = createRing('ab12');
  const first = ring.last();
  for (let index = 0; index < 600; index += 1) ring.add('change', String(index));
  assert.equal(ring.since(first), null);
  assert.equal(ring.since('ab12-599')?.length, 1);
  assert.deepEqual(ring.since(ring.last()), []);
  for (const odd of ['ab12-601', 'ab13-599', 'ab12-', '', 'ab12-599x']) assert.equal(ring.since(odd), null);
  const large = createRing('cd');
  for (let index = 0; index < 100; index += 1) large.add('change', 'x'.repeat(200_000));
  assert.ok((large.since('cd-99')?.length ?? 0) === 1 && large.since('cd-50') === null);
});

test('who does not read gets nothing more until it has, then the whole; who never does is let go', () => {
  let now = 0;
  const events = createEvents(() => now);
  const slow = { writable: true, writableLength: 0, said: '', isGone: false };
  const response = Object.assign(slow, {
    write: (text: string) => {
      slow.said += text;
      slow.writableLength += text.length;
    },
    once: () => undefined,
    end: () => undefined,
    destroy: () => {
      slow.isGone = true;
    },
  }) as unknown as ServerResponse;
  const pass = (ms: number): void => {
    now += ms;
    events.pair(view({}, { wall: now }));
  };
  events.add({ response, session: 's', credential: null, lastEventId: null }, view());
  const entry = { text: 'x'.repeat(10_000) } as unknown as JournalEntry;
  for (let index = 0; index < 1000; index += 1) events.tell('journal', [entry]);
  assert.ok(slow.writableLength < 600_000, `${slow.writableLength} bytes wait`);
  [slow.writableLength, slow.said] = [0, ''];
  pass(1000);
  assert.match(slow.said, /^event: pair\n/);
  for (let index = 0; index < 1000; index += 1) events.tell('journal', [entry]);
  pass(29_000);
  assert.ok(!slow.isGone);
  pass(2000);
  assert.ok(slow.isGone);
  events.stop();
});

test('files are found by their exact path alone, smaller where the browser takes that', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-page-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  writeFileSync(join(folder, 'assets', 'main-Ab12Cd34.js'), 'x'.repeat(5000));
  writeFileSync(join(folder, 'secret.pem'), 'no type is known for it');
  const fileByPath = readPage(folder);
  rmSync(folder, { recursive: true });
  assert.deepEqual([...fileByPath.keys()].toSorted(), ['/', '/assets/main-Ab12Cd34.js', '/index.html']);
  const script = fileByPath.get('/assets/main-Ab12Cd34.js');
  assert.ok(script?.immutable);
  assert.equal(encodingFor(script, 'gzip, br')[1], 'br');
  assert.equal(encodingFor(script, '')[0].length, 5000);
  assert.equal(readPage('/nowhere').size, 0);
});

test('the description has every route once, with a role and answers', () => {
  const { paths } = openApi('1') as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: object }>>>>;
  };
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  );
  const all = ROUTES.map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:([a-z]+)/g, '{$1}')}`);
  assert.deepEqual(described.toSorted(), all.toSorted());
  assert.equal(new Set(all).size, all.length);
  assert.doesNotThrow(() => JSON.stringify(paths));
});

test('an address has its pace, and others are not held up by it', () => {
  const may = createPace({ ...LIMITS, requestsPerSecond: 10 });
  const first = Array.from({ length: 40 }, () => may('a', 0)).filter(Boolean);
  assert.equal(first.length, 30);
  assert.ok(may('b', 0));
  assert.ok(!may('a', 50));
  assert.ok(may('a', 250));
});

const withServer = async (
  limits: Partial<typeof LIMITS>,
  work: (port: number, keys: Keys, renew: (keys: Keys) => void) => Promise<void>,
) => {
  const keys = makeKeys();
  const opened = await listenAll(
    [{ address: '127.0.0.1', port: 0 }],
    keys,
    { ...LIMITS, ...limits },
    (request, response) => {
      request.resume().once('end', () => response.end('ok'));
    },
  );
  assert.ok(opened.ok);
  try {
    await work(opened.value.ports[0] ?? 0, keys, opened.value.renew);
  } finally {
    opened.value.close();
  }
};

const ended = (port: number, ca: string, text: string): Promise<string> =>
  new Promise((resolve) => {
    let said = '';
    const socket = connect({ host: '127.0.0.1', port, ca }, () => socket.write(text));
    socket.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
    });
    socket.on('error', () => resolve(said));
    socket.on('close', () => resolve(said));
  });

test('who sends a request drop by drop is let go; a connection that is open for later is closed without a word', async () => {
  await withServer({ headersMs: 200, requestMs: 400 }, async (port, { certificate }) => {
    assert.match(await ended(port, certificate, 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: '), /^HTTP\/1\.1 408 /);
    const half = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf';
    assert.match(await ended(port, certificate, half), /^HTTP\/1\.1 408 /);
    assert.equal(await ended(port, certificate, ''), '');
    const long = `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
    assert.match(await ended(port, certificate, long), /^HTTP\/1\.1 431 /);
    assert.match(await ended(port, certificate, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /);
  });
});

test('one address has so many connections and no more', async () => {
  await withServer({ connectionsPerAddress: 3 }, async (port, { certificate }) => {
    const opening = (): Promise<'open' | 'shut'> =>
      new Promise((resolve) => {
        const socket = connect({ host: '127.0.0.1', port, ca: certificate }, () => resolve('open'));
        socket.on('error', () => resolve('shut'));
        socket.on('close', () => resolve('shut'));
      });
    const outcomes = [await opening(), await opening(), await opening(), await opening()];
    assert.deepEqual(outcomes, ['open', 'open', 'open', 'shut']);
  });
});

test('a new certificate serves from the next connection on, without a new start', async () => {
  await withServer({}, async (port, keys, renew) => {
    const status = (ca: string): Promise<number | string> =>
      new Promise((resolve) => {
        const sent = httpsRequest({ host: '127.0.0.1', port, ca, agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
        sent.end();
      });
    assert.equal(await status(keys.certificate), 200);
    const next = makeKeys();
    renew(next);
    assert.equal(await status(next.certificate), 200);
    assert.equal(await status(keys.certificate), 'DEPTH_ZERO_SELF_SIGNED_CERT');
  });
});
