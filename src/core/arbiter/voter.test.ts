import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootMemory } from '../memory.ts';
import type { Ask, Refusal } from '../message.ts';
import { askOf, bootMemory } from '../testing/builders.ts';
import { applyRelease, type NodeVoter, vote, voteForSelf } from './voter.ts';

const P = 600;
const PROMISES = { promiseMs: P, restartMs: 400 };
const NOW = 10_000;

interface Row {
  readonly name: string;
  readonly boot?: Partial<BootMemory>;
  readonly ask: Ask;
  readonly node?: NodeVoter | null;
  readonly heldOpenBy?: 'main' | 'standby';
  readonly why: Refusal | null;
  readonly waitMs?: number;
}

const free: NodeVoter = { holds: false };
const given = (holder: 'main' | 'standby', epoch: number, until: number) => ({ promise: { holder, epoch, until } });

const rows: readonly Row[] = [
  {
    name: 'the other node may hold its gate open',
    heldOpenBy: 'main',
    ask: askOf('standby', 'ask', 3),
    why: 'held-open',
    waitMs: P,
  },
  {
    name: 'the same, but a person vouched that it does not',
    heldOpenBy: 'main',
    ask: askOf('standby', 'ask', 3, { vouched: true }),
    why: null,
  },
  { name: 'its own gate is held open', heldOpenBy: 'standby', ask: askOf('standby', 'ask', 3), why: null },
  { name: 'nothing in the way', ask: askOf('standby', 'ask', 3), why: null },
  {
    name: 'silent after a boot',
    boot: { silentUntil: NOW + 200 },
    ask: askOf('standby', 'ask', 3),
    why: 'silent',
    waitMs: 200,
  },
  { name: 'silence is over at its very end', boot: { silentUntil: NOW }, ask: askOf('standby', 'ask', 3), why: null },
  {
    name: 'silent to a renewal too',
    boot: { silentUntil: NOW + 1 },
    ask: askOf('standby', 'renew', 3),
    why: 'silent',
    waitMs: 1,
  },
  { name: 'a hello asks for nothing', ask: askOf('standby', 'hello', 3), why: 'not-asked' },
  { name: 'a renewal that binds nobody', ask: askOf('standby', 'renew', 3, { bind: false }), why: 'not-asked' },
  {
    name: 'a released epoch',
    boot: { releasedStandby: 3, highest: 3 },
    ask: askOf('standby', 'ask', 3),
    why: 'released',
  },
  {
    name: 'late renewal of a released epoch',
    boot: { releasedStandby: 3, highest: 3 },
    ask: askOf('standby', 'renew', 3),
    why: 'released',
  },
  {
    name: 'an epoch before a released one',
    boot: { releasedStandby: 5 },
    ask: askOf('standby', 'renew', 3),
    why: 'released',
  },
  {
    name: 'a release of the other role does not touch it',
    boot: { releasedMain: 4 },
    ask: askOf('standby', 'ask', 3),
    why: null,
  },
  { name: 'older than one seen', boot: { highest: 4 }, ask: askOf('standby', 'ask', 3), why: 'older' },
  { name: 'as high as the highest seen', boot: { highest: 3 }, ask: askOf('standby', 'renew', 3), why: null },
  {
    name: 'promised to the other',
    boot: given('main', 2, NOW + 50),
    ask: askOf('standby', 'ask', 3),
    why: 'promised',
    waitMs: 50,
  },
  { name: 'promised to the other, over now', boot: given('main', 2, NOW), ask: askOf('standby', 'ask', 3), why: null },
  {
    name: 'promised to the asker itself',
    boot: given('standby', 3, NOW + 50),
    ask: askOf('standby', 'renew', 3),
    why: null,
  },
  {
    name: 'promised to the asker under an older epoch',
    boot: given('standby', 3, NOW + 50),
    ask: askOf('standby', 'ask', 5),
    why: null,
  },
  {
    name: 'sounded out while promised to the other',
    boot: given('main', 2, NOW + 50),
    ask: askOf('standby', 'sound', 3),
    why: 'promised',
    waitMs: 50,
  },
  { name: 'a node that holds', ask: askOf('standby', 'ask', 3), node: { holds: true }, why: 'rival' },
  {
    name: 'a node whose gate may be open still',
    boot: { openUntil: NOW + P - 100 },
    ask: askOf('standby', 'ask', 3),
    node: free,
    why: 'rival',
    waitMs: 500,
  },
  {
    name: 'a node whose gate is surely closed',
    boot: { openUntil: NOW },
    ask: askOf('standby', 'ask', 3),
    node: free,
    why: null,
  },
  {
    name: 'a checkpoint has no gate',
    boot: { openUntil: NOW + P - 100 },
    ask: askOf('standby', 'ask', 3),
    node: null,
    why: null,
  },
];

