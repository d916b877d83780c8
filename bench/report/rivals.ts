import { percentile, type Spread } from '../../lab/scenarios/statistics.ts';
import type { Measured } from '../results.ts';
import { overTheMinute } from '../rivals/phase.ts';
import { type RivalLine, whatOf } from '../rivals/run.ts';
import { type FaultName, faultNames, type SystemName, systemNames } from '../rivals/system.ts';
import { circumstancesOf, commandText, medianOf, msText, notMeasured, table } from './words.ts';

const titleByFault: Readonly<Record<FaultName, string>> = {
  'power-loss': 'The main loses its power',
  'asterisk-crash': 'Asterisk crashes on the main',
  'asterisk-hang': 'Asterisk hangs on the main',
  switchover: 'A person moves service to the standby',
  'cut-between': 'The two nodes do not reach each other, but everybody reaches both (6 s; the check by cron 45 s)',
};

const titleBySystem: Readonly<Record<SystemName, string>> = {
  'dualtone-fast': 'Dualtone `fast`, one checkpoint',
  'dualtone-quick': 'Dualtone `quick`, one checkpoint',
  'keepalived-1s': 'keepalived, adverts each second (default)',
  'keepalived-100ms': 'keepalived, adverts each 0.1 s',
  'keepalived-1s-track': 'keepalived, default, with a script for the Asterisk process',
  'keepalived-100ms-track': 'keepalived, 0.1 s, with a script for the Asterisk process',
  'cron-ping': 'check by cron: 3 pings 10 s apart, each minute',
};

const dualtones = ['dualtone-fast', 'dualtone-quick'] as const;

/** What did not end counts as longer than everything. */
const outageOf = (line: RivalLine): number => (line.recovered ? line.outage_ms : Number.POSITIVE_INFINITY);

const spreadText = (lines: readonly RivalLine[]): readonly string[] => {
  const watchedS = Math.round(Math.min(...lines.map(({ watched_ms }) => watched_ms)) / 1000);
  const values = lines.map(outageOf);
  return [0.5, 0.99, 1].map((share) => {
    const value = percentile(values, share);
    if (value === undefined) return '–';
    return Number.isFinite(value) ? msText(value) : `not within ${watchedS} s`;
  });
};

const ratio = (ours: number, theirs: number): number | undefined => {
  if (!Number.isFinite(theirs)) return Number.isFinite(ours) ? 0 : undefined;
  return theirs === 0 ? undefined : ours / theirs;
};

const ratioText = (value: number | undefined): string => {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return 'worse';
  if (value === 0) return '0';
  return value < 0.1 ? value.toFixed(3) : value.toFixed(2);
};

/** The median over all rounds of this system's outage in a round by the rival's in the same round. Pure. */
export const pairedRatio = (ours: readonly RivalLine[], theirs: readonly RivalLine[]): number | undefined => {
  const ratios = theirs.flatMap((their) => {
    const our = ours.find(({ run }) => run === their.run);
    const value = our === undefined ? undefined : ratio(outageOf(our), outageOf(their));
    return value === undefined ? [] : [value];
  });
  return ratios.length === 0 ? undefined : medianOf(ratios);
};

type LinesBySystem = (system: SystemName) => readonly RivalLine[];

const rowOf = (fault: FaultName, system: SystemName, linesOf: LinesBySystem): readonly string[] => {
  const lines = linesOf(system);
  const two = medianOf(lines.map(({ two_serving_ms }) => two_serving_ms));
  const isOurs = dualtones.some((name) => name === system);
  const ratios = dualtones.map((name) => (isOurs ? '' : ratioText(pairedRatio(linesOf(name), lines))));
  const isTimed = system === 'cron-ping' && (fault === 'power-loss' || fault === 'cut-between');
  const more = isTimed ? ', struck 2 s before the minute' : '';
  return [`${titleBySystem[system]}${more}`, ...spreadText(lines), msText(two), ...ratios, String(lines.length)];
};

/** The check by cron for a fault at any moment, computed from the runs that were done for real. */
const computedRow = (linesOf: LinesBySystem): readonly (readonly string[])[] => {
  const real = linesOf('cron-ping').filter(({ recovered }) => recovered);
  const spread: Spread | undefined = overTheMinute(real.map((line) => line.outage_ms - line.to_minute_ms));
  if (spread === undefined) return [];
  const ratios = dualtones.map((name) => {
    const ours = percentile(linesOf(name).map(outageOf), 0.5);
    return ours === undefined ? '–' : ratioText(ratio(ours, spread.p50));
  });
  const { p50, p99, max } = spread;
  return [
    [
      `${titleBySystem['cron-ping']}, at any moment: computed`,
      ...[p50, p99, max].map(msText),
      '–',
      ...ratios,
      'from the row above',
    ],
  ];
};

const faultSection = (fault: FaultName, measured: readonly Measured<RivalLine>[]): readonly string[] => {
  const linesOf = (system: SystemName): readonly RivalLine[] =>
    measured.map(({ line }) => line).filter(({ what }) => what === whatOf(fault, system));
  const present = systemNames.filter((system) => linesOf(system).length > 0);
  if (present.length === 0) return [];
  const rows = present.map((system) => rowOf(fault, system, linesOf));
  const computed = fault === 'power-loss' ? computedRow(linesOf) : [];
  const head = ['system', 'p50', 'p99', 'max', 'two serving, median', '`fast` ÷ this', '`quick` ÷ this', 'runs'];
  return [`### ${titleByFault[fault]}`, '', table(head, [...rows, ...computed]), ''];
};

/** The same faults on Dualtone and on what else there is. Pure. */
export const rivalsSection = (measured: readonly Measured<RivalLine>[]): string =>
  [
    '## Beside rivals',
    '',
    'The same lab, the same telephone that asks every 10 ms, the same faults; longest time without an answer, in ms. In each round every',
    'system has its turn, another one first each time. A ratio is the median over rounds of Dualtone’s outage by the other’s in the same round; 0 where',
    'only the other did not recover.',
    '',
    '* **keepalived** moves the virtual address by VRRP between two warm Asterisks, with priorities 254 and 253, which make it as quick as its',
    '  adverts allow. Its script, where it has one, asks each second (its default) whether there is an Asterisk process. No vote, no lease.',
    '* **check by cron** is the scheme of the XiVO scripts in our own words: on the standby, by the real cron, three pings ten seconds apart each minute;',
    '  if all fail, Asterisk starts and the address is taken; if not, they are stopped. Run for real with the fault about 2 s before a minute (the',
    '  detection itself is waited for in full); computed from that for a fault at any moment, all equally likely: the rest of the minute is added.',
    '* **Two serving** is how long both nodes answered in the time watched; in a cut it goes on until somebody mends the network.',
    '* Asterisk’s unit is Debian’s, and the same everywhere: systemd starts a crashed Asterisk again after a second. What did not recover',
    '  is watched for 8 s (the check by cron: 100 s), in few runs, since more would tell nothing new.',
    '',
    ...(measured.length === 0
      ? [notMeasured, '']
      : [...faultNames.flatMap((fault) => faultSection(fault, measured)), circumstancesOf(measured).text, '']),
    commandText('rivals --runs 10'),
  ].join('\n');
