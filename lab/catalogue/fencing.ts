/** What turns a node off: where no checkpoint votes a device decides, and where one does the lease decides as ever. */

import type { FencingSetup } from '../fencing/setup.ts';
import type { LabNeeds } from '../needs.ts';
import type { PairSetup } from '../pair/setup.ts';
import type { Deed, Scenario } from '../scenarios/scenario.ts';
import {
  exec,
  failback,
  fault,
  mainLosesPower,
  mainServes,
  mend,
  order,
  pause,
  says,
  standbyServes,
} from './phrases.ts';

/** Of the agent's programs, the power's off and its reading, on a busy machine; a quiet one takes a third. */
const BY_DEVICE_MS = 25_000;
const standbyServesByDevice: Deed = { do: 'wait', serving: 'standby', withinMs: BY_DEVICE_MS };
const byDevice = { outageMsMost: BY_DEVICE_MS, twoServing: 'none' } as const;

const cut = fault({ kind: 'cut', from: 'main', to: 'standby' });
const isolation = (host: string, as: string): Deed => fault({ kind: 'isolation', host }, as);
const mood = (host: string, each: 'does-nothing' | 'says-off'): Deed => ({
  do: 'fault',
  fault: { kind: 'device-mood', host, mood: each },
});

/** Each device is asked anew, by its agent. */
const power = (device: string, is: 'on' | 'off', withinMs = 15_000): Deed =>
  says(
    `the ${device} says that the main is ${is}`,
    'standby',
    ['dualtone', 'fence', 'status'],
    new RegExp(`\\b${device}\\b.* main is ${is} `),
    withinMs,
  );
/** What the standby noted within this run; the same scenario may have run a minute before. */
const noted = (what: string, pattern: RegExp, withinMs: number): Deed =>
  says(what, 'standby', ['dualtone', 'journal', '--since', '45s', '--json'], pattern, withinMs);
const explains = (what: string, pattern: RegExp, withinMs: number): Deed =>
  says(what, 'standby', ['dualtone', 'explain'], pattern, withinMs);

/** A file that a loss of power takes along. */
const MARK = '/run/lab-on-since-then';
const markMain = exec('main', ['touch', MARK]);
const mainWasNeverOff = exec('main', ['test', '-e', MARK]);

/** How a scenario begins: devices, and as many checkpoints that vote; by default none, so that the device decides. */
const fenced = (
  levels: FencingSetup['levels'] = [['bmc']],
  change: { readonly checkpoints?: number; readonly afterOff?: FencingSetup['afterOff'] } = {},
): { readonly needs: LabNeeds; readonly setup: Partial<PairSetup> } => ({
  needs: { fencing: true },
  setup: { checkpoints: change.checkpoints ?? 0, fencing: { levels, afterOff: change.afterOff ?? 'stay-off' } },
});

const lonely = fenced([['bmc']], { checkpoints: 1 });