for (const row of rows) {
  test(`a voter asked: ${row.name}: ${row.why ?? 'yes'}`, () => {
    const boot = bootMemory(row.boot);
    const result = vote(boot, row.ask, 'standby', NOW, PROMISES, row.heldOpenBy ?? null, row.node ?? null);
    assert.equal(result.why, row.why);
    assert.equal(result.yes, row.why === null);
    assert.equal(result.waitMs, row.waitMs ?? 0);
    const binds = row.why === null && row.ask.question !== 'sound';
    const promise = binds ? { holder: 'standby', epoch: row.ask.epoch, until: NOW + P } : boot.promise;
    assert.deepEqual(result.boot.promise, promise);
  });
}

test('sounding out changes nothing', () => {
  const boot = bootMemory();
  assert.equal(vote(boot, askOf('main', 'sound', 2), 'main', NOW, PROMISES, null, free).boot, boot);
});

test('a promise remembers the epoch as the highest seen', () => {
  assert.equal(
    vote(bootMemory({ highest: 3 }), askOf('main', 'ask', 8), 'main', NOW, PROMISES, null, null).boot.highest,
    8,
  );
});

test('a request that shows its rival’s release frees a voter that missed it', () => {
  const boot = bootMemory({ ...given('main', 2, NOW + 500), highest: 2 });
  const without = vote(boot, askOf('standby', 'ask', 3), 'standby', NOW, PROMISES, null, null);
  assert.equal(without.why, 'promised');
  const shown = vote(boot, askOf('standby', 'ask', 3, { release: 2 }), 'standby', NOW, PROMISES, null, null);
  assert.equal(shown.yes, true);
  assert.equal(shown.boot.releasedMain, 2);
  assert.deepEqual(shown.boot.promise, { holder: 'standby', epoch: 3, until: NOW + P });
});

test('a release shown to a silent voter is kept, though it does not vote', () => {
  const boot = bootMemory({ ...given('main', 2, NOW + 500), silentUntil: NOW + 100 });
  const result = vote(boot, askOf('standby', 'ask', 3, { release: 2 }), 'standby', NOW, PROMISES, null, null);
  assert.equal(result.why, 'silent');
  assert.equal(result.boot.promise, null);
  assert.equal(result.boot.releasedMain, 2);
});

test('a release drops the promise to that epoch and no newer one', () => {
  const boot = bootMemory(given('main', 4, NOW + 500));
  assert.equal(applyRelease(boot, 'main', 4).promise, null);
  assert.deepEqual(applyRelease(boot, 'main', 2).promise, boot.promise);
  assert.deepEqual(applyRelease(boot, 'standby', 5).promise, boot.promise);
});

test('after a released epoch nobody is promised an older one', () => {
  const boot = applyRelease(bootMemory(), 'standby', 5);
  assert.equal(boot.highest, 5);
  const late = askOf('main', 'ask', 4);
  assert.equal(vote(boot, late, 'main', NOW, PROMISES, null, null).why, 'older');
});

test('a release heard again changes nothing', () => {
  const boot = bootMemory({ releasedMain: 4 });
  assert.equal(applyRelease(boot, 'main', 4), boot);
  assert.equal(applyRelease(boot, 'main', 2), boot);
});

test('a node’s vote for itself is a promise like any other', () => {
  const own = voteForSelf(bootMemory(), 'main', 2, NOW, P);
  assert.deepEqual(own?.promise, { holder: 'main', epoch: 2, until: NOW + P });
  assert.equal(voteForSelf(bootMemory(given('standby', 3, NOW + 1)), 'main', 4, NOW, P), null);
  assert.notEqual(voteForSelf(bootMemory(given('standby', 3, NOW)), 'main', 4, NOW, P), null);
  assert.notEqual(voteForSelf(bootMemory(given('main', 2, NOW + 1)), 'main', 2, NOW, P), null);
  assert.equal(voteForSelf(bootMemory({ silentUntil: NOW + 1 }), 'main', 2, NOW, P), null);
  assert.notEqual(voteForSelf(bootMemory({ silentUntil: NOW }), 'main', 2, NOW, P), null);
});

test('an agent that is about to restart is promised more, and no ordinary renewal takes that back', () => {
  const longer = vote(bootMemory(), askOf('main', 'renew', 2, { restarts: true }), 'main', NOW, PROMISES, null, null);
  assert.equal(longer.boot.promise?.until, NOW + 1000);
  const ordinary = vote(longer.boot, askOf('main', 'renew', 2), 'main', NOW + 100, PROMISES, null, null);
  assert.equal(ordinary.boot.promise?.until, NOW + 1000);
  const later = vote(longer.boot, askOf('main', 'renew', 2), 'main', NOW + 500, PROMISES, null, null);
  assert.equal(later.boot.promise?.until, NOW + 1100);
  const released = vote(longer.boot, askOf('standby', 'ask', 3, { release: 2 }), 'standby', NOW, PROMISES, null, null);
  assert.equal(released.boot.promise?.until, NOW + P, 'what was for the former holder is not the new one’s');
});
