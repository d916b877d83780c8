import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import {
  failback,
  mainLosesPower,
  mainServes,
  order,
  pause,
  standbyServes,
  switchover,
  takenOver,
} from '../phrases.ts';
import { callsIn, mainDiesByHand, manual, registeredBy } from './phrases.ts';
import { plain } from './scenes.ts';

const servers = ['mds1', 'mds2'] as const;
const numberAt = { mds1: '5001', mds2: '6001' } as const;

/** This telephone answers from now on. */
const answers: readonly Deed[] = [
  { do: 'call', from: '1002', to: '1003', takenBy: '1003' },
  pause(300),
  { do: 'hang-up' },
];

/** Each knows this node, a telephone reaches each, and each reaches a telephone. */
const reachable = (role: 'main' | 'standby'): readonly Deed[] => [
  ...servers.map((server) => registeredBy(server, role, 10_000)),
  ...servers.flatMap((server): readonly Deed[] => [
    { do: 'call', from: '1002', to: numberAt[server] },
    pause(300),
    { do: 'hang-up' },
    ...callsIn(server, '1003'),
  ]),
];

/** Two media servers (XDS): their trunks register from the active node, and calls go both ways. */
export const xivoMedia: readonly Scenario[] = [
  {
    name: 'xivo-xds-takeover',
    text: 'the main dies: the trunks to two media servers register from the standby, and a call goes each way at each',
    ...plain,
    inbound: false,
    prepare: [...answers, ...reachable('main')],
    deeds: [mainLosesPower, standbyServes, ...reachable('standby')],
    expected: { serving: 'standby', ...takenOver, moves: 1 },
  },
  {
    name: 'xivo-xds-failback',
    text: 'a person gives service back: both trunks register from the main again, and a call goes each way at each',
    ...plain,
    inbound: false,
    prepare: [switchover, standbyServes, ...answers, ...reachable('standby'), pause(1500)],
    deeds: [failback, mainServes, ...reachable('main')],
    expected: { serving: 'main', outageMsMost: 600, twoServing: 'none', moves: 1 },
  },
  {
    name: 'xivo-xds-takeover-manual',
    text: 'in manual mode the main dies: no trunk to a media server registers until a person starts the standby, and then both do',
    ...plain,
    inbound: false,
    prepare: [...answers, ...reachable('main')],
    deeds: [
      ...mainDiesByHand,
      ...servers.map((server) => registeredBy(server, 'main', 100)),
      order('standby', 'start', '--confirm', 'main'),
      standbyServes,
      ...reachable('standby'),
    ],
    expected: { serving: 'standby', outageMsMost: 12_000, twoServing: 'none', moves: 1 },
  },
  {
    name: 'xivo-xds-failback-manual',
    text: 'in manual mode a person starts the main while the standby serves: both trunks register from the main again, and a call goes each way at each',
    ...plain,
    inbound: false,
    prepare: [switchover, standbyServes, ...answers, ...reachable('standby'), manual, pause(1500)],
    deeds: [order('main', 'start'), mainServes, ...reachable('main')],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 1 },
  },
  {
    name: 'xivo-xds-down',
    text: 'a media server is off when the main dies: telephony does not wait, the other is reached, and it too once it is back',
    ...plain,
    inbound: false,
    prepare: answers,
    deeds: [
      { do: 'fault', fault: { kind: 'power-loss', host: 'mds1' }, as: 'far' },
      mainLosesPower,
      standbyServes,
      registeredBy('mds2', 'standby', 10_000),
      { do: 'mend', name: 'far' },
      ...reachable('standby'),
    ],
    expected: { serving: 'standby', ...takenOver, moves: 1 },
  },
];
