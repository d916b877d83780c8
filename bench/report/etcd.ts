import { type EtcdCase, type EtcdLine, etcdCases, pairsByCase } from '../etcd/etcd.ts';
import type { Measured } from '../results.ts';
import { circumstancesOf, commandText, grouped, medianOf, msText, notMeasured, table } from './words.ts';

const textByCase: Readonly<Record<EtcdCase, string>> = {
  together: 'the nodes hear each other',
  alone: 'none hears the other: each main lives by etcd',
  takeover: 'all mains die at once',
  growth: 'two pairs, each main lives by etcd',
};

const caseOf = ({ what }: EtcdLine): string => what.split('-')[0] ?? what;

/** The usual number first, measured or not; then others that were. */
const countsOf = (name: EtcdCase, all: readonly Measured<EtcdLine>[]): readonly number[] => {
  const measured = all.filter(({ line }) => caseOf(line) === name).map(({ line }) => line.pairs);
  return [...new Set([pairsByCase[name], ...measured.toSorted((a, b) => b - a)])];
};

const numberText = (value: number): string => (value >= 10 ? grouped(value) : value.toFixed(1));

const spanText = (lines: readonly EtcdLine[], of: (line: EtcdLine) => readonly [number, number] | null): string => {
  const spans = lines.flatMap((line) => {
    const span = of(line);
    return span === null ? [] : [span];
  });
  if (spans.length === 0) return '–';
  return `${msText(medianOf(spans.map(([p50]) => p50)))} / ${msText(medianOf(spans.map(([, p99]) => p99)))}`;
};

const rowOf = (name: EtcdCase, pairs: number, all: readonly Measured<EtcdLine>[]): readonly string[] => {
  const lines = all.map(({ line }) => line).filter((line) => caseOf(line) === name && line.pairs === pairs);
  const of = (get: (line: EtcdLine) => number): string => numberText(medianOf(lines.map(get)));
  if (lines.length === 0) return [textByCase[name], String(pairs), ...Array.from({ length: 10 }, () => '–'), '0'];
  return [
    textByCase[name],
    String(pairs),
    of((line) => line.reads_per_s),
    of((line) => line.puts_per_s),
    spanText(lines, (line) => line.read_ms),
    spanText(lines, (line) => line.put_ms),
    String(lines.reduce((sum, line) => sum + line.refused, 0)),
    `${of((line) => line.leader_percent)} / ${of((line) => line.follower_percent)}`,
    of((line) => line.memory_mib),
    of((line) => line.written_kib_per_s),
    of((line) => line.syncs_per_s),
    `${lines.reduce((most, line) => Math.max(most, line.both), 0)} / ${lines.reduce((most, line) => Math.max(most, line.nobody), 0)}`,
    String(lines.length),
  ];
};

const head = [
  'what',
  'pairs',
  'reads/s',
  'writes/s',
  'read, ms, p50 / p99',
  'write, ms, p50 / p99',
  'not answered',
  '% of a processor, leader / other member',
  'MiB, largest member',
  'KiB/s to disk, leader',
  'waits for disk/s, leader',
  'pairs seen with two / nobody serving',
  'runs',
];

const takeoverText = (all: readonly Measured<EtcdLine>[]): readonly string[] =>
  countsOf('takeover', all).flatMap((pairs) => {
    const lines = all.map(({ line }) => line).filter((line) => line.pairs === pairs);
    const spans = lines.flatMap(({ taken_over_ms: span }) => (span === undefined ? [] : [span]));
    if (spans.length === 0) return [];
    const [p50, p99, most] = [0, 1, 2].map((at) => grouped(medianOf(spans.map((span) => span[at] ?? 0))));
    return [
      `All ${pairs} mains die in the same moment: their standbys serve after ${p50} ms (p50), ${p99} ms (p99) and ${most} ms at most; a promise is 3 000 ms. Medians; runs: ${spans.length}.`,
      '',
    ];
  });

const growthText = (all: readonly Measured<EtcdLine>[]): readonly string[] => {
  const [growth] = all.flatMap(({ line }) => (line.growth === undefined ? [] : [line.growth]));
  if (growth === undefined) return [];
  const at = growth.filter((_, index) => index % 2 === 0);
  return [
    'The database while the mains of two pairs live by etcd, with `--auto-compaction-mode=revision --auto-compaction-retention=1000` (etcd compacts each five minutes):',
    '',
    table(
      ['s', ...at.map(([seconds]) => String(seconds))],
      [
        ['file, KiB', ...at.map(([, size]) => grouped(size))],
        ['in use, KiB', ...at.map(([, , used]) => grouped(used))],
      ],
    ),
    '',
  ];
};

/** What fifty pairs cost one etcd cluster. Pure. */
export const etcdSection = (measured: readonly Measured<EtcdLine>[]): string =>
  [
    '## Pairs on one etcd cluster',
    '',
    'Debian’s etcd, three members on one machine with TLS, a user for each pair, and their data on its disk; all nodes with the real core and client in one process, preset `etcd`, without telephony. A write is conditional: those that find another’s first, and are tried again, count too.',
    '',
    ...(measured.length === 0
      ? [notMeasured]
      : [
          table(
            head,
            etcdCases.flatMap((name) => countsOf(name, measured).map((pairs) => rowOf(name, pairs, measured))),
          ),
          '',
          ...takeoverText(measured),
          ...growthText(measured),
          circumstancesOf(measured).text + (circumstancesOf(measured).underLoad ? ' Measured under load.' : ''),
        ]),
    '',
    commandText('etcd --runs 3'),
  ].join('\n');
