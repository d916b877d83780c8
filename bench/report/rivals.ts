import { percentile, type Spread } from '../../lab/scenarios/statistics.ts';
import type { Measured } from '../results.ts';
import type { CostLine } from '../rivals/cost.ts';
import { overTheMinute } from '../rivals/phase.ts';
import type { RivalsLine } from '../rivals/rivals.ts';
import { type RivalLine, whatOf } from '../rivals/run.ts';
import { type FaultName, faultNames, type SystemName, systemNames } from '../rivals/system.ts';
import { barPicture } from './picture.ts';
import { costBy, costTable } from './rivals-cost.ts';
import { circumstancesOf, commandText, medianOf, msText, notMeasured, table } from './words.ts';

const titleByFault: Readonly<Record<FaultName, string>> = {
  'power-loss': 'The main loses its power',
  'asterisk-crash': 'Asterisk crashes on the main',
  'asterisk-hang': 'Asterisk hangs on the main',
  isolation: 'The main is cut off from everybody',
  switchover: 'A person moves service to the standby',
  'cut-between':
    'The two nodes do not reach each other, but everybody reaches both (6 s; pacemaker 15 or 45 s, the check by cron 45 s)',
};

const titleBySystem: Readonly<Record<SystemName, string>> = {
  'dualtone-fast': 'Dualtone `fast`, one checkpoint',
  'dualtone-quick': 'Dualtone `quick`, one checkpoint',
  'keepalived-1s': 'keepalived, adverts each second (default)',
  'keepalived-100ms': 'keepalived, adverts each 0.1 s',
  'keepalived-1s-track': 'keepalived, default, with a script for the Asterisk process',
  'keepalived-100ms-track': 'keepalived, 0.1 s, with a script for the Asterisk process',
  pacemaker: 'pacemaker and corosync with quorum device, defaults',
  'pacemaker-tuned': 'pacemaker and corosync with quorum device, tuned, Asterisk warm',
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

/** A run, and in which session it was: rounds of two sessions are no pair. */
export type RoundLine = RivalLine & { readonly session: string };

/** The median over all rounds of this system's outage in a round by the rival's in the same round. Pure. */
export const pairedRatio = (ours: readonly RoundLine[], theirs: readonly RoundLine[]): number | undefined => {
  const ratios = theirs.flatMap((their) => {
    const our = ours.find(({ run, session }) => run === their.run && session === their.session);
    const value = our === undefined ? undefined : ratio(outageOf(our), outageOf(their));
    return value === undefined ? [] : [value];
  });
  return ratios.length === 0 ? undefined : medianOf(ratios);
};

type LinesBySystem = (system: SystemName) => readonly RoundLine[];

const timedFaults: readonly FaultName[] = ['power-loss', 'isolation', 'cut-between'];

const rowOf = (fault: FaultName, system: SystemName, linesOf: LinesBySystem): readonly string[] => {
  const lines = linesOf(system);
  const two = medianOf(lines.map(({ two_serving_ms }) => two_serving_ms));
  const isOurs = dualtones.some((name) => name === system);
  const ratios = dualtones.map((name) => (isOurs ? '' : ratioText(pairedRatio(linesOf(name), lines))));
  const isTimed = system === 'cron-ping' && timedFaults.includes(fault);
  const more = isTimed ? ', struck 2 s before the minute' : '';
  const kept = lines.flatMap(({ registrations_kept: percent }) => (typeof percent === 'number' ? [percent] : []));
  const keptText = kept.length === 0 ? '–' : `${medianOf(kept)} %`;
  const title = `${titleBySystem[system]}${more}`;
  return [title, ...spreadText(lines), msText(two), keptText, ...ratios, String(lines.length)];
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
      '–',
      ...ratios,
      'from the row above',
    ],
  ];
};

const linesBy =
  (fault: FaultName, measured: readonly Measured<RivalLine>[]): LinesBySystem =>
  (system) =>
    measured.flatMap(({ line, session: { session } }) =>
      line.what === whatOf(fault, system) ? [{ ...line, session }] : [],
    );

