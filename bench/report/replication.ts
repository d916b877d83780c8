import { percentile, rounded } from '../../lab/scenarios/statistics.ts';
import type { AstDbLine } from '../replication/astdb.ts';
import type { ContinuousLine } from '../replication/continuous.ts';
import type { EventMergeLine } from '../replication/event-merge.ts';
import type { MysqlLine } from '../replication/mysql.ts';
import {
  astDbWhat,
  continuousWhat,
  eventsWhat,
  mysqlWhat,
  type ReplicationLine,
  snapshotSizes,
  snapshotWhat,
  voicemailWhat,
} from '../replication/replication.ts';
import { type SnapshotCase, type SnapshotLine, snapshotCases } from '../replication/snapshot.ts';
import type { VoicemailMergeLine } from '../replication/voicemail-merge.ts';
import type { Measured } from '../results.ts';
import { circumstancesOf, commandText, grouped, medianOf, msText, notMeasured, reachedText, table } from './words.ts';

type All = readonly Measured<ReplicationLine>[];

const enoughSnapshots = 10;
const enoughMerges = 3;
const lagMostMs = { p50: 500, p99: 1000 } as const;
const mergeMostMs = { events: 120_000, voicemail: 60_000 } as const;

/** What is measured under a name; the name tells the kind of line. */
const under = <Line extends ReplicationLine>(all: All, what: string): readonly Measured<Line>[] =>
  all.filter(({ line }) => line.what === what) as unknown as readonly Measured<Line>[];

const caseTexts: Readonly<Record<SnapshotCase, string>> = {
  same: 'nothing has changed',
  changed: '1 % has changed',
  empty: 'the standby is empty',
};

const most = (values: readonly number[]): number => percentile(values, 1) ?? Number.NaN;

/** Not slower in the median of the rounds, and never locked for longer than a tenth of the original's shortest lock. Pure. */
export const snapshotReached = (lines: readonly SnapshotLine[]): boolean =>
  medianOf(lines.map(({ ratio }) => ratio)) <= 1 &&
  most(lines.map((line) => line.ours_exclusive_ms)) <=
    Math.min(...lines.map((line) => line.original_exclusive_ms)) / 10;

const snapshotRow = (all: All, users: number, kind: SnapshotCase): readonly string[] => {
  const measured = under<SnapshotLine>(all, snapshotWhat(users, kind));
  const name = `${grouped(users)} users, ${caseTexts[kind]}`;
  if (measured.length === 0) return [name, '–', '–', '–', '–', '–', '–', '0', 'not measured'];
  const of = (pick: (line: SnapshotLine) => number): readonly number[] => measured.map(({ line }) => pick(line));
  const ratios = of((line) => line.ratio);
  const pair = (mine: readonly number[], theirs: readonly number[]): string =>
    `${msText(most(mine))} / ${msText(medianOf(theirs))}`;
  return [
    name,
    msText(medianOf(of((line) => line.ours_ms))),
    msText(medianOf(of((line) => line.original_ms))),
    `${medianOf(ratios).toFixed(2)} / ${most(ratios).toFixed(2)}`,
    `${msText(medianOf(of((line) => line.ours_processor_ms)))} / ${msText(medianOf(of((line) => line.original_processor_ms)))}`,
    pair(
      of((line) => line.ours_exclusive_ms),
      of((line) => line.original_exclusive_ms),
    ),
    pair(
      of((line) => line.ours_reader_ms),
      of((line) => line.original_reader_ms),
    ),
    String(measured.length),
    reachedText(snapshotReached(measured.map(({ line }) => line)), measured, enoughSnapshots),
  ];
};

type LagLine = ContinuousLine | AstDbLine | MysqlLine;

