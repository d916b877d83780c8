/** What replication costs and how long it takes: snapshots beside the original's way, lag under change, and merges. */
import { fail, ok, type Result } from '../../src/core/result.ts';
import { startLoadMeter } from '../machine.ts';
import type { ResultsFile, RunLine } from '../results.ts';
import { type BenchOptions, nextRun } from '../series.ts';
import { type AstDbLine, measureAstDb } from './astdb.ts';
import { type ContinuousLine, measureContinuous } from './continuous.ts';
import { type EventMergeLine, leaveEvents, measureEventMerge } from './event-merge.ts';
import { type MysqlLine, measureMysql } from './mysql.ts';
import { type BenchPair, startPair } from './pair.ts';
import { measuredProcessorMs } from './processor.ts';
import { measureSnapshot, type SnapshotLine, snapshotCases } from './snapshot.ts';
import { measureVoicemailMerge, type VoicemailMergeLine } from './voicemail-merge.ts';

export type ReplicationLine =
  | SnapshotLine
  | ContinuousLine
  | MysqlLine
  | AstDbLine
  | EventMergeLine
  | VoicemailMergeLine;

export interface ReplicationOptions extends BenchOptions {
  /** Only these parts. */
  readonly only?: readonly string[];
}

export const snapshotSizes = [1000, 5000] as const;
const EVENT_ROWS = 1_000_000;
const MESSAGES = 10_000;
const MAILBOXES = 500;
const LAG_SECONDS = 30;
const CONTACTS = 10_000;
const ASTDB_SAMPLES = 200;

/** `snapshot/1000/same`, and so on. */
export const snapshotWhat = (users: number, kind: string): string => `snapshot/${users}/${kind}`;
export const continuousWhat = 'continuous/200';
export const mysqlWhat = 'mysql/100';
export const astDbWhat = `astdb/${CONTACTS}`;
export const eventsWhat = `merge/events/${EVENT_ROWS}`;
export const voicemailWhat = `merge/voicemail/${MESSAGES}`;

type Results = ResultsFile<ReplicationLine>;
type Bare<Line extends RunLine> = Omit<Line, keyof RunLine>;

/** Measures one run of this unless there are enough. `dataDirs`: of the servers that run meanwhile. */
const once = async <Line extends ReplicationLine>(
  what: string,
  dataDirs: readonly string[],
  results: Results,
  options: ReplicationOptions,
  measure: (run: number) => Promise<Result<Bare<Line>>>,
): Promise<Result<void>> => {
  const run = nextRun(results, what, options.runs);
  if (run === undefined) return ok(undefined);
  const others = await startLoadMeter(() => measuredProcessorMs(dataDirs));
  const measured = await measure(run);
  if (!measured.ok) return measured;
  const line = { what, run, ...measured.value, others_percent: await others() } as unknown as ReplicationLine;
  await results.add(line);
  options.onLine(line);
  return ok(undefined);
};

const withPair = async (
  users: number,
  options: ReplicationOptions,
  work: (pair: BenchPair, dataDirs: readonly string[]) => Promise<Result<void>>,
): Promise<Result<void>> => {
  options.log(`two servers with ${users} users …`);
  const pair = await startPair({ era: 'wazo', users, queues: Math.ceil(users / 50), events: 2000 });
  try {
    options.log(`PostgreSQL ${pair.main.version}`);
    return await work(pair, [pair.main.dataDir, pair.standby.dataDir]);
  } finally {
    await pair.stop();
  }
};

const snapshots = async (users: number, results: Results, options: ReplicationOptions): Promise<Result<void>> => {
  const kinds = snapshotCases.map((kind) => ({ kind, what: snapshotWhat(users, kind) }));
  if (kinds.every(({ what }) => results.count(what) >= options.runs)) return ok(undefined);
  return await withPair(users, options, async (pair, dataDirs) => {
    for (let turn = 0; turn < options.runs; turn += 1)
      for (const { kind, what } of kinds) {
        const done = await once<SnapshotLine>(what, dataDirs, results, options, (run) =>
          measureSnapshot(pair, kind, run, options.signal),
        );
        if (!done.ok) return done;
      }
    return ok(undefined);
  });
};

const eventMerges = async (results: Results, options: ReplicationOptions): Promise<Result<void>> => {
  while (results.count(eventsWhat) < options.runs) {
    const done = await withPair(1000, options, async (pair, dataDirs) => {
      options.log(`${await leaveEvents(pair, EVENT_ROWS)} rows of events left on the standby`);
      return await once<EventMergeLine>(eventsWhat, dataDirs, results, options, () =>
        measureEventMerge(pair, options.signal),
      );
    });
    if (!done.ok) return done;
  }
  return ok(undefined);
};

type Part = (results: Results, options: ReplicationOptions) => Promise<Result<void>>;

/** Minutes each: three runs are enough. */
const few = (options: ReplicationOptions): ReplicationOptions => ({ ...options, runs: Math.min(options.runs, 3) });

/** Each run on servers of its own. */
const alone =
  <Line extends ReplicationLine>(what: string, measure: (signal: AbortSignal) => Promise<Result<Bare<Line>>>): Part =>
  async (results, options) => {
    const { runs, signal } = few(options);
    while (results.count(what) < runs) {
      const done = await once<Line>(what, [], results, few(options), () => measure(signal));
      if (!done.ok) return done;
    }
    return ok(undefined);
  };

const partByName: Readonly<Record<string, Part>> = {
  'snapshot-1000': (results, options) => snapshots(snapshotSizes[0], results, options),
  'snapshot-5000': (results, options) => snapshots(snapshotSizes[1], results, options),
  continuous: alone<ContinuousLine>(continuousWhat, (signal) => measureContinuous(LAG_SECONDS, signal)),
  mysql: alone<MysqlLine>(mysqlWhat, (signal) => measureMysql(signal)),
  astdb: alone<AstDbLine>(astDbWhat, (signal) => measureAstDb(CONTACTS, ASTDB_SAMPLES, signal)),
  events: (results, options) => eventMerges(results, few(options)),
  voicemail: alone<VoicemailMergeLine>(voicemailWhat, (signal) => measureVoicemailMerge(MAILBOXES, MESSAGES, signal)),
};

export const replicationParts: readonly string[] = Object.keys(partByName);

/** Measures all parts, or some; one that fails keeps no other from its turn. Faults: the first of what is measured; `bench-unknown-part`. */
export const benchReplication = async (results: Results, options: ReplicationOptions): Promise<Result<void>> => {
  const names = options.only ?? replicationParts;
  const unknown = names.find((name) => partByName[name] === undefined);
  if (unknown !== undefined)
    return fail('bench-unknown-part', `there is no part ${unknown}`, `some of ${replicationParts.join(', ')}`);
  let outcome: Result<void> = ok(undefined);
  for (const name of names) {
    const done = (await partByName[name]?.(results, options)) ?? ok(undefined);
    if (!done.ok) options.log(`${name}: ${done.error.message}`);
    if (outcome.ok) outcome = done;
    if (options.signal.aborted) break;
  }
  return outcome;
};
