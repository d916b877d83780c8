import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ApiServer, openApiServer } from '../api/server.ts';
import type { NodeSnapshot } from '../api/snapshot.ts';
import { fail } from '../core/result.ts';
import { systemClock } from '../time/clock.ts';
import type { CheckerStatus, FromChecker } from './protocol.ts';
import { configWith, goodSnapshot, temporary } from './testing/around.ts';
import { type CheckWorks, createCheckWorks } from './works.ts';

const folder = temporary();
after(() => rmSync(folder, { recursive: true, force: true }));

/** Waits for a message of the works that is as wanted. */
const createEar = () => {
  const heard: FromChecker[] = [];
  const waiting = new Set<() => void>();
  const until = async <T>(find: (message: FromChecker) => T | null): Promise<T> => {
    for (;;) {
      for (const message of heard) {
        const found = find(message);
        if (found !== null) return found;
      }
      await new Promise<void>((resolve) => {
        waiting.add(resolve);
      });
    }
  };
  return {
    heard,
    until,
    take: (message: FromChecker): void => {
      heard.push(message);
      for (const wake of waiting) wake();
      waiting.clear();
    },
  };
};

interface Desk {
  readonly works: CheckWorks;
  readonly ear: ReturnType<typeof createEar>;
  readonly api: ApiServer;
}

/** The works of a node whose agent shows `snapshot`; what it says to the other goes to `toPeer`. */
const open = async (
  role: 'main' | 'standby',
  snapshot: () => NodeSnapshot,
  toPeer: (message: unknown) => void,
): Promise<Desk> => {
  const place = join(folder, role);
  mkdirSync(join(place, 'state'), { recursive: true });
  const places = `state-dir: ${place}/state\nrun-dir: ${place}/run\nkey-file: ${place}/pair.key\nprobes: { ami: null }\n`;
  const config = configWith(places, role);
  const off = fail('test-off', 'Off.', 'Nothing.');
  const api = await openApiServer(
    { path: `${place}/run/control.sock`, group: null },
    {
      snapshot,
      command: async () => ({ ok: false, code: '', text: '', remedy: '' }),
      work: async () => off,
      readJournal: () => [],
      onChange: () => () => undefined,
    },
  );
  assert.ok(api.ok, JSON.stringify(api));
  const ear = createEar();
  const works = createCheckWorks({
    config,
    configPath: null,
    configText: null,
    program: 'dualtone test',
    clock: systemClock,
    chance: () => 0.5,
    pace: { lookMs: 50, settleMs: 200 },
    say: (message) => (message.type === 'peer' ? toPeer(message.message) : ear.take(message)),
  });
  return { works, ear, api: api.value };
};

const impossible: NodeSnapshot['explanation'] = {
  ...goodSnapshot.explanation,
  ifOtherOrThisDied: {
    takesOver: false,
    afterMs: null,
    text: '',
    missing: [{ rule: 'rival-silent', text: 'the standby is silent' }],
  },
};

const statusIn = (message: FromChecker): CheckerStatus | null => (message.type === 'status' ? message.status : null);

