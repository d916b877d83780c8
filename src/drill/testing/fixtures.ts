/** A standby of a pair on which all is well, and a report, for tests of drills. */
import type { NodeSnapshot } from '../../api/snapshot.ts';
import { calmSnapshot } from '../../api/testing/snapshot.ts';
import type { Config } from '../../config/config.ts';
import { parseConfig } from '../../config/parse.ts';
import type { DrillReport } from '../report.ts';

const HEAD = `
node: { role: standby, name: pbx2, address: 127.0.0.2 }
peer: { name: pbx1, address: 127.0.0.1 }
virtual-ip: { addresses: [10.0.0.10/24], interface: eth0 }
arbiter: { kind: checkpoints, checkpoints: [{ name: cp1, address: 10.0.0.3 }] }
`;

export const configWith = (more = ''): Config => {
  const parsed = parseConfig(`${HEAD}${more}`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
};

export const standby: NodeSnapshot = calmSnapshot('standby');

export const standbyServing: NodeSnapshot = {
  ...standby,
  server: 'this',
  epoch: 3,
  phase: 'serving',
  gate: { open: true, enforced: true },
  other: { ...standby.other, holding: 0 },
};

const AT = 1_800_000_000_000;

export const drillReport: DrillReport = {
  version: 1,
  id: '20270115-080000',
  kind: 'takeover',
  by: 'anna (command line)',
  program: 'dualtone test',
  pair: { main: 'pbx1', standby: 'pbx2' },
  startedAt: AT,
  endedAt: AT + 20_000,
  outcome: 'passed',
  text: 'Service moved to the standby and came back.',
  remedy: '',
  asked: {
    readiness: 'ready: pbx2 could take over now',
    reasons: [],
    forecastMs: 600,
    protection: 'always',
    calls: 0,
    streams: ['astdb: in step'],
    follow: [],
    against: [],
  },
  loss: { there: [], back: [] },
  steps: [
    { at: AT, what: 'begun', text: 'a takeover drill began' },
    { at: AT + 3700, what: 'moved', text: 'the standby served 690 ms after the main was told to fall silent' },
    { at: AT + 14_000, what: 'returned', text: 'the main served 40 ms after it was asked to' },
    { at: AT + 17_000, what: 'ended', text: 'Service moved to the standby and came back.' },
  ],
  moved: { thereMs: 690, backMs: 40 },
  epochs: { before: 2, away: 3, after: 4 },
  phones: {
    target: '10.0.0.10:5060',
    seen: {
      startedAt: AT,
      stepMs: 100,
      slots: `${'y'.repeat(31)}${'n'.repeat(7)}${'o'.repeat(20)}${'y'.repeat(80)}n${'y'.repeat(30)}`,
      silences: [
        { at: 3100, ms: 700, isOpen: false },
        { at: 13_800, ms: 100, isOpen: false },
      ],
    },
    thereMs: 700,
    backMs: 100,
    limitMs: 3000,
    text: 'By both nodes, each over the network while it did not serve.',
  },
  former: [],
  journal: { node: 'pbx2', from: { seq: 0, hash: '' }, to: { seq: 0, hash: '' } },
};
