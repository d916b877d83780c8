/** What fifty pairs cost one etcd cluster of three, and how fast it answers them: etcd is real, with TLS, users and a disk. */
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../../lab/scenarios/statistics.ts';
import { isServing } from '../../src/agent/testing/etcd-pair.ts';
import { ok, type Result } from '../../src/core/result.ts';
import { type Cluster, startCluster } from '../../src/etcd/testing/cluster.ts';
import { ownProcessorMs, startLoadMeter } from '../machine.ts';
import type { ResultsFile, RunLine } from '../results.ts';
import { type BenchOptions, nextRun } from '../series.ts';
import { clusterProcessorMs, type MemberUse, useOf } from './meter.ts';
import { addPairs, type BenchPair, type Spans, servingOf, startPairs, stopPairs } from './pairs.ts';

/** `together`: the nodes of each pair hear each other. `alone`: none does, so that each main lives by etcd. `takeover`: all mains die at once. `growth`: two pairs as alone, for longer than etcd waits with its compaction. */
export const etcdCases = ['together', 'alone', 'takeover', 'growth'] as const;
export type EtcdCase = (typeof etcdCases)[number];

export interface EtcdLine extends RunLine {
  readonly pairs: number;
  readonly observed_s: number;
  readonly reads_per_s: number;
  readonly puts_per_s: number;
  /** Requests that were refused or not answered in time. */
  readonly refused: number;
  readonly read_ms: readonly [p50: number, p99: number] | null;
  readonly put_ms: readonly [p50: number, p99: number] | null;
  /** From the start of all nodes until all mains served. */
  readonly began_ms: number;
  /** Percent of one processor: the member that leads, and the others on average. */
  readonly leader_percent: number;
  readonly follower_percent: number;
  /** Of the largest member. */
  readonly memory_mib: number;
  /** Of the member that leads. */
  readonly written_kib_per_s: number;
  readonly syncs_per_s: number;
  readonly database_kib: number;
  readonly database_used_kib: number;
  /** Only of `growth`: seconds, KiB of the file, KiB in use. */
  readonly growth?: readonly (readonly [number, number, number])[];
  /** Only of `takeover`: from the mains' death until the standby of each serves, ms. */
  readonly taken_over_ms?: readonly [p50: number, p99: number, most: number];
  /** Pairs of which two nodes, or nobody, served at a look; looked at four times a second. */
  readonly both: number;
  readonly nobody: number;
  /** What the nodes themselves used, percent of one processor, all hundred in one process. */
  readonly nodes_percent: number;
}

const pairCount = 50;
/** Fewer where it is about the database alone: what a write leaves there is the same. */
export const pairsByCase: Readonly<Record<EtcdCase, number>> = {
  together: pairCount,
  alone: pairCount,
  takeover: pairCount,
  growth: 2,
};
const observedSByCase: Readonly<Record<EtcdCase, number>> = {
  together: 30,
  alone: 30,
  takeover: 0,
  growth: 390,
};
const lookMs = 250;
/** Logins, and the first votes, are over. */
const settleMs = 4000;
/** A disk of the machine, not memory: etcd waits for it. */
const disks = '/var/tmp/dualtone-bench-etcd';

const rounded = (value: number): number => Math.round(value * 10) / 10;
const kib = (bytes: number): number => Math.round(bytes / 1024);

const middle = (spans: readonly number[]): readonly [number, number] | null =>
  spans.length === 0 ? null : [rounded(percentile(spans, 0.5) ?? 0), rounded(percentile(spans, 0.99) ?? 0)];

interface Watched {
  both: number;
  nobody: number;
  readonly growth: (readonly [number, number, number])[];
}

/** Looks at the pairs until the time is over; of a long one, at the database too. */
const watch = async (
  cluster: Cluster,
  pairs: readonly BenchPair[],
  forMs: number,
  signal: AbortSignal,
): Promise<Watched> => {
  const watched: Watched = { both: 0, nobody: 0, growth: [] };
  const beganAt = performance.now();
  let nextSizeAt = 0;
  while (performance.now() - beganAt < forMs && !signal.aborted) {
    const { both, nobody } = servingOf(pairs);
    watched.both = Math.max(watched.both, both);
    watched.nobody = Math.max(watched.nobody, nobody);
    const passedMs = performance.now() - beganAt;
    if (forMs > 120_000 && passedMs >= nextSizeAt) {
      nextSizeAt += 30_000;
      const [first] = await useOf(cluster);
      if (first !== undefined)
        watched.growth.push([Math.round(passedMs / 1000), kib(first.databaseBytes), kib(first.databaseUsedBytes)]);
    }
    await sleep(lookMs, undefined, { signal }).catch(() => undefined);
  }
  return watched;
};

const takeOver = async (pairs: readonly BenchPair[]): Promise<readonly number[]> => {
  const diedAt = performance.now();
  await Promise.all(pairs.map(async ({ nodes }) => await nodes.main.die()));
  return await Promise.all(
    pairs.map(async ({ nodes }) => {
      await nodes.standby.until('serves', isServing);
      return performance.now() - diedAt;
    }),
  );
};

