/** One simulated run: everything boots, two to ten faults, then quiet. Safety is checked at every instant, liveness in the quiet. */
import type { Settings } from '../src/core/settings.ts';
import type { Role } from '../src/core/words.ts';
import type { Violation } from './checkers.ts';
import { epochsKept, etcdFaults } from './faults/etcd.ts';
import { cuttingNobodyOff, faults, healAll, pausingFaults, toldApart } from './faults/faults.ts';
import { fenceFaults } from './faults/fences.ts';
import { lookoutFaults } from './faults/lookouts.ts';
import { type SimSettings, settingsFor, timings } from './presets.ts';
import { createRandom } from './random.ts';
import { createWorld, type Observer, type World } from './world.ts';

export interface RunOptions {
  readonly seed: number;
  /** Draw from these faults only; default: all, a paused machine only where the other node turns it off before it serves. */
  readonly faults?: readonly string[];
  readonly log?: boolean;
  /** The pair is made of servers that telephone already, most of them without votes. */
  readonly adopted?: boolean;
  readonly observer?: Observer;
}

export interface RunResult {
  readonly seed: number;
  readonly preset: string;
  readonly checkpoints: number;
  readonly faults: readonly string[];
  readonly violations: readonly Violation[];
  readonly twoServingMs: number;
  /** A machine was paused: two serving is counted, not held against the run. */
  readonly paused: boolean;
  readonly events: number;
  readonly log: readonly string[];
}

const FAULTS_BEGIN_MS = 900;
const FAULTS_LAST_MS = 4000;
/** After the quiet has begun, exactly one node must serve within this time, and stay. */
export const SETTLE_MS = 3500;
const QUIET_MS = 6000;

const drawSettings = (seed: number): { readonly preset: 'fast' | 'quick' | 'etcd'; readonly sim: SimSettings } => {
  const random = createRandom(seed ^ 0x5bd1e995);
  const preset = random.chance(0.7) ? 'fast' : 'quick';
  const checkpoints = random.chance(0.75) ? 1 : random.chance(0.7) ? 3 : 0;
  const whenLost = random.chance(0.92) ? ('wait' as const) : ('likely' as const);
  const failback = random.chance(0.8)
    ? { policy: 'manual' as const, holdMs: 60_000, maxWaitMs: 0 }
    : { policy: 'auto' as const, holdMs: 500, maxWaitMs: 0 };
  const timing = timings[preset];
  // A lease that is nothing beside a look, as it is in life.
  if (random.chance(0.05))
    return {
      preset: 'quick',
      sim: { timing: { ...timings.quick, restartMs: 0 }, checkpoints: 0, failback, need: random.pick([2, 3]) },
    };
  if (random.chance(0.053))
    return { preset: 'etcd', sim: { timing: timings.etcd, checkpoints: 0, failback, whenLost, etcd: true } };
  if (random.chance(0.06)) {
    const voting = random.pick([0, 0, 0, 1, 3]);
    return { preset, sim: { timing, checkpoints: voting, failback, whenLost, fenced: true } };
  }
  return { preset, sim: { timing, checkpoints, failback, whenLost } };
};

/** Some keep their votes, and may not go on with what serves. */
const drawAdopting = (seed: number): ReturnType<typeof drawSettings> => {
  const drawn = drawSettings(seed);
  const random = createRandom(seed ^ 0x3c6ef372);
  if (random.chance(0.2)) return drawn;
  const { etcd: _, ...sim } = drawn.sim;
  return { ...drawn, sim: { ...sim, checkpoints: 0, isHasty: random.chance(0.5) } };
};

const checkQuiet = (w: World, healedAt: number): void => {
  const changesAtStart = w.checkers.changes;
  w.timeline.runUntil(healedAt + QUIET_MS);
  const open = (['main', 'standby'] as const).filter((role) => w.agents[role].machine.isOpen());
  if (open.length !== 1) w.checkers.fail('nobody', `${open.length} gates open at the end of the quiet`);
  const loose = (['main', 'standby'] as const).filter((role) => w.agents[role].state.disk.loose);
  if (loose.length > 0) w.checkers.fail('unsettled', `the checkpoints are still left out by ${loose.join(' and ')}`);
  if (w.checkers.changes !== changesAtStart) w.checkers.fail('unsettled', 'the holder changed in the quiet');
};

