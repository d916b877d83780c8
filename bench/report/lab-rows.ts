import { scenarioOf } from '../../lab/catalogue/catalogue.ts';
import { spreadOf } from '../../lab/scenarios/statistics.ts';
import { type LabLine, rowScenarios } from '../lab-rows/lab-rows.ts';
import type { Measured } from '../results.ts';
import { circumstancesOf, commandText, msText, notMeasured, reachedText, table } from './words.ts';

const enoughRuns = 100;

const rowOf = (name: string, measured: readonly Measured<LabLine>[]): readonly string[] => {
  const scenario = scenarioOf(name);
  if (!scenario.ok) throw new Error(`the results name a scenario that is not there: ${name}`);
  const { text, goal } = scenario.value;
  const lines = measured.map(({ line }) => line);
  const outage = spreadOf(lines.map(({ outage_ms }) => outage_ms));
  const inbound = spreadOf(lines.flatMap(({ inbound_outage_ms: ms }) => (ms === null ? [] : [ms])));
  const goalText = goal === undefined ? '–' : `${goal.p50Ms} / ${goal.p99Ms}`;
  if (outage === undefined) return [`${text} (\`${name}\`)`, goalText, '–', '–', '–', '–', '–', '0', 'not measured'];
  const two = Math.max(...lines.map(({ two_serving_ms }) => two_serving_ms));
  const odd = lines.filter((line) => !line.ok).length;
  const reached = two === 0 && (goal === undefined || (outage.p50 <= goal.p50Ms && outage.p99 <= goal.p99Ms));
  return [
    `${text} (\`${name}\`)`,
    goalText,
    msText(outage.p50),
    msText(outage.p99),
    msText(outage.max),
    inbound === undefined ? '–' : `${msText(inbound.p50)} / ${msText(inbound.p99)}`,
    msText(two),
    odd === 0 ? String(lines.length) : `${lines.length} (${odd} not as expected)`,
    goal === undefined ? '–' : reachedText(reached, measured, enoughRuns),
  ];
};

/** What was not as expected, each once, with how often and where. Pure. */
const problemsText = (measured: readonly Measured<LabLine>[]): string => {
  const countByText = new Map<string, number>();
  for (const { line } of measured) {
    for (const problem of line.problems) {
      const text = `\`${line.what}\`: ${problem.replaceAll(/\d+(\.\d+)? ms/g, '… ms')}`;
      countByText.set(text, (countByText.get(text) ?? 0) + 1);
    }
  }
  if (countByText.size === 0) return 'Every run came out as its scenario expects.';
  const lines = [...countByText]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([text, count]) => `* ${count} × ${text}`);
  return ['What was not as its scenario expects (these runs are in the numbers):', '', ...lines].join('\n');
};

/** What a telephone sees of each fault. Pure. */
export const labRowsSection = (measured: readonly Measured<LabLine>[]): string => {
  const head = [
    'what happens',
    'goal p50 / p99',
    'p50',
    'p99',
    'max',
    'called from outside p50 / p99',
    'two serving, most',
    'runs',
    'reached?',
  ];
  const of = (name: string): readonly Measured<LabLine>[] => measured.filter(({ line }) => line.what === name);
  return [
    '## What a telephone sees',
    '',
    'Longest time without an answer for a telephone that asks every 10 ms, in ms, in the lab with real Asterisk; goals are those of the',
    'table of numbers. "Called from outside" is the time until a telephone rings again.',
    '',
    ...(measured.length === 0
      ? [notMeasured]
      : [
          table(
            head,
            rowScenarios.map((name) => rowOf(name, of(name))),
          ),
          '',
          problemsText(measured),
          '',
          circumstancesOf(measured).text,
        ]),
    '',
    commandText('lab-rows --runs 100'),
  ].join('\n');
};
