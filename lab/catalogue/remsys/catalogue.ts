import type { Deed, Expected, Scenario } from '../../scenarios/scenario.ts';
import { failback, mainIsBack, mainServes, order, pause, standbyServes, switchover } from '../phrases.ts';
import { remsysBoth } from './both.ts';
import { remsysFiles } from './files.ts';
import { remsysMovedIn } from './moved-in.ts';
import { remsysMysql } from './mysql.ts';
import {
  are,
  checkpoints,
  cut,
  forgetMail,
  fullCountMs,
  hasPower,
  isWell,
  join,
  journal,
  loses,
  mailSays,
  namesPointTo,
  servedByB,
  standbyServesByCount,
  switchIs,
  writesName,
} from './phrases.ts';
import { twoSites } from './scenes.ts';
import { remsysTelephones } from './telephones.ts';

const nrpe = twoSites();

/** From the loss of the main until phones are answered: the count of looks, the name, and what a phone keeps it for. */
const moved: Expected = { serving: 'standby', outageMsMost: 18_000, twoServing: 'none', moves: 1 };
/** Nothing moves, and nobody notices; a busy machine may be late. */
const unmoved: Expected = { serving: 'main', outageMsMost: 400, twoServing: 'none', moves: 0 };
const [first, second, third] = checkpoints as readonly [string, string, string];
const between = cut('main', 'standby');

/** What only the sites lose. */
const sites: readonly Scenario[] = [
  {
    name: 'remsys-power-loss',
    text: 'site A loses its power: all three checkpoints say so five times in a row, B serves, phones follow the name, the provider goes on to the second address, and a mail tells',
    ...nrpe,
    prepare: forgetMail,
    deeds: [
      loses('main'),
      standbyServesByCount,
      ...namesPointTo('standby', 5000),
      switchIs('standby', 'done', 5000),
      mailSays('B serves', /standby \(standby\) serves since/, 15_000),
    ],
    expected: { ...moved, inboundOutageMsMost: 18_000, trunkAfterMsMost: 2000 },
  },
  {
    name: 'remsys-main-returns',
    text: 'A has its power back: it stays passive, and the names stay',
    ...nrpe,
    deeds: [
      loses('main'),
      standbyServesByCount,
      hasPower('main'),
      mainIsBack,
      ...namesPointTo('standby', 5000),
      pause(5000),
    ],
    expected: moved,
  },
  {
    name: 'remsys-isolated',
    text: 'A is cut off from all: it stops by its own count before B serves, and stays passive when it is back',
    ...nrpe,
    deeds: [
      { do: 'fault', fault: { kind: 'isolation', host: 'main' } },
      { do: 'wait', serving: 'nobody', withinMs: fullCountMs },
      standbyServesByCount,
      ...namesPointTo('standby', 5000),
      { do: 'mend', name: 'isolation' },
      mainIsBack,
      pause(2000),
    ],
    expected: moved,
  },
  {
    name: 'remsys-cut-between',
    text: 'A and B do not reach each other, and both are reached by all others: nothing moves',
    ...nrpe,
    deeds: [between, pause(fullCountMs), join('main', 'standby')],
    expected: unmoved,
  },
  {
    name: 'remsys-flapping',
    text: 'A is cut off for up to two looks, three times, well for two between: the counter never gets there, and nothing moves',
    ...nrpe,
    deeds: Array.from({ length: 3 }).flatMap((): readonly Deed[] => [
      { do: 'fault', fault: { kind: 'isolation', host: 'main' } },
      pause(3000),
      { do: 'mend', name: 'isolation' },
      pause(4500),
    ]),
    // Phones are cut off as well.
    expected: { ...unmoved, outageMsMost: 6000 },
  },
  {
    name: 'remsys-long-way',
    text: 'of what the sites send each other a fifth is lost: nothing moves',
    ...nrpe,
    deeds: [
      { do: 'fault', fault: { kind: 'loss', from: 'main', to: 'standby', percent: 20 } },
      pause(fullCountMs),
      { do: 'mend', name: 'loss' },
    ],
    expected: unmoved,
  },
];

