import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalEntry, PairView } from '../../contract.ts';
import { afterTakeover, entriesAt, goodPair, mainAt } from '../testing/pair.ts';
import { glanceOf } from './glance.ts';
import { pairFacts, serverOf } from './nodes.ts';
import { outagesOf } from './outages.ts';
import { routeOf } from './route.ts';
import { changed, initialState, type PageState, reduce } from './state.ts';
import { fateOf } from './what-if.ts';

const WALL = 1_800_000_000_000;

const after = (pair: PairView, elapsedMs = 0): PageState =>
  reduce(reduce(initialState(WALL, ''), { type: 'pair', pair, now: WALL }), { type: 'tick', now: WALL + elapsedMs });

const factsOf = (pair: PairView, elapsedMs = 0) => {
  const facts = pairFacts(after(pair, elapsedMs));
  assert.ok(facts !== null);
  return facts;
};

test('a change sets what changed, and leaves the rest', () => {
  const pair = goodPair(WALL);
  const next = changed(pair, {
    wall: WALL + 1000,
    this: { phase: 'closing' },
    thisTrouble: null,
    thisMsAgo: 80,
    other: null,
  });
  assert.equal(next.this?.phase, 'closing');
  assert.equal(next.this?.epoch, 8);
  assert.equal(next.thisMsAgo, 80);
  assert.equal(next.other, pair.other);
});

test('where nothing was known before, only a whole snapshot is believed', () => {
  const empty: PairView = { wall: WALL, this: null, thisTrouble: 'it starts', thisMsAgo: null, other: null };
  const part = changed(empty, { wall: WALL, this: { epoch: 9 }, thisTrouble: null, thisMsAgo: 1, other: null });
  assert.equal(part.this, null);
  const other = { set: mainAt(WALL), heardMsAgo: 5 };
  const whole = changed(empty, { wall: WALL, this: mainAt(WALL), thisTrouble: null, thisMsAgo: 1, other });
  assert.equal(whole.this?.node.name, 'pbx-sud');
  assert.equal(whole.other?.snapshot.node.name, 'pbx-sud');
});

test('what is shown grows old by itself, the other node’s apart', () => {
  const state = after(goodPair(WALL), 3000);
  const change = { wall: WALL + 3000, this: {}, thisTrouble: null, thisMsAgo: 100, other: null };
  const facts = pairFacts(reduce(state, { type: 'change', change, now: WALL + 3000 }));
  assert.equal(facts?.own.ageMs, 100);
  assert.equal(facts?.other.ageMs, 3300);
  const old = factsOf(goodPair(WALL), 60_000);
  assert.ok(old.main.isOld && old.standby.isOld);
  assert.equal(serverOf(old), 'unknown');
});

test('an agent that falls silent grows old, though its server goes on telling', () => {
  let state = after(goodPair(WALL));
  for (let at = 1; at <= 20; at += 1) {
    const change = { wall: WALL, this: null, thisTrouble: 'the agent does not run', thisMsAgo: null, other: null };
    state = reduce(state, { type: 'change', change, now: WALL + at * 1000 });
  }
  const facts = pairFacts(state);
  assert.equal(facts?.own.ageMs, 20_120);
  assert.equal(state.pair?.thisTrouble, 'the agent does not run');
});

test('the main comes first from either node', () => {
  const pair = goodPair(WALL);
  const fromStandby = factsOf({
    ...pair,
    this: pair.other?.snapshot ?? null,
    other: pair.this === null ? null : { snapshot: pair.this, heardMsAgo: 200 },
  });
  const fromMain = factsOf(pair);
  for (const facts of [fromMain, fromStandby]) {
    assert.equal(facts.main.name, 'pbx-sud');
    const server = serverOf(facts);
    assert.ok(typeof server !== 'string' && server.name === 'pbx-sud');
  }
  assert.deepEqual(glanceOf(fromStandby), glanceOf(fromMain));
});

test('with its own agent silent, a page still tells by the other node’s word', () => {
  const pair = goodPair(WALL);
  const glance = glanceOf(factsOf({ ...pair, this: null, thisTrouble: 'the agent does not run', thisMsAgo: null }));
  assert.equal(glance.who.kind === 'serves' && glance.who.name, 'pbx-sud');
});

test('the glance is good only where nothing is in the way', () => {
  assert.equal(glanceOf(factsOf(goodPair(WALL))).level, 'good');
  const taken = glanceOf(factsOf(afterTakeover(WALL)));
  assert.equal(taken.level, 'warning');
  assert.ok(taken.ready.kind === 'cannot' && taken.ready.missing.length === 1);
  const ill = goodPair(WALL);
  const own = { ...mainAt(WALL), health: { ...mainAt(WALL).health, verdict: 'down' as const, reason: 'AMI refused' } };
  const down = glanceOf(factsOf({ ...ill, this: own }));
  assert.equal(down.level, 'alarm');
  assert.ok(down.who.kind === 'serves' && down.who.ill === 'AMI refused');
  for (const server of ['both', 'nobody'] as const) {
    const glance = glanceOf(factsOf({ ...ill, this: { ...mainAt(WALL), server } }));
    assert.deepEqual([glance.level, glance.who.kind], ['alarm', server]);
  }
});

