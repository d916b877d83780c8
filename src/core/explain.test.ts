import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decide } from './decide.ts';
import { explain } from './explain.ts';
import { NOTHING_KNOWN } from './in-force.ts';
import type { Message } from './message.ts';
import { protectionOf } from './protection.ts';
import { rulesWithSentence, sentenceOf } from './sentences.ts';
import type { Settings } from './settings.ts';
import { initialState, type State } from './state.ts';
import { orders as ordersOf } from './testing/builders.ts';

const settings: Settings = {
  role: 'standby',
  timing: {
    heartbeatMs: 100,
    promiseMs: 600,
    leaseMs: 560,
    restartMs: 400,
    gateLagMs: 12,
    clockPpm: 500,
    askMs: 80,
    headStartMs: 150,
  },
  arbiter: { kind: 'checkpoints', voters: ['cp1'], whenLost: 'wait', lostAfterMs: 60_000 },
  watch: { kind: 'lease' },
  onIsolation: 'stop',
  telephony: 'warm',
  loneWaitMs: 2000,
  restartStep: null,
  health: { badLooks: 3, goodLooks: 2 },
  unfit: { policy: 'takeover', restartWaitMs: 10_000, lastResortMs: 5000 },
  failback: { policy: 'manual', holdMs: 60_000, maxWaitMs: 0 },
  flapping: { maxSwitches: 3, windowMs: 3_600_000 },
  fencing: null,
  plan: [],
  slots: 16,
};
const facts = { gateEnforced: true, watchesOwnNetwork: true };
const ENDS = {
  role: 'main',
  at: 0,
  life: 1,
  calls: 0,
  wantsLoose: false,
  loose: false,
  well: true,
  heldOpen: false,
  holding: 2,
} as const;

/** A standby at 2,000 ms that is well and hears a serving main and its checkpoint. */
const watching = (over: Partial<Settings> = {}): { readonly settings: Settings; readonly state: State } => {
  const own = { ...settings, ...over };
  let state = initialState(own);
  const take = (event: Parameters<typeof decide>[2]): void => {
    state = decide(own, state, event, 0).state;
  };
  take({ kind: 'started', at: 1000, wall: 0, boot: null, disk: null, seed: 1 });
  const well = { probe: 'sip', about: 'telephony', outcome: 'ok', crashed: false, reason: '' } as const;
  const { orders } = state.disk;
  const renew: Message = {
    type: 'ask',
    question: 'renew',
    epoch: 2,
    seq: 9,
    bind: true,
    restarts: false,
    release: 0,
    vouched: false,
    status: ENDS,
    orders,
  };
  // The main is heard before this node's own silence is over, as when a standby is started beside it.
  for (const at of [1500, 2000]) take({ kind: 'message', at, from: 'main', message: renew });
  take({ kind: 'look', at: 2000, look: { samples: [well], calls: 0 } });
  const answer: Message = {
    type: 'answer',
    question: 'hello',
    epoch: 0,
    seq: 0,
    yes: false,
    why: 'not-asked',
    waitMs: 0,
    highest: 2,
    heard: null,
    status: null,
    orders,
  };
  take({ kind: 'message', at: 2000, from: 'cp1', message: answer });
  return { settings: own, state };
};

test('a watching standby: it does not serve because the main does, and would take over', () => {
  const { settings: own, state } = watching();
  const { doing, obstacles, votes, needed, ifOtherOrThisDied } = explain(own, state, 2010);
  assert.equal(doing, 'waits');
  assert.equal(obstacles[0]?.rule, 'rival-serves');
  assert.equal(needed, 2);
  assert.deepEqual(
    votes.map(({ voter, counts }) => [voter, counts]),
    [
      ['standby (this node)', 'no'],
      ['main', 'no'],
      ['cp1', 'yes'],
    ],
  );
  assert.ok(ifOtherOrThisDied.takesOver);
  assert.equal(ifOtherOrThisDied.text, 'If the main fell silent now, this node would take over after about 600 ms.');
});

