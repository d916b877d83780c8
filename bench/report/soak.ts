import { spreadOf } from '../../lab/scenarios/statistics.ts';
import type { Measured } from '../results.ts';
import type { MoveLine, SampleLine, SoakLine } from '../soak/soak.ts';
import { type Judged, judgeSoak } from '../soak/verdict.ts';
import { circumstancesOf, commandText, msText, notMeasured, table } from './words.ts';

const isSample = (line: SoakLine): line is SampleLine => line.what === 'sample';
const isMove = (line: SoakLine): line is MoveLine => line.what === 'move';

const labRow = (run: number, lines: readonly SoakLine[]): readonly string[] => {
  const samples = lines.filter(isSample);
  const moves = lines.filter(isMove);
  const outage = spreadOf(moves.map(({ outage_ms }) => outage_ms)) ?? { p50: 0, max: 0 };
  return [
    String(run),
    String(Math.round(Math.max(0, ...lines.map(({ at_s: atS }) => atS)) / 60)),
    String(samples.length),
    String(moves.length),
    `${msText(outage.p50)} / ${msText(outage.max)}`,
    msText(Math.max(0, ...moves.map(({ two_serving_ms: ms }) => ms))),
    String(moves.filter(({ problems }) => problems.length > 0).length),
  ];
};

const bound = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : '–');

const growthRow = (run: number, { key, growth, hours }: Judged): readonly string[] => [
  String(run),
  `\`${key}\``,
  (hours * 60).toFixed(0),
  `${growth.first.toFixed(1)} → ${growth.last.toFixed(1)}`,
  bound(growth.least),
  bound(growth.most),
  growth.verdict === 'unknown' ? 'cannot tell yet' : growth.verdict,
];

/** What is steady is told by its kind: how many things, and how much the least certain of them could grow at most. */
const steadyRows = (run: number, judged: readonly Judged[]): readonly (readonly string[])[] =>
  [...Map.groupBy(judged, ({ kind }) => kind)].map(([kind, all]) => [
    String(run),
    `${all.length} of ${kind}`,
    (Math.min(...all.map(({ hours }) => hours)) * 60).toFixed(0),
    '',
    '',
    bound(Math.max(...all.map(({ growth }) => growth.most))),
    'steady',
  ]);

const rise = ({ growth }: Judged): number => growth.last / Math.max(growth.first, 1);
const shownOfUntold = 3;

/** Of what was not watched for long enough to have bounds, those that rose most. */
const untoldRows = (run: number, judged: readonly Judged[]): readonly (readonly string[])[] => {
  const sorted = judged.toSorted((a, b) => rise(b) - rise(a));
  const rest = sorted.slice(shownOfUntold);
  return [
    ...sorted.slice(0, shownOfUntold).map((each) => growthRow(run, each)),
    ...[...Map.groupBy(rest, ({ kind }) => kind)].map(([kind, all]) => [
      String(run),
      `${all.length} more of ${kind}, which rose less`,
      (Math.min(...all.map(({ hours }) => hours)) * 60).toFixed(0),
      '',
      '–',
      '–',
      'cannot tell yet',
    ]),
  ];
};

const growthRows = (run: number, lines: readonly SoakLine[]): readonly (readonly string[])[] => {
  const judged = judgeSoak(lines.filter(isSample));
  const steady = judged.filter(({ growth }) => growth.verdict === 'steady');
  const untold = judged.filter(({ growth }) => !Number.isFinite(growth.most));
  return [
    ...judged.filter((each) => !steady.includes(each) && !untold.includes(each)).map((each) => growthRow(run, each)),
    ...untoldRows(run, untold),
    ...steadyRows(run, steady),
  ];
};

const problemsOf = (lines: readonly SoakLine[]): readonly string[] =>
  lines
    .filter(isMove)
    .filter(({ problems }) => problems.length > 0)
    .map(
      ({ run, at_s: atS, scenario, problems }) =>
        `* lab ${run}, ${Math.round(atS / 60)} min, \`${scenario}\`: ${problems.join('; ')}`,
    );

const journalHosts = ['main', 'standby', 'checkpoint1'] as const;
const usualJournalKib = 256 * 1024;

/** The journal may grow: so fast, and so long until its bound is reached. Of the longest lab. */
const journalText = (lines: readonly SoakLine[]): readonly string[] => {
  const samples = lines.filter(isSample);
  const [first, last] = [samples[0], samples.at(-1)];
  const hours = ((last?.at_s ?? 0) - (first?.at_s ?? 0)) / 3600;
  const rates = journalHosts.flatMap((host) => {
    const key = `${host} journal KiB`;
    const grown = (last?.values[key] ?? 0) - (first?.values[key] ?? 0);
    if (hours <= 0 || grown <= 0) return [];
    const anHour = grown / hours;
    return [
      `${host} ${Math.round(anHour)} KiB an hour, so that 256 MiB hold ${Math.round(usualJournalKib / anHour / 24)} days of such a life`,
    ];
  });
  return rates.length === 0 ? [] : [`The journal: ${rates.join('; ')}.`, ''];
};

const longest = (byRun: readonly (readonly [number, readonly SoakLine[]])[]): readonly SoakLine[] =>
  byRun.map(([, lines]) => lines).toSorted((a, b) => (b.at(-1)?.at_s ?? 0) - (a.at(-1)?.at_s ?? 0))[0] ?? [];

/** Whether anything grows while a pair lives on. Pure. */
export const soakSection = (measured: readonly Measured<SoakLine>[]): string => {
  const byRun = [
    ...Map.groupBy(
      measured.map(({ line }) => line),
      ({ run }) => run,
    ),
  ];
  const problems = problemsOf(measured.map(({ line }) => line));
  return [
    '## Soak: whether anything grows',
    '',
    'A pair lives on in the lab with calls up; scenarios are drawn at random, switchovers most, and judged as ever; in between it is counted what every program of agents, Asterisk and checkpoint holds.',
    'After a warm-up (a quarter of the time; of memory an hour at least, since a heap grows until what is old in it is collected) the growth an hour is the median of the slopes of all pairs of counts, with bounds that hold in 98 of 100 cases. It *grows* where the lower bound is above what is allowed, is *steady* where',
    'the upper bound is not, and else the run was too short to tell. Allowed an hour: 1 MiB for a program, half a descriptor, thread, process, mount, nftables element or file, 64 KiB of state besides the journal. A program that was started anew counts from then.',
    '',
    ...(byRun.length === 0
      ? [notMeasured]
      : [
          table(
            ['lab', 'minutes', 'counts', 'moves', 'outage p50 / max, ms', 'two serving, most', 'moves not as expected'],
            byRun.map(([run, lines]) => labRow(run, lines)),
          ),
          '',
          ...(problems.length === 0 ? [] : [...problems, '']),
          table(
            ['lab', 'what', 'minutes', 'first → last', 'growth an hour, least', 'most', 'verdict'],
            byRun.flatMap(([run, lines]) => growthRows(run, lines)),
          ),
          '',
          ...journalText(longest(byRun)),
          circumstancesOf(measured).text,
        ]),
    '',
    commandText('soak --hours 8'),
  ].join('\n');
};