/** What the nodes of this seed are configured to be. */
export const settingsOfSeed = (seed: number): ((role: Role) => Settings) => settingsFor(drawSettings(seed).sim);

/** Runs one seed from the beginning; the same seed gives the same result. */
export const runSeed = (options: RunOptions): RunResult => {
  const { seed, adopted = false } = options;
  const { preset, sim } = adopted ? drawAdopting(seed) : drawSettings(seed);
  const observed = options.observer === undefined ? {} : { observer: options.observer };
  const w = createWorld({ seed, settingsOf: settingsFor(sim), log: options.log ?? false, ...observed });

  const all = { ...faults, ...etcdFaults, ...lookoutFaults, ...pausingFaults, ...fenceFaults };
  const fenced = sim.fenced === true;
  // Without votes a machine that stands still is turned off before another serves.
  const byPower = fenced && sim.checkpoints === 0;
  const stands = byPower ? { 'machine-paused': pausingFaults['machine-paused'] } : {};
  const ofPower = { ...(fenced ? fenceFaults : {}), ...stands };
  const names = options.faults ?? Object.keys({ ...faults, ...(sim.etcd === true ? etcdFaults : {}), ...ofPower });
  const paused = names.some((name) => name in pausingFaults);
  if (paused && !byPower) w.watched.neverTwo = false;
  if (paused) w.watched.covered = false;
  if (names.every((name) => cuttingNobodyOff.has(name))) w.watched.neverTwo = true;
  const byHand = sim.failback.policy === 'manual';
  const byLooks = sim.need !== undefined && byHand && names.every((name) => toldApart.has(name));
  if (byLooks) w.watched.neverTwo = true;
  // A node that boots and hears nobody serves in the end, whoever else may: no memory can tell it better.
  const begun = (): boolean => !byLooks || w.agents.main.machine.isOpen() || w.agents.standby.machine.isOpen();
  const drawn = drawFaults(w, names);
  if (!epochsKept(drawn.map(({ name }) => name))) w.watched.epochsKept = false;
  w.watched.onlyClocks = w.watched.guarded && drawn.every(({ name }) => name === 'clock-step');
  for (const { name, at } of drawn) {
    const fault = all[name];
    if (fault === undefined) throw new Error(`no fault is called ${name}; there are: ${Object.keys(all).join(' ')}`);
    w.timeline.at(at, () => {
      w.log?.push(`${at.toFixed(1).padStart(9)}  FAULT    ${name}`);
      if (begun()) fault(w);
    });
  }
  if (adopted) w.bootAdopted();
  else w.bootAll();
  const faultsEnd = Math.max(...drawn.map((f) => f.at)) + w.random.between(100, 1500);
  w.timeline.runUntil(faultsEnd);
  const healedAt = Math.max(faultsEnd, w.quietFrom);
  w.timeline.runUntil(healedAt);
  w.log?.push(`${healedAt.toFixed(1).padStart(9)}  QUIET`);
  healAll(w);
  w.timeline.runUntil(healedAt + SETTLE_MS);
  const open = (['main', 'standby'] as const).filter((role) => w.agents[role].machine.isOpen());
  if (open.length !== 1) w.checkers.fail('nobody', `${open.length} gates open ${SETTLE_MS} ms after the faults`);
  checkQuiet(w, healedAt);
  w.checkers.finish();
  return {
    seed,
    preset,
    checkpoints: sim.checkpoints,
    faults: drawn.map((f) => f.name),
    violations: w.checkers.violations,
    twoServingMs: w.checkers.twoServingMs(),
    paused,
    events: w.timeline.executed(),
    log: w.log ?? [],
  };
};

/** Two to ten faults, some of them within moments of each other. */
const drawFaults = (w: World, names: readonly string[]): readonly { readonly name: string; readonly at: number }[] => {
  const count = w.random.integer(2, 10);
  const drawn: { name: string; at: number }[] = [];
  let at = w.random.between(0, FAULTS_BEGIN_MS);
  for (let i = 0; i < count && at < FAULTS_LAST_MS; i += 1) {
    drawn.push({ name: w.random.pick(names), at });
    at += w.random.chance(0.5) ? w.random.between(0, 60) : w.random.between(60, 1500);
  }
  return drawn;
};
