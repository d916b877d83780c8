import type { Role } from '../../src/core/words.ts';
import type { ComposeHost } from '../xivo/far-files.ts';
import {
  allPointToMain,
  boxIs,
  boxJoins,
  centreRestarted,
  centreRuns,
  composeIs,
  composeIsSlow,
  composeIsWell,
  edgeFileNames,
  edgePointsTo,
  forgetCentre,
  journal,
  manual,
  type Switched,
  stillTrying,
  switched,
} from '../xivo/phrases.ts';
import { whole } from '../xivo/setup.ts';
import {
  failback,
  mainHasPower,
  mainLosesPower,
  mainServes,
  order,
  pause,
  standbyServes,
  switchover,
  takenOver,
} from './phrases.ts';
import type { Deed, Scenario } from './scenario.ts';

// Asterisk registers a trunk a second after it is told to, and the provider calls each half second.
const taken = { serving: 'standby', ...takenOver, inboundOutageMsMost: 3000, moves: 1 } as const;
const givenBack = {
  serving: 'main',
  outageMsMost: 600,
  inboundOutageMsMost: 3000,
  twoServing: 'none',
  moves: 1,
} as const;

/** One that follows, and by what it is seen to have followed. */
interface Follower {
  readonly short: 'edge' | 'cc' | 'berofos';
  readonly name: Switched;
  /** The host that the node which became active has to reach. */
  readonly hostOf: (role: Role) => ComposeHost | 'berofos';
  readonly follows: (role: Role, withinMs: number) => Deed;
}

const followers: readonly Follower[] = [
  { short: 'edge', name: 'edge', hostOf: () => 'edge', follows: edgePointsTo },
  {
    short: 'cc',
    name: 'contact-centre',
    hostOf: (role) => (role === 'main' ? 'cc-main' : 'cc-standby'),
    follows: (role, withinMs) => centreRuns(role, true, withinMs),
  },
  { short: 'berofos', name: 'berofos fos1', hostOf: () => 'berofos', follows: boxJoins },
];

const takeovers = followers.map(
  ({ short, name, follows }): Scenario => ({
    name: `xivo-${short}-takeover`,
    text: `the main dies: ${name} follows to the standby`,
    ...whole,
    prepare: [...allPointToMain, forgetCentre('standby')],
    deeds: [
      mainLosesPower,
      standbyServes,
      follows('standby', 15_000),
      switched('standby', name),
      ...(short === 'cc' ? [centreRestarted('standby', 1)] : []),
    ],
    expected: taken,
  }),
);

/** Its own contact centre is stopped by the main itself, which has to be there for it. */
const centreOfTheLost: Scenario = {
  name: 'xivo-cc-main-returns',
  text: 'the main that lost its power is back and passive: it stops xuc on its side, and the other one is not touched again',
  ...whole,
  prepare: [...allPointToMain, forgetCentre('standby')],
  deeds: [
    mainLosesPower,
    standbyServes,
    centreRuns('standby', true, 15_000),
    mainHasPower,
    centreRuns('main', false, 30_000),
    centreRestarted('standby', 1),
  ],
  expected: taken,
};

const failbacks = followers.map(
  ({ short, name, follows }): Scenario => ({
    name: `xivo-${short}-failback`,
    text: `a person gives service back: ${name} follows to the main`,
    ...whole,
    prepare: [
      ...allPointToMain,
      switchover,
      standbyServes,
      follows('standby', 15_000),
      switched('standby', name),
      forgetCentre('main'),
      pause(1500),
    ],
    deeds: [
      failback,
      mainServes,
      follows('main', 15_000),
      switched('main', name),
      ...(short === 'cc' ? [centreRestarted('main', 1), centreRuns('standby', false, 15_000)] : []),
    ],
    expected: givenBack,
  }),
);

/** It failed, was told with its reason, and is done once the host is well: in so many tries. */
const finishes = ({ name, follows }: Follower, role: Role, well: Deed): readonly Deed[] => [
  stillTrying(role, name, 15_000),
  journal(role, 'the first failure is in the journal', new RegExp(`${name}: .*It is tried again`)),
  well,
  follows(role, 20_000),
  switched(role, name),
  journal(role, 'the tries are in the journal', new RegExp(`${name}: .* after \\d+ tries`)),
];

const farIsOff = ({ hostOf }: Follower, role: Role): Deed => ({
  do: 'fault',
  fault: { kind: 'power-loss', host: hostOf(role) },
  as: 'far',
});
const farIsBack: Deed = { do: 'mend', name: 'far' };

const off = followers.flatMap((follower): readonly Scenario[] => [
  {
    name: `xivo-${follower.short}-down`,
    text: `${follower.name} is off when the main dies: telephony does not wait; it is tried again, told, and done when the host is back`,
    ...whole,
    prepare: allPointToMain,
    deeds: [farIsOff(follower, 'standby'), mainLosesPower, standbyServes, ...finishes(follower, 'standby', farIsBack)],
    expected: taken,
  },
  {
    name: `xivo-${follower.short}-down-failback`,
    text: `${follower.name} is off when a person gives service back: it goes back all the same; done when the host is back`,
    ...whole,
    prepare: [
      ...allPointToMain,
      switchover,
      standbyServes,
      ...followers.map(({ name }) => switched('standby', name)),
      pause(1500),
    ],
    deeds: [farIsOff(follower, 'main'), failback, mainServes, ...finishes(follower, 'main', farIsBack)],
    expected: givenBack,
  },
]);

