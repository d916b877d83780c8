/** A pair that lives on for hours: calls are up, service moves, faults strike, and what its programs hold is counted in between. */
import { setTimeout as sleep } from 'node:timers/promises';
import { catalogue } from '../../lab/catalogue/catalogue.ts';
import { usualSetup } from '../../lab/pair/setup.ts';
import { monotonicMs } from '../../lab/phones/clock.ts';
import { placeMany } from '../../lab/scenarios/load.ts';
import { type RunReport, runScenario } from '../../lab/scenarios/run.ts';
import type { Scenario } from '../../lab/scenarios/scenario.ts';
import { openStage, type Stage } from '../../lab/scenarios/stage.ts';
import { rounded } from '../../lab/scenarios/statistics.ts';
import { roles } from '../../lab/topology.ts';
import { agentUnit, checkpointUnit, pbxUnit } from '../../lab/units.ts';
import { createRandom, type Random } from '../../sim/random.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { startLabMeter } from '../lab-meter.ts';
import type { ResultsFile, RunLine } from '../results.ts';
import type { BenchOptions } from '../series.ts';
import { type Held, hostCounts, pidsOf, programsOf } from './sample.ts';
import { judgedText, judgeSoak, type SoakSample } from './verdict.ts';

export interface SampleLine extends RunLine, SoakSample {
  readonly what: 'sample';
  /** Files of the state directory that nobody has thought of, by host. */
  readonly strangers: readonly string[];
}

/** A scenario of the lab that was drawn; what a telephone saw of it. */
export interface MoveLine extends RunLine {
  readonly what: 'move';
  readonly at_s: number;
  readonly scenario: string;
  readonly outage_ms: number;
  readonly two_serving_ms: number;
  readonly moves: number;
  readonly registrations_kept: number | null;
  /** What was not as the scenario expects. */
  readonly problems: readonly string[];
}

/** `run` is the lab: a soak that was stopped goes on in a new one. */
export type SoakLine = SampleLine | MoveLine;

export interface SoakOptions extends BenchOptions {
  readonly hours: number;
  /** Between the beginnings of two moves. */
  readonly everyS: number;
  readonly sampleS: number;
  readonly seed: number;
  /** Nothing that ends an agent's life: only a long one shows whether its memory grows. */
  readonly keepAgents: boolean;
}

/** What a day has most of comes most; what ends an agent's life comes seldom. */
const weights: Readonly<Record<string, number>> = {
  switchover: 6,
  failback: 2,
  'asterisk-crash': 2,
  'asterisk-hang': 1,
  'asterisk-deaf': 1,
  'agent-frozen': 1,
  isolation: 1,
  'asymmetric-cut': 1,
  'standby-isolated': 1,
  'cut-between': 1,
  'packet-loss': 1,
  'power-loss': 0.3,
  'standby-power-loss': 0.3,
  'agent-killed': 0.3,
};

const endsAgent = new Set(['power-loss', 'standby-power-loss', 'agent-killed']);

/** By chance, by weight. */
export const drawn = (random: Random, { keepAgents }: Pick<SoakOptions, 'keepAgents'>): Scenario => {
  const possible = catalogue.filter(({ name }) => weights[name] !== undefined && !(keepAgents && endsAgent.has(name)));
  const total = possible.reduce((sum, { name }) => sum + (weights[name] ?? 0), 0);
  let left = random.next() * total;
  for (const scenario of possible) {
    left -= weights[scenario.name] ?? 0;
    if (left < 0) return scenario;
  }
  throw new Error('no scenario has a weight');
};

const endpoints = 20;
const callsUp = 4;
const callsASecond = 4;
/** After a move, until compiled code and closed connections have come to rest. */
const settleMs = 5000;

const units: readonly (readonly [string, readonly string[]])[] = [
  ...roles.map((role) => [role, [agentUnit, pbxUnit]] as const),
  ['checkpoint1', [checkpointUnit]],
];

const heldValues = (owner: string, held: Held): Readonly<Record<string, number>> => ({
  [`${owner} MiB`]: rounded(held.rssMib),
  [`${owner} descriptors`]: held.descriptors,
  [`${owner} threads`]: held.threads,
});

/** Counts everything once; a host that is off is left out. */
const take = async ({ lab }: Stage): Promise<Pick<SampleLine, 'values' | 'lives' | 'strangers'>> => {
  const strangers: string[] = [];
  const values: Record<string, number> = {};
  const lives: Record<string, number> = {};
  for (const [name, own] of units) {
    const host = lab.host(name);
    const pids: number[] = [];
    for (const unit of own) {
      const found = await pidsOf(host, lab.runId, unit);
      pids.push(...found);
      for (const [program, held] of await programsOf(found)) {
        lives[`${name}/${program}`] = held.life;
        Object.assign(values, heldValues(`${name}/${program}`, held));
      }
    }
    const counts = await hostCounts(host, pids);
    if (!counts.ok) continue;
    const { stateBytes, journalBytes, ...rest } = counts.value;
    strangers.push(...rest.strangers.map((path) => `${name}: ${path}`));
    Object.assign(values, {
      [`${name} processes`]: rest.processes,
      [`${name} mounts`]: rest.mounts,
      [`${name} nftables`]: rest.nftables,
      [`${name} state files`]: rest.stateFiles,
      [`${name} state KiB`]: rounded(stateBytes / 1024),
      [`${name} run files`]: rest.runFiles,
      [`${name} journal KiB`]: rounded(journalBytes / 1024),
    });
  }
  return { values, lives, strangers };
};