/** No checkpoint votes: silence must be proved. */
const proofs: readonly Scenario[] = [
  {
    name: 'fence-cut',
    text: 'no checkpoint; the nodes do not reach each other, and the main serves on: its board turns it off before the standby serves',
    ...fenced(),
    deeds: [cut, standbyServesByDevice, power('bmc', 'off')],
    expected: { serving: 'standby', ...byDevice, moves: 1 },
  },
  {
    name: 'fence-checkpoint-left-out',
    text: 'the checkpoint stays lost, and the nodes agree to do without; then they do not reach each other, and the main is turned off before the standby serves',
    ...lonely,
    setup: { ...lonely.setup, whenLost: 'likely', lostAfterMs: 2000 },
    deeds: [
      { do: 'fault', fault: { kind: 'power-loss', host: 'checkpoint1' }, as: 'no checkpoint' },
      says(
        'the main leaves it out, which is the second to do so',
        'main',
        ['dualtone', 'journal', '--since', '30s', '--json'],
        /leave-checkpoints-out/,
        20_000,
      ),
      cut,
      standbyServesByDevice,
      power('bmc', 'off'),
    ],
    expected: { serving: 'standby', ...byDevice, moves: 1 },
  },
  {
    name: 'fence-isolation',
    text: 'no checkpoint; the main is cut off from all: it is turned off before the standby serves, and does not come back by itself',
    ...fenced(),
    deeds: [isolation('main', 'isolation'), standbyServesByDevice, mend('isolation'), pause(2000), power('bmc', 'off')],
    expected: { serving: 'standby', ...byDevice, moves: 1 },
  },
  {
    name: 'fence-paused',
    text: 'no checkpoint; every process of the main stands still: it is turned off before the standby serves, and never wakes',
    ...fenced(),
    deeds: [
      { do: 'fault', fault: { kind: 'host-frozen', host: 'main' } },
      standbyServesByDevice,
      power('bmc', 'off'),
      mend('host-frozen'),
      pause(1000),
    ],
    expected: { serving: 'standby', ...byDevice, moves: 1 },
  },
  {
    name: 'fence-device-dead-too',
    text: 'no checkpoint; the main loses its power, and its board with it: nobody takes over until a person has made sure',
    ...fenced(),
    deeds: [
      isolation('bmc-main', 'dead board'),
      mainLosesPower,
      explains('the standby says what it waits for', /no device has proved that the silent other node is off/, 60_000),
      noted('it is told', /fence-failed/, 5000),
      { do: 'wait', serving: 'nobody', withinMs: 100 },
      { do: 'order', on: 'standby', argv: ['takeover'], exit: 1 },
      { do: 'wait', serving: 'nobody', withinMs: 100 },
      order('standby', 'takeover', '--confirm', 'main'),
      standbyServes,
    ],
    // Telephones may have to register again by then.
    expected: { serving: 'standby', outageMsMost: 90_000, twoServing: 'none', moves: 1, registrationsKept: 'any' },
  },
  {
    name: 'fence-does-nothing',
    text: 'no checkpoint; the nodes do not reach each other, and the board takes the order and does nothing: its power is read, and nobody takes over',
    ...fenced(),
    deeds: [
      mood('bmc-main', 'does-nothing'),
      cut,
      explains('the standby has tried', /no device has proved .*: the last try failed/, 60_000),
      { do: 'wait', serving: 'main', withinMs: 100 },
      mend('cut'),
      pause(1000),
    ],
    expected: { serving: 'main', outageMsMost: 0, twoServing: 'none', moves: 0 },
  },
  {
    name: 'fence-says-off',
    text: 'no checkpoint; the nodes do not reach each other, and the board says off of a main that is on: BOTH serve, which no rule can mend; it is told when they hear each other',
    ...fenced(),
    deeds: [
      mood('bmc-main', 'says-off'),
      cut,
      { do: 'wait', serving: 'both', withinMs: BY_DEVICE_MS },
      mend('cut'),
      noted('the lie is told', /fence-contradicted/, 10_000),
      standbyServes,
    ],
    expected: { serving: 'standby', outageMsMost: 3000, twoServing: 'some', registrationsKept: 'any' },
  },
  {
    name: 'fence-two-of-a-level',
    text: 'the same, where board and hypervisor must both say off: the hypervisor does it, so that the board’s word is no lie',
    ...fenced([['bmc', 'hypervisor']]),
    deeds: [mood('bmc-main', 'says-off'), cut, standbyServesByDevice, power('hypervisor', 'off')],
    expected: { serving: 'standby', ...byDevice, moves: 1 },
  },
  {
    name: 'fence-second-level',
    text: 'no checkpoint; the hypervisor is dead, and the board, which is next, turns the main off',
    ...fenced([['hypervisor'], ['bmc']]),
    deeds: [
      isolation('hypervisor', 'dead hypervisor'),
      cut,
      { ...standbyServesByDevice, withinMs: 60_000 },
      power('bmc', 'off'),
    ],
    expected: { serving: 'standby', ...byDevice, moves: 1 },
  },
  {
    name: 'fence-failback',
    text: 'no checkpoint; the main is turned off and on again, boots cut off, and serves only when it is heard and service is given back',
    ...fenced([['hypervisor']], { afterOff: 'power-on' }),
    prepare: [markMain],
    deeds: [
      cut,
      standbyServesByDevice,
      says('the main has booted', 'main', ['dualtone', 'status', '--json'], /passive/, 30_000),
      exec('main', ['test', '!', '-e', MARK]),
      pause(3000),
      { do: 'wait', serving: 'standby', withinMs: 100 },
      mend('cut'),
      says('the main hears who serves', 'main', ['dualtone', 'status', '--json'], /"server":\s*"other"/, 15_000),
      failback,
      mainServes,
    ],
    expected: { serving: 'main', ...byDevice, moves: 2 },
  },
];

