/** A pair as tests and screenshots show it: both nodes, with every kind of thing to see. */
import { streamStatus } from '../../../replication/testing/stream-status.ts';
import type { ChecksView, JournalEntry, NodeSnapshot, PairView, StreamStatus } from '../../contract.ts';

const MINUTE = 60_000;

const streamsAt = (wall: number, direction: StreamStatus['direction'] = 'out'): NodeSnapshot['streams'] => ({
  astdb: { ...streamStatus('astdb', { direction, lagMs: 12, lastSuccess: wall }), connected: true },
  copied: [
    streamStatus('database', { direction, lagMs: 140, lastSuccess: wall }),
    streamStatus('files', {
      direction,
      lagMs: 4 * MINUTE,
      lastSuccess: wall - 4 * MINUTE,
      nextRun: wall + 56 * MINUTE,
      tookMs: 2300,
    }),
    streamStatus('voicemail', {
      direction,
      condition: 'behind',
      text: '2 messages are on their way.',
      lagMs: 8000,
      lastSuccess: wall - 8000,
      nextRun: wall + 22_000,
      tookMs: 180,
    }),
  ],
  merge: { condition: 'settled', text: 'What the standby collected is at home.', last: 'merge 3, 14 rows' },
  loss: {
    move: 'takeover',
    exceedsLimit: false,
    text: '2 voicemail messages',
    items: [{ stream: 'voicemail', text: '2 voicemail messages' }],
  },
  trouble: null,
});

type Results = NonNullable<ChecksView['own']>['results'];

const ownResults = (wall: number): Results => [
  {
    id: 'certificate-dates',
    about: 'The certificates of telephony are valid for another month.',
    severity: 'warning',
    scope: 'node',
    accepted: false,
    finding: {
      outcome: 'fail',
      evidence: 'sip.example.org ends on 2026-12-01, in 9 days.',
      remedy: 'Renew it, and reload Asterisk.',
    },
    at: wall - 4000,
    since: wall - 90 * MINUTE,
    tookMs: 12,
  },
  {
    id: 'disk-space',
    about: 'The journal and the data have room.',
    severity: 'critical',
    scope: 'node',
    accepted: false,
    finding: { outcome: 'pass', evidence: '/var has 41 GB free.' },
    at: wall - 9000,
    since: wall - 900 * MINUTE,
    tookMs: 3,
  },
];

const checksAt = (wall: number): ChecksView => ({
  readiness: {
    state: 'ready',
    text: 'pbx-nord (standby) could take over now',
    reasons: [],
    loss: '2 voicemail messages',
  },
  since: wall - 300 * MINUTE,
  own: {
    node: 'pbx-sud',
    role: 'main',
    at: wall,
    results: ownResults(wall),
  },
  other: {
    node: 'pbx-nord',
    role: 'standby',
    at: wall,
    results: [
      {
        id: 'mail-leaves',
        about: 'Mail of alarms leaves this node.',
        severity: 'advice',
        scope: 'node',
        accepted: false,
        finding: { outcome: 'unknown', why: 'no channel of kind email is configured' },
        at: wall - 9000,
        since: wall - 900 * MINUTE,
        tookMs: 1,
      },
    ],
  },
  otherHeardMsAgo: 3000,
  history: [
    {
      wall: wall - 90 * MINUTE,
      what: 'certificate-dates',
      from: 'pass',
      to: 'fail',
      text: 'sip.example.org ends on 2026-12-01, in 9 days.',
    },
  ],
  trouble: null,
});

const samples: NodeSnapshot['samples'] = [
  { probe: 'sip', about: 'telephony', outcome: 'ok', reason: '' },
  { probe: 'ami', about: 'telephony', outcome: 'ok', reason: '' },
  { probe: 'gateway', about: 'network', outcome: 'ok', reason: '' },
  { probe: 'ping-main', about: 'rival', outcome: 'silent', reason: 'no answer within 500 ms' },
];

const STEPS = ['virtual-ip', 'asterisk-reload', 'announce'];

const mainExplanation: NodeSnapshot['explanation'] = {
  doing: 'serves',
  text: 'This node serves under epoch 8.',
  obstacles: [],
  needed: 2,
  votes: [
    { voter: 'main (this node)', counts: 'yes', text: 'would vote for itself' },
    { voter: 'standby', counts: 'yes', text: 'is heard and passive: its word alone would be enough' },
    { voter: 'cp-paris', counts: 'yes', text: 'voted yes' },
  ],
  ifOtherOrThisDied: {
    takesOver: true,
    afterMs: 1150,
    text: 'If this node died now, the standby would take over after about 1150 ms.',
    missing: [],
  },
};

