/** The ways to run telephony that are compared, each with the outages that were measured for it. */
import { join } from 'node:path';
import type { Random } from '../../sim/random.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { LabLine } from '../lab-rows/lab-rows.ts';
import { readResults } from '../results.ts';
import type { RivalsLine } from '../rivals/rivals.ts';
import { type RivalLine, whatOf } from '../rivals/run.ts';
import type { FaultName, SystemName } from '../rivals/system.ts';
import type { Deployment, OutageKind } from './fleet.ts';

/** Measured outages, ms; undefined in it: it did not end while it was watched. */
type Measured = Readonly<Record<OutageKind, readonly (number | undefined)[]>>;

export const deploymentNames = [
  'single',
  'cron-ping',
  'keepalived',
  'pacemaker-tuned',
  'dualtone-none',
  'dualtone-nrpe',
  'dualtone-1',
  'dualtone-3',
] as const;
export type DeploymentName = (typeof deploymentNames)[number];

const kinds: readonly OutageKind[] = ['power-loss', 'isolation', 'asterisk-crash', 'asterisk-hang', 'switchover'];

const measuredBy = (of: (kind: OutageKind) => readonly (number | undefined)[]): Measured =>
  Object.fromEntries(kinds.map((kind) => [kind, of(kind)])) as Record<OutageKind, readonly (number | undefined)[]>;

const pickFrom =
  (measured: Measured): Deployment['outageMs'] =>
  (kind, random) => {
    const values = measured[kind];
    // What never ended is a value too.
    return values[Math.floor(random.next() * values.length)];
  };

/** One of a minute's moments is as likely as another; what a run took after the minute is added. */
const overMinute = (measured: Measured, afterMinuteMs: readonly number[]): Deployment['outageMs'] => {
  const plain = pickFrom(measured);
  return (kind, random) => {
    const isTimed = kind === 'power-loss' || kind === 'isolation';
    if (!isTimed || afterMinuteMs.length === 0) return plain(kind, random);
    return random.between(0, 60_000) + random.pick(afterMinuteMs);
  };
};

/** Preset `remsys`: five looks, a minute apart, and then what a takeover takes anyhow. */
const looks = { count: 5, everyMs: 60_000 };

const byLooks = (measured: Measured): Deployment['outageMs'] => {
  const plain = pickFrom(measured);
  return (kind: OutageKind, random: Random) => {
    if (kind !== 'power-loss' && kind !== 'isolation') return plain(kind, random);
    return random.between(0, looks.everyMs) + (looks.count - 1) * looks.everyMs + (plain(kind, random) ?? 0);
  };
};

/** A majority of the nodes' and checkpoints' votes with one's own, or the other node's word. */
const byVotes =
  (checkpoints: number): Deployment['mayServe'] =>
  (helpersUp, isOtherUp) =>
    isOtherUp || 1 + helpersUp >= Math.floor((checkpoints + 2) / 2) + 1;

const always = (): boolean => true;

interface Sources {
  readonly fast: Measured;
  readonly of: (system: SystemName) => Measured;
  readonly cronAfterMinuteMs: readonly number[];
}

const create = (name: DeploymentName, { fast, of, cronAfterMinuteMs }: Sources): Deployment => {
  const pair = { name, hasStandby: true, splits: false };
  switch (name) {
    case 'single': {
      // systemd starts a crashed Asterisk again, as under keepalived without a script; nothing else is done by itself.
      const crashes = of('keepalived-1s')['asterisk-crash'];
      const outageMs = pickFrom(measuredBy((kind) => (kind === 'asterisk-crash' ? crashes : [])));
      return { ...pair, helpers: 0, hasStandby: false, mayServe: always, outageMs };
    }
    case 'cron-ping':
      return {
        ...pair,
        helpers: 0,
        splits: true,
        mayServe: always,
        outageMs: overMinute(of('cron-ping'), cronAfterMinuteMs),
      };
    case 'keepalived': {
      const [plain, tracking] = [of('keepalived-1s'), of('keepalived-1s-track')];
      const measured = measuredBy((kind) => (kind.startsWith('asterisk') ? tracking[kind] : plain[kind]));
      return { ...pair, helpers: 0, splits: true, mayServe: always, outageMs: pickFrom(measured) };
    }
    case 'pacemaker-tuned':
      return { ...pair, helpers: 1, mayServe: byVotes(1), outageMs: pickFrom(of('pacemaker-tuned')) };
    case 'dualtone-none':
      return { ...pair, helpers: 0, splits: true, mayServe: always, outageMs: pickFrom(fast) };
    case 'dualtone-nrpe':
      // With preset remsys all three must say that they do not reach the main.
      return { ...pair, helpers: 3, mayServe: (up, isOtherUp) => isOtherUp || up === 3, outageMs: byLooks(fast) };
    case 'dualtone-1':
      return { ...pair, helpers: 1, mayServe: byVotes(1), outageMs: pickFrom(fast) };
    case 'dualtone-3':
      return { ...pair, helpers: 3, mayServe: byVotes(3), outageMs: pickFrom(fast) };
  }
};

const linesOf = async (folder: string): Promise<(fault: FaultName, system: SystemName) => readonly RivalLine[]> => {
  const rivals = await readResults<RivalsLine>(join(folder, 'rivals.jsonl'));
  const lines = rivals.flatMap(({ line }) => ('outage_ms' in line ? [line] : []));
  return (fault, system) => lines.filter(({ what }) => what === whatOf(fault, system));
};

/** What deployments are made of: without it, no outage could be drawn. */
const needed: readonly (readonly [SystemName, readonly OutageKind[]])[] = [
  ['cron-ping', kinds],
  ['keepalived-1s', ['power-loss', 'isolation', 'switchover', 'asterisk-crash']],
  ['keepalived-1s-track', ['asterisk-crash', 'asterisk-hang']],
  ['pacemaker-tuned', kinds],
];

/**
 * All deployments, with the outages of the results in a folder. Fault: `years-unmeasured` with what is not measured yet. Throws where a
 * results file is broken.
 */
export const readDeployments = async (folder: string): Promise<Result<readonly Deployment[]>> => {
  const labRows = await readResults<LabLine>(join(folder, 'lab-rows.jsonl'));
  const rivalLines = await linesOf(folder);
  const missing = needed.flatMap(([system, all]) =>
    all.filter((kind) => rivalLines(kind, system).length === 0).map((kind) => whatOf(kind, system)),
  );
  if (missing.length > 0)
    return fail('years-unmeasured', `not measured yet: ${missing.join(', ')}`, 'run npm run bench -- rivals first');
  const sources: Sources = {
    fast: measuredBy((kind) => labRows.flatMap(({ line }) => (line.what === kind ? [line.outage_ms] : []))),
    of: (system) =>
      measuredBy((kind) => rivalLines(kind, system).map((line) => (line.recovered ? line.outage_ms : undefined))),
    cronAfterMinuteMs: rivalLines('power-loss', 'cron-ping').flatMap((line) =>
      line.recovered ? [line.outage_ms - line.to_minute_ms] : [],
    ),
  };
  return ok(deploymentNames.map((name) => create(name, sources)));
};
