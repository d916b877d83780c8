/** Machines around a XiVO pair that follow service: by what each is seen to have followed, how it goes wrong, and how that ends. */
import type { Role } from '../../../src/core/words.ts';
import type { Deed } from '../../scenarios/scenario.ts';
import type { ComposeHost } from '../../xivo/far-files.ts';
import {
  boxIs,
  boxJoins,
  centreRestarted,
  centreRuns,
  composeIs,
  composeIsSlow,
  composeIsWell,
  edgeFileNames,
  edgePointsTo,
  journal,
  type Switched,
  stillTrying,
  switched,
} from './phrases.ts';

export type Trouble = 'hangs' | 'refuses' | 'nonsense';

export interface Follower {
  readonly short: 'edge' | 'cc' | 'berofos';
  readonly name: Switched;
  /** The host that the node which became active has to reach. */
  readonly hostOf: (role: Role) => ComposeHost | 'berofos';
  readonly follows: (role: Role, withinMs: number) => Deed;
  /** What else is to be seen once it has followed, by an order or a takeover. */
  readonly besides: (role: Role) => readonly Deed[];
  readonly begins: Readonly<Record<Trouble | 'slow', readonly Deed[]>>;
  readonly isWell: Deed;
  /** What it looks like while it cannot follow. */
  readonly meanwhile: (trouble: Trouble) => readonly Deed[];
}

const nothing = (): readonly Deed[] => [];

const edge: Follower = {
  short: 'edge',
  name: 'edge',
  hostOf: () => 'edge',
  follows: edgePointsTo,
  besides: nothing,
  begins: {
    hangs: composeIs('edge', 'hangs', 'up'),
    refuses: composeIs('edge', 'refuses', 'up'),
    nonsense: composeIs('edge', 'nonsense', 'ps'),
    slow: [composeIsSlow('edge', 1)],
  },
  isWell: composeIsWell('edge'),
  // Its former file is put back at each try.
  meanwhile: (trouble) =>
    trouble === 'hangs' ? [] : [stillTrying('standby', 'edge', 15_000), edgeFileNames('main', 3000)],
};

const contactCentre: Follower = {
  short: 'cc',
  name: 'contact-centre',
  hostOf: (role) => (role === 'main' ? 'cc-main' : 'cc-standby'),
  follows: (role, withinMs) => centreRuns(role, true, withinMs),
  // At a takeover the other side is off.
  besides: (role) => [centreRestarted(role, 1), ...(role === 'main' ? [centreRuns('standby', false, 15_000)] : [])],
  begins: {
    hangs: composeIs('cc-standby', 'hangs', 'restart'),
    refuses: composeIs('cc-standby', 'refuses', 'restart'),
    nonsense: composeIs('cc-standby', 'nonsense', 'logs'),
    slow: [composeIsSlow('cc-standby', 2)],
  },
  isWell: composeIsWell('cc-standby'),
  meanwhile: nothing,
};

const box: Follower = {
  short: 'berofos',
  name: 'berofos fos1',
  hostOf: () => 'berofos',
  follows: boxJoins,
  besides: nothing,
  begins: {
    hangs: [boxIs('hangs')],
    refuses: [boxIs('refuses')],
    nonsense: [boxIs('nonsense')],
    slow: [boxIs('slow')],
  },
  isWell: boxIs('well'),
  meanwhile: nothing,
};

export const followers: readonly Follower[] = [edge, contactCentre, box];

/** By its own state, and by what the node says. */
export const hasFollowed = ({ name, follows }: Follower, role: Role): readonly Deed[] => [
  follows(role, 15_000),
  switched(role, name),
];

/** Nobody has moved yet. */
export const allStayWithMain: readonly Deed[] = [
  edgePointsTo('main', 100),
  boxJoins('main', 100),
  centreRuns('standby', false, 100),
];

/** It failed, was told with its reason, and is done once the host is well: in so many tries. */
export const finishes = ({ name, follows }: Follower, role: Role, well: Deed): readonly Deed[] => [
  stillTrying(role, name, 15_000),
  journal(role, 'the first failure is in the journal', new RegExp(`${name}: .*It is tried again`)),
  well,
  follows(role, 20_000),
  switched(role, name),
  journal(role, 'the tries are in the journal', new RegExp(`${name}: .* after \\d+ tries`)),
];

export const farIsOff = ({ hostOf }: Follower, role: Role): Deed => ({
  do: 'fault',
  fault: { kind: 'power-loss', host: hostOf(role) },
  as: 'far',
});
export const farIsBack: Deed = { do: 'mend', name: 'far' };