test('two checkers know of each other; a takeover that has become impossible is an alarm of the node that serves', {
  timeout: 60_000,
}, async () => {
  const shown = { main: goodSnapshot, standby: goodSnapshot };
  const asStandby: NodeSnapshot = {
    ...goodSnapshot,
    server: 'other',
    node: goodSnapshot.peer,
    peer: goodSnapshot.node,
  };
  shown.standby = asStandby;
  const desks: { main?: Desk; standby?: Desk } = {};
  const cross = (to: 'main' | 'standby') => (message: unknown) =>
    setImmediate(() => desks[to]?.works.take({ type: 'peer', message: JSON.parse(JSON.stringify(message)) }));
  const main = await open('main', () => shown.main, cross('standby'));
  const standby = await open('standby', () => shown.standby, cross('main'));
  desks.main = main;
  desks.standby = standby;
  main.works.start();
  standby.works.start();
  try {
    main.works.take({ type: 'run', id: '7', only: null });
    const done = await main.ear.until((message) => (message.type === 'done' ? message : null));
    assert.equal(done.id, '7');
    const status = await main.ear.until((message) => {
      const found = statusIn(message);
      return found !== null && (found.other?.results.length ?? 0) > 50 ? found : null;
    });
    assert.deepEqual([status.own.node, status.other?.node], ['pbx1', 'pbx2']);
    const agreed = status.own.results.find(({ id }) => id === 'configuration-agrees');
    assert.equal(agreed?.finding.outcome, 'pass', JSON.stringify(agreed));

    shown.main = { ...goodSnapshot, explanation: impossible };
    shown.standby = { ...asStandby, explanation: impossible };
    const alarm = await main.ear.until((message) =>
      message.type === 'say' && message.code === 'takeover-not-ready' ? message : null,
    );
    assert.deepEqual([alarm.level, alarm.text.startsWith('The pair is NOT READY: ')], ['alarm', true]);
    const noted = (message: FromChecker): true | null =>
      message.type === 'note' && message.kind === 'readiness' && (message.data as { to: string }).to === 'not-ready'
        ? true
        : null;
    await standby.ear.until(noted);
    // It knows it too, and leaves the telling to the node that serves.
    assert.ok(standby.ear.heard.every((message) => message.type !== 'say'));
  } finally {
    await Promise.all([main.works.stop(), standby.works.stop(), main.api.close(), standby.api.close()]);
  }
});

test('who was not connected a moment ago is asked again: two that have just met know of each other at once', {
  timeout: 60_000,
}, async () => {
  let isConnected = false;
  const desks: { main?: Desk; standby?: Desk } = {};
  const cross = (from: 'main' | 'standby', to: 'main' | 'standby') => (message: unknown) =>
    setImmediate(() => {
      if (isConnected) desks[to]?.works.take({ type: 'peer', message: JSON.parse(JSON.stringify(message)) });
      else desks[from]?.works.take({ type: 'peer-unsent', message });
    });
  const main = await open('main', () => goodSnapshot, cross('main', 'standby'));
  const standby = await open('standby', () => goodSnapshot, cross('standby', 'main'));
  desks.main = main;
  desks.standby = standby;
  main.works.start();
  standby.works.start();
  const outcome = async (id: string): Promise<string | undefined> => {
    const from = main.ear.heard.length;
    main.works.take({ type: 'run', id, only: 'versions-agree' });
    await main.ear.until((message) => (message.type === 'done' && message.id === id ? message : null));
    const told = main.ear.heard.slice(from).flatMap((message) => statusIn(message)?.own.results ?? []);
    return told.findLast((result) => result.id === 'versions-agree')?.finding.outcome;
  };
  try {
    assert.equal(await outcome('1'), 'unknown');
    isConnected = true;
    assert.equal(await outcome('2'), 'pass');
  } finally {
    await Promise.all([main.works.stop(), standby.works.stop(), main.api.close(), standby.api.close()]);
  }
});

test('who is not connected is told at once, and the run ends', { timeout: 30_000 }, async () => {
  let desk: Desk | null = null;
  desk = await open(
    'main',
    () => goodSnapshot,
    (message) => setImmediate(() => desk?.works.take({ type: 'peer-unsent', message })),
  );
  desk.works.start();
  try {
    const began = performance.now();
    desk.works.take({ type: 'run', id: '1', only: 'pair-connected' });
    await desk.ear.until((message) => (message.type === 'done' ? message : null));
    assert.ok(performance.now() - began < 8000);
    const result = await desk.ear.until(
      (message) => statusIn(message)?.own.results.find(({ id }) => id === 'pair-connected') ?? null,
    );
    assert.ok(
      result.finding.outcome === 'fail' && result.finding.evidence.includes('not connected'),
      JSON.stringify(result),
    );
  } finally {
    await desk.works.stop();
    await desk.api.close();
  }
});
