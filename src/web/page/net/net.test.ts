import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PageEvent } from '../state/state.ts';
import { goodPair } from '../testing/pair.ts';
import { createApi, exportAddress } from './api.ts';
import { backoffMs, createEventLine, type Source } from './events.ts';

interface FakeSource extends Source {
  closed: boolean;
  readonly emit: (name: string, data?: unknown) => void;
}

const fakeSource = (): FakeSource => {
  const listeners = new Map<string, (event: { readonly data: string }) => void>();
  return {
    closed: false,
    addEventListener: (name, listener) => void listeners.set(name, listener),
    close() {
      this.closed = true;
    },
    emit: (name, data) => listeners.get(name)?.({ data: JSON.stringify(data) }),
  };
};

/** A line with a clock of its own. */
const createWorld = () => {
  const sources: FakeSource[] = [];
  const events: PageEvent[] = [];
  const timers = new Map<number, { readonly at: number; readonly fire: () => void }>();
  let [now, number, doubts, backs] = [0, 0, 0, 0];
  const line = createEventLine({
    connect: () => {
      const source = fakeSource();
      sources.push(source);
      return source;
    },
    now: () => now,
    later: (ms, fire) => {
      number += 1;
      const mine = number;
      timers.set(mine, { at: now + ms, fire });
      return () => timers.delete(mine);
    },
    chance: () => 1,
    dispatch: (event) => events.push(event),
    onDoubt: () => {
      doubts += 1;
    },
    onBack: () => {
      backs += 1;
    },
  });
  const pass = (ms: number): void => {
    const until = now + ms;
    for (;;) {
      const due = [...timers].filter(([, { at }]) => at <= until).toSorted(([, a], [, b]) => a.at - b.at)[0];
      if (due === undefined) break;
      timers.delete(due[0]);
      now = due[1].at;
      due[1].fire();
    }
    now = until;
  };
  const links = (): readonly string[] => events.flatMap((event) => (event.type === 'link' ? [event.link.name] : []));
  return {
    line,
    sources,
    events,
    timers,
    pass,
    links,
    doubts: () => doubts,
    backs: () => backs,
    last: () => sources.at(-1) as FakeSource,
  };
};

test('waits grow to a bound, and are spread', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 50].map((tries) => backoffMs(tries, 1)),
    [500, 1000, 2000, 4000, 8000, 15_000, 15_000],
  );
  assert.equal(backoffMs(3, 0), 2000);
});

test('what the server says reaches the page', () => {
  const { line, last, events, links } = createWorld();
  line.open();
  last().emit('open');
  last().emit('pair', goodPair(1));
  assert.deepEqual(links(), ['connecting', 'open']);
  assert.equal(events.at(-1)?.type, 'pair');
});

test('a line that is lost is tried again, later each time, and what was missed is fetched', () => {
  const { line, last, sources, pass, links, doubts, backs } = createWorld();
  line.open();
  last().emit('open');
  last().emit('error');
  assert.ok(sources[0]?.closed);
  assert.equal(doubts(), 1, 'the session may be over');
  pass(499);
  assert.equal(sources.length, 1);
  pass(1);
  assert.equal(sources.length, 2);
  last().emit('error');
  pass(999);
  assert.equal(sources.length, 2);
  pass(1);
  assert.equal(sources.length, 3);
  last().emit('open');
  assert.deepEqual(links(), ['connecting', 'open', 'lost', 'lost', 'open']);
  assert.equal(backs(), 1);
});

test('a line that falls silent is lost too', () => {
  const { line, last, sources, pass } = createWorld();
  line.open();
  last().emit('open');
  pass(7000);
  last().emit('change', { wall: 1, this: null, thisTrouble: null, thisMsAgo: 1, other: null });
  pass(7999);
  assert.equal(sources.length, 1);
  pass(1);
  assert.ok(sources[0]?.closed);
});

test('a goodbye is followed by another try when the server said', () => {
  const { line, last, sources, pass, doubts } = createWorld();
  line.open();
  last().emit('open');
  last().emit('bye', { reason: 'session-over', retryMs: 3000 });
  assert.equal(doubts(), 1);
  pass(2999);
  assert.equal(sources.length, 1);
  pass(1);
  assert.equal(sources.length, 2);
});

test('a closed line leaves no timer and no connection', () => {
  const { line, last, timers } = createWorld();
  line.open();
  last().emit('error');
  line.close();
  assert.equal(timers.size, 0);
  assert.ok(last().closed);
});

const answering = (status: number, body: unknown, seen: Request[] = []): typeof fetch =>
  (async (path: string, init: RequestInit) => {
    seen.push(new Request(`https://node${path}`, init));
    return new Response(body === undefined ? 'no json' : JSON.stringify(body), { status });
  }) as typeof fetch;

test('what changes something carries the header that other sites cannot send', async () => {
  const seen: Request[] = [];
  const api = createApi(answering(200, {}, seen));
  await api.command({ command: { name: 'stop' }, epoch: 3 });
  await api.session();
  assert.deepEqual(
    seen.map(({ method, headers }) => [method, headers.get('x-dualtone')]),
    [
      ['POST', '1'],
      ['GET', null],
    ],
  );
});

test('each way to fail is a value with a sentence', async () => {
  const fault = {
    code: 'older-epoch',
    message: 'It changed.',
    remedy: 'Look.',
    fields: [{ path: 'epoch', message: 'too old' }],
  };
  const said = await createApi(answering(409, { error: fault })).logout();
  assert.deepEqual(said, {
    ok: false,
    error: { code: 'older-epoch', message: 'It changed. (epoch: too old)', remedy: 'Look.' },
  });
  const odd = await createApi(answering(502, undefined)).jobs();
  assert.equal(!odd.ok && odd.error.code, 'http-502');
  const gone = await createApi(() => Promise.reject(new TypeError('network'))).session();
  assert.equal(!gone.ok && gone.error.code, 'page-unreachable');
});

test('an export has the filters of the search, and nothing else', () => {
  const ask = { search: ' a&b ', kind: 'decision', since: 5, until: null, before: 77 };
  assert.equal(exportAddress(ask), '/api/v1/journal/export?search=a%26b&kind=decision&since=5');
});
