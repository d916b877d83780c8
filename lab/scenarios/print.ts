import type { RunReport } from './run.ts';
import type { SeriesReport } from './series.ts';

const ms = (value: number | null): string => (value === null ? '-' : `${Math.round(value)}`);

/** One run on one line; what was not as expected on lines below. Pure. */
export const runLine = (report: RunReport): string => {
  const { seen } = report;
  const line = [
    report.ok ? 'ok  ' : 'FAIL',
    `${report.scenario} ${report.run}`.padEnd(29),
    `outage ${ms(report.outage_ms).padStart(5)} ms`,
    `in ${ms(report.inbound_outage_ms).padStart(5)}`,
    `two ${ms(report.two_serving_ms).padStart(4)}`,
    `kept ${ms(report.registrations_kept).padStart(3)} %`,
    `→ ${seen.serving}`,
    `done ${(seen.deeds_ms / 1000).toFixed(1)} s`,
    ...(seen.backup_phone_ms === null ? [] : [`its telephone ${ms(seen.backup_phone_ms)} ms`]),
  ].join('  ');
  return [line, ...seen.problems.map((problem) => `       ${problem}`)].join('\n');
};

/** The sum of a scenario's runs on one line. Pure. */
export const seriesLine = (report: SeriesReport): string => {
  const { outage_ms: outage, goal } = report;
  const spread = outage === null ? '' : `outage p50 ${ms(outage.p50)}  p99 ${ms(outage.p99)}  max ${ms(outage.max)} ms`;
  const against = goal === null ? '' : `  goal ${goal.p50}/${goal.p99}: ${goal.reached ? 'reached' : 'MISSED'}`;
  const failed = report.failed.length === 0 ? '' : `  failed: ${report.failed.join(' ')}`;
  return `${report.ok ? 'ok  ' : 'FAIL'}  ${report.scenario}: ${report.runs} run(s)  ${spread}${against}${failed}`;
};