test('a failed check that decides makes the standby one that could not', () => {
  const main = mainAt(WALL);
  assert.ok(main.checks !== null);
  const readiness = {
    ...main.checks.readiness,
    state: 'not-ready' as const,
    reasons: ['ssh-key on pbx-nord: refused'],
  };
  const glance = glanceOf(factsOf({ ...goodPair(WALL), this: { ...main, checks: { ...main.checks, readiness } } }));
  assert.deepEqual(glance.ready, {
    kind: 'cannot',
    name: 'pbx-nord',
    role: 'standby',
    missing: readiness.reasons.map((text) => ({ rule: null, text })),
  });
});

test('entries and jobs come once, newest first, and a logout forgets them', () => {
  const entries = entriesAt(WALL);
  let state = reduce(after(goodPair(WALL)), {
    type: 'session',
    session: { user: 'a', role: 'view', by: 'session', endsAt: null },
  });
  for (const part of [entries.slice(2), entries, entries.slice(0, 1)])
    state = reduce(state, { type: 'journal', entries: part });
  assert.deepEqual(
    state.journal.map(({ seq }) => seq),
    [45, 44, 43, 42],
  );
  const out = reduce(state, { type: 'session', session: null });
  assert.deepEqual([out.journal.length, out.pair, out.traces.length], [0, null, 0]);
});

test('the traces of the charts are one a second and bounded', () => {
  let state = after(goodPair(WALL));
  for (let at = 0; at < 1500; at += 1) {
    const pair = { ...goodPair(WALL), this: mainAt(WALL + at * 500) };
    state = reduce(state, { type: 'pair', pair, now: WALL + at * 500 });
  }
  assert.equal(state.traces.length, 600);
  const [last, before] = [state.traces.at(-1), state.traces.at(-2)];
  assert.equal((last?.wall ?? 0) - (before?.wall ?? 0), 1000);
  assert.deepEqual(last?.lagMsByStream, { astdb: 12, database: 140, files: 240_000, voicemail: 8000 });
});

test('an outage is counted from the last sight of who served to the first of who serves', () => {
  // Seen last 1150 ms before the entry of -73 s; its own gate open at -72 s.
  assert.deepEqual(outagesOf(entriesAt(WALL)), [{ wall: WALL - 72_000, ms: 2150, from: 'other', to: 'this' }]);
});

test('a change of the journal without a gap is no outage', () => {
  const at = (seq: number, gateOpen: boolean): JournalEntry => ({
    seq,
    wall: WALL + seq,
    at: seq,
    epoch: 2,
    kind: 'decision',
    reasons: [],
    hash: '',
    data: { stand: { gateOpen, rival: null } },
  });
  assert.deepEqual(outagesOf([at(1, true), at(2, true), at(3, true)]), []);
  assert.deepEqual(outagesOf([at(1, true), at(2, false), at(5, true)]), [
    { wall: WALL + 5, ms: 4, from: 'this', to: 'this' },
  ]);
});

test('places of the address', () => {
  assert.deepEqual(['#/checks', '#/what-if', '#/login', '', '#/elsewhere', '#main'].map(routeOf), [
    'checks',
    'what-if',
    'login',
    'public',
    'public',
    'public',
  ]);
});

test('what if: votes are counted by the rules of the lease', () => {
  const main = mainAt(WALL);
  const fate = (...gone: readonly string[]) => fateOf(main, { gone: new Set(gone) });
  assert.deepEqual(fate(), { kind: 'serves', role: 'main', moves: false, votes: 3 });
  assert.deepEqual(fate('main'), { kind: 'serves', role: 'standby', moves: true, votes: 2 });
  assert.deepEqual(fate('cp-paris'), { kind: 'serves', role: 'main', moves: false, votes: 2 });
  assert.deepEqual(fate('standby', 'cp-paris'), { kind: 'nobody', why: 'no-majority', votes: 1 });
  assert.deepEqual(fate('main', 'cp-paris'), { kind: 'nobody', why: 'no-majority', votes: 1 });
  assert.deepEqual(fate('main', 'standby'), { kind: 'nobody', why: 'no-node', votes: 1 });
  assert.deepEqual(fateOf({ ...main, mode: 'manual' }, { gone: new Set(['main']) }), {
    kind: 'nobody',
    why: 'hold',
    votes: 2,
  });
});