const lagRow = (all: All, what: string, name: string): readonly string[] => {
  const measured = under<LagLine>(all, what);
  const goal = '500 ms and 1 s';
  if (measured.length === 0) return [name, goal, '–', '–', '0', 'not measured'];
  const of = (pick: (line: LagLine) => number): readonly number[] => measured.map(({ line }) => pick(line));
  const [p50s, p99s] = [of((line) => line.lag_p50_ms), of((line) => line.lag_p99_ms)];
  return [
    name,
    goal,
    `${msText(medianOf(p50s))} and ${msText(medianOf(p99s))} ms`,
    `${msText(most(p50s))} and ${msText(most(p99s))} ms`,
    String(measured.length),
    reachedText(most(p50s) <= lagMostMs.p50 && most(p99s) <= lagMostMs.p99, measured, enoughMerges),
  ];
};

type MergeLine = EventMergeLine | VoicemailMergeLine;

/** What a second merge of the same would still do. */
const againOf = (line: MergeLine): number => ('again_rows' in line ? line.again_rows : line.again_actions);

const mergeRow = (all: All, what: string, name: string, goalMs: number): readonly string[] => {
  const measured = under<MergeLine>(all, what);
  const goal = `${goalMs / 1000} s`;
  if (measured.length === 0) return [name, goal, '–', '–', '0', 'not measured'];
  const times = measured.map(({ line }) => line.ours_ms);
  const seconds = (ms: number): string => `${rounded(ms / 1000)} s`;
  const clean = measured.every(({ line }) => againOf(line) === 0);
  const reached = reachedText(clean && most(times) <= goalMs, measured, enoughMerges);
  const left = clean ? '' : '; a second merge would not be idle';
  return [name, goal, seconds(medianOf(times)), seconds(most(times)), String(measured.length), reached + left];
};

const snapshotHead = ['standby at the start', 'Dualtone, ms', 'original, ms', 'ratio p50 / worst']
  .concat(['processor ms, p50: Dualtone / original'])
  .concat([
    'locked against readers, ms: Dualtone worst / original p50',
    'a reader waited, ms: Dualtone worst / original p50',
  ])
  .concat(['runs', 'reached? (not slower; a tenth of the lock)']);

const snapshotText = `Both ways in turns in one run on the same two servers; both are given a modern telephone database of 186 tables (\`lab/telephone-system\`).
The original's way is made anew from its description: dump without schema to a file, one TRUNCATE of all tables, one transaction through \`psql\`, as superuser.
Servers keep their data in memory and do not flush, which favours neither. Times are taken with nobody else at the standby; then each way runs again, while a program reads a row
and another looks at the locks of the standby every 3 ms (together with the times they would take processor time from the one way, and wait at the locks of the other).`;

/** Replication: snapshots beside the original's way, lag, merges. Pure. */
export const replicationSection = (measured: All): string => {
  const snapshotRows = snapshotSizes.flatMap((users) =>
    snapshotCases.map((kind) => snapshotRow(measured, users, kind)),
  );
  const otherRows = [
    lagRow(measured, continuousWhat, 'lag of the continuous mode at 200 changes a second, p50 and p99 of a run'),
    lagRow(
      measured,
      mysqlWhat,
      'lag of MariaDB by its own replication, over TLS, 100 commits a second, p50 and p99 of a run',
    ),
    lagRow(measured, astDbWhat, 'lag of AstDB with 10 000 registrations that are renewed, p50 and p99 of a run'),
    mergeRow(measured, eventsWhat, '1 000 000 rows of events brought home', mergeMostMs.events),
    mergeRow(measured, voicemailWhat, '10 000 voicemail messages brought home over SSH', mergeMostMs.voicemail),
  ];
  return [
    '## Replication and merge',
    '',
    snapshotText,
    '',
    ...(measured.length === 0
      ? [notMeasured]
      : [
          table(snapshotHead, snapshotRows),
          '',
          table(['what', 'goal', 'p50', 'worst', 'runs', 'reached?'], otherRows),
          '',
          circumstancesOf(measured).text,
        ]),
    '',
    commandText('replication --runs 10'),
  ].join('\n');
};
