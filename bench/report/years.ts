import type { Measured } from '../results.ts';
import type { RivalsLine } from '../rivals/rivals.ts';
import { type DeploymentName, deploymentNames } from '../years/deployments.ts';
import { machineRates, machineTroubles, pairRates, pairTroubles, type Rate } from '../years/rates.ts';
import type { YearsLine } from '../years/years.ts';
import { circumstancesOf, commandText, medianOf, notMeasured, table } from './words.ts';

const titleByName: Readonly<Record<DeploymentName, string>> = {
  single: 'one server',
  'cron-ping': 'pair, check by cron',
  keepalived: 'pair, keepalived with a script',
  'pacemaker-tuned': 'pair, pacemaker tuned, one quorum device',
  'dualtone-none': 'Dualtone `fast`, arbiter `none`',
  'dualtone-nrpe': 'Dualtone, preset `remsys`, three NRPE checkpoints',
  'dualtone-1': 'Dualtone `fast`, one checkpoint',
  'dualtone-3': 'Dualtone `fast`, three checkpoints',
};

const timeText = (seconds: number): string => {
  if (seconds < 120) return `${Number(seconds.toFixed(1))} s`;
  return seconds < 7200 ? `${Number((seconds / 60).toFixed(1))} min` : `${Number((seconds / 3600).toFixed(1))} h`;
};

const rateRow = ({ text, aYear, lasts, source }: Rate): readonly string[] => [
  text,
  String(aYear),
  lasts.medianS === 0 ? 'as measured' : `${timeText(lasts.medianS)} (95 %: ${timeText(lasts.p95S)})`,
  source,
];

const rateTable = (): string =>
  table(
    ['what happens', 'a year', 'how long, median', 'where the rate is from'],
    [
      ...machineTroubles.map((trouble) => rateRow(machineRates[trouble])),
      ...pairTroubles.map((trouble) => rateRow(pairRates[trouble])),
    ],
  );

const systems = ['cron-ping', 'keepalived-1s', 'keepalived-1s-track', 'pacemaker-tuned'] as const;
const enoughRuns = 20;

/** What the rivals' rows rest on: a single run that did not recover counts as half an hour each time. */
const groundText = (rivals: readonly Measured<RivalsLine>[]): readonly string[] => {
  const used = rivals.filter(({ line }) => systems.some((system) => line.what.endsWith(`/${system}`)));
  const runs = systems.map((system) => {
    const counts = used.filter(({ line }) => line.what.endsWith(`/${system}`) && 'outage_ms' in line);
    const byFault = Map.groupBy(counts, ({ line }) => line.what);
    const least = Math.min(...[...byFault.values()].map((all) => all.length));
    return { system, least };
  });
  const few = runs.filter(({ least }) => least < enoughRuns).map(({ system, least }) => `${system} ${least}`);
  if (used.length === 0 || few.length === 0) return [];
  const { loadText, underLoad } = circumstancesOf(used);
  return [
    `**How far to trust it:** the rivals' outages come from few runs of a fault (least: ${few.join(', ')})${underLoad ? `, measured under load (others used ${loadText})` : ''}; one that did not recover counts as half an hour each time. Read their rows as orders of magnitude.`,
    '',
  ];
};

/** A fleet's years, and the measurements that its rivals' rows rest on. Pure. */
export const yearsSection = (
  measured: readonly Measured<YearsLine>[],
  rivals: readonly Measured<RivalsLine>[],
): string => {
  const rows = deploymentNames.flatMap((name) => {
    const lines = measured.map(({ line }) => line).filter(({ what }) => what === name);
    if (lines.length === 0) return [];
    const of = (value: (line: YearsLine) => number): number => medianOf(lines.map(value));
    return [
      [
        titleByName[name],
        timeText(of((line) => line.outage_s_a_year)),
        timeText(of((line) => line.outage_s_p99)),
        timeText(Math.max(...lines.map((line) => line.outage_s_worst))),
        `${of((line) => line.years_below_minute_percent)} %`,
        String(of((line) => line.takeovers_a_year)),
        String(of((line) => line.uncovered_a_year)),
        timeText(of((line) => line.two_serving_s_a_year)),
        String(lines.length),
      ],
    ];
  });
  const head = [
    'how telephony is run',
    'without service a year, mean',
    'worst of 100 years',
    'worst of all',
    'years below a minute',
    'takeovers a year',
    'lost, and nobody may take over, a year',
    'two serving a year',
    'fleets',
  ];
  return [
    '## Seven years of a hundred pairs',
    '',
    'A computation, not a measurement: faults by chance at the rates below, the same for all, and for each takeover one of the outages measured above',
    'for that system (`fast` with one checkpoint also for three and for `none`; NRPE: five looks a minute apart before it). What no program noticed is mended by a',
    'person after 30 minutes (95 %: 4 h), which is assumed as well. A node lost while nobody may take over is waited for. Not in it: what takes both servers at',
    'once (power of the site: 1.3 times a year and 257 minutes each in the United States in 2023, EIA table 11.1), and mistakes of persons.',
    '',
    ...(rows.length === 0 ? [notMeasured, ''] : [table(head, rows), '', ...groundText(rivals)]),
    rateTable(),
    '',
    commandText('years --runs 10'),
  ].join('\n');
};
