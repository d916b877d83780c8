/** Many seeds, over the machine's processors; sums up what was seen. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Violation } from './checkers.ts';
import { type RunResult, runSeed } from './run.ts';

export interface Campaign {
  readonly from: number;
  readonly seeds: number;
  readonly faults?: readonly string[];
  /** Pairs of servers that telephone already. */
  readonly adopted?: boolean;
}

export interface CampaignResult {
  readonly runs: number;
  readonly failed: readonly {
    readonly seed: number;
    readonly preset: string;
    readonly violations: readonly Violation[];
  }[];
  readonly twoServingMs: number;
  readonly pausedRunsWithTwo: number;
  readonly events: number;
  readonly faultCounts: Readonly<Record<string, number>>;
}

const FAILURES_KEPT = 20;

const add = (sum: CampaignResult, run: RunResult): CampaignResult => {
  const counts = sum.faultCounts as Record<string, number>;
  for (const name of run.faults) counts[name] = (counts[name] ?? 0) + 1;
  const bad = run.violations.length > 0 && sum.failed.length < FAILURES_KEPT;
  return {
    runs: sum.runs + 1,
    failed: bad ? [...sum.failed, { seed: run.seed, preset: run.preset, violations: run.violations }] : sum.failed,
    twoServingMs: sum.twoServingMs + run.twoServingMs,
    pausedRunsWithTwo: sum.pausedRunsWithTwo + (run.paused && run.twoServingMs > 0 ? 1 : 0),
    events: sum.events + run.events,
    faultCounts: counts,
  };
};

const emptyResult = (): CampaignResult => ({
  runs: 0,
  failed: [],
  twoServingMs: 0,
  pausedRunsWithTwo: 0,
  events: 0,
  faultCounts: {},
});

/** All seeds in this process. A world that does not come to rest is a failure like any other. */
export const runCampaign = (campaign: Campaign): CampaignResult => {
  let sum = emptyResult();
  for (let seed = campaign.from; seed < campaign.from + campaign.seeds; seed += 1) {
    const faults = campaign.faults === undefined ? {} : { faults: campaign.faults };
    sum = add(sum, runSeed({ seed, adopted: campaign.adopted ?? false, ...faults }));
  }
  return sum;
};

export const merge = (a: CampaignResult, b: CampaignResult): CampaignResult => {
  const counts: Record<string, number> = { ...a.faultCounts };
  for (const [name, count] of Object.entries(b.faultCounts)) counts[name] = (counts[name] ?? 0) + count;
  return {
    runs: a.runs + b.runs,
    failed: [...a.failed, ...b.failed].slice(0, FAILURES_KEPT),
    twoServingMs: a.twoServingMs + b.twoServingMs,
    pausedRunsWithTwo: a.pausedRunsWithTwo + b.pausedRunsWithTwo,
    events: a.events + b.events,
    faultCounts: counts,
  };
};

const PORTION = 500;

/** The seeds in portions over `workers` processes; `progress` hears of each portion. */
export const runCampaignInParallel = async (
  campaign: Campaign,
  workers: number,
  progress: (sum: CampaignResult) => void,
): Promise<CampaignResult> => {
  let next = campaign.from;
  const end = campaign.from + campaign.seeds;
  let sum = emptyResult();
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(fileURLToPath(new URL('campaign-worker.ts', import.meta.url)));
      const give = (): void => {
        if (next >= end) return child.disconnect();
        const portion: Campaign = { ...campaign, from: next, seeds: Math.min(PORTION, end - next) };
        next += portion.seeds;
        child.send(portion);
      };
      child.on('message', (result) => {
        sum = merge(sum, result as CampaignResult);
        progress(sum);
        give();
      });
      child.on('error', reject);
      child.on('exit', (code) =>
        code === 0 ? resolve() : reject(new Error(`a simulation worker ended with ${code}`)),
      );
      give();
    });
  await Promise.all(Array.from({ length: workers }, work));
  return sum;
};
