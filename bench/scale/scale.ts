import { setTimeout as sleep } from 'node:timers/promises';
import { inject, type Mend } from '../../lab/faults/fault.ts';
import type { LabNeeds } from '../../lab/needs.ts';
import { type PairSetup, usualSetup } from '../../lab/pair/setup.ts';
import { monotonicMs } from '../../lab/phones/clock.ts';
import { waitServing } from '../../lab/scenarios/deeds.ts';
import { placeMany, storm } from '../../lab/scenarios/load.ts';
import { measure } from '../../lab/scenarios/measure.ts';
import { openStage, type Stage } from '../../lab/scenarios/stage.ts';
import { rounded } from '../../lab/scenarios/statistics.ts';
import { agentUnit } from '../../lab/units.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';
import { type Usage, usageOf } from '../agent/usage.ts';
import { startLabMeter } from '../lab-meter.ts';
import type { ResultsFile, RunLine } from '../results.ts';
import { type BenchOptions, nextRun } from '../series.ts';

/** The main loses its power under some load; `what` is a cell, as in `warm/10000`. */
export interface ScaleLine extends RunLine {
  readonly endpoints: number;
  readonly outage_ms: number;
  readonly two_serving_ms: number;
  /** Percent of the telephones that the standby's Asterisk knew before, null where it did not run; and that it knew after. */
  readonly known_before_percent: number | null;
  readonly known_after_percent: number | null;
  /** Granted in the last half minute before the fault, times two. */
  readonly registrations_a_minute: number;
  readonly calls_up: number;
  /** With a storm: until every telephone had registered again, and how many could not. */
  readonly storm_ms?: number;
  readonly storm_failed?: number;
  /** The standby's agent after the takeover, and from the fault to then; the main's before. */
  readonly agent_mib: number;
  readonly agent_peak_mib: number;
  readonly agent_processor_percent: number;
  readonly main_agent_mib: number;
  readonly main_agent_processor_percent: number;
}

interface Cell {
  readonly what: string;
  readonly endpoints: number;
  readonly telephony: PairSetup['telephony'];
  readonly calls: number;
  readonly storms: boolean;
}

const few = [100, 1000] as const;
const many = 10_000;
const plain = { calls: 0, storms: false } as const;

/** In the order in which they are measured: cells of one number of telephones share a lab. */
export const cells: readonly Cell[] = [
  ...few.flatMap((endpoints): readonly Cell[] => [
    { what: `warm/${endpoints}`, endpoints, telephony: 'warm', ...plain },
    { what: `cold/${endpoints}`, endpoints, telephony: 'cold', ...plain },
  ]),
  { what: `warm/${many}`, endpoints: many, telephony: 'warm', ...plain },
  { what: `calls/${many}`, endpoints: many, telephony: 'warm', calls: 1000, storms: false },
  { what: `storm/${many}`, endpoints: many, telephony: 'warm', calls: 0, storms: true },
  { what: `cold/${many}`, endpoints: many, telephony: 'cold', ...plain },
];

/** Three thousand a minute of ten thousand telephones: each comes every 200 s. Fewer would come more often than Asterisk allows. */
const needsOf = (endpoints: number): LabNeeds =>
  endpoints === many ? { load: { endpoints, registrationsAMinute: 3000 } } : {};

const callsASecond = 20;
const stormASecond = 500;
const observedBeforeMs = 30_000;
const takeoverWithinMs = 60_000;
const staysMs = 5000;
const tailMs = 500;

const usageAt = async ({ lab }: Stage, role: Role): Promise<Result<Usage>> =>
  await usageOf(lab.host(role), lab.runId, agentUnit);

const percentOf = (from: Usage, to: Usage): number =>
  rounded((100 * (to.mainProcessorMs - from.mainProcessorMs)) / (to.atMs - from.atMs));

const knownPercent = async ({ pair }: Stage, role: Role): Promise<number | null> => {
  const known = await pair.contactCount(role);
  return known.ok ? rounded((100 * known.value) / pair.pbx.endpoints) : null;
};

interface Before {
  readonly main: Usage;
  readonly standby: Usage;
  readonly mainPercent: number;
  readonly granted: number;
  readonly knownPercent: number | null;
}

/** Half a minute under load, before anything happens. */
const lookBefore = async (stage: Stage, cell: Cell): Promise<Result<Before>> => {
  const from = await usageAt(stage, 'main');
  if (!from.ok) return from;
  const sinceMs = monotonicMs();
  await sleep(observedBeforeMs);
  const counts = await stage.observers.phones.ask('counts', { sinceMs });
  if (!counts.ok) return counts;
  const known = cell.telephony === 'warm' ? await knownPercent(stage, 'standby') : null;
  const [main, standby] = [await usageAt(stage, 'main'), await usageAt(stage, 'standby')];
  if (!main.ok) return main;
  if (!standby.ok) return standby;
  const mainPercent = percentOf(from.value, main.value);
  const granted = counts.value['registration-granted'];
  return ok({ main: main.value, standby: standby.value, mainPercent, granted, knownPercent: known });
};