/** The main, which serves. */
export const mainAt = (wall: number): NodeSnapshot => ({
  kind: 'node',
  version: 1,
  program: '0.1.0',
  wall,
  node: { role: 'main', name: 'pbx-sud', address: '192.0.2.11' },
  peer: { role: 'standby', name: 'pbx-nord', address: '192.0.2.12' },
  headline: { level: 'good', who: 'pbx-sud (main, this node) serves', ready: 'pbx-nord (standby) can take over' },
  server: 'this',
  servesSince: wall - 130 * MINUTE,
  epoch: 8,
  phase: 'serving',
  phaseText: 'active',
  lease: { name: 'held', leftMs: 640, heldOpen: false },
  gate: { open: true, enforced: true },
  mode: 'automatic',
  maintenance: null,
  needsAcknowledgement: false,
  health: { verdict: 'up', sinceMs: 130 * MINUTE, reason: '', calls: 7, network: 'up' },
  samples: samples.slice(0, 3),
  other: { heardMsAgo: 38, proven: true, well: true, holding: 0, calls: 0, relayedMsAgo: null },
  voters: [{ name: 'cp-paris', answeredMsAgo: 41, said: 'yes' }],
  plan: { target: 'activate', steps: STEPS.map((id) => ({ id, status: 'done' })) },
  errand: null,
  explanation: mainExplanation,
  protection: {
    level: 'always',
    text: 'Protected against two active nodes: always (a node serves only with a majority of votes or the other’s word, and the kernel enforces it).',
    reasons: [],
    exceptions: ['a virtual machine that was paused may serve for up to 800 ms after it wakes'],
  },
  streams: streamsAt(wall),
  checks: checksAt(wall),
  switches: null,
  drill: null,
  journal: { path: '/var/lib/dualtone/journal', trouble: null },
  agent: {
    pid: 812,
    startedAt: wall - 3000 * MINUTE,
    memoryMb: 74,
    cpuPercent: 1.4,
    worstLagMs: 4,
    memoryTrouble: null,
    refused: {},
    notices: [],
  },
});

/** The standby, which could take over. */
export const standbyAt = (wall: number): NodeSnapshot => {
  const main = mainAt(wall);
  return {
    ...main,
    node: main.peer,
    peer: main.node,
    server: 'other',
    phase: 'passive',
    phaseText: 'passive',
    lease: { name: 'none', leftMs: null, heldOpen: false },
    gate: { open: false, enforced: true },
    health: { ...main.health, calls: 0 },
    samples,
    other: { ...main.other, holding: 8, calls: 7 },
    plan: { target: 'passivate', steps: STEPS.map((id) => ({ id, status: 'done' })) },
    explanation: {
      ...main.explanation,
      doing: 'waits',
      text: 'This node does not serve: the main serves.',
      obstacles: [{ rule: 'rival-serves', text: 'the main serves under epoch 8', inMs: null }],
      ifOtherOrThisDied: {
        takesOver: true,
        afterMs: 1150,
        text: 'If the main fell silent now, this node would take over after about 1150 ms.',
        missing: [],
      },
    },
    streams: { ...streamsAt(wall, 'in'), merge: null, loss: null },
  };
};

/** The main has died; the standby serves, and this page comes from it. */
export const afterTakeover = (wall: number): PairView => {
  const missing = [{ rule: 'rival-silent', text: 'the main is silent: last heard 74 s ago' }];
  const standby = standbyAt(wall);
  return {
    wall,
    this: {
      ...standby,
      server: 'this',
      servesSince: wall - 73_000,
      epoch: 9,
      phase: 'serving',
      phaseText: 'active',
      lease: { name: 'held', leftMs: 610, heldOpen: false },
      gate: { open: true, enforced: true },
      health: { ...standby.health, calls: 4 },
      other: { ...standby.other, heardMsAgo: 74_000, holding: 0, well: null },
      explanation: {
        ...standby.explanation,
        doing: 'serves',
        text: 'This node serves under epoch 9.',
        obstacles: [],
        ifOtherOrThisDied: {
          takesOver: false,
          afterMs: null,
          text: 'If this node died now, the main would NOT take over: the main is silent: last heard 74 s ago.',
          missing,
        },
      },
      checks: null,
    },
    thisTrouble: null,
    thisMsAgo: 200,
    other: { snapshot: mainAt(wall - 74_000), heardMsAgo: 74_000 },
  };
};

/** All is well, seen from the main. */
export const goodPair = (wall: number): PairView => ({
  wall,
  this: mainAt(wall),
  thisTrouble: null,
  thisMsAgo: 120,
  other: { snapshot: standbyAt(wall), heardMsAgo: 300 },
});

const entry = (seq: number, wall: number, kind: string, more: Partial<JournalEntry>): JournalEntry => ({
  seq,
  wall,
  at: wall,
  epoch: 8,
  kind,
  reasons: [],
  data: {},
  hash: '',
  ...more,
});

/** A takeover and what led to it, newest first, as this node's journal has it. */
export const entriesAt = (wall: number): readonly JournalEntry[] => [
  entry(45, wall - 70_000, 'notice', { data: { level: 'alarm', text: 'This node took over: the main is silent.' } }),
  entry(44, wall - 72_000, 'decision', {
    epoch: 9,
    reasons: [{ rule: 'won', facts: { epoch: 9, own: true, yes: 'cp-paris', needed: 2, confirmed: false } }],
    data: { event: { kind: 'message', from: 'cp-paris' }, stand: { phase: 'serving', gateOpen: true, rival: null } },
  }),
  entry(43, wall - 73_000, 'decision', {
    reasons: [{ rule: 'may-serve', facts: { wanted: false, rivalSilentMs: 1150 } }],
    data: {
      stand: { phase: 'passive', gateOpen: false, rival: { holding: 8, well: true }, rivalHeardMsAgo: 1150 },
    },
  }),
  entry(42, wall - 900_000, 'command', {
    reasons: [{ rule: 'command', facts: { by: 'claire', command: 'maintenance-off' } }],
  }),
];