/** Of the cluster, between two looks at it. */
const costOf = (before: readonly MemberUse[], after: readonly MemberUse[], seconds: number) => {
  const leader = Math.max(
    0,
    after.findIndex(({ leads }) => leads),
  );
  const used = (index: number, of: (use: MemberUse) => number): number => {
    const [first, last] = [before[index], after[index]];
    return first === undefined || last === undefined ? 0 : of(last) - of(first);
  };
  const percentOf = (index: number): number => used(index, (use) => use.processorMs) / (10 * seconds);
  const others = after.map((_, index) => index).filter((index) => index !== leader);
  return {
    leader_percent: rounded(percentOf(leader)),
    follower_percent: rounded(others.reduce((sum, index) => sum + percentOf(index), 0) / Math.max(1, others.length)),
    memory_mib: rounded(Math.max(...after.map(({ memoryMib }) => memoryMib))),
    written_kib_per_s: rounded(used(leader, (use) => use.writtenBytes) / 1024 / seconds),
    syncs_per_s: rounded(used(leader, (use) => use.syncs) / seconds),
    database_kib: kib(after[leader]?.databaseBytes ?? 0),
    database_used_kib: kib(after[leader]?.databaseUsedBytes ?? 0),
  };
};

const measureOn = async (
  cluster: Cluster,
  name: EtcdCase,
  count: number,
  run: number,
  signal: AbortSignal,
): Promise<EtcdLine> => {
  const others = await startLoadMeter(async () => ownProcessorMs() + (await clusterProcessorMs(cluster)));
  const spans: Spans = { reads: [], puts: [], refused: 0 };
  const { pairs, tookMs } = await startPairs(cluster, count, spans);
  try {
    await sleep(settleMs);
    if (name === 'alone' || name === 'growth') {
      for (const { hub } of pairs) hub.isCut = true;
      await sleep(settleMs);
    }
    const before = await useOf(cluster);
    spans.reads.length = 0;
    spans.puts.length = 0;
    spans.refused = 0;
    const beganAt = performance.now();
    const nodesMs = ownProcessorMs();
    const watched = await watch(cluster, pairs, observedSByCase[name] * 1000, signal);
    const taken = name === 'takeover' ? await takeOver(pairs) : null;
    const seconds = (performance.now() - beganAt) / 1000;
    const line: EtcdLine = {
      what: whatOf(name, count),
      run,
      pairs: count,
      observed_s: Math.round(seconds),
      reads_per_s: rounded(spans.reads.length / seconds),
      puts_per_s: rounded(spans.puts.length / seconds),
      refused: spans.refused,
      read_ms: middle(spans.reads),
      put_ms: middle(spans.puts),
      began_ms: Math.round(tookMs),
      ...costOf(before, await useOf(cluster), seconds),
      ...(watched.growth.length === 0 ? {} : { growth: watched.growth }),
      ...(taken === null
        ? {}
        : {
            taken_over_ms: [0.5, 0.99, 1].map((at) => Math.round(percentile(taken, at) ?? 0)) as unknown as readonly [
              number,
              number,
              number,
            ],
          }),
      both: watched.both,
      nobody: watched.nobody,
      nodes_percent: rounded((ownProcessorMs() - nodesMs) / (10 * seconds)),
      others_percent: await others(),
    };
    return line;
  } finally {
    await stopPairs(pairs);
  }
};

/** Another number of pairs than usual is another thing. */
const whatOf = (name: EtcdCase, count: number): string => (count === pairsByCase[name] ? name : `${name}-${count}`);

export interface EtcdBenchOptions extends BenchOptions {
  /** Some of the cases; default all. */
  readonly only?: readonly EtcdCase[];
  /** Default: `pairsByCase`. */
  readonly pairs?: number;
}

/** A fresh cluster for each run. Throws where etcd is not installed or does not come up. */
export const benchEtcd = async (results: ResultsFile<EtcdLine>, options: EtcdBenchOptions): Promise<Result<void>> => {
  await mkdir(disks, { recursive: true, mode: 0o700 });
  for (const name of options.only ?? etcdCases) {
    // The long one tells of the database alone, which is the same each time.
    const runs = name === 'growth' ? 1 : options.runs;
    const count = options.pairs ?? pairsByCase[name];
    for (;;) {
      const run = nextRun(results, whatOf(name, count), runs);
      if (run === undefined || options.signal.aborted) break;
      const more = ['--bcrypt-cost=4', '--auto-compaction-mode=revision', '--auto-compaction-retention=1000'];
      const cluster = await startCluster({ under: disks, more });
      try {
        await addPairs(cluster, count);
        const line = await measureOn(cluster, name, count, run, options.signal);
        if (options.signal.aborted) break;
        await results.add(line);
        options.onLine(line);
      } finally {
        await cluster.stop();
      }
    }
  }
  return ok(undefined);
};