const faultSection = (fault: FaultName, measured: readonly Measured<RivalLine>[]): readonly string[] => {
  const linesOf = linesBy(fault, measured);
  const present = systemNames.filter((system) => linesOf(system).length > 0);
  if (present.length === 0) return [];
  const rows = present.map((system) => rowOf(fault, system, linesOf));
  const computed = fault === 'power-loss' ? computedRow(linesOf) : [];
  const head = [
    'system',
    'p50',
    'p99',
    'max',
    'two serving, median',
    'registrations kept',
    '`fast` ÷ this',
    '`quick` ÷ this',
    'runs',
  ];
  return [`### ${titleByFault[fault]}`, '', table(head, [...rows, ...computed]), ''];
};

const isFault = (measured: Measured<RivalsLine>): measured is Measured<RivalLine> => 'outage_ms' in measured.line;
const isCost = (measured: Measured<RivalsLine>): measured is Measured<CostLine> => 'memory_mib' in measured.line;

/** Less than this is chance. */
const sameMs = 5;

/** Where the median of a rival is better than that of `fast`; the first thing that a reader should know. Pure. */
const winsOf = (measured: readonly Measured<RivalsLine>[]): readonly string[] => {
  const outages = measured.filter(isFault);
  const faults = faultNames.flatMap((fault) => {
    const linesOf = linesBy(fault, outages);
    const [fast, quick] = dualtones.map((name) => percentile(linesOf(name).map(outageOf), 0.5));
    if (fast === undefined) return [];
    return systemNames.flatMap((system) => {
      const theirs = percentile(linesOf(system).map(outageOf), 0.5);
      if (dualtones.some((name) => name === system) || theirs === undefined || theirs > fast - sameMs) return [];
      const two = medianOf(linesOf(system).map(({ two_serving_ms }) => two_serving_ms));
      const price = two > 0 ? `; both nodes served meanwhile for ${msText(two)} ms` : '';
      const other = quick === undefined ? '' : `, \`quick\` ${msText(quick)}`;
      return [
        `${titleByFault[fault]}: ${titleBySystem[system]} ${msText(theirs)} ms, \`fast\` ${msText(fast)}${other}${price}`,
      ];
    });
  });
  return [...faults, ...costWins(measured.filter(isCost))];
};

const costWins = (measured: readonly Measured<CostLine>[]): readonly string[] => {
  const ours = costBy(measured, 'dualtone-fast');
  if (ours === undefined) return [];
  return systemNames.flatMap((system) => {
    const theirs = costBy(measured, system);
    if (dualtones.some((name) => name === system) || theirs === undefined) return [];
    const better: string[] = [];
    const { standby: memory = 0 } = theirs.memoryByHost;
    const { standby: started = 0 } = theirs.startedByHost;
    const { standby: ourMemory = 0 } = ours.memoryByHost;
    const { standby: ourStarted = 0 } = ours.startedByHost;
    if (memory < ourMemory) better.push(`${memory} MiB of memory on the standby, \`fast\` ${ourMemory}`);
    if (started < ourStarted) better.push(`${started} programs started a minute there, \`fast\` ${ourStarted}`);
    return better.length === 0 ? [] : [`${titleBySystem[system]}: ${better.join('; ')}`];
  });
};

