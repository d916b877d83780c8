import { spreadOf } from '../../lab/scenarios/statistics.ts';
import type { DecideLine } from '../decide/decide.ts';
import type { Measured } from '../results.ts';
import { type SteadyLine, steadyWhat } from '../steady/steady.ts';
import { circumstancesOf, commandText, grouped, notMeasured, reachedText, table } from './words.ts';

const enoughRuns = 10;

/** p50, what 99 of 100 runs reach, and the least of a rate. */
const rateOf = (measured: readonly Measured<DecideLine>[]): readonly [number, number, number] | undefined => {
  const spread = spreadOf(measured.map(({ line }) => (-1000 * line.done) / line.processor_ms));
  return spread === undefined ? undefined : [-spread.p50, -spread.p99, -spread.max];
};

const rateRow = (
  text: string,
  goal: number | undefined,
  measured: readonly Measured<DecideLine>[],
): readonly string[] => {
  const rate = rateOf(measured);
  const goalText = goal === undefined ? '–' : `above ${grouped(goal)}`;
  if (rate === undefined) return [text, goalText, '–', '–', '–', '0', 'not measured'];
  const reached = goal === undefined ? '–' : reachedText(rate[1] > goal, measured, enoughRuns);
  return [text, goalText, ...rate.map(grouped), String(measured.length), reached];
};

const hourRow = (measured: readonly Measured<DecideLine>[]): readonly string[] => {
  const text = 'a simulated hour of a healthy pair at `fast`, s of a processor';
  const spread = spreadOf(measured.map(({ line }) => line.processor_ms / 1000));
  if (spread === undefined) return [text, '2.0', '–', '–', '–', '0', 'not measured'];
  const values = [spread.p50, spread.p99, spread.max].map((seconds) => seconds.toFixed(1));
  return [text, '2.0', ...values, String(measured.length), reachedText(spread.p99 <= 2, measured, enoughRuns)];
};

/** How fast the core and its simulator are. Pure. */
export const coreSection = (measured: readonly Measured<DecideLine>[]): string => {
  const of = (what: DecideLine['what']): readonly Measured<DecideLine>[] =>
    measured.filter(({ line }) => line.what === what);
  const rows = [
    rateRow('events that `decide` handles in a second of a processor', 200_000, of('events')),
    rateRow('seeds that the simulator plays in a second of a processor', undefined, of('seeds')),
    hourRow(of('hour')),
  ];
  return [
    '## The core and the simulator',
    '',
    'The events are those of a healthy pair for 20 s and of a takeover, as the simulated agents got them; each run is a process of its own. A rate',
    'has its slow side as p99 and worst.',
    '',
    ...(measured.length === 0
      ? [notMeasured]
      : [table(['what', 'goal', 'p50', 'p99', 'worst', 'runs', 'reached?'], rows), '', circumstancesOf(measured).text]),
    '',
    commandText('decide --runs 10'),
  ].join('\n');
};

const daysWanted = 10;

/** Takeovers without cause, over simulated days. Pure. */
export const steadySection = (all: readonly Measured<SteadyLine>[]): string => {
  const measured = all.filter(({ line }) => line.what === steadyWhat);
  const sum = (of: (line: SteadyLine) => number): number => measured.reduce((total, { line }) => total + of(line), 0);
  const hours = sum((line) => line.hours);
  const changes = sum((line) => line.changes);
  const reached = changes === 0 && hours >= 24 * daysWanted;
  const row = [
    `${(hours / 24).toFixed(1)} days`,
    grouped(sum((line) => line.bursts)),
    `0 in ${daysWanted} days`,
    String(changes),
    grouped(sum((line) => line.silent_ms)),
    String(measured.length),
    hours < 24 * daysWanted
      ? `${reached ? 'yes' : 'no'}, ${hours} of ${24 * daysWanted} hours`
      : reached
        ? 'yes'
        : 'no',
  ];
  return [
    '## Takeovers without cause',
    '',
    'A simulated pair at `fast` with 2 % loss on every link, and bursts of 300 ms in which a link or a node loses everything, one to five seconds apart.',
    '',
    ...(measured.length === 0
      ? [notMeasured]
      : [
          table(['simulated', 'bursts', 'goal', 'takeovers', 'ms without service', 'runs', 'reached?'], [row]),
          '',
          circumstancesOf(measured).text,
        ]),
    '',
    commandText('steady --runs 24'),
  ].join('\n');
};