/** What the checkpoints do. */
const opinions: readonly Scenario[] = [
  {
    name: 'remsys-one-lies',
    text: 'one checkpoint says that A is gone, and B does not hear A: nothing moves',
    ...nrpe,
    deeds: [...are('lies', first), between, pause(fullCountMs), join('main', 'standby')],
    expected: unmoved,
  },
  {
    name: 'remsys-two-lie',
    text: 'two checkpoints say that A is gone, and B does not hear A: nothing moves, since all three are needed',
    ...nrpe,
    deeds: [...are('lies', first, second), between, pause(fullCountMs), join('main', 'standby')],
    expected: unmoved,
  },
  {
    name: 'remsys-all-lie',
    text: 'all three say that A is gone: nothing moves while A and B hear each other; when they do not, A stops before B serves',
    ...nrpe,
    deeds: [
      ...are('lies', ...checkpoints),
      pause(fullCountMs),
      between,
      standbyServesByCount,
      join('main', 'standby'),
      pause(2000),
    ],
    expected: { ...moved, outageMsMost: 10_000 },
  },
  {
    name: 'remsys-one-flatters',
    text: 'A is dead, and one checkpoint says that it is well: nothing moves until it tells the truth',
    ...nrpe,
    deeds: [...are('flatters', third), loses('main'), pause(fullCountMs), isWell(third), standbyServesByCount],
    expected: { ...moved, outageMsMost: 35_000 },
  },
  {
    name: 'remsys-checkpoint-dead',
    text: 'A is dead, and one checkpoint too: who says nothing says nothing against A, and nothing moves until it is back',
    ...nrpe,
    deeds: [loses(second), loses('main'), pause(fullCountMs), hasPower(second), standbyServesByCount],
    expected: { ...moved, outageMsMost: 40_000 },
  },
  {
    name: 'remsys-checkpoints-dead',
    text: 'two checkpoints are dead while A and B live: nothing moves, and the checks say that a takeover could not come about',
    ...nrpe,
    deeds: [
      loses(first),
      loses(second),
      {
        do: 'expect',
        what: 'the check says so',
        on: 'standby',
        argv: ['dualtone', 'check', '--only', 'nrpe-checkpoints-tell'],
        says: /[01] tell, 3 are needed/,
        withinMs: 20_000,
      },
      pause(2000),
    ],
    expected: unmoved,
  },
  {
    name: 'remsys-two-slow',
    text: 'two checkpoints answer too late: nothing moves while A lives, and B serves once they are well and A is dead',
    ...nrpe,
    deeds: [
      ...are('slow', first, second),
      between,
      pause(fullCountMs),
      join('main', 'standby'),
      isWell(first),
      isWell(second),
      loses('main'),
      standbyServesByCount,
    ],
    expected: moved,
  },
  {
    name: 'remsys-ignorant',
    text: 'one checkpoint cannot tell, one hangs, and B does not hear A: nothing moves',
    ...nrpe,
    deeds: [...are('ignorant', first), ...are('hangs', second), between, pause(fullCountMs), join('main', 'standby')],
    expected: unmoved,
  },
];

