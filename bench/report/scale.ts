import { spreadOf } from '../../lab/scenarios/statistics.ts';
import type { Measured } from '../results.ts';
import { cells, type ScaleLine } from '../scale/scale.ts';
import { linePicture } from './picture.ts';
import { circumstancesOf, commandText, medianOf, msText, notMeasured, table } from './words.ts';

const titleOf = (what: string): string => {
  const [kind = '', count = ''] = what.split('/');
  switch (kind) {
    case 'warm':
      return `${count}, Asterisk runs on both`;
    case 'cold':
      return `${count}, the standby starts Asterisk`;
    case 'calls':
      return `${count}, and 1000 calls are up`;
    default:
      return `${count}, and all register at once, 500 a second`;
  }
};

const percentText = (values: readonly (number | null)[]): string => {
  const known = values.flatMap((value) => (value === null ? [] : [value]));
  return known.length === 0 ? '–' : `${Math.min(...known)} %`;
};

const rowOf = (what: string, lines: readonly ScaleLine[]): readonly string[] => {
  const outage = spreadOf(lines.map(({ outage_ms }) => outage_ms)) ?? { p50: 0, max: 0 };
  const storms = lines.flatMap(({ storm_ms: ms }) => (ms === undefined ? [] : [ms]));
  return [
    titleOf(what),
    `${msText(outage.p50)} / ${msText(outage.max)}`,
    percentText(lines.map((line) => line.known_before_percent)),
    percentText(lines.map((line) => line.known_after_percent)),
    String(medianOf(lines.map((line) => line.registrations_a_minute))),
    storms.length === 0 ? '–' : `${(medianOf(storms) / 1000).toFixed(1)} s`,
    `${Math.max(...lines.map((line) => line.agent_peak_mib))}`,
    `${medianOf(lines.map((line) => line.agent_processor_percent))} / ${medianOf(lines.map((line) => line.main_agent_processor_percent))}`,
    msText(Math.max(...lines.map((line) => line.two_serving_ms))),
    String(lines.length),
  ];
};

const head = [
  'telephones',
  'outage p50 / max, ms',
  'known to the standby before, least',
  'known to it after, least',
  'registrations a minute',
  'until all had registered',
  'standby’s agent, peak MiB',
  'agents, % of a processor: standby in the takeover / main before',
  'two serving, most',
  'runs',
];

const linesOf = (measured: readonly Measured<ScaleLine>[], what: string): readonly ScaleLine[] =>
  measured.map(({ line }) => line).filter((line) => line.what === what);

/** How the takeover grows with the telephones. Pure. */
export const scalePicture = (measured: readonly Measured<ScaleLine>[]): string => {
  const series = (['warm', 'cold'] as const).map((kind) => ({
    label: kind === 'warm' ? 'Asterisk runs on both nodes' : 'the standby starts Asterisk',
    colour: kind === 'warm' ? '#0b6e4f' : '#3557a5',
    points: [100, 1000, 10_000].flatMap((x) => {
      const lines = linesOf(measured, `${kind}/${x}`);
      return lines.length === 0 ? [] : [{ x, y: medianOf(lines.map(({ outage_ms }) => outage_ms)) }];
    }),
  }));
  return linePicture('Takeover after loss of power, median', 'telephones', [100, 10_000], [100, 100_000], series);
};

/** Takeovers with many telephones. Pure. */
export const scaleSection = (measured: readonly Measured<ScaleLine>[]): string => {
  const present = cells.filter(({ what }) => linesOf(measured, what).length > 0);
  return [
    '## Many telephones',
    '',
    'The main loses its power; preset `fast`, one checkpoint, real Asterisk with so many PJSIP endpoints, each a telephone of the lab that has registered with',
    'digest and goes on to. Ten thousand register 3 000 times a minute. Telephones, provider and all servers share the machine’s processors.',
    '',
    ...(present.length === 0
      ? [notMeasured]
      : [
          '![Takeover by number of telephones](images/scale.svg)',
          '',
          table(
            head,
            present.map(({ what }) => rowOf(what, linesOf(measured, what))),
          ),
          '',
          circumstancesOf(measured).text,
        ]),
    '',
    commandText('scale --runs 5'),
  ].join('\n');
};
