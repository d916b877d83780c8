import { type Fault, fail, ok, type Result } from '../../src/core/result.ts';
import type { LabNeeds } from '../needs.ts';
import { usualSetup } from '../pair/setup.ts';
import { keepNotes } from './notes.ts';
import { type RunReport, runScenario } from './run.ts';
import type { Goal, Scenario } from './scenario.ts';
import { openStage, type Stage } from './stage.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** All runs of one scenario, as it is printed: a line of JSON. */
export interface SeriesReport {
  readonly scenario: string;
  readonly runs: number;
  readonly ok: boolean;
  readonly outage_ms: Spread | null;
  readonly inbound_outage_ms: Spread | null;
  readonly two_serving_ms: number;
  readonly failed: readonly number[];
  /** Only from so many runs on that a percentile means something. */
  readonly goal: { readonly p50: number; readonly p99: number; readonly reached: boolean } | null;
}

export interface SeriesOptions {
  readonly runs: number;
  readonly endpoints: number;
  readonly signal: AbortSignal;
  readonly onRun: (report: RunReport) => void;
  readonly onSeries: (report: SeriesReport) => void;
  /** The lab could not go on in this scenario. */
  readonly onBroken: (scenario: string, fault: Fault) => void;
  readonly log?: (line: string) => void;
  /** Where the nodes' notes of a run that was not as expected are kept; default: nowhere. */
  readonly notesFolder?: string;
}

/** Fewer runs than this have no percentiles worth the name. */
const enoughRuns = 20;

const goalOf = (goal: Goal | undefined, outage: Spread | undefined, runs: number): SeriesReport['goal'] => {
  if (goal === undefined || outage === undefined || runs < enoughRuns) return null;
  const reached = outage.p50 <= goal.p50Ms && outage.p99 <= goal.p99Ms;
  return { p50: goal.p50Ms, p99: goal.p99Ms, reached };
};

/** Sums up the runs of one scenario. Pure. */
export const seriesOf = (scenario: Scenario, reports: readonly RunReport[]): SeriesReport => {
  const outage = spreadOf(reports.map(({ outage_ms }) => outage_ms));
  const inbound = spreadOf(reports.flatMap(({ inbound_outage_ms: ms }) => (ms === null ? [] : [ms])));
  const goal = goalOf(scenario.goal, outage, reports.length);
  const failed = reports.filter((report) => !report.ok).map(({ run }) => run);
  return {
    scenario: scenario.name,
    runs: reports.length,
    ok: failed.length === 0 && reports.length > 0 && goal?.reached !== false,
    outage_ms: outage ?? null,
    inbound_outage_ms: inbound ?? null,
    two_serving_ms: Math.max(0, ...reports.map(({ two_serving_ms }) => two_serving_ms)),
    failed,
    goal,
  };
};

const keyOf = (needs: LabNeeds | undefined): string =>
  JSON.stringify([
    needs?.stateDisk ?? false,
    needs?.falseClock === true,
    needs?.xivo === true,
    needs?.asterisk ?? null,
    needs?.remsys ?? null,
    needs?.mysql ?? null,
    needs?.etcd === true,
    needs?.ttlS ?? null,
    needs?.packages === true,
    needs?.debian ?? null,
    needs?.fencing === true,
    needs?.load ?? null,
  ]);

/** Scenarios that need the same lab, one group after the other, in the order in which the first of each comes. */
export const groupByLab = (scenarios: readonly Scenario[]): readonly (readonly Scenario[])[] => [
  ...Map.groupBy(scenarios, ({ needs }) => keyOf(needs)).values(),
];

const stopped = (): Result<never> => fail('lab-stopped', 'the lab was stopped', 'run it again');

const note = async (stage: Stage, options: SeriesOptions, name: string, report: unknown): Promise<void> => {
  if (options.notesFolder === undefined) return;
  options.log?.(`notes: ${await keepNotes(options.notesFolder, stage.pair, name, report)}`);
};

const runOne = async (stage: Stage, scenario: Scenario, options: SeriesOptions): Promise<Result<boolean>> => {
  const reports: RunReport[] = [];
  for (let run = 1; run <= options.runs; run += 1) {
    if (options.signal.aborted) return stopped();
    const report = await runScenario(stage, scenario, run);
    if (options.signal.aborted) return stopped();
    if (!report.ok) return report;
    reports.push(report.value);
    if (!report.value.ok) await note(stage, options, `${scenario.name}-${run}`, report.value);
    options.onRun(report.value);
  }
  const series = seriesOf(scenario, reports);
  options.onSeries(series);
  return ok(series.ok);
};

const stageFor = async (scenario: Scenario, { endpoints, signal, log }: SeriesOptions): Promise<Result<Stage>> =>
  await openStage({
    endpoints: scenario.needs?.load?.endpoints ?? endpoints,
    signal,
    needs: scenario.needs ?? {},
    first: { ...usualSetup, ...scenario.setup },
    ...(log === undefined ? {} : { log }),
  });

/** Scenarios that share a lab. One in which the lab breaks is told and counts as failed; the next one gets a new lab. */
const runGroup = async (group: readonly Scenario[], options: SeriesOptions): Promise<Result<boolean>> => {
  let stage: Stage | undefined;
  let allFine = true;
  const leave = async (): Promise<Result<void>> => {
    const closed = (await stage?.close()) ?? ok(undefined);
    stage = undefined;
    return closed;
  };
  for (const scenario of group) {
    const opened: Result<Stage> = stage === undefined ? await stageFor(scenario, options) : ok(stage);
    if (!opened.ok) return opened;
    stage = opened.value;
    const fine = await runOne(stage, scenario, options);
    if (fine.ok) {
      allFine &&= fine.value;
      continue;
    }
    if (!options.signal.aborted) await note(stage, options, `${scenario.name}-broken`, fine.error);
    const closed = await leave();
    if (options.signal.aborted) return fine;
    if (!closed.ok) return closed;
    options.onBroken(scenario.name, fine.error);
    allFine = false;
  }
  const closed = await leave();
  return closed.ok ? ok(allFine) : closed;
};

/**
 * Runs scenarios, each so many times, on as few labs as their needs allow. The value tells whether all came out as expected.
 * Faults: a lab that could not be built or taken away, `lab-stopped`; the labs are taken away all the same.
 */
export const runSeries = async (scenarios: readonly Scenario[], options: SeriesOptions): Promise<Result<boolean>> => {
  let allFine = true;
  for (const group of groupByLab(scenarios)) {
    const fine = await runGroup(group, options);
    if (!fine.ok) return fine;
    allFine &&= fine.value;
  }
  return ok(allFine);
};
