/** What replication costs and how long it takes: Dualtone's snapshot beside the original's way. */
import { fail, ok, type Result } from '../../src/core/result.ts';
import { startLoadMeter } from '../machine.ts';
import type { ResultsFile, RunLine } from '../results.ts';
import { type BenchOptions, nextRun } from '../series.ts';
import { type BenchPair, startPair } from './pair.ts';
import { measuredProcessorMs } from './processor.ts';
import { measureSnapshot, type SnapshotLine, snapshotCases } from './snapshot.ts';

export type ReplicationLine = SnapshotLine;

export interface ReplicationOptions extends BenchOptions {
  /** Only these parts. */
  readonly only?: readonly string[];
}

const sizes = [1000, 5000] as const;

/** `snapshot/1000/same`, and so on. */
export const snapshotWhat = (users: number, kind: string): string => `snapshot/${users}/${kind}`;

type Results = ResultsFile<ReplicationLine>;

const withPair = async (
  users: number,
  options: ReplicationOptions,
  work: (pair: BenchPair) => Promise<Result<void>>,
): Promise<Result<void>> => {
  options.log(`two servers with ${users} users …`);
  const pair = await startPair({ era: 'wazo', users, queues: Math.ceil(users / 50), events: 2000 });
  try {
    options.log(`PostgreSQL ${pair.main.version} and ${pair.standby.version}`);
    return await work(pair);
  } finally {
    await pair.stop();
  }
};

const round = async (pair: BenchPair, results: Results, options: ReplicationOptions): Promise<Result<void>> => {
  for (const kind of snapshotCases) {
    const what = snapshotWhat(pair.content.users, kind);
    const run = nextRun(results, what, options.runs);
    if (run === undefined) continue;
    const own = (): Promise<number> => measuredProcessorMs([pair.main.dataDir, pair.standby.dataDir]);
    const others = await startLoadMeter(own);
    const measured = await measureSnapshot(pair, kind, run, options.signal);
    if (!measured.ok) return measured;
    const line: SnapshotLine = { what, run, ...measured.value, others_percent: await others() };
    await results.add(line);
    options.onLine(line satisfies RunLine);
  }
  return ok(undefined);
};

const snapshots = async (users: number, results: Results, options: ReplicationOptions): Promise<Result<void>> => {
  const due = snapshotCases.some((kind) => results.count(snapshotWhat(users, kind)) < options.runs);
  if (!due) return ok(undefined);
  return await withPair(users, options, async (pair) => {
    for (let turn = 0; turn < options.runs; turn += 1) {
      const done = await round(pair, results, options);
      if (!done.ok) return done;
    }
    return ok(undefined);
  });
};

type Part = (results: Results, options: ReplicationOptions) => Promise<Result<void>>;

const partByName: Readonly<Record<string, Part>> = {
  'snapshot-1000': (results, options) => snapshots(sizes[0], results, options),
  'snapshot-5000': (results, options) => snapshots(sizes[1], results, options),
};

export const replicationParts: readonly string[] = Object.keys(partByName);

/** Measures all parts, or some. Faults: those of what is measured; `bench-unknown-part`. */
export const benchReplication = async (results: Results, options: ReplicationOptions): Promise<Result<void>> => {
  for (const name of options.only ?? replicationParts) {
    const part = partByName[name];
    if (part === undefined)
      return fail('bench-unknown-part', `there is no part ${name}`, `some of ${replicationParts.join(', ')}`);
    const done = await part(results, options);
    if (!done.ok) return done;
  }
  return ok(undefined);
};
