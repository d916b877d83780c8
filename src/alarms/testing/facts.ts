/** Facts and settings for tests: a pair in good health, and what a test changes of it. */
import type { AlarmSettings, CheckpointFacts, NodeFacts } from '../core/words.ts';

export const WALL = Date.UTC(2026, 10, 21, 2, 0, 0);

export const nodeFacts = (change: Partial<NodeFacts> = {}): NodeFacts => ({
  kind: 'node',
  wall: WALL,
  self: { role: 'standby', name: 'pbx2' },
  peer: { role: 'main', name: 'pbx1' },
  server: 'other',
  epoch: 2,
  servesSince: WALL - 3_600_000,
  calls: 3,
  came: 'taken',
  ordered: false,
  halted: null,
  manual: false,
  maintenance: false,
  needsAcknowledgement: false,
  telephony: { verdict: 'up', reason: '' },
  otherHeardMsAgo: 40,
  otherRelayedMsAgo: null,
  takesOver: true,
  missing: [],
  checkpoints: [{ name: 'cp1', answeredMsAgo: 30 }],
  streams: [],
  switches: [],
  lossAboveLimit: null,
  readiness: null,
  troubles: { journal: null, memory: null, replicator: null },
  ...change,
});

export const checkpointFacts = (change: Partial<CheckpointFacts> = {}): CheckpointFacts => ({
  kind: 'checkpoint',
  wall: WALL,
  name: 'cp1',
  votesFor: 'main',
  heardMsAgo: { main: 50, standby: 60 },
  troubles: { journal: null, memory: null, replicator: null },
  ...change,
});

export const alarmSettings = (change: Partial<AlarmSettings> = {}): AlarmSettings => ({
  language: 'en',
  channels: ['mail'],
  rules: [
    {
      severities: ['info', 'warning', 'alarm'],
      codes: ['*'],
      channels: ['mail', 'hook'],
      groupMs: 10_000,
      repeatMs: 3_600_000,
      recovery: true,
    },
  ],
  silentMs: 30_000,
  settleMs: 30_000,
  ...change,
});
