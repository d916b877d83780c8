import type { Scenario } from '../../scenarios/scenario.ts';
import { fault, mainServes, mend, pause, standbyServes } from '../phrases.ts';

const pbx = 'asterisk.service';
const agent = 'dualtone.service';

/** Asterisk, agent or node is ill while its host lives. */
export const illnesses: readonly Scenario[] = [
  {
    name: 'asterisk-crash',
    text: 'the main’s Asterisk is killed; the standby serves',
    deeds: [fault({ kind: 'crash', host: 'main', unit: pbx }), standbyServes],
    expected: { serving: 'standby', outageMsMost: 600, inboundOutageMsMost: 1000, twoServing: 'none', moves: 1 },
    goal: { p50Ms: 100, p99Ms: 300 },
  },
  {
    name: 'asterisk-hang',
    text: 'the main’s Asterisk stands still; the standby serves, also when it goes on again',
    deeds: [fault({ kind: 'hang', host: 'main', unit: pbx }), standbyServes, pause(500), mend('hang')],
    expected: { serving: 'standby', outageMsMost: 1200, inboundOutageMsMost: 1500, twoServing: 'none', moves: 1 },
    goal: { p50Ms: 500, p99Ms: 800 },
  },
  {
    name: 'asterisk-deaf',
    text: 'no SIP reaches the main’s Asterisk; the standby serves',
    deeds: [fault({ kind: 'deaf', host: 'main' }), standbyServes, pause(500), mend('deaf')],
    expected: { serving: 'standby', outageMsMost: 1200, inboundOutageMsMost: 1500, twoServing: 'none', moves: 1 },
  },
  {
    name: 'core-taken',
    text: 'the core that the main’s agent has is taken by a thread in real time, as Asterisk’s are; nothing moves',
    deeds: [fault({ kind: 'core-taken', host: 'main', unit: agent }), pause(5000), mend('core-taken')],
    expected: { serving: 'main', twoServing: 'none', moves: 0, callsCut: 0, outageMsMost: 100 },
  },
  {
    name: 'agent-killed',
    text: 'the main’s agent is killed and started again; service stays or moves, never twice',
    deeds: [fault({ kind: 'crash', host: 'main', unit: agent }), pause(3000)],
    expected: { serving: 'one', outageMsMost: 900, twoServing: 'none' },
  },
  {
    name: 'agent-frozen',
    text: 'the main’s agent stands still; the kernel mutes the main, the standby serves',
    deeds: [
      fault({ kind: 'unit-frozen', host: 'main', unit: agent }),
      standbyServes,
      pause(1000),
      mend('unit-frozen'),
      pause(500),
    ],
    expected: { serving: 'standby', outageMsMost: 1200, inboundOutageMsMost: 1500, twoServing: 'none', moves: 1 },
  },
  {
    name: 'node-frozen',
    text: 'every process of the main stands still; the standby serves, also when they go on again',
    deeds: [fault({ kind: 'host-frozen', host: 'main' }), standbyServes, pause(1000), mend('host-frozen'), pause(500)],
    expected: { serving: 'standby', outageMsMost: 1200, inboundOutageMsMost: 1500, twoServing: 'none', moves: 1 },
  },
  {
    name: 'flapping',
    text: 'the main’s Asterisk crashes again and again; after the second takeover the pair stays and calls for a person',
    setup: { maxSwitches: 1, failback: { policy: 'auto', holdMs: 500, maxWaitMs: 60_000 } },
    // Moves of former runs count, until a person acknowledges them. A kernel lets a link address change once a second only,
    // so a telephone may miss the second of two quick moves until the next announcement.
    prepare: [
      { do: 'order', on: 'main', argv: ['acknowledge'] },
      { do: 'order', on: 'standby', argv: ['acknowledge'] },
    ],
    deeds: [
      fault({ kind: 'crash', host: 'main', unit: pbx }),
      standbyServes,
      mainServes,
      fault({ kind: 'crash', host: 'main', unit: pbx }),
      standbyServes,
      pause(5000),
    ],
    expected: { serving: 'standby', outageMsMost: 2000, twoServing: 'none', moves: 3, needsAcknowledgement: true },
  },
  {
    name: 'disk-full',
    text: 'the main’s disk is full: telephony goes on, and a switchover still works',
    needs: { stateDisk: true },
    deeds: [
      fault({ kind: 'disk-full', host: 'main' }),
      pause(2000),
      { do: 'order', on: 'main', argv: ['switchover'] },
      standbyServes,
      pause(500),
      mend('disk-full'),
    ],
    expected: { serving: 'standby', outageMsMost: 300, twoServing: 'none', moves: 1 },
  },
  {
    name: 'clock-step',
    text: 'the wall clock under the main’s agent is stepped by an hour, forth and back: ahead looks like a pause, and the main’s gate closes until its term is confirmed; nothing moves',
    needs: { falseClock: true },
    deeds: [
      fault({ kind: 'clock-step', host: 'main', unit: agent, offsetSeconds: 3600 }),
      pause(1500),
      { do: 'fault', fault: { kind: 'clock-step', host: 'main', unit: agent, offsetSeconds: -3600 }, as: 'back' },
      pause(1500),
      mend('back'),
    ],
    // By the false clock of its agent, the main's registrations have expired, and are not carried.
    expected: { serving: 'main', outageMsMost: 100, twoServing: 'none', moves: 0, registrationsKept: 'any' },
  },
];

