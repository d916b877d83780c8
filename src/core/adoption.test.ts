import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adoptedAt, listenMs, notAdopted, settingsAgainstAdoption } from './adoption.ts';
import { decide } from './decide.ts';
import { checkInvariants } from './invariants.ts';
import type { Settings } from './settings.ts';
import { initialState } from './state.ts';
import { noArbiter, settings } from './testing/builders.ts';

const main = settings({ arbiter: noArbiter });
const NOW = 50_000;

test('only the main, and only where nobody else votes', () => {
  const codeOf = (given: Settings): string => settingsAgainstAdoption(given)?.code ?? 'may';
  assert.equal(codeOf(main), 'may');
  assert.equal(codeOf({ ...main, role: 'standby' }), 'adopt-role');
  assert.equal(codeOf(settings()), 'adopt-votes');
});

test('an agent with this memory serves from its first decision, and closes and stops nothing', () => {
  const { boot, disk } = adoptedAt(main, NOW);
  const at = NOW + 100;
  const first = decide(main, initialState(main), { kind: 'started', at, wall: 1e12, boot, disk, seed: 1 }, 1e12);
  assert.equal(first.state.phase.name, 'serving');
  assert.equal(checkInvariants(main, first.state, first.state, first.effects), null);
  const orders = first.effects.flatMap((effect) => (effect.kind === 'gate' ? [effect.action.type] : []));
  assert.deepEqual(orders, ['arm']);
  assert.ok(!first.effects.some((effect) => effect.kind === 'step' && effect.direction === 'passivate'));
});

test('it never counts on more than the ticket: one that comes too late begins with its gate closed', () => {
  const { boot, disk, ticketMs } = adoptedAt(main, NOW);
  const startAt = (at: number) =>
    decide(main, initialState(main), { kind: 'started', at, wall: 1e12, boot, disk, seed: 1 }, 1e12);
  const inTime = startAt(NOW + ticketMs - 1).state.lease;
  assert.ok(inTime.name === 'held' && inTime.leaseUntil === NOW + ticketMs);
  const late = startAt(NOW + ticketMs);
  assert.equal(late.state.phase.name, 'passive');
  assert.ok(late.effects.some((effect) => effect.kind === 'gate' && effect.action.type === 'close'));
});

test('the ticket is shorter than the time for which nobody else is given a vote', () => {
  const { boot, ticketMs } = adoptedAt(main, NOW);
  assert.ok(NOW + ticketMs < boot.openUntil);
  assert.equal(boot.openUntil - NOW, listenMs(main));
  assert.equal(notAdopted(boot).holding, 0);
  assert.equal(notAdopted(boot).openUntil, boot.openUntil, 'its gate may be open for as long');
});
