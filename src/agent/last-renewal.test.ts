import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../core/event.ts';
import { initialState, type Lease, type State } from '../core/state.ts';
import { settings } from '../core/testing/builders.ts';
import { renewLast } from './last-renewal.ts';

const held: Extract<Lease, { name: 'held' }> = {
  name: 'held',
  epoch: 2,
  since: 0,
  leaseUntil: 560,
  renewAt: 100,
  rounds: [],
  heldOpen: false,
  proved: true,
  doubted: false,
  endOp: 0,
};
const round = { seq: 7, slot: 7, ticketMs: 960, armedAt: 10, sentAt: 11, own: true, yes: [], granted: false };

const ending = (lease: Lease) => {
  const own = settings();
  let state: State = { ...initialState(own), lease };
  const posted: Event['kind'][] = [];
  const listeners = new Set<() => void>();
  const loop = {
    start: () => [],
    post: (makeEvent: (at: number) => Event) => void posted.push(makeEvent(10).kind),
    state: () => state,
    storeTrouble: () => null,
    stop: () => undefined,
  };
  const become = (next: Lease): void => {
    state = { ...state, lease: next };
    for (const each of listeners) each();
  };
  return { own, posted, listeners, become, ended: renewLast(own, loop, listeners) };
};

/** What has been settled by now, without a wait. */
const isOver = async (ended: Promise<void>): Promise<boolean> => {
  const now = async (): Promise<false> => {
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    return false;
  };
  return Promise.race([ended.then(() => true), now()]);
};

test('who holds nothing, and who is held open by hand, ends at once', async () => {
  for (const lease of [
    { name: 'none', since: 0, retryAt: 0 },
    { ...held, heldOpen: true },
  ] as const) {
    const { ended, posted } = ending(lease);
    assert.ok(await isOver(ended));
    assert.deepEqual(posted, []);
  }
});

test('a holder ends with the longer renewal, not with an ordinary one meanwhile', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { ended, posted, become, listeners } = ending(held);
  assert.deepEqual(posted, ['ending']);
  become({ ...held, rounds: [round] });
  become({ ...held, leaseUntil: 660, rounds: [round] });
  assert.equal(await isOver(ended), false);
  become({ ...held, leaseUntil: 970, rounds: [{ ...round, granted: true }] });
  assert.ok(await isOver(ended));
  assert.equal(listeners.size, 0);
});

test('where no voter answers, it ends after one and a half heartbeats; where the right is lost, at once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const unanswered = ending(held);
  const wholeMs = 1.5 * unanswered.own.timing.heartbeatMs;
  t.mock.timers.tick(wholeMs - 1);
  assert.equal(await isOver(unanswered.ended), false);
  t.mock.timers.tick(1);
  assert.ok(await isOver(unanswered.ended));
  assert.equal(unanswered.listeners.size, 0);
  const lost = ending(held);
  lost.become({ name: 'none', since: 20, retryAt: 20 });
  assert.ok(await isOver(lost.ended));
});
