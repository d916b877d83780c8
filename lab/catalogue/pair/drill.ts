/** Rehearsals of a takeover, and all that may come in between. */

import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import { exec, mainHasPower, mainLosesPower, mainServes, order, pause, says, standbyServes } from '../phrases.ts';

/** Nobody looks at what telephones may notice of the machine's load. */
const outageMsMost = 1500;

const status = (what: string, pattern: RegExp, withinMs = 30_000, on: 'main' | 'standby' = 'standby'): Deed =>
  says(what, on, ['dualtone', 'drill', 'status'], pattern, withinMs);

const drill = (on: 'main' | 'standby', ...argv: readonly string[]): Deed => order(on, 'drill', ...argv);
const refused = (on: 'main' | 'standby', ...argv: readonly string[]): Deed => ({
  do: 'order',
  on,
  argv: ['drill', ...argv],
  exit: 1,
});

/** The last report says so, and the journal proves it. */
const ended = (pattern: RegExp, on: 'main' | 'standby' = 'standby'): readonly Deed[] => [
  says('the report says how it ended', on, ['dualtone', 'drill', 'report', '--json'], pattern, 30_000),
  says('the journal proves it', on, ['dualtone', 'drill', 'verify'], /is as it was written/, 5000),
];

/** What a former scenario moved has settled, and each of the two knows the other's checks. */
const ready = status('nothing is being made', /No drill is being made/);
const canBegin = says(
  'nothing stands against a drill',
  'standby',
  ['dualtone', 'drill', '--preview', '--json'],
  /"against":\[\]/,
  60_000,
);

/** The drill before this one has a report too. */
const over = (pattern: RegExp, on: 'main' | 'standby' = 'standby'): readonly Deed[] => [
  status('the drill is over', /No drill is being made/, 60_000, on),
  ...ended(pattern, on),
];

const begun = status('the drill is under way', /is being made/, 5000);
const away = status('the standby serves for the drill', /brings service back at once/, 20_000);

const outcome = (word: string): RegExp => new RegExp(`"outcome":"${word}"`);

