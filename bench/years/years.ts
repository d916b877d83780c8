import { createHash } from 'node:crypto';
import { percentile, rounded } from '../../lab/scenarios/statistics.ts';
import { createRandom, type Random } from '../../sim/random.ts';
import { ok, type Result } from '../../src/core/result.ts';
import type { ResultsFile, RunLine } from '../results.ts';
import { type BenchOptions, nextRun } from '../series.ts';
import { readDeployments } from './deployments.ts';
import { type Deployment, type PairYears, simulatePair } from './fleet.ts';

/** A fleet's years under one deployment; `run` is the seed, and the same seed is the same faults for all deployments. */
export interface YearsLine extends RunLine {
  readonly pairs: number;
  readonly years: number;
  /** Without service, s a year and pair: on average, in the worst of a hundred years of a pair, and in the worst. */
  readonly outage_s_a_year: number;
  readonly outage_s_p99: number;
  readonly outage_s_worst: number;
  /** Percent of a pair's years with less than a minute without service. */
  readonly years_below_minute_percent: number;
  readonly takeovers_a_year: number;
  /** A node was lost and nobody might take over, times a year and pair. */
  readonly uncovered_a_year: number;
  readonly two_serving_s_a_year: number;
}

const pairs = 100;
const years = 7;

/** A random source of its own for each seed, pair and purpose. */
const randomOf =
  (seed: number, pair: number) =>
  (name: string): Random =>
    createRandom(createHash('sha256').update(`${seed}/${pair}/${name}`).digest().readInt32LE(0));

/** A fleet's years. Pure. */
export const simulateFleet = (deployment: Deployment, seed: number): YearsLine => {
  const all: PairYears[] = Array.from({ length: pairs }, (_none, pair) =>
    simulatePair(deployment, years, randomOf(seed, pair)),
  );
  const outages = all.flatMap(({ outageSByYear }) => outageSByYear);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const aYear = (values: readonly number[]): number => sum(values) / (pairs * years);
  return {
    what: deployment.name,
    run: seed,
    pairs,
    years,
    outage_s_a_year: rounded(aYear(outages)),
    outage_s_p99: rounded(percentile(outages, 0.99) ?? 0),
    outage_s_worst: rounded(Math.max(...outages)),
    years_below_minute_percent: rounded((100 * outages.filter((seconds) => seconds < 60).length) / outages.length),
    takeovers_a_year: rounded(aYear(all.map(({ takeovers }) => takeovers))),
    uncovered_a_year: Math.round(1e4 * aYear(all.map(({ uncovered }) => uncovered))) / 1e4,
    two_serving_s_a_year: rounded(aYear(all.map(({ twoServingS }) => twoServingS))),
    others_percent: 0,
  };
};

/** Simulates fleets with the outages of the results in a folder, a seed a run. */
export const benchYears = async (
  results: ResultsFile<YearsLine>,
  folder: string,
  options: BenchOptions,
): Promise<Result<void>> => {
  const deployments = await readDeployments(folder);
  if (!deployments.ok) return deployments;
  for (const deployment of deployments.value) {
    for (;;) {
      const seed = nextRun(results, deployment.name, options.runs);
      if (seed === undefined || options.signal.aborted) break;
      const line = simulateFleet(deployment, seed);
      await results.add(line);
      options.onLine(line);
    }
  }
  return ok(undefined);
};