const moveOf = (run: number, atS: number, report: RunReport, othersPercent: number): MoveLine => ({
  what: 'move',
  run,
  at_s: atS,
  scenario: report.scenario,
  outage_ms: report.outage_ms,
  two_serving_ms: report.two_serving_ms,
  moves: report.seen.moves,
  registrations_kept: report.registrations_kept,
  problems: report.seen.problems,
  others_percent: othersPercent,
});

interface Soak {
  readonly stage: Stage;
  readonly run: number;
  readonly beganMs: number;
  readonly random: Random;
  readonly results: ResultsFile<SoakLine>;
  readonly options: SoakOptions;
}

const atOf = ({ beganMs }: Soak): number => rounded((monotonicMs() - beganMs) / 1000);

const pauseUntil = async (untilMs: number, signal: AbortSignal): Promise<void> => {
  const leftMs = untilMs - monotonicMs();
  if (leftMs > 0) await sleep(leftMs, undefined, { signal }).catch(() => undefined);
};

const add = async ({ results, options }: Soak, line: SoakLine): Promise<void> => {
  await results.add(line);
  options.onLine(
    line.what === 'sample' ? { what: line.what, run: line.run, others_percent: line.others_percent } : line,
  );
};

/** Fault: a lab that cannot go on. */
const move = async (soak: Soak): Promise<Result<void>> => {
  const { stage, run } = soak;
  const scenario = drawn(soak.random, soak.options);
  const atS = atOf(soak);
  const others = await startLabMeter(stage.lab.runId);
  const report = await runScenario(stage, scenario, run);
  if (!report.ok) return fail(report.error.code, `${scenario.name}: ${report.error.message}`, report.error.remedy);
  await add(soak, moveOf(run, atS, report.value, await others()));
  return await placeMany(stage.observers, callsUp, callsASecond);
};

const live = async (soak: Soak, untilMs: number): Promise<Result<void>> => {
  const { stage, run, options } = soak;
  const { signal, everyS, sampleS } = options;
  let moveAtMs = monotonicMs() + everyS * 1000;
  let sampleAtMs = monotonicMs() + settleMs;
  let others = await startLabMeter(stage.lab.runId);
  while (!signal.aborted && monotonicMs() < untilMs) {
    await pauseUntil(Math.min(sampleAtMs, moveAtMs, untilMs), signal);
    if (signal.aborted) break;
    if (monotonicMs() >= sampleAtMs) {
      const taken = await take(stage);
      await add(soak, { what: 'sample', run, at_s: atOf(soak), ...taken, others_percent: await others() });
      others = await startLabMeter(stage.lab.runId);
      sampleAtMs += sampleS * 1000;
    }
    if (monotonicMs() < moveAtMs || monotonicMs() >= untilMs) continue;
    moveAtMs += everyS * 1000;
    const moved = await move(soak);
    if (signal.aborted) break;
    if (!moved.ok) return moved;
    sampleAtMs = Math.max(sampleAtMs, monotonicMs() + settleMs);
    moveAtMs = Math.max(moveAtMs, monotonicMs() + settleMs);
  }
  return ok(undefined);
};

const hoursOf = (lines: readonly SoakLine[]): number => {
  const samples = lines.filter((line) => line.what === 'sample');
  const runs = [...new Set(samples.map(({ run }) => run))];
  const endOf = (run: number): number =>
    Math.max(...samples.filter((line) => line.run === run).map((line) => line.at_s));
  return runs.reduce((sum, run) => sum + endOf(run), 0) / 3600;
};

/** Of one lab's samples. Faults: `soak-grows` with what grows, `soak-stranger`. */
const verdictOf = (lines: readonly SoakLine[], run: number, log: (text: string) => void): Result<void> => {
  const samples = lines.filter((line): line is SampleLine => line.what === 'sample' && line.run === run);
  const judged = judgeSoak(samples);
  for (const each of judged) log(judgedText(each));
  const strangers = [...new Set(samples.flatMap((sample) => sample.strangers))];
  if (strangers.length > 0)
    return fail('soak-stranger', `files that nobody bounds: ${strangers.join(', ')}`, 'see bench/soak/state-files.ts');
  const growing = judged.filter(({ growth }) => growth.verdict === 'grows');
  return growing.length === 0
    ? ok(undefined)
    : fail('soak-grows', `${growing.length} things grow: ${growing.map(({ key }) => key).join(', ')}`, 'find the leak');
};

/**
 * Lives until there are so many hours, those of former labs included; stopped by a person, it tells what it has so far.
 * Faults: those of the lab, `soak-grows`, `soak-stranger`.
 */
export const benchSoak = async (results: ResultsFile<SoakLine>, options: SoakOptions): Promise<Result<void>> => {
  const before = results.all().map(({ line }) => line);
  const leftHours = options.hours - hoursOf(before);
  if (leftHours <= 0) return ok(undefined);
  const run = Math.max(0, ...before.map((line) => line.run)) + 1;
  const stage = await openStage({ endpoints, needs: {}, first: usualSetup, signal: options.signal, log: options.log });
  if (!stage.ok) return stage;
  const beganMs = monotonicMs();
  const random = createRandom(options.seed + run);
  const soak: Soak = { stage: stage.value, run, beganMs, random, results, options };
  const called = await placeMany(stage.value.observers, callsUp, callsASecond);
  const lived = called.ok ? await live(soak, beganMs + leftHours * 3_600_000) : called;
  const closed = await stage.value.close();
  const lines = results.all().map(({ line }) => line);
  const verdict = verdictOf(lines, run, options.log);
  return [lived, closed, verdict].find((each) => !each.ok) ?? ok(undefined);
};