export const drills: readonly Scenario[] = [
  {
    name: 'drill-dry',
    text: 'a dry drill asks everything on both nodes, and nothing moves',
    prepare: [ready],
    deeds: [
      { do: 'order', on: 'main', argv: ['drill', '--dry'], exit: 'any' },
      ...ended(/"kind":"dry"/),
      ...ended(/"kind":"dry"/, 'main'),
    ],
    expected: { serving: 'main', outageMsMost: 0, twoServing: 'none', moves: 0 },
  },
  {
    name: 'drill-switchover',
    text: 'asked for at the main: service moves in order and comes back; both journals prove the report',
    inbound: false,
    prepare: [ready, canBegin],
    deeds: [
      drill('main', 'switchover', '--yes'),
      mainServes,
      ...ended(outcome('passed')),
      ...ended(outcome('passed'), 'main'),
    ],
    expected: { serving: 'main', outageMsMost, twoServing: 'none', moves: 2 },
  },
  {
    name: 'drill-takeover',
    text: 'the main falls silent, its gate closes by the kernel, the standby takes over, and service comes back',
    inbound: false,
    prepare: [ready, canBegin],
    // Telephones ask every 10 ms beside it, and are not answered for about as long.
    deeds: [
      drill('standby', 'takeover', '--yes'),
      mainServes,
      ...ended(outcome('passed')),
      ...ended(/"thereMs":([1-9]|1\d)00/),
    ],
    expected: { serving: 'main', outageMsMost, twoServing: 'none', moves: 2 },
  },
  {
    name: 'drill-twice',
    text: 'a second drill, asked for at either node while one is being made, is refused; the first goes its way',
    inbound: false,
    prepare: [ready, canBegin],
    deeds: [
      drill('main', 'switchover', '--yes', '--no-wait'),
      begun,
      refused('main', 'switchover', '--yes'),
      refused('standby', 'takeover', '--yes'),
      refused('standby', '--dry'),
      ...over(outcome('passed')),
    ],
    expected: { serving: 'main', outageMsMost, twoServing: 'none', moves: 2 },
  },
  {
    name: 'drill-calls',
    text: 'with a call up a drill is refused, and the call goes on; without one it is made',
    inbound: false,
    prepare: [ready, canBegin],
    deeds: [
      { do: 'call', from: '1001', to: '800' },
      pause(1500),
      refused('main', 'switchover', '--yes'),
      { do: 'wait', serving: 'main', withinMs: 100 },
      { do: 'hang-up' },
      canBegin,
      drill('main', 'switchover', '--yes'),
      ...ended(outcome('passed')),
    ],
    expected: { serving: 'main', outageMsMost, twoServing: 'none', moves: 2, callsCut: 0 },
  },
  {
    name: 'drill-not-ready',
    text: 'with the standby’s Asterisk dead, and in a maintenance, no drill begins and nothing moves',
    inbound: false,
    prepare: [ready, canBegin],
    deeds: [
      order('main', 'maintenance', 'on', '--for', '5m', '--reason', 'lab'),
      pause(500),
      refused('standby', 'switchover', '--yes'),
      order('main', 'maintenance', 'off'),
      { do: 'systemctl', on: 'standby', argv: ['stop', 'asterisk.service'] },
      pause(1500),
      refused('standby', 'takeover', '--yes'),
      refused('main', 'switchover', '--yes'),
      { do: 'systemctl', on: 'standby', argv: ['start', 'asterisk.service'] },
    ],
    expected: { serving: 'main', outageMsMost: 0, twoServing: 'none', moves: 0 },
  },
  {
    name: 'drill-stop',
    text: 'stopped by a person at the main while the standby serves: service comes back at once',
    inbound: false,
    prepare: [ready, canBegin],
    deeds: [
      drill('standby', 'switchover', '--yes', '--no-wait'),
      away,
      drill('main', 'stop'),
      mainServes,
      ...over(outcome('stopped')),
    ],
    expected: { serving: 'main', outageMsMost, twoServing: 'none', moves: 2 },
  },
  {
    name: 'drill-power-loss',
    text: 'the main really loses its power in the middle: the drill gives way, and the standby goes on serving',
    inbound: false,
    prepare: [ready, canBegin],
    deeds: [
      drill('standby', 'switchover', '--yes', '--no-wait'),
      away,
      mainLosesPower,
      ...over(outcome('gave-way')),
      standbyServes,
      mainHasPower,
    ],
    expected: { serving: 'standby', outageMsMost, twoServing: 'none', moves: 1 },
  },
  {
    name: 'drill-standby-power-loss',
    text: 'the standby loses its power while it serves for a drill: the main takes service back; after the boot the drill is ended, and nothing moves',
    inbound: false,
    prepare: [ready, canBegin],
    deeds: [
      drill('main', 'switchover', '--yes', '--no-wait'),
      away,
      { do: 'fault', fault: { kind: 'power-loss', host: 'standby' } },
      mainServes,
      { do: 'boot', hosts: ['standby'] },
      ...over(outcome('interrupted')),
    ],
    expected: { serving: 'main', outageMsMost: 2500, twoServing: 'none', moves: 2 },
  },
  {
    name: 'drill-agent-killed',
    text: 'the agent that leads the drill is killed while its node serves: the next one brings service home',
    inbound: false,
    prepare: [ready, canBegin],
    deeds: [
      drill('standby', 'switchover', '--yes', '--no-wait'),
      away,
      { do: 'systemctl', on: 'standby', argv: ['kill', '--kill-whom=main', '--signal=KILL', 'dualtone.service'] },
      mainServes,
      ...over(outcome('interrupted')),
    ],
    expected: { serving: 'main', outageMsMost: 2500, twoServing: 'none', moves: 2 },
  },
  {
    name: 'drill-process-killed',
    text: 'the process that makes the drill is killed while the standby serves: the next one brings service home',
    inbound: false,
    prepare: [ready, canBegin],
    deeds: [
      drill('standby', 'switchover', '--yes', '--no-wait'),
      away,
      exec('standby', ['pkill', '-KILL', '-f', 'driller --config']),
      mainServes,
      ...over(outcome('interrupted')),
    ],
    expected: { serving: 'main', outageMsMost, twoServing: 'none', moves: 2 },
  },
  {
    name: 'drill-main-agent-killed',
    text: 'the main’s agent, made silent for a drill, is killed: the next one starts passive, and service comes back to it',
    inbound: false,
    prepare: [ready, canBegin],
    deeds: [
      drill('standby', 'takeover', '--yes', '--no-wait'),
      standbyServes,
      { do: 'systemctl', on: 'main', argv: ['kill', '--kill-whom=main', '--signal=KILL', 'dualtone.service'] },
      ...over(outcome('passed')),
      mainServes,
    ],
    expected: { serving: 'main', outageMsMost, twoServing: 'none', moves: 2 },
  },
];