/** Median outages of all systems, as bars. Pure. */
export const rivalsPicture = (measured: readonly Measured<RivalsLine>[]): string => {
  const outages = measured.filter(isFault);
  const groups = faultNames.map((fault) => {
    const linesOf = linesBy(fault, outages);
    const bars = systemNames.flatMap((system) => {
      const ms = percentile(linesOf(system).map(outageOf), 0.5);
      const isOurs = dualtones.some((name) => name === system);
      return ms === undefined ? [] : [{ label: nameOf(system), ms, isOurs }];
    });
    return { title: titleByFault[fault].replace(/ \(.*/, ''), bars };
  });
  const present = groups.filter(({ bars }) => bars.length > 0);
  return barPicture('Without an answer, median, logarithmic from 10 ms to 100 s', present);
};

const nameOf = (system: SystemName): string => system.replace('dualtone-', 'Dualtone ').replaceAll('-', ' ');

const explanations: readonly string[] = [
  '* **keepalived** moves the virtual address by VRRP between two warm Asterisks, with priorities 254 and 253, which make it as quick as its',
  '  adverts allow. Its script, where it has one, asks each second (its default) whether there is an Asterisk process. No vote, no lease.',
  '* **pacemaker** with corosync (knet, encrypted), a quorum device on the third machine (`corosync-qnetd`, `ffsplit`), `ocf:heartbeat:IPaddr2` and',
  '  `ocf:heartbeat:asterisk`. With defaults, address and Asterisk are one group with the intervals that the agents recommend (Asterisk asked each 20 s,',
  '  30 s allowed). Tuned: Asterisk runs on both nodes as a clone and only the address moves, at the first failure; asked each second with 2 s allowed; corosync’s',
  '  token 0.5 s instead of 3, the device’s timeouts 1.25 and 2.5 s instead of 10 and 30. The lab has nothing that switches a server off, so it runs without',
  '  fencing, which its documents want: with fencing each loss of a node waits for that too. The device is asked without TLS, which changes no timing.',
  '* **check by cron** is the scheme of the XiVO scripts in our own words: on the standby, by the real cron, three pings ten seconds apart each minute;',
  '  if all fail, Asterisk starts and the address is taken; if not, they are stopped. Run for real with the fault about 2 s before a minute (the',
  '  detection itself is waited for in full); computed from that for a fault at any moment, all equally likely: the rest of the minute is added.',
  '* **Two serving** is how long both nodes answered in the time watched, reachable or not; in a cut it goes on until somebody mends the network.',
  '* **Registrations kept**: telephones that the node serving at the end knows without a new registration. Rivals share nothing of Asterisk’s, as',
  '  their documents leave it; before each run the standby forgets what former runs left, as it would within five minutes.',
  '* Asterisk’s unit is Debian’s, and the same everywhere but with pacemaker, which runs it itself: systemd starts a crashed Asterisk again after a',
  '  second. What did not recover is watched for 8 s (the check by cron 100 s, pacemaker up to 120 s), in few runs, since more would tell nothing new.',
  '* **Memory** is that of the system’s own processes without Asterisk: what is their own, and once what they share. **Programs started** are all in the host.',
];

/** What was measured on several machines is no row of its own. */
const machinesText = (all: readonly Measured<RivalsLine>[]): readonly string[] => {
  const machines = new Set(all.map(({ session: { machine } }) => JSON.stringify(machine)));
  return machines.size < 2 ? [] : ['**Measured on more than one machine: only the ratios compare.**', ''];
};

/** The same faults on Dualtone and on what else there is. Pure. */
export const rivalsSection = (all: readonly Measured<RivalsLine>[]): string => {
  const measured = all.filter(isFault);
  const wins = winsOf(all);
  return [
    '## Beside rivals',
    '',
    'The same lab, the same telephone that asks every 10 ms, the same faults; longest time without an answer, in ms. In each round every',
    'system has its turn, another one first each time. A ratio is the median over rounds of Dualtone’s outage by the other’s in the same round; 0 where',
    'only the other did not recover.',
    '',
    ...(all.length === 0
      ? [notMeasured, '']
      : [
          ...machinesText(all),
          '**Where another does better than Dualtone `fast`**, by medians:',
          '',
          ...(wins.length === 0 ? ['* nowhere'] : wins.map((win) => `* ${win}`)),
          '',
          '![Median outages of all systems](images/rivals.svg)',
          '',
          ...explanations,
          '',
          ...faultNames.flatMap((fault) => faultSection(fault, measured)),
          ...costTable(all.filter(isCost), titleBySystem),
          circumstancesOf(all).text,
          '',
        ]),
    commandText('rivals --runs 10'),
  ].join('\n');
};
