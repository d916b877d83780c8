import { rounded, spreadOf } from '../../lab/scenarios/statistics.ts';
import type { Measured } from '../results.ts';
import { type ViewerLine, viewerCounts } from '../viewers/viewers.ts';
import { circumstancesOf, commandText, medianOf, msText, notMeasured, reachedText, table } from './words.ts';

const enoughRuns = 5;
const percentMost = 5;
/** A margin that differs by less than a snapshot's grain is the same. */
const sameMs = 10;

const leastOf = (measured: readonly Measured<ViewerLine>[]): number =>
  Math.min(...measured.map(({ line }) => line.lease_left_ms));

const rowOf = (count: number, all: readonly Measured<ViewerLine>[]): readonly string[] => {
  const of = (what: number) => all.filter(({ line }) => line.what === String(what));
  const measured = of(count);
  const processor = spreadOf(measured.map(({ line }) => line.processor_percent));
  if (processor === undefined) return [String(count), '–', '–', '–', '0', 'not measured'];
  const median = medianOf(measured.map(({ line }) => line.lease_left_ms));
  const isAsWithout = medianOf(of(0).map(({ line }) => line.lease_left_ms)) - median < sameMs;
  return [
    String(count),
    `${rounded(processor.p50)} / ${rounded(processor.max)}`,
    msText(median),
    msText(leastOf(measured)),
    String(measured.length),
    count === 0
      ? '–'
      : `processor ${reachedText(processor.max < percentMost, measured, enoughRuns)}; lease ${reachedText(isAsWithout, measured, enoughRuns)}`,
  ];
};

/** What viewers of the page cost the agent. Pure. */
export const viewersSection = (measured: readonly Measured<ViewerLine>[]): string =>
  [
    '## What viewers of the page cost the agent',
    '',
    'A real pair with a checkpoint in namespaces, preset `fast`; each viewer is an event stream over TLS, for 20 s. The agent alone, without the two',
    'processes of the web server; what is left of its lease at the least, seen each 50 ms.',
    '',
    ...(measured.length === 0
      ? [notMeasured]
      : [
          table(
            [
              'viewers',
              '% of a processor, p50 / max',
              'least of the lease left, ms, p50',
              'least of all runs',
              'runs',
              `reached? (below ${percentMost} %; the lease as without)`,
            ],
            viewerCounts.map((count) => rowOf(count, measured)),
          ),
          '',
          circumstancesOf(measured).text,
        ]),
    '',
    commandText('viewers --runs 5'),
  ].join('\n');
