/** Years of a fleet of pairs: faults by chance, outages as they were measured. Pure. */
import type { Random } from '../../sim/random.ts';
import type { Role } from '../../src/core/words.ts';
import {
  type Duration,
  type MachineTrouble,
  machineRates,
  machineTroubles,
  type PairTrouble,
  pairRates,
  pairTroubles,
  personMends,
} from './rates.ts';

/** What a takeover, or what stands for one, was measured with. */
export type OutageKind = 'power-loss' | 'isolation' | 'asterisk-crash' | 'asterisk-hang' | 'switchover';

/** A way to run telephony. */
export interface Deployment {
  readonly name: string;
  /** Besides main and, where there are two, standby: machines that vote or are asked. */
  readonly helpers: number;
  readonly hasStandby: boolean;
  /** Whether a node may serve while so many helpers, and the other node or not, are there. */
  readonly mayServe: (helpersUp: number, isOtherUp: boolean) => boolean;
  /** Both serve while the nodes do not reach each other. */
  readonly splits: boolean;
  /** One of the measured outages, ms; undefined: nothing happened until a person came. */
  readonly outageMs: (kind: OutageKind, random: Random) => number | undefined;
}

export interface PairYears {
  /** Without service, s, in each year. */
  readonly outageSByYear: readonly number[];
  readonly takeovers: number;
  /** How often nobody might take over when a node was lost. */
  readonly uncovered: number;
  readonly twoServingS: number;
}

const yearS = 365.25 * 24 * 3600;
/** Of the normal distribution. */
const z95 = 1.6449;

const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

const lastingS = ({ medianS, p95S }: Duration, random: Random): number =>
  medianS === 0 ? 0 : medianS * Math.exp((Math.log(p95S / medianS) / z95) * normal(random));

type Machine = Role | `helper-${number}`;

interface MachineHappening {
  readonly atS: number;
  readonly machine: Machine;
  readonly trouble: MachineTrouble;
  readonly isLost: boolean;
}

interface PairHappening {
  readonly atS: number;
  readonly kind: PairTrouble;
  readonly lastsS: number;
}

type Happening = MachineHappening | PairHappening;

const momentsOf = (aYear: number, years: number, random: Random): readonly number[] => {
  const moments: number[] = [];
  for (let atS = 0; ; ) {
    atS += (-Math.log(1 - random.next()) * yearS) / aYear;
    if (atS >= years * yearS) return moments;
    moments.push(atS);
  }
};

/** All that happens to a pair, by one random source for each kind, so that deployments meet the same faults. */
const happeningsOf = (
  { helpers, hasStandby }: Deployment,
  years: number,
  randomFor: (name: string) => Random,
): readonly Happening[] => {
  const machines: readonly Machine[] = [
    'main',
    ...(hasStandby ? (['standby'] as const) : []),
    ...Array.from({ length: helpers }, (_none, index): Machine => `helper-${index + 1}`),
  ];
  const happenings: Happening[] = [];
  for (const machine of machines) {
    for (const trouble of machineTroubles) {
      const random = randomFor(`${machine}/${trouble}`);
      for (const atS of momentsOf(machineRates[trouble].aYear, years, random)) {
        const untilS = atS + lastingS(machineRates[trouble].lasts, random);
        happenings.push({ atS, machine, trouble, isLost: true }, { atS: untilS, machine, trouble, isLost: false });
      }
    }
  }
  for (const kind of pairTroubles) {
    const random = randomFor(kind);
    for (const atS of momentsOf(pairRates[kind].aYear, years, random))
      happenings.push({ atS, kind, lastsS: lastingS(pairRates[kind].lasts, random) });
  }
  return happenings.toSorted((a, b) => a.atS - b.atS);
};

interface Course {
  readonly deployment: Deployment;
  readonly random: Random;
  /** How many troubles keep a machine away now. */
  readonly lost: Map<Machine, number>;
  readonly outageSByYear: number[];
  active: Role;
  silentSinceS: number | undefined;
  takeovers: number;
  uncovered: number;
  twoServingS: number;
}

