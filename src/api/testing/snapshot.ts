import { type Role, rivalOf } from '../../core/words.ts';
import type { NodeSnapshot } from '../snapshot.ts';

const placeByRole = {
  main: { name: 'pbx1', address: '127.0.0.1' },
  standby: { name: 'pbx2', address: '127.0.0.2' },
} as const;

/** What differs between the node that serves and the other. */
const serving = {
  server: 'this',
  phase: 'serving',
  phaseText: 'active',
  lease: { name: 'held', leftMs: 500, heldOpen: false },
  gate: { open: true, enforced: true },
  plan: { target: 'activate', steps: [] },
} as const;
const passive = {
  server: 'other',
  phase: 'passive',
  phaseText: 'passive',
  lease: { name: 'none', leftMs: null, heldOpen: false },
  gate: { open: false, enforced: true },
  plan: { target: 'passivate', steps: [] },
} as const;

/** A node of a pair on which all is well, in term 2: the main serves, the standby waits. */
export const calmSnapshot = (role: Role): NodeSnapshot => ({
  kind: 'node',
  version: 1,
  program: 'dualtone test',
  wall: 1_800_000_000_000,
  node: { role, ...placeByRole[role] },
  peer: { role: rivalOf(role), ...placeByRole[rivalOf(role)] },
  headline: { level: 'good', who: 'pbx1 serves', ready: 'pbx2 can take over' },
  servesSince: null,
  epoch: 2,
  ...(role === 'main' ? serving : passive),
  mode: 'automatic',
  maintenance: null,
  needsAcknowledgement: false,
  health: { verdict: 'up', sinceMs: 1000, reason: '', calls: 0, network: 'up' },
  samples: [],
  other: {
    heardMsAgo: 40,
    proven: true,
    well: true,
    holding: role === 'main' ? 0 : 2,
    calls: 0,
    relayedMsAgo: null,
  },
  voters: [{ name: 'cp1', answeredMsAgo: 40, said: 'yes' }],
  errand: null,
  explanation: {
    doing: role === 'main' ? 'serves' : 'waits',
    text: '',
    obstacles: [],
    needed: 2,
    votes: [],
    ifOtherOrThisDied: { takesOver: true, afterMs: 600, text: 'The standby would take over.', missing: [] },
  },
  protection: { level: 'always', text: 'always', reasons: [], exceptions: [] },
  streams: { astdb: null, copied: [], merge: null, loss: null, trouble: null },
  checks: null,
  switches: null,
  drill: null,
  journal: { path: '/nowhere', trouble: null },
  agent: {
    pid: process.pid,
    startedAt: 1_800_000_000_000,
    memoryMb: 60,
    cpuPercent: 1,
    worstLagMs: 2,
    memoryTrouble: null,
    refused: {},
    notices: [],
  },
});