/** A checkpoint votes: nothing waits for a device. */
const besideVotes: readonly Scenario[] = [
  {
    name: 'fence-hangs-beside-votes',
    text: 'with a checkpoint; the main loses its power and its board hangs: the lease decides as soon as ever, and what hangs is told',
    ...fenced([['bmc']], { checkpoints: 1 }),
    deeds: [
      { do: 'fault', fault: { kind: 'host-frozen', host: 'bmc-main' } },
      mainLosesPower,
      standbyServes,
      noted('what hangs is told', /fence-failed/, 45_000),
    ],
    expected: { serving: 'standby', outageMsMost: 1200, inboundOutageMsMost: 1500, twoServing: 'none', moves: 1 },
  },
  {
    name: 'fence-paused-beside-votes',
    text: 'with a checkpoint; every process of the main stands still: the standby serves by its votes, then has the main turned off, which never wakes',
    ...fenced([['bmc']], { checkpoints: 1 }),
    deeds: [
      { do: 'fault', fault: { kind: 'host-frozen', host: 'main' } },
      standbyServes,
      power('bmc', 'off', BY_DEVICE_MS),
      mend('host-frozen'),
      pause(1000),
    ],
    expected: { serving: 'standby', outageMsMost: 1200, inboundOutageMsMost: 1500, twoServing: 'none', moves: 1 },
  },
  {
    name: 'fence-not-used',
    text: 'with a checkpoint; the main’s Asterisk crashes, and later its agent is killed while it is passive: the lease decides, and nobody is turned off',
    ...fenced([['bmc']], { checkpoints: 1 }),
    prepare: [markMain],
    deeds: [
      { do: 'fault', fault: { kind: 'crash', host: 'main', unit: 'asterisk.service' } },
      standbyServes,
      { do: 'fault', fault: { kind: 'crash', host: 'main', unit: 'dualtone.service' }, as: 'agent' },
      // Longer than a node may stay unheard, and its board's work.
      pause(9000),
      mainWasNeverOff,
    ],
    expected: { serving: 'standby', outageMsMost: 600, inboundOutageMsMost: 1000, twoServing: 'none', moves: 1 },
  },
];

const drillPower = {
  do: 'order',
  on: 'main',
  argv: ['drill', 'switchover', '--with-power', '--yes', '--no-wait'],
} as const;
const nothingAgainst = says(
  'nothing stands against a drill',
  'standby',
  ['dualtone', 'drill', '--preview', '--json'],
  /"against":\[\]/,
  60_000,
);
const drillSays = (what: string, pattern: RegExp, withinMs: number): Deed =>
  says(what, 'standby', ['dualtone', 'drill', 'status'], pattern, withinMs);
/** Two boots, and all that a drill does besides. */
const drilled: readonly Deed[] = [
  drillPower,
  drillSays('the drill is under way', /is being made/, 10_000),
  drillSays('the drill is over', /No drill is being made/, 180_000),
];
const report = (what: string, pattern: RegExp): Deed =>
  says(what, 'standby', ['dualtone', 'drill', 'report', '--json'], pattern, 5000);

/** Power in a drill. */
const rehearsed: readonly Scenario[] = [
  {
    name: 'fence-drill',
    text: 'a drill with power: while service is away, hypervisor and board each turn the main off and on again, and service comes back',
    ...fenced([['hypervisor'], ['bmc']], { checkpoints: 1 }),
    inbound: false,
    prepare: [nothingAgainst, markMain],
    deeds: [
      ...drilled,
      report('it passed', /"outcome":"passed"/),
      report('both levels are proved', /level 1 \(hypervisor\): the main was off.*level 2 \(bmc\): the main was off/),
      exec('main', ['test', '!', '-e', MARK]),
      mainServes,
    ],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 2 },
  },
  {
    name: 'fence-drill-killed',
    text: 'a drill with power, and the process that makes it is killed while the main is off: the next one turns the main on and brings service home',
    ...fenced([['bmc']], { checkpoints: 1 }),
    inbound: false,
    prepare: [nothingAgainst],
    deeds: [
      drillPower,
      power('bmc', 'off', 40_000),
      exec('standby', ['pkill', '-KILL', '-f', 'driller --config']),
      { do: 'wait', serving: 'main', withinMs: 60_000 },
      drillSays('the drill is over', /No drill is being made/, 60_000),
      report('it was interrupted', /"outcome":"interrupted".*brought back to the main/),
    ],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 2 },
  },
  {
    name: 'fence-drill-finds-lie',
    text: 'the same, and the board says off of a main that is on: the drill fails and says so, and service comes back all the same',
    ...fenced([['hypervisor'], ['bmc']], { checkpoints: 1 }),
    inbound: false,
    prepare: [nothingAgainst],
    deeds: [
      mood('bmc-main', 'says-off'),
      ...drilled,
      report('it says which', /"outcome":"failed".*bmc said off, and the main was heard on/),
      mainServes,
    ],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 2 },
  },
];

export const fences: readonly Scenario[] = [...proofs, ...besideVotes, ...rehearsed];
