/** A report in words, the same for the terminal and for paper. */
import type { Millis, WallTime } from '../core/words.ts';
import type { DrillOutcome, DrillSummary } from './protocol.ts';
import type { DrillReport } from './report.ts';

export const OUTCOME_WORD: Readonly<Record<DrillOutcome, string>> = {
  passed: 'passed',
  failed: 'FAILED',
  stopped: 'stopped by a person',
  'gave-way': 'gave way to a real fault',
  interrupted: 'interrupted',
};

const two = (value: number): string => String(value).padStart(2, '0');

/** Local time. */
export const timeOf = (wall: WallTime): string => {
  const date = new Date(wall);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};

/** To the tenth of a second that the questions are apart. */
export const secondsOf = (ms: Millis | null): string =>
  ms === null ? 'not measured' : ms === 0 ? 'under 0.1 s' : `${(ms / 1000).toFixed(1)} s`;

export interface Fact {
  readonly name: string;
  readonly text: string;
}

/** Facts in order, for a table. */
export const factsOf = (report: DrillReport): readonly Fact[] => {
  const { asked, loss, phones, moved, epochs, pair, startedAt, endedAt, by, program } = report;
  const dry = report.kind === 'dry';
  const silence = (ms: Millis | null, movedMs: Millis | null): string =>
    `${secondsOf(ms)}${movedMs === null ? '' : `; the other node served after ${movedMs} ms`}`;
  return [
    { name: 'Pair', text: `${pair.main} (main), ${pair.standby} (standby)` },
    { name: 'When', text: `${timeOf(startedAt)} to ${timeOf(endedAt)}, local time` },
    { name: 'Asked for by', text: `${by}; ${program}` },
    { name: 'Readiness', text: [asked.readiness, ...asked.reasons.slice(1)].join('; ') },
    { name: 'Protection', text: asked.protection },
    {
      name: 'Forecast',
      text:
        asked.forecastMs === null
          ? 'the standby would not take over by itself'
          : `the standby serves ${Math.round(asked.forecastMs)} ms after the main has fallen silent`,
    },
    { name: 'Calls up', text: asked.calls < 0 ? 'not known' : String(asked.calls) },
    ...(asked.streams.length === 0 ? [] : [{ name: 'Data', text: asked.streams.join('; ') }]),
    ...(asked.follow.length === 0 ? [] : [{ name: 'Machines that follow', text: asked.follow.join(', ') }]),
    { name: 'Would have been lost', text: loss.there.length === 0 ? 'nothing' : loss.there.join('; ') },
    ...(dry
      ? []
      : [
          { name: 'No answer on the way there', text: silence(phones.thereMs, moved.thereMs) },
          { name: 'No answer on the way back', text: silence(phones.backMs, moved.backMs) },
          { name: 'Allowed', text: secondsOf(phones.limitMs) },
          { name: 'Missing on the way back', text: loss.back.length === 0 ? 'nothing' : loss.back.join('; ') },
          { name: 'Terms of service', text: [epochs.before, epochs.away ?? '–', epochs.after ?? '–'].join(', ') },
          { name: 'Measured', text: `${phones.target}, ten questions a second. ${phones.text}` },
        ]),
  ];
};

export interface StepWord {
  readonly time: string;
  readonly text: string;
}

export const stepsOf = ({ steps, startedAt }: DrillReport): readonly StepWord[] =>
  steps.map(({ at, text }) => ({ time: `+${((at - startedAt) / 1000).toFixed(2)} s`, text }));

export const summaryWords = ({ id, kind, outcome, thereMs, backMs, startedAt }: DrillSummary): readonly string[] => [
  id,
  timeOf(startedAt),
  kind,
  OUTCOME_WORD[outcome],
  kind === 'dry' ? '' : secondsOf(thereMs),
  kind === 'dry' ? '' : secondsOf(backMs),
];
