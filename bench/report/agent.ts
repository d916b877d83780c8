import { rounded, spreadOf } from '../../lab/scenarios/statistics.ts';
import { type AgentLine, agentParts, agentPresets } from '../agent/agent.ts';
import type { Measured } from '../results.ts';
import { circumstancesOf, commandText, medianOf, notMeasured, reachedText, table } from './words.ts';

const enoughRuns = 5;
const memoryMost = 100;
const percentMost = 2;

const megabytes = (mebibytes: number): number => rounded(mebibytes * 1.048576);

const rowOf = (what: string, measured: readonly Measured<AgentLine>[]): readonly string[] => {
  const of = (pick: (line: AgentLine) => number) => spreadOf(measured.map(({ line }) => pick(line)));
  const resident = of((line) => megabytes(line.resident_mib));
  const peak = of((line) => megabytes(line.peak_mib));
  const processor = of((line) => line.processor_percent);
  const unit = of((line) => line.unit_processor_percent);
  if (resident === undefined || peak === undefined || processor === undefined || unit === undefined) {
    return [what, '–', '–', '–', '–', '0', 'not measured'];
  }
  return [
    what,
    `${resident.p50} / ${resident.max}`,
    String(peak.max),
    `${processor.p50} / ${processor.max}`,
    `${unit.p50} / ${unit.max}`,
    String(measured.length),
    `memory ${reachedText(peak.max < memoryMost, measured, enoughRuns)}; processor ${reachedText(unit.p99 < percentMost, measured, enoughRuns)}`,
  ];
};

/** The shares of a part's programs, the largest first; what is below a tenth of a percent is left out. Pure. */
const sharesText = (what: string, measured: readonly Measured<AgentLine>[]): readonly string[] => {
  const percentsByProgram = new Map<string, number[]>();
  for (const { line } of measured) {
    for (const [program, percent] of Object.entries(line.processor_percent_by_program)) {
      percentsByProgram.set(program, [...(percentsByProgram.get(program) ?? []), percent]);
    }
  }
  const shares = [...percentsByProgram]
    .map(([program, percents]) => ({ program, percent: medianOf(percents) }))
    .filter(({ percent }) => percent >= 0.1)
    .toSorted((a, b) => b.percent - a.percent);
  if (shares.length === 0) return [];
  return [`* ${what}: ${shares.map(({ program, percent }) => `\`${program}\` ${percent} %`).join(', ')}`];
};

/** What agents and checkpoint cost. Pure. */
export const agentSection = (measured: readonly Measured<AgentLine>[]): string => {
  const whats = agentPresets.flatMap((preset) => agentParts.map(({ name }) => `${preset}/${name}`));
  const rows = whats.map((what) =>
    rowOf(
      what,
      measured.filter(({ line }) => line.what === what),
    ),
  );
  const shares = whats.flatMap((what) =>
    sharesText(
      what,
      measured.filter(({ line }) => line.what === what),
    ),
  );
  const head = [
    'preset / part',
    'memory after a minute, MB, p50 / max',
    'peak, max',
    '% of a processor, p50 / max',
    'with what it starts, p50 / max',
    'runs',
    `reached? (below ${memoryMost} MB, below ${percentMost} %)`,
  ];
  return [
    '## What an agent costs',
    '',
    'In the lab, beside a real Asterisk with 20 telephones registered and a telephone that asks every 10 ms; from 10 s after the pair is ready, for 60 s.',
    'Memory is what the kernel counts as resident, shared pages of Node.js included; the goals are held against the peak and against the',
    'processor time with all programs that the agent starts.',
    '',
    ...(measured.length === 0
      ? [notMeasured]
      : [
          table(head, rows),
          '',
          'Which program uses how much of a processor, median:',
          '',
          ...shares,
          '',
          circumstancesOf(measured).text,
        ]),
    '',
    commandText('agent --runs 5'),
  ].join('\n');
};