const isUp = ({ lost }: Course, machine: Machine): boolean => (lost.get(machine) ?? 0) === 0;

const other = (role: Role): Role => (role === 'main' ? 'standby' : 'main');

const mayServe = (course: Course, role: Role): boolean => {
  const { deployment } = course;
  if (!isUp(course, role) || (role === 'standby' && !deployment.hasStandby)) return false;
  const helpersUp = Array.from({ length: deployment.helpers }, (_none, index) =>
    isUp(course, `helper-${index + 1}`),
  ).filter(Boolean).length;
  return deployment.mayServe(helpersUp, deployment.hasStandby && isUp(course, other(role)));
};

/** To each year what falls into it; what outlasts the last one is not counted. */
const addOutage = ({ outageSByYear }: Course, fromS: number, lastsS: number): void => {
  for (const [year, former] of outageSByYear.entries()) {
    const withinS = Math.min(fromS + lastsS, (year + 1) * yearS) - Math.max(fromS, year * yearS);
    if (withinS > 0) outageSByYear[year] = former + withinS;
  }
};

/** As measured; where nothing was, until a person has mended it. */
const drawS = (course: Course, kind: OutageKind): number => {
  const ms = course.deployment.outageMs(kind, course.random);
  return ms === undefined ? lastingS(personMends, course.random) : ms / 1000;
};

const lose = (course: Course, atS: number, machine: Machine, trouble: MachineTrouble): void => {
  course.lost.set(machine, (course.lost.get(machine) ?? 0) + 1);
  if (machine !== course.active || course.silentSinceS !== undefined) return;
  if (mayServe(course, other(course.active))) {
    addOutage(course, atS, drawS(course, trouble === 'port' ? 'isolation' : 'power-loss'));
    course.active = other(course.active);
    course.takeovers += 1;
    return;
  }
  course.silentSinceS = atS;
  course.uncovered += 1;
};

const giveBack = (course: Course, atS: number, machine: Machine): void => {
  course.lost.set(machine, (course.lost.get(machine) ?? 1) - 1);
  const { silentSinceS } = course;
  if (silentSinceS === undefined) return;
  const server = [course.active, other(course.active)].find((role) => mayServe(course, role));
  if (server === undefined) return;
  addOutage(course, silentSinceS, atS - silentSinceS);
  course.active = server;
  course.silentSinceS = undefined;
};

const suffer = (course: Course, { atS, kind, lastsS }: PairHappening): void => {
  if (course.silentSinceS !== undefined) return;
  const { deployment } = course;
  const bothUp = deployment.hasStandby && isUp(course, 'main') && isUp(course, 'standby');
  switch (kind) {
    case 'asterisk-crash':
    case 'asterisk-hang':
      addOutage(course, atS, drawS(course, kind));
      return;
    case 'planned':
      // There, and home again.
      addOutage(course, atS, bothUp ? drawS(course, 'switchover') + drawS(course, 'switchover') : lastsS);
      return;
    case 'cut':
      if (bothUp && deployment.splits) course.twoServingS += lastsS;
      return;
  }
};

/** Some years of one pair. */
export const simulatePair = (deployment: Deployment, years: number, randomFor: (name: string) => Random): PairYears => {
  const course: Course = {
    deployment,
    random: randomFor('outages'),
    lost: new Map(),
    outageSByYear: Array.from({ length: years }, () => 0),
    active: 'main',
    silentSinceS: undefined,
    takeovers: 0,
    uncovered: 0,
    twoServingS: 0,
  };
  for (const happening of happeningsOf(deployment, years, randomFor)) {
    if ('kind' in happening) suffer(course, happening);
    else if (happening.isLost) lose(course, happening.atS, happening.machine, happening.trouble);
    else giveBack(course, happening.atS, happening.machine);
  }
  const { outageSByYear, takeovers, uncovered, twoServingS, silentSinceS } = course;
  if (silentSinceS !== undefined) addOutage(course, silentSinceS, years * yearS);
  return { outageSByYear, takeovers, uncovered, twoServingS };
};