/** How each hangs, refuses, talks nonsense and is slow, and how that ends. */
const moodsByShort = {
  edge: {
    hangs: composeIs('edge', 'hangs', 'up'),
    refuses: composeIs('edge', 'refuses', 'up'),
    nonsense: composeIs('edge', 'nonsense', 'ps'),
    slow: [composeIsSlow('edge', 1)],
    well: composeIsWell('edge'),
  },
  cc: {
    hangs: composeIs('cc-standby', 'hangs', 'restart'),
    refuses: composeIs('cc-standby', 'refuses', 'restart'),
    nonsense: composeIs('cc-standby', 'nonsense', 'logs'),
    slow: [composeIsSlow('cc-standby', 2)],
    well: composeIsWell('cc-standby'),
  },
  berofos: {
    hangs: [boxIs('hangs')],
    refuses: [boxIs('refuses')],
    nonsense: [boxIs('nonsense')],
    slow: [boxIs('slow')],
    well: boxIs('well'),
  },
} as const;

const wordsByMood = { hangs: 'hangs', refuses: 'refuses', nonsense: 'answers nonsense' } as const;

const troubled = (['hangs', 'refuses', 'nonsense'] as const).flatMap((mood) =>
  followers.map((follower): Scenario => {
    const { [mood]: begin, well } = moodsByShort[follower.short];
    return {
      name: `xivo-${follower.short}-${mood}`,
      text: `${follower.name} ${wordsByMood[mood]} when the main dies: telephony does not wait; it is tried again, told, and done when the host is well`,
      ...whole,
      prepare: [...allPointToMain, ...begin],
      deeds: [
        mainLosesPower,
        standbyServes,
        ...(follower.short === 'edge' && mood !== 'hangs'
          ? [stillTrying('standby', 'edge', 15_000), edgeFileNames('main', 3000)]
          : []),
        ...finishes(follower, 'standby', well),
      ],
      expected: taken,
    };
  }),
);

const slow = followers.map(
  (follower): Scenario => ({
    name: `xivo-${follower.short}-slow`,
    text: `${follower.name} is slow when the main dies: telephony does not wait, and the others do not either`,
    ...whole,
    prepare: [...allPointToMain, ...moodsByShort[follower.short].slow],
    deeds: [
      mainLosesPower,
      standbyServes,
      ...followers.filter((each) => each !== follower).map(({ follows }) => follows('standby', 8000)),
      follower.follows('standby', 20_000),
      switched('standby', follower.name),
    ],
    expected: taken,
  }),
);

/** In manual mode a person starts the other node; before that nothing moves, and after it this follower does. */
const byHand = followers.flatMap(({ short, name, follows }): readonly Scenario[] => [
  {
    name: `xivo-${short}-takeover-manual`,
    text: `in manual mode the main dies: ${name} stays where it is until a person starts the standby, and then follows`,
    ...whole,
    prepare: [...allPointToMain, forgetCentre('standby')],
    deeds: [
      manual,
      pause(500),
      mainLosesPower,
      { do: 'wait', serving: 'nobody', withinMs: 1000 },
      pause(2000),
      edgePointsTo('main', 100),
      boxJoins('main', 100),
      centreRuns('standby', false, 100),
      order('standby', 'start', '--confirm', 'main'),
      standbyServes,
      follows('standby', 15_000),
      switched('standby', name),
      ...(short === 'cc' ? [centreRestarted('standby', 1)] : []),
    ],
    expected: { serving: 'standby', outageMsMost: 12_000, twoServing: 'none', moves: 1 },
  },
  {
    name: `xivo-${short}-failback-manual`,
    text: `in manual mode a person starts the main while the standby serves: ${name} follows to the main`,
    ...whole,
    prepare: [
      ...allPointToMain,
      switchover,
      standbyServes,
      follows('standby', 15_000),
      switched('standby', name),
      forgetCentre('main'),
      manual,
      pause(1500),
    ],
    deeds: [
      order('main', 'start'),
      mainServes,
      follows('main', 15_000),
      switched('main', name),
      ...(short === 'cc' ? [centreRestarted('main', 1), centreRuns('standby', false, 15_000)] : []),
    ],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 1 },
  },
]);

/** All at once, by hand. */
const around: Scenario = {
  name: 'xivo-around-manual',
  text: 'in manual mode the main dies: nothing around it moves until a person starts the standby, and then all of it does',
  ...whole,
  prepare: allPointToMain,
  deeds: [
    manual,
    pause(500),
    mainLosesPower,
    { do: 'wait', serving: 'nobody', withinMs: 1000 },
    pause(2000),
    order('standby', 'start', '--confirm', 'main'),
    standbyServes,
    ...followers.map(({ follows }) => follows('standby', 15_000)),
  ],
  expected: { serving: 'standby', outageMsMost: 12_000, twoServing: 'none', moves: 1 },
};

/** Edge, contact centres and the berofos box: they follow, and telephony never waits for them. */
export const xivoSwitches: readonly Scenario[] = [
  ...takeovers,
  centreOfTheLost,
  ...failbacks,
  ...byHand,
  around,
  ...off,
  ...troubled,
  ...slow,
];
