import type { ResultsFile, RunLine } from './results.ts';

/** What every benchmark is told. */
export interface BenchOptions {
  /** How many runs of each there shall be at the end, those of former sessions included. */
  readonly runs: number;
  readonly signal: AbortSignal;
  /** Hears each line that is written. */
  readonly onLine: (line: RunLine) => void;
  readonly log: (text: string) => void;
}

/** The next run of this, or undefined when there are enough. */
export const nextRun = (
  results: Pick<ResultsFile<RunLine>, 'count'>,
  what: string,
  runs: number,
): number | undefined => {
  const run = results.count(what) + 1;
  return run > runs ? undefined : run;
};