test('what would be missing is named: the checkpoint, health, the mode', () => {
  const { settings: own, state } = watching();
  const lost = {
    ...state,
    voters: [{ name: 'cp1', answeredAt: 1200, lastYes: false, lastWhy: 'yes', knows: NOTHING_KNOWN }],
  };
  const without = explain(own, lost, 2010).ifOtherOrThisDied;
  assert.ok(!without.takesOver);
  assert.match(without.text, /would NOT take over: 1 of the 2 votes needed: too few checkpoints answer/);
  const ill: State = { ...state, health: { ...state.health, verdict: 'down', reason: 'sip: no answer' } };
  const late = explain(own, ill, 2010).ifOtherOrThisDied;
  // Nobody else is fit: it serves as well as it can, as a last resort.
  assert.ok(late.takesOver && (late.afterMs ?? 0) > 4500, late.text);
  const orders = ordersOf({ revision: 2, mode: 'manual' });
  const manual = explain(own, { ...state, disk: { ...state.disk, orders } }, 2010).ifOtherOrThisDied;
  assert.match(manual.text, /manual mode: only a person starts service/);
  const rulesOf = ({ missing }: typeof manual): readonly string[] => missing.map(({ rule }) => rule);
  assert.deepEqual([without, late, manual].map(rulesOf), [['votes'], ['unfit'], ['manual-mode']]);
});

test('a standby that only looks each minute says how long that takes', () => {
  const looks = { kind: 'looks', badLooks: 5, lookMs: 60_000 } as const;
  const over: Partial<Settings> = { arbiter: { kind: 'none' }, watch: looks, loneWaitMs: 0 };
  const { settings: own, state } = watching(over);
  assert.equal(explain(own, state, 2010).ifOtherOrThisDied.afterMs, 300_000);
});

test('without votes, a standby whose own network answers says that it would take over, and one that is cut off that it would not', () => {
  const { settings: own, state } = watching({ arbiter: { kind: 'none' } });
  const gateway = { probe: 'gateway', about: 'network', crashed: false, reason: '' } as const;
  const after = (outcome: 'ok' | 'silent'): State => {
    const look = { samples: [{ ...gateway, outcome }], calls: 0 };
    return [2001, 2002, 2003].reduce((s, at) => decide(own, s, { kind: 'look', at, look }, 0).state, state);
  };
  const connected = explain(own, after('ok'), 2010).ifOtherOrThisDied;
  assert.ok(connected.takesOver, connected.text);
  const cutOff = explain(own, after('silent'), 2010).ifOtherOrThisDied;
  assert.equal(cutOff.takesOver, false, cutOff.text);
});

test('explaining changes nothing', () => {
  const { settings: own, state } = watching();
  const before = JSON.stringify(state);
  explain(own, state, 2010);
  protectionOf(own, state, facts);
  assert.equal(JSON.stringify(state), before);
});

test('the line about two active nodes: always, likely, not at all, with the decisive reason', () => {
  const { settings: own, state } = watching();
  const level = (over: Partial<Settings>, more = facts, at = state): string =>
    protectionOf({ ...own, ...over }, at, more).level;
  assert.equal(level({}), 'always');
  assert.equal(level({ arbiter: { kind: 'none' } }), 'likely');
  assert.equal(level({ arbiter: { kind: 'none' } }, { ...facts, watchesOwnNetwork: false }), 'not-at-all');
  assert.equal(level({ onIsolation: 'serve' }), 'likely');
  assert.equal(level({}, { ...facts, gateEnforced: false }), 'likely');
  assert.equal(level({}, facts, { ...state, disk: { ...state.disk, loose: true } }), 'likely');
  const orders = ordersOf({ revision: 2, mode: 'manual' });
  assert.equal(level({}, facts, { ...state, disk: { ...state.disk, orders } }), 'likely');
  const protection = protectionOf(own, state, facts);
  assert.match(protection.text, /^Protected against two active nodes: always \(/);
  assert.ok(protection.exceptions.some((each) => each.includes('virtual machine that was paused')));
});

test('every rule of the core has a sentence, and no sentence is of a rule that is gone', () => {
  const folder = new URL('./', import.meta.url);
  const files = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => /^[^.]+\.ts$/.test(name));
  const text = files.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
  const used = new Set([...text.matchAll(/because\(\s*d,\s*'([a-z-]+)'/g)].map(([, rule]) => rule));
  assert.ok(used.size > 20);
  assert.deepEqual(
    [...used].filter((rule) => !rulesWithSentence().includes(rule ?? '')),
    [],
  );
  assert.deepEqual(
    rulesWithSentence().filter((rule) => !used.has(rule)),
    [],
  );
});

test('sentences read', () => {
  const won = { rule: 'won', facts: { epoch: 4, own: true, yes: 'standby cp1', needed: 2 } };
  assert.equal(sentenceOf(won), 'it won epoch 4 with its own vote and standby cp1 (majority: 2)');
  assert.equal(sentenceOf({ rule: 'novel', facts: { a: 1, b: null } }), 'novel: a 1, b null');
});