const others = ['standby', 'checkpoint1'] as const;

/** The network between the hosts is ill. */
export const cuts: readonly Scenario[] = [
  {
    name: 'isolation',
    text: 'the main is cut off from all; it mutes itself before the standby serves, and stays passive when it is back',
    deeds: [fault({ kind: 'isolation', host: 'main' }), standbyServes, pause(1000), mend('isolation'), pause(1000)],
    expected: { serving: 'standby', outageMsMost: 1200, inboundOutageMsMost: 1500, twoServing: 'none', moves: 1 },
    goal: { p50Ms: 700, p99Ms: 900 },
  },
  {
    name: 'cut-between',
    text: 'the nodes do not reach each other, but all else; nobody notices',
    deeds: [fault({ kind: 'cut', from: 'main', to: 'standby' }), pause(3000), mend('cut')],
    expected: { serving: 'main', outageMsMost: 0, twoServing: 'none', moves: 0 },
    goal: { p50Ms: 0, p99Ms: 0 },
  },
  {
    name: 'standby-isolated',
    text: 'the standby is cut off from all; nobody notices',
    deeds: [fault({ kind: 'isolation', host: 'standby' }), pause(3000), mend('isolation')],
    expected: { serving: 'main', outageMsMost: 0, twoServing: 'none', moves: 0 },
    goal: { p50Ms: 0, p99Ms: 0 },
  },
  {
    name: 'asymmetric-cut',
    text: 'the main can send and not receive; the standby serves',
    deeds: [
      fault({ kind: 'isolation', host: 'main', direction: 'in' }),
      standbyServes,
      pause(1000),
      mend('isolation'),
      pause(1000),
    ],
    expected: { serving: 'standby', outageMsMost: 1500, twoServing: 'none', moves: 1 },
  },
  {
    name: 'asymmetric-cut-out',
    text: 'the main can receive and not send; the standby serves',
    deeds: [
      fault({ kind: 'isolation', host: 'main', direction: 'out' }),
      standbyServes,
      pause(1000),
      mend('isolation'),
      pause(1000),
    ],
    expected: { serving: 'standby', outageMsMost: 1500, twoServing: 'none', moves: 1 },
  },
  {
    name: 'packet-loss',
    text: 'two packets of a hundred are lost between nodes and checkpoint; nobody notices',
    deeds: [
      ...others.map((to) => fault({ kind: 'loss', from: 'main', to, percent: 2 }, `main-${to}`)),
      { do: 'fault', fault: { kind: 'loss', from: 'standby', to: 'checkpoint1', percent: 2 }, as: 'standby' },
      pause(6000),
    ],
    expected: { serving: 'main', outageMsMost: 0, twoServing: 'none', moves: 0 },
    goal: { p50Ms: 0, p99Ms: 0 },
  },
  {
    name: 'cut-without-arbiter',
    text: 'a pair without checkpoint and without gate is cut in two: BOTH serve, which proves that the lab sees it',
    setup: { checkpoints: 0, enforceGate: false },
    deeds: [
      fault({ kind: 'cut', from: 'main', to: 'standby' }),
      { do: 'wait', serving: 'both', withinMs: 10_000 },
      pause(1000),
      mend('cut'),
    ],
    staysMs: 3000,
    // When they see each other again, the older epoch yields.
    expected: { serving: 'standby', outageMsMost: 3000, twoServing: 'some' },
  },
];