/** From the fault to some seconds after the standby serves. The storm goes on after that, and is waited for. */
const takeOver = async (
  stage: Stage,
  cell: Cell,
): Promise<Result<{ readonly mend: Mend; readonly storms: ReturnType<typeof storm> | undefined }>> => {
  const storms = cell.storms ? storm(stage.observers, stage.needs.load, stormASecond) : undefined;
  const struck = await inject(stage.lab, { kind: 'power-loss', host: 'main' });
  if (!struck.ok) return struck;
  const served = await waitServing(stage.observers, 'standby', takeoverWithinMs);
  if (!served.ok) return served;
  await sleep(staysMs);
  return ok({ mend: struck.value, storms });
};

const stormOf = async (
  storms: ReturnType<typeof storm> | undefined,
): Promise<Pick<ScaleLine, 'storm_ms' | 'storm_failed'>> => {
  if (storms === undefined) return {};
  const report = await storms;
  if (report.ok) return { storm_ms: Math.round(report.value.tookMs), storm_failed: report.value.failed.length };
  return { storm_failed: Number.parseInt(report.error.message, 10) };
};

const runCell = async (stage: Stage, cell: Cell, run: number): Promise<Result<ScaleLine>> => {
  const ready = await stage.toStart({ ...usualSetup, telephony: cell.telephony });
  if (!ready.ok) return ready;
  const { observers, lab } = stage;
  const others = await startLabMeter(lab.runId);
  const called = await placeMany(observers, cell.calls, callsASecond);
  if (!called.ok) return called;
  const before = await lookBefore(stage, cell);
  if (!before.ok) return before;
  const fromMs = monotonicMs();
  const taken = await takeOver(stage, cell);
  if (!taken.ok) return taken;
  const toMs = monotonicMs();
  const after = await usageAt(stage, 'standby');
  if (!after.ok) return after;
  await sleep(tailMs);
  const measured = await measure(observers, { fromMs, toMs }, undefined);
  const stormed = await stormOf(taken.value.storms);
  const known = await knownPercent(stage, 'standby');
  const othersPercent = await others();
  if (cell.calls > 0) await observers.phones.ask('hangUpAll', null);
  const mended = await taken.value.mend();
  if (!mended.ok) return mended;
  if (!measured.ok) return measured;
  return ok({
    what: cell.what,
    run,
    endpoints: cell.endpoints,
    outage_ms: measured.value.outageMs,
    two_serving_ms: measured.value.twoServingMs,
    known_before_percent: before.value.knownPercent,
    known_after_percent: known,
    registrations_a_minute: before.value.granted * 2,
    calls_up: cell.calls,
    ...stormed,
    agent_mib: rounded(after.value.mainResidentMib),
    agent_peak_mib: rounded(after.value.mainPeakMib),
    agent_processor_percent: percentOf(before.value.standby, after.value),
    main_agent_mib: rounded(before.value.main.mainResidentMib),
    main_agent_processor_percent: before.value.mainPercent,
    others_percent: othersPercent,
  });
};

const runLab = async (
  endpoints: number,
  wanted: readonly Cell[],
  results: ResultsFile<ScaleLine>,
  options: BenchOptions,
): Promise<Result<void>> => {
  const { signal, log } = options;
  const first = { ...usualSetup, telephony: wanted[0]?.telephony ?? 'warm' };
  const stage = await openStage({ endpoints, needs: needsOf(endpoints), first, signal, log });
  if (!stage.ok) return stage;
  let done: Result<void> = ok(undefined);
  for (const cell of wanted) {
    for (;;) {
      const run = nextRun(results, cell.what, options.runs);
      if (!done.ok || run === undefined) break;
      const line = await runCell(stage.value, cell, run);
      if (signal.aborted) done = fail('bench-stopped', 'the series was stopped', 'run it again, and it goes on');
      else if (!line.ok) done = fail(line.error.code, `${cell.what}: ${line.error.message}`, line.error.remedy);
      if (!done.ok || !line.ok) break;
      await results.add(line.value);
      options.onLine(line.value);
    }
  }
  const closed = await stage.value.close();
  return done.ok ? closed : done;
};

/** A lab that cannot go on is built anew so often before the series gives up. */
const labsMost = 3;

/** Takeovers by number of telephones, a lab for each number. Faults: `bench-stopped`, and what broke the lab again and again. */
export const benchScale = async (
  results: ResultsFile<ScaleLine>,
  options: BenchOptions & { readonly only?: readonly string[] },
): Promise<Result<void>> => {
  const wantedOf = (endpoints: number): readonly Cell[] =>
    cells.filter(
      (cell) =>
        cell.endpoints === endpoints &&
        options.only?.includes(cell.what) !== false &&
        nextRun(results, cell.what, options.runs) !== undefined,
    );
  for (const endpoints of [...few, many]) {
    let done: Result<void> = ok(undefined);
    for (let lab = 1; lab <= labsMost && wantedOf(endpoints).length > 0; lab += 1) {
      done = await runLab(endpoints, wantedOf(endpoints), results, options);
      if (done.ok) break;
      if (options.signal.aborted) return done;
      options.log(`the lab broke: ${done.error.message} [${done.error.code}]`);
    }
    if (!done.ok) return done;
  }
  return ok(undefined);
};
