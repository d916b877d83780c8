import { percentile, type Spread } from '../../lab/scenarios/statistics.ts';

const minuteMs = 60_000;
const steps = 600;

/**
 * The outage of a check that runs each minute, for a fault at any moment of the minute: the rest of the minute, and then what it took
 * after the minute in runs that were done for real. All moments are equally likely. Undefined without runs. Pure.
 */
export const overTheMinute = (afterMinuteMs: readonly number[]): Spread | undefined => {
  const values = afterMinuteMs.flatMap((afterMs) =>
    Array.from({ length: steps }, (_, step) => afterMs + ((step + 0.5) * minuteMs) / steps),
  );
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(values, share));
  return p50 === undefined || p99 === undefined || max === undefined ? undefined : { p50, p99, max };
};
