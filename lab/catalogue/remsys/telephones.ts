import type { Deed, Expected, Scenario } from '../../scenarios/scenario.ts';
import { astDb, asterisk, mainIsBack, pause, standbyServes } from '../phrases.ts';
import { crashes, hasPower, loses, namesPointTo, servedByB, standbyServesByCount } from './phrases.ts';
import { twoSites } from './scenes.ts';

/** Unscaled: preset fast with voters on the three hosts, and the original's TTL. */
const unscaled = twoSites({ checkpoints: 'voters', ttlS: 30 });
/** The goals of the table of numbers: 45 s for who follows the name, 10 s for who has two targets. */
const moved: Expected = {
  serving: 'standby',
  outageMsMost: 45_000,
  srvOutageMsMost: 10_000,
  inboundOutageMsMost: 5000,
  twoServing: 'none',
  moves: 1,
};

/** Until every telephone has asked for the name anew. */
const untilNamesRunOut: Deed = pause(33_000);

const members = 'PJSIP/1005;0;0;1005;;0;';

/** Both are at B, in Asterisk's own words. */
const isKnownAtB: readonly Deed[] = [
  astDb('standby', 'the telephone is not to be disturbed', 'DND 1003', /Value: YES/, 3000),
  astDb('standby', 'the agent is in the queue', 'Queue/PersistentMembers lab', /PJSIP\/1005/, 3000),
];

/** What telephones and providers do that have both addresses, or follow a name that they may keep for half a minute. */
export const remsysTelephones: readonly Scenario[] = [
  {
    name: 'remsys-ttl-power-loss',
    text: 'A loses its power and the name may be kept for 30 s: who follows it is without service for up to that and a little, who has two targets by SRV goes on to the second',
    ...unscaled,
    srvPhone: true,
    prepare: [untilNamesRunOut],
    deeds: [loses('main'), standbyServes, ...namesPointTo('standby', 5000), untilNamesRunOut],
    expected: moved,
  },
  {
    name: 'remsys-ttl-asterisk-crash',
    text: 'Asterisk of A dies and A lives: who has two targets by SRV, and the provider, are refused by A and go on at once; who follows the name keeps it for its 30 s',
    ...unscaled,
    srvPhone: true,
    prepare: [untilNamesRunOut],
    deeds: [crashes('main'), standbyServes, ...namesPointTo('standby', 5000), untilNamesRunOut],
    // Until the kernel is told that B serves, a call that went to A waits for its own timer.
    expected: { ...moved, srvOutageMsMost: 5000, inboundOutageMsMost: 1500 },
  },
  {
    name: 'remsys-refused',
    text: 'B serves, and A is up and passive: the provider calls A first, is refused, and reaches B at once; a telephone by SRV likewise',
    ...twoSites(),
    prepare: [...servedByB, pause(3000)],
    srvPhone: true,
    deeds: [pause(4000)],
    expected: {
      serving: 'standby',
      outageMsMost: 400,
      srvOutageMsMost: 1000,
      inboundOutageMsMost: 400,
      inboundSetupMsMost: 250,
      twoServing: 'none',
      moves: 0,
    },
  },
  {
    name: 'remsys-refused-returns',
    text: 'A had no power and is back, passive: from then on it refuses callers, who go on to B at once',
    ...twoSites(),
    prepare: [loses('main'), pause(1000), { do: 'wait', serving: 'standby', withinMs: 30_000 }, pause(5000)],
    srvPhone: true,
    deeds: [hasPower('main'), mainIsBack, pause(4000)],
    expected: {
      serving: 'standby',
      outageMsMost: 400,
      srvOutageMsMost: 5000,
      inboundOutageMsMost: 1000,
      twoServing: 'none',
      moves: 0,
    },
  },
  {
    name: 'remsys-agents',
    text: 'an agent logs in to a queue and a telephone is put on do-not-disturb at A: B knows both at once, and still when A has lost its power',
    ...twoSites(),
    deeds: [
      asterisk('main', 'database put DND 1003 YES'),
      asterisk('main', `database put Queue/PersistentMembers lab ${members}`),
      ...isKnownAtB,
      loses('main'),
      standbyServesByCount,
      ...isKnownAtB,
      asterisk('standby', 'database del DND 1003'),
      asterisk('standby', 'database del Queue/PersistentMembers lab'),
    ],
    expected: { ...moved, outageMsMost: 18_000, inboundOutageMsMost: 18_000 },
  },
];
