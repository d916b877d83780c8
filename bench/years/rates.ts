/** How often what fails, and for how long: published where somebody published it, and said where it is ours. */

/** A time that is mostly short and seldom long: lognormal, by its median and its 95th percentile, s. */
export interface Duration {
  readonly medianS: number;
  readonly p95S: number;
}

export interface Rate {
  readonly aYear: number;
  /** Of `aYear`; `assumed` is ours. */
  readonly source: string;
  readonly lasts: Duration;
  /** What it is, for the page. */
  readonly text: string;
}

const minute = 60;
const hour = 3600;

/** What takes a machine away; of each machine alone, checkpoints included. */
export const machineRates = {
  reboot: {
    aYear: 2,
    source: 'Dean, LADIS 2009: a machine crashes at least twice a year',
    lasts: { medianS: 10 * minute, p95S: hour },
    text: 'a machine crashes and boots again',
  },
  hardware: {
    aYear: 0.08,
    source: 'Vishwanath and Nagappan, SoCC 2010: 8 of 100 servers need a repair in a year',
    lasts: { medianS: 8 * hour, p95S: 72 * hour },
    text: 'a machine is broken and repaired',
  },
  port: {
    aYear: 0.05,
    source: 'Gill, Jain and Nagappan, SIGCOMM 2011: top-of-rack switches fail with about 5 % in a year',
    lasts: { medianS: 5 * minute, p95S: 24 * hour },
    text: 'a machine is cut off by its switch',
  },
} as const satisfies Readonly<Record<string, Rate>>;

/** What happens to a pair, and not to one machine. */
export const pairRates = {
  'asterisk-crash': {
    aYear: 4,
    source: 'assumed; nobody publishes one',
    lasts: { medianS: 0, p95S: 0 },
    text: 'the Asterisk that serves crashes',
  },
  'asterisk-hang': {
    aYear: 1,
    source: 'assumed; nobody publishes one',
    lasts: { medianS: 0, p95S: 0 },
    text: 'the Asterisk that serves hangs',
  },
  cut: {
    aYear: 0.2,
    source: 'assumed; Dean 2008 has 4 maintenances a year and cluster with half an hour of lost connections',
    lasts: { medianS: 30 * minute, p95S: 4 * hour },
    text: 'the nodes do not reach each other, everybody else reaches both',
  },
  planned: {
    aYear: 12,
    source: 'assumed: an update each month',
    lasts: { medianS: 5 * minute, p95S: 5 * minute },
    text: 'the node that serves is restarted as planned',
  },
} as const satisfies Readonly<Record<string, Rate>>;

/** Until a person has noticed what no program did, and has mended it; assumed. */
export const personMends: Duration = { medianS: 30 * minute, p95S: 4 * hour };

export type MachineTrouble = keyof typeof machineRates;
export type PairTrouble = keyof typeof pairRates;

export const machineTroubles = Object.keys(machineRates) as readonly MachineTrouble[];
export const pairTroubles = Object.keys(pairRates) as readonly PairTrouble[];
