import { scenarioOf } from '../../lab/catalogue/catalogue.ts';
import { usualSetup } from '../../lab/pair/setup.ts';
import { type RunReport, runScenario } from '../../lab/scenarios/run.ts';
import type { Scenario } from '../../lab/scenarios/scenario.ts';
import { openStage, type Stage } from '../../lab/scenarios/stage.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { startLabMeter } from '../lab-meter.ts';
import type { ResultsFile, RunLine } from '../results.ts';
import { type BenchOptions, nextRun } from '../series.ts';

/** One run of a scenario of the lab. */
export interface LabLine extends RunLine {
  readonly ok: boolean;
  readonly outage_ms: number;
  readonly inbound_outage_ms: number | null;
  readonly two_serving_ms: number;
  readonly silent_ms: number;
  readonly registrations_kept: number | null;
  /** How late the asking telephone itself was at most. */
  readonly asker_late_ms: number;
  readonly took_ms: number;
  /** What was not as expected. */
  readonly problems: readonly string[];
}

/** The scenarios of the rows, in an order that changes the setup of the pair once. */
export const rowScenarios = [
  'power-loss',
  'asterisk-crash',
  'asterisk-hang',
  'switchover',
  'isolation',
  'standby-power-loss',
  'checkpoint-lost',
  'power-loss-quick',
] as const;

/** A lab that cannot go on is built anew so often before the series gives up. */
const labsMost = 5;
const endpoints = 20;

const lineOf = (report: RunReport, number: number, othersPercent: number): LabLine => ({
  what: report.scenario,
  run: number,
  ok: report.ok,
  outage_ms: report.outage_ms,
  inbound_outage_ms: report.inbound_outage_ms,
  two_serving_ms: report.two_serving_ms,
  silent_ms: report.silent_ms,
  registrations_kept: report.registrations_kept,
  asker_late_ms: report.seen.asker_late_ms,
  took_ms: report.seen.took_ms,
  problems: report.seen.problems,
  others_percent: othersPercent,
});

const runRow = async (
  stage: Stage,
  scenario: Scenario,
  results: ResultsFile<LabLine>,
  options: BenchOptions,
): Promise<Result<void>> => {
  for (;;) {
    const number = nextRun(results, scenario.name, options.runs);
    if (number === undefined) return ok(undefined);
    const others = await startLabMeter(stage.lab.runId);
    const report = await runScenario(stage, scenario, number);
    if (options.signal.aborted) return fail('bench-stopped', 'the series was stopped', 'run it again, and it goes on');
    if (!report.ok) return report;
    const line = lineOf(report.value, number, await others());
    await results.add(line);
    options.onLine(line);
  }
};

const runOnOneLab = async (
  scenarios: readonly Scenario[],
  results: ResultsFile<LabLine>,
  options: BenchOptions,
): Promise<Result<void>> => {
  const [first] = scenarios;
  const { signal, log } = options;
  const stage = await openStage({ endpoints, needs: {}, first: { ...usualSetup, ...first?.setup }, signal, log });
  if (!stage.ok) return stage;
  let done: Result<void> = ok(undefined);
  for (const scenario of scenarios) {
    if (done.ok) done = await runRow(stage.value, scenario, results, options);
  }
  const closed = await stage.value.close();
  return done.ok ? closed : done;
};

/**
 * Runs the scenarios of the table of numbers, until each has so many runs. Runs that failed are kept, and count. A lab that breaks is
 * built anew, and the log tells. Faults: `scenario-unknown`, `bench-stopped`, and what broke the lab again and again.
 */
export const benchLabRows = async (
  results: ResultsFile<LabLine>,
  options: BenchOptions & { readonly only?: readonly string[] },
): Promise<Result<void>> => {
  let last: Result<void> = ok(undefined);
  for (let lab = 1; lab <= labsMost; lab += 1) {
    const scenarios: Scenario[] = [];
    for (const name of options.only ?? rowScenarios) {
      const scenario = scenarioOf(name);
      if (!scenario.ok) return scenario;
      if (nextRun(results, name, options.runs) !== undefined) scenarios.push(scenario.value);
    }
    if (scenarios.length === 0) return ok(undefined);
    last = await runOnOneLab(scenarios, results, options);
    if (last.ok || options.signal.aborted) return last;
    options.log(`the lab broke: ${last.error.message} [${last.error.code}]`);
  }
  return last;
};
