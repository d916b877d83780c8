import { percentile, spreadOf } from '../../lab/scenarios/statistics.ts';
import type { Measured, RunLine } from '../results.ts';

/** A table in Markdown. Pure. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** Milliseconds without decimals from 10 on, `0` for none. */
export const msText = (ms: number): string => (ms === 0 || ms >= 10 ? String(Math.round(ms)) : ms.toFixed(1));

/** A number with thin groups of three: 1 234 567. */
export const grouped = (value: number): string => String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ' ');

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)].toSorted();

/** Others' use of the machine that is said to be load, in percent, for the median run. */
const loadPercent = 20;

export interface Circumstances {
  readonly underLoad: boolean;
  /** Machine, dates, commits and load, as a sentence each. */
  readonly text: string;
  /** Median and most of what others used, as in `3 % (most 9 %)`. */
  readonly loadText: string;
}

const machineTexts = (measured: readonly Measured<RunLine>[]): readonly string[] =>
  unique(
    measured.map(({ session: { machine } }) => {
      const { processors, processor, memoryGib, kernel, node } = machine;
      return `${processors} × ${processor}, ${memoryGib} GiB, Linux ${kernel}, Node ${node}`;
    }),
  );

/** On what and when some runs were measured. Pure. */
export const circumstancesOf = (measured: readonly Measured<RunLine>[]): Circumstances => {
  const spread = spreadOf(measured.map(({ line }) => line.others_percent)) ?? { p50: 0, max: 0 };
  const dates = unique(measured.map(({ session }) => session.session.slice(0, 10)));
  const commits = unique(measured.map(({ session }) => session.commit));
  const when = dates.length > 1 ? `${dates.at(0)} to ${dates.at(-1)}` : (dates[0] ?? '');
  const loadText = `${spread.p50} % (most ${spread.max} %)`;
  const text = [
    `Machine: ${machineTexts(measured).join('; ')}.`,
    `Date: ${when}; commit ${commits.join(', ')} (\`+\`: with changes).`,
    `Others used ${loadText} of the machine meanwhile.`,
  ].join(' ');
  return { underLoad: spread.p50 >= loadPercent, text, loadText };
};

/** Whether a goal was reached, and what is to be known of that. Pure. */
export const reachedText = (reached: boolean, measured: readonly Measured<RunLine>[], enoughRuns: number): string => {
  const words = [reached ? 'yes' : 'no'];
  if (measured.length < enoughRuns) words.push(`with ${measured.length} of ${enoughRuns} runs`);
  if (circumstancesOf(measured).underLoad) words.push('measured under load');
  return words.join(', ');
};

export const notMeasured = 'Not measured yet.';

/** How the numbers are made again. */
export const commandText = (command: string): string => `Repeat: \`npm run bench -- ${command}\``;

/** The median; NaN without values. */
export const medianOf = (values: readonly number[]): number => percentile(values, 0.5) ?? Number.NaN;
