import { fail, ok, type Result } from '../../src/core/result.ts';
import type { ResultsFile } from '../results.ts';
import type { BenchOptions } from '../series.ts';
import { type CostLine, costOf, runCost } from './cost.ts';
import { createCronPing } from './cron-ping.ts';
import { createDualtone } from './dualtone.ts';
import { type Ground, openGround } from './ground.ts';
import { createKeepalived } from './keepalived.ts';
import { createPacemaker, pacemakerDefault, pacemakerTuned } from './pacemaker.ts';
import { type RivalLine, runFault, toStart, whatOf, whenInstalled } from './run.ts';
import { faultNames, type System, type SystemName, systemNames } from './system.ts';

export interface RivalOptions extends BenchOptions {
  readonly systems?: readonly string[];
  readonly faults?: readonly string[];
}

const createSystem = (ground: Ground, name: SystemName): System => {
  switch (name) {
    case 'dualtone-fast':
      return createDualtone(ground, 'fast');
    case 'dualtone-quick':
      return createDualtone(ground, 'quick');
    case 'keepalived-1s':
      return createKeepalived(ground, { name, advertS: 1, tracks: false });
    case 'keepalived-100ms':
      return createKeepalived(ground, { name, advertS: 0.1, tracks: false });
    case 'keepalived-1s-track':
      return createKeepalived(ground, { name, advertS: 1, tracks: true });
    case 'keepalived-100ms-track':
      return createKeepalived(ground, { name, advertS: 0.1, tracks: true });
    case 'pacemaker':
      return createPacemaker(ground, pacemakerDefault);
    case 'pacemaker-tuned':
      return createPacemaker(ground, pacemakerTuned);
    case 'cron-ping':
      return createCronPing(ground);
  }
};

/** Who comes when in a round: another one begins each time, so that no system always meets the machine in the same state. */
export const orderOf = <T>(all: readonly T[], round: number): readonly T[] => {
  const from = all.length === 0 ? 0 : (round - 1) % all.length;
  return [...all.slice(from), ...all.slice(0, from)];
};

/** A line of the results: what a fault did, or what a system costs without one. */
export type RivalsLine = RivalLine | CostLine;
type Results = ResultsFile<RivalsLine>;

interface Pending {
  readonly what: string;
  readonly measure: (ground: Ground, run: number) => Promise<Result<RivalsLine>>;
}

/** More minutes of peace tell nothing new. */
const costRunsMost = 3;

/** What of a round is still to be done on a system. */
const pendingOf = (system: System, round: number, results: Results, options: RivalOptions): readonly Pending[] => {
  const faults = faultNames.flatMap((fault): readonly (Pending & { readonly most: number })[] => {
    const watch = system.watchByFault[fault];
    if (watch === undefined || options.faults?.includes(fault) === false) return [];
    const what = whatOf(fault, system.name);
    const measure: Pending['measure'] = async (ground, run) => await runFault(ground, system, fault, watch, run);
    return [{ what, measure, most: watch.runsMost ?? round }];
  });
  const cost = {
    what: costOf(system.name),
    measure: async (ground: Ground, run: number) => await runCost(ground, system, run),
    most: costRunsMost,
  };
  const wanted = options.faults === undefined || options.faults.includes('cost') ? [...faults, cost] : faults;
  return wanted.filter(({ what, most }) => results.count(what) < Math.min(round, most));
};

const stopped = (): Result<never> => fail('bench-stopped', 'the series was stopped', 'run it again, and it goes on');

const runSystem = async (
  ground: Ground,
  system: System,
  pending: readonly Pending[],
  results: Results,
  options: RivalOptions,
): Promise<Result<void>> => {
  const installed = await system.install();
  if (!installed.ok) return installed;
  for (const { what, measure } of pending) {
    const line = await measure(ground, results.count(what) + 1);
    if (options.signal.aborted) return stopped();
    if (!line.ok) return fail(line.error.code, `${what}: ${line.error.message}`, line.error.remedy);
    await results.add(line.value);
    options.onLine(line.value);
  }
  return ok(undefined);
};

/** Telephones register, and begin to ask, once somebody serves. */
const beginAsking = async (ground: Ground, system: System): Promise<Result<void>> => {
  const installed = await system.install();
  if (!installed.ok) return installed;
  const ready = await whenInstalled(ground, system);
  if (!ready.ok) return ready;
  for (let attempt = 1; ; attempt += 1) {
    const begun = await ground.observers.begin();
    if (begun.ok || attempt === 3) return begun.ok ? await toStart(ground, system) : begun;
  }
};

const runRounds = async (ground: Ground, results: Results, options: RivalOptions): Promise<Result<void>> => {
  const names = systemNames.filter((name) => options.systems?.includes(name) !== false);
  const systems = names.map((name) => createSystem(ground, name));
  let asks = false;
  for (let round = 1; round <= options.runs; round += 1) {
    for (const system of orderOf(systems, round)) {
      const pending = pendingOf(system, round, results, options);
      if (pending.length === 0) continue;
      if (!asks) {
        const begun = await beginAsking(ground, system);
        if (!begun.ok) return begun;
        asks = true;
      }
      const done = await runSystem(ground, system, pending, results, options);
      if (!done.ok) return done;
    }
  }
  return ok(undefined);
};

/** A lab that cannot go on is built anew so often before the series gives up. */
const labsMost = 5;

/**
 * Does the same to every system, round by round in a changing order, on one lab. Runs that never recovered are kept, and count. Faults:
 * `bench-stopped`, and what broke the lab again and again.
 */
export const benchRivals = async (results: Results, options: RivalOptions): Promise<Result<void>> => {
  let done: Result<void> = ok(undefined);
  for (let attempt = 1; attempt <= labsMost; attempt += 1) {
    const ground = await openGround(options.signal, options.log);
    if (!ground.ok) return ground;
    done = await runRounds(ground.value, results, options);
    const closed = await ground.value.close();
    if (done.ok) return closed;
    if (options.signal.aborted) return done;
    options.log(`the lab broke: ${done.error.message} [${done.error.code}]`);
  }
  return done;
};
