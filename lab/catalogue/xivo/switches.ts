import type { Scenario } from '../../scenarios/scenario.ts';
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
} from '../phrases.ts';
import { allStayWithMain, farIsBack, farIsOff, finishes, followers, hasFollowed, type Trouble } from './followers.ts';
import {
  allPointToMain,
  centreRestarted,
  centreRuns,
  forgetCentre,
  mainDiesByHand,
  manual,
  switched,
} from './phrases.ts';
import { whole } from './scenes.ts';

// Asterisk registers a trunk a second after it is told to, and the provider calls each half second.
const taken = { serving: 'standby', ...takenOver, inboundOutageMsMost: 3000, moves: 1 } as const;
const givenBack = {
  serving: 'main',
  outageMsMost: 600,
  inboundOutageMsMost: 3000,
  twoServing: 'none',
  moves: 1,
} as const;

const takeovers = followers.map(
  (each): Scenario => ({
    name: `xivo-${each.short}-takeover`,
    text: `the main dies: ${each.name} follows to the standby`,
    ...whole,
    prepare: [...allPointToMain, forgetCentre('standby')],
    deeds: [mainLosesPower, standbyServes, ...hasFollowed(each, 'standby'), ...each.besides('standby')],
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
  (each): Scenario => ({
    name: `xivo-${each.short}-failback`,
    text: `a person gives service back: ${each.name} follows to the main`,
    ...whole,
    prepare: [
      ...allPointToMain,
      switchover,
      standbyServes,
      ...hasFollowed(each, 'standby'),
      forgetCentre('main'),
      pause(1500),
    ],
    deeds: [failback, mainServes, ...hasFollowed(each, 'main'), ...each.besides('main')],
    expected: givenBack,
  }),
);

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

const wordsByTrouble: Readonly<Record<Trouble, string>> = {
  hangs: 'hangs',
  refuses: 'refuses',
  nonsense: 'answers nonsense',
};

const troubled = (['hangs', 'refuses', 'nonsense'] as const).flatMap((trouble) =>
  followers.map(
    (each): Scenario => ({
      name: `xivo-${each.short}-${trouble}`,
      text: `${each.name} ${wordsByTrouble[trouble]} when the main dies: telephony does not wait; it is tried again, told, and done when the host is well`,
      ...whole,
      prepare: [...allPointToMain, ...each.begins[trouble]],
      deeds: [mainLosesPower, standbyServes, ...each.meanwhile(trouble), ...finishes(each, 'standby', each.isWell)],
      expected: taken,
    }),
  ),
);

const slow = followers.map(
  (follower): Scenario => ({
    name: `xivo-${follower.short}-slow`,
    text: `${follower.name} is slow when the main dies: telephony does not wait, and the others do not either`,
    ...whole,
    prepare: [...allPointToMain, ...follower.begins.slow],
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

const standbyIsStarted = [order('standby', 'start', '--confirm', 'main'), standbyServes];
const byHandTaken = { serving: 'standby', outageMsMost: 12_000, twoServing: 'none', moves: 1 } as const;

/** In manual mode a person starts the other node; before that nothing moves, and after it this follower does. */
const byHand = followers.flatMap((each): readonly Scenario[] => [
  {
    name: `xivo-${each.short}-takeover-manual`,
    text: `in manual mode the main dies: ${each.name} stays where it is until a person starts the standby, and then follows`,
    ...whole,
    prepare: [...allPointToMain, forgetCentre('standby')],
    deeds: [
      ...mainDiesByHand,
      ...allStayWithMain,
      ...standbyIsStarted,
      ...hasFollowed(each, 'standby'),
      ...each.besides('standby'),
    ],
    expected: byHandTaken,
  },
  {
    name: `xivo-${each.short}-failback-manual`,
    text: `in manual mode a person starts the main while the standby serves: ${each.name} follows to the main`,
    ...whole,
    prepare: [
      ...allPointToMain,
      switchover,
      standbyServes,
      ...hasFollowed(each, 'standby'),
      forgetCentre('main'),
      manual,
      pause(1500),
    ],
    deeds: [order('main', 'start'), mainServes, ...hasFollowed(each, 'main'), ...each.besides('main')],
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
    ...mainDiesByHand,
    ...allStayWithMain,
    ...standbyIsStarted,
    ...followers.map(({ follows }) => follows('standby', 15_000)),
  ],
  expected: byHandTaken,
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
