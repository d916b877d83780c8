import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalEntry } from '../../api/protocol.ts';
import { eventLines } from './event-file.ts';

const wall = new Date(2026, 10, 22, 8, 3, 7).getTime();
const entry = (change: Partial<JournalEntry>): JournalEntry => ({
  seq: 1,
  wall,
  at: 0,
  epoch: 1,
  kind: 'decision',
  reasons: [],
  data: {},
  hash: '',
  ...change,
});
const because = (rule: string, facts: Readonly<Record<string, string | number | boolean>>) =>
  eventLines(entry({ reasons: [{ rule, facts }] }));

test('counter, start and stop are told as the event file had them', () => {
  assert.deepEqual(because('look-at-rival', { bad: 3, needed: 5, agentSilent: true }), [
    '2026-11-22 08:03:07 counter  3 of 5',
  ]);
  assert.deepEqual(because('look-at-rival', { bad: 0, needed: 5, agentSilent: false }), [
    '2026-11-22 08:03:07 counter  reset, of 5',
  ]);
  const [started] = because('won', { epoch: 3, own: true, yes: '', confirmed: false, needed: 0 });
  assert.match(started ?? '', /^2026-11-22 08:03:07 start {4}it won epoch 3/);
  const [stopped] = because('close', { epoch: 3, why: 'handover' });
  assert.match(stopped ?? '', / stop {5}it closed its gate/);
});

test('names, mails and failures are told; what the scheme knew nothing of is not', () => {
  const of = (kind: string, data: unknown): readonly string[] => eventLines(entry({ kind, data }));
  assert.match(of('switch', { name: 'dns', text: 'dns: changed a' })[0] ?? '', / dns {6}changed a$/);
  assert.deepEqual(of('switch', { name: 'edge', text: 'edge: x' }), []);
  assert.match(of('alarm-told', { channel: 'duty', text: 'ALARM x' })[0] ?? '', / mail {5}by duty: ALARM x$/);
  assert.match(of('alarm-not-told', { channel: 'duty', text: 'x' })[0] ?? '', / mail {5}NOT by duty: x$/);
  assert.match(of('notice', { level: 'alarm', text: 'No.' })[0] ?? '', / failure {2}No\.$/);
  assert.deepEqual(of('notice', { level: 'info', text: 'Yes.' }), []);
  assert.deepEqual(of('check', null), []);
  assert.deepEqual(because('plan-finished', { target: 'activate', tookMs: 1, failed: 0, epoch: 1 }), []);
  assert.equal(because('plan-finished', { target: 'activate', tookMs: 1, failed: 2, epoch: 1 }).length, 1);
});
