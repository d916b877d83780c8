import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PairSetup, usualSetup } from '../../lab/pair/setup.ts';
import { openStage, type Stage } from '../../lab/scenarios/stage.ts';
import { rounded } from '../../lab/scenarios/statistics.ts';
import { agentUnit, checkpointUnit } from '../../lab/units.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { run } from '../../src/process/run.ts';
import { startLabMeter } from '../lab-meter.ts';
import type { ResultsFile, RunLine } from '../results.ts';
import { type BenchOptions, nextRun } from '../series.ts';
import { type Usage, usageOf } from './usage.ts';

/** What one process cost, from a fresh boot on; `what` is preset and part, as in `fast/main`. */
export interface AgentLine extends RunLine {
  /** Memory after the time observed, and at most since the start, in MiB; the process itself. */
  readonly resident_mib: number;
  readonly peak_mib: number;
  /** Percent of one processor over the time observed: the process itself, and with all the programs that it started. */
  readonly processor_percent: number;
  readonly unit_processor_percent: number;
  /** All processes of the unit together. */
  readonly unit_resident_mib: number;
  readonly processes: number;
  /** The same percent, for each program of the unit that ran all the time, and for all that came and went together. */
  readonly processor_percent_by_program: Readonly<Record<string, number>>;
  readonly observed_s: number;
}

export interface AgentPart {
  readonly name: 'main' | 'standby' | 'checkpoint';
  readonly host: string;
  readonly unit: string;
}

export const agentParts: readonly AgentPart[] = [
  { name: 'main', host: 'main', unit: agentUnit },
  { name: 'standby', host: 'standby', unit: agentUnit },
  { name: 'checkpoint', host: 'checkpoint1', unit: checkpointUnit },
];

export const agentPresets = ['fast', 'quick'] as const;

/** Its start is over, and compiled code and memory have come to rest. */
const settleMs = 10_000;
const observeMs = 60_000;
const endpoints = 20;

const setupFor = (preset: 'fast' | 'quick'): PairSetup => ({ ...usualSetup, preset });

const sharesOf = (from: Usage, to: Usage, percent: (ms: number) => number): Readonly<Record<string, number>> => {
  const shares: Record<string, number> = {};
  let steadyMs = 0;
  for (const [program, ms] of to.processorMsByProgram) {
    const usedMs = ms - (from.processorMsByProgram.get(program) ?? 0);
    steadyMs += usedMs;
    shares[program] = percent(usedMs);
  }
  shares['programs that ended'] = Math.max(0, percent(to.unitProcessorMs - from.unitProcessorMs - steadyMs));
  return shares;
};

const lineOf = (what: string, run: number, from: Usage, to: Usage, othersPercent: number): AgentLine => {
  const tookMs = to.atMs - from.atMs;
  const percent = (ms: number): number => Math.round((10_000 * ms) / tookMs) / 100;
  return {
    what,
    run,
    resident_mib: rounded(to.mainResidentMib),
    peak_mib: rounded(to.mainPeakMib),
    processor_percent: percent(to.mainProcessorMs - from.mainProcessorMs),
    unit_processor_percent: percent(to.unitProcessorMs - from.unitProcessorMs),
    unit_resident_mib: rounded(to.unitResidentMib),
    processes: to.processes,
    processor_percent_by_program: sharesOf(from, to, percent),
    observed_s: Math.round(tookMs / 1000),
    others_percent: othersPercent,
  };
};

const usages = async ({ lab }: Stage): Promise<Result<readonly Usage[]>> => {
  const found: Usage[] = [];
  for (const { host, unit } of agentParts) {
    const usage = await usageOf(lab.host(host), lab.runId, unit);
    if (!usage.ok) return usage;
    found.push(usage.value);
  }
  return ok(found);
};

const observe = async (
  stage: Stage,
  preset: 'fast' | 'quick',
  results: ResultsFile<AgentLine>,
  options: BenchOptions,
): Promise<Result<void>> => {
  const installed = await stage.pair.install(setupFor(preset));
  const ready = installed.ok ? await stage.toStart(setupFor(preset)) : installed;
  if (!ready.ok) return ready;
  const stopped = (): Result<never> => fail('bench-stopped', 'the series was stopped', 'run it again, and it goes on');
  const pause = async (ms: number): Promise<boolean> =>
    await sleep(ms, true, { signal: options.signal }).catch(() => false);
  if (!(await pause(settleMs))) return stopped();
  const others = await startLabMeter(stage.lab.runId);
  const from = await usages(stage);
  if (!from.ok) return from;
  if (!(await pause(observeMs))) return stopped();
  const to = await usages(stage);
  if (!to.ok) return to;
  const othersPercent = await others();
  for (const [index, { name }] of agentParts.entries()) {
    const [before, after] = [from.value[index], to.value[index]];
    if (before === undefined || after === undefined) continue;
    const what = `${preset}/${name}`;
    const line = lineOf(what, results.count(what) + 1, before, after, othersPercent);
    await results.add(line);
    options.onLine(line);
  }
  return ok(undefined);
};

/**
 * Keeps compiled code beside the program, as a package does when it is built: hosts of the lab see the program read-only, and
 * without it Node's own stripper of types is part of what is measured.
 */
const keepCompiled = async (): Promise<void> => {
  const program = join(import.meta.dirname, '..', '..', 'bin', 'dualtone');
  for (const kind of ['agent', 'checkpoint'])
    await run([program, kind, '--config', '/dev/null'], { timeoutMs: 30_000 });
};

/** What the agents and a checkpoint cost beside real Asterisks and telephones that ask. Faults: those of the lab, `bench-stopped`. */
export const benchAgent = async (results: ResultsFile<AgentLine>, options: BenchOptions): Promise<Result<void>> => {
  const wanted = agentPresets.filter((preset) => nextRun(results, `${preset}/main`, options.runs) !== undefined);
  const [first] = wanted;
  if (first === undefined) return ok(undefined);
  const { signal, log } = options;
  await keepCompiled();
  const stage = await openStage({ endpoints, needs: {}, first: setupFor(first), signal, log });
  if (!stage.ok) return stage;
  let done: Result<void> = ok(undefined);
  for (let round = 1; round <= options.runs; round += 1) {
    for (const preset of wanted) {
      if (!done.ok || nextRun(results, `${preset}/main`, round) === undefined) continue;
      done = await observe(stage.value, preset, results, options);
    }
  }
  const closed = await stage.value.close();
  return done.ok ? closed : done;
};
