import { join } from 'node:path';
import { run } from '../../lab/process.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { ownProcessorMs, startLoadMeter } from '../machine.ts';
import type { ResultsFile, RunLine } from '../results.ts';
import { type BenchOptions, nextRun } from '../series.ts';
import { type Work, type WorkReport, works } from './work.ts';

/** One run of the core or the simulator. */
export interface DecideLine extends RunLine {
  readonly what: Work;
  /** Events, seeds, or simulated hours. */
  readonly done: number;
  readonly processor_ms: number;
  readonly wall_ms: number;
}

const runWorker = async (work: Work, signal: AbortSignal): Promise<Result<WorkReport>> => {
  const argv = [process.execPath, join(import.meta.dirname, 'worker.ts'), work];
  const done = await run(argv, { timeoutMs: 300_000, signal });
  if (!done.ok) return done;
  if (done.value.code !== 0) {
    const why = done.value.stderr.trim().split('\n').at(-1) ?? '';
    return fail('bench-failed', `the benchmark ${work} failed: ${why}`, 'run npm test');
  }
  return ok(JSON.parse(done.value.stdout) as WorkReport);
};

/** Times the pure core and the simulator. Faults: those of the worker. */
export const benchDecide = async (results: ResultsFile<DecideLine>, options: BenchOptions): Promise<Result<void>> => {
  for (let round = 1; round <= options.runs; round += 1) {
    for (const work of works) {
      const number = nextRun(results, work, options.runs);
      if (number === undefined) continue;
      let workerMs = 0;
      const others = await startLoadMeter(async () => ownProcessorMs() + workerMs);
      const report = await runWorker(work, options.signal);
      if (!report.ok) return report;
      const { done, processorMs, wallMs, wholeProcessorMs } = report.value;
      workerMs = wholeProcessorMs;
      const line: DecideLine = {
        what: work,
        run: number,
        done,
        processor_ms: Math.round(processorMs),
        wall_ms: Math.round(wallMs),
        others_percent: await others(),
      };
      await results.add(line);
      options.onLine(line);
    }
  }
  return ok(undefined);
};