/** Names, mail, and what people do. */
const around: readonly Scenario[] = [
  {
    name: 'remsys-dns-down',
    text: 'the primary name server is down at a takeover: telephony moves all the same, and the names when it is back',
    ...nrpe,
    deeds: [
      loses('dns1'),
      loses('main'),
      standbyServesByCount,
      switchIs('standby', 'trying', 5000),
      pause(2000),
      hasPower('dns1'),
      switchIs('standby', 'done', 20_000),
      ...namesPointTo('standby', 10_000),
    ],
    expected: { ...moved, outageMsMost: 40_000 },
  },
  {
    name: 'remsys-dns-written-back',
    text: 'somebody points the name to B while A serves: it is pointed to A again',
    ...nrpe,
    deeds: [
      switchIs('main', 'done', 10_000),
      writesName('standby'),
      journal('main', 'it was mended', /names no longer pointed to the main: changed sip\.lab\.example/, 12_000),
      ...namesPointTo('main', 5000),
      pause(2500),
    ],
    // Phones were led to a mute node meanwhile.
    expected: { ...unmoved, outageMsMost: 9000 },
  },
  {
    name: 'remsys-mail-down',
    text: 'the mail server is down at a takeover and back later: the mail comes, once',
    ...nrpe,
    prepare: forgetMail,
    deeds: [
      loses('mail'),
      loses('main'),
      standbyServesByCount,
      pause(2000),
      hasPower('mail'),
      mailSays('B serves', /standby \(standby\) serves since/, 75_000),
    ],
    expected: moved,
  },
  {
    name: 'remsys-failback',
    text: 'a person gives service back to A: names, trunk and phones follow',
    ...nrpe,
    prepare: [...servedByB, pause(2000)],
    deeds: [failback, mainServes, ...namesPointTo('main', 5000), switchIs('main', 'done', 5000)],
    expected: {
      serving: 'main',
      outageMsMost: 5000,
      inboundOutageMsMost: 1500,
      trunkAfterMsMost: 2000,
      twoServing: 'none',
      moves: 1,
    },
  },
  {
    name: 'remsys-switchover',
    text: 'a person moves service to B in order: phones are without it for as long as they keep the name, the provider not at all',
    ...nrpe,
    deeds: [switchover, standbyServes, ...namesPointTo('standby', 5000)],
    expected: { ...moved, outageMsMost: 5000, inboundOutageMsMost: 1500 },
  },
  {
    name: 'remsys-asterisk-crash',
    text: 'Asterisk of A dies, and A lives: it hands over at once, no counter waits',
    ...nrpe,
    deeds: [
      { do: 'fault', fault: { kind: 'crash', host: 'main', unit: 'asterisk.service' } },
      standbyServes,
      ...namesPointTo('standby', 5000),
    ],
    expected: { ...moved, outageMsMost: 5000 },
  },
  {
    name: 'remsys-standby-dies',
    text: 'B serves and loses its power: nobody is asked about B, so nobody serves; a mail says so, and A serves when a person vouches that B does not',
    ...nrpe,
    prepare: [...forgetMail, ...servedByB, pause(2000)],
    deeds: [
      loses('standby'),
      { do: 'wait', serving: 'nobody', withinMs: 5000 },
      pause(fullCountMs),
      { do: 'wait', serving: 'nobody', withinMs: 1000 },
      mailSays('nobody serves', /NOBODY is known to serve/, 30_000),
      order('main', 'takeover', '--confirm', 'standby'),
      mainServes,
      ...namesPointTo('main', 5000),
    ],
    expected: { serving: 'main', outageMsMost: 60_000, twoServing: 'none', moves: 1 },
  },
  {
    name: 'remsys-knot-power-loss',
    text: 'A loses its power, and the zone is kept by Knot, with BIND as its secondary',
    ...twoSites({ primary: 'knot' }),
    deeds: [loses('main'), standbyServesByCount, ...namesPointTo('standby', 5000), switchIs('standby', 'done', 5000)],
    expected: moved,
  },
];

const voters = twoSites({ checkpoints: 'voters' });

/** The same two sites with Dualtone on the three hosts, and preset fast. */
const voting: readonly Scenario[] = [
  {
    name: 'remsys-voters-power-loss',
    text: 'three voters instead of NRPE: A loses its power, and B serves when the promises are over',
    ...voters,
    deeds: [loses('main'), standbyServes, ...namesPointTo('standby', 5000)],
    expected: { ...moved, outageMsMost: 5000 },
  },
  {
    name: 'remsys-voters-isolated',
    text: 'three voters: A is cut off from all, and is mute before B serves',
    ...voters,
    deeds: [
      { do: 'fault', fault: { kind: 'isolation', host: 'main' } },
      standbyServes,
      ...namesPointTo('standby', 5000),
      { do: 'mend', name: 'isolation' },
      pause(2000),
    ],
    expected: { ...moved, outageMsMost: 5000 },
  },
  {
    name: 'remsys-voters-standby-dies',
    text: 'three voters: B serves and loses its power: A serves, without a person',
    ...voters,
    prepare: [...servedByB, pause(2000)],
    deeds: [loses('standby'), mainServes, ...namesPointTo('main', 5000)],
    expected: { serving: 'main', outageMsMost: 5000, twoServing: 'none', moves: 1 },
  },
  {
    name: 'remsys-voters-cut-between',
    text: 'three voters: A and B do not reach each other: nothing moves',
    ...voters,
    deeds: [between, pause(4000), join('main', 'standby')],
    expected: unmoved,
  },
];

/** Two sites, three checkpoints, a name that moves: the scheme of REMSYS. */
export const remsyses: readonly Scenario[] = [
  ...sites,
  ...opinions,
  ...around,
  ...remsysMovedIn,
  ...remsysTelephones,
  ...remsysBoth,
  ...remsysFiles,
  ...remsysMysql,
  ...voting,
];
