import { join } from 'node:path';
import { run } from '../../lab/process.ts';
import type { SteadyResult } from '../../sim/steady.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { ownProcessorMs, startLoadMeter } from '../machine.ts';
import type { ResultsFile, RunLine } from '../results.ts';
import { type BenchOptions, nextRun } from '../series.ts';

/** One piece of the simulated days. */
export interface SteadyLine extends RunLine {
  readonly hours: number;
  readonly bursts: number;
  /** Changes of holder; none had a cause. */
  readonly changes: number;
  readonly silent_ms: number;
  readonly events: number;
  readonly processor_ms: number;
}

export const steadyWhat = 'fast-loss-2-bursts-300';
const hours = 10;
const loss = 0.02;
const burstMs = 300;

/** Simulates ten hours a run, each run with a seed of its own: 24 runs are ten days. Faults: those of the worker. */
export const benchSteady = async (results: ResultsFile<SteadyLine>, options: BenchOptions): Promise<Result<void>> => {
  for (;;) {
    const seed = nextRun(results, steadyWhat, options.runs);
    if (seed === undefined) return ok(undefined);
    let workerMs = 0;
    const others = await startLoadMeter(async () => ownProcessorMs() + workerMs);
    const argv = [
      process.execPath,
      join(import.meta.dirname, 'worker.ts'),
      ...[seed, hours, loss, burstMs].map(String),
    ];
    const done = await run(argv, { timeoutMs: 3_600_000, signal: options.signal });
    if (!done.ok) return done;
    if (done.value.code !== 0) {
      const why = done.value.stderr.trim().split('\n').at(-1) ?? '';
      return fail('bench-failed', `seed ${seed} of the simulated days failed: ${why}`, 'replay it with the simulator');
    }
    const report = JSON.parse(done.value.stdout) as SteadyResult & { readonly processorMs: number };
    workerMs = report.processorMs;
    const line: SteadyLine = {
      what: steadyWhat,
      run: seed,
      hours: report.hours,
      bursts: report.bursts,
      changes: report.changes,
      silent_ms: Math.round(report.silentMs),
      events: report.events,
      processor_ms: Math.round(report.processorMs),
      others_percent: await others(),
    };
    await results.add(line);
    options.onLine(line);
  }
};
