/** `node bench/main.ts NAME`: measures, writes what was measured to a results file, and makes the page of measurements from such files. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Fault, Result } from '../src/core/result.ts';
import { type AgentLine, benchAgent } from './agent/agent.ts';
import { benchParts, type PartLine } from './agent/parts.ts';
import { profileAgents } from './agent/profile.ts';
import { benchDecide } from './decide/decide.ts';
import { benchEtcd, type EtcdCase, type EtcdLine, etcdCases } from './etcd/etcd.ts';
import { benchLabRows, type LabLine, rowScenarios } from './lab-rows/lab-rows.ts';
import { benchRemsys, type RemsysLine, remsysCells } from './remsys/remsys.ts';
import { benchReplication, type ReplicationLine, replicationParts } from './replication/replication.ts';
import { pagePath, picturePath, renderPage, renderPictures, resultsFolder } from './report/page.ts';
import { openResults, type ResultsFile, type RunLine } from './results.ts';
import { benchRivals, type RivalsLine } from './rivals/rivals.ts';
import { faultNames, systemNames } from './rivals/system.ts';
import { benchScale, cells, type ScaleLine } from './scale/scale.ts';
import type { BenchOptions } from './series.ts';
import { benchSoak, type SoakLine } from './soak/soak.ts';
import { benchSteady } from './steady/steady.ts';
import { benchViewers, type ViewerLine } from './viewers/viewers.ts';
import { benchYears, type YearsLine } from './years/years.ts';

const complain = ({ code, message, remedy }: Fault): number => {
  process.stderr.write(`bench: ${message}.\n    ${remedy} [${code}]\n`);
  return 1;
};

const whole = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
};

const hours = (text: string): number => {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= 1000) return value;
  throw new InvalidArgumentError('It must be a number of hours, as in 8 or 0.25.');
};

const names = (text: string): readonly string[] => text.split(',').map((name) => name.trim());

/** One run on one line: its numbers, and what is worth a word. */
const textOf = (line: RunLine): string => {
  const { what, run, ...rest } = line;
  const shown = Object.entries(rest).filter(([, value]) => !(Array.isArray(value) && value.length === 0));
  return `${what} ${run}: ${shown.map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`).join(', ')}`;
};

interface Flags {
  readonly runs: number;
  readonly json?: boolean;
  readonly into?: string;
  readonly only?: readonly string[];
}

/** Runs a benchmark until it is done, or a person stops it: then what runs is taken away first. */
const measure = async <Line extends RunLine>(
  name: string,
  flags: Flags,
  bench: (results: ResultsFile<Line>, options: BenchOptions) => Promise<Result<void>>,
): Promise<number> => {
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  try {
    const results = await openResults<Line>(flags.into ?? join(resultsFolder, `${name}.jsonl`));
    const done = await bench(results, {
      runs: flags.runs,
      signal: abort.signal,
      onLine: (line) => process.stdout.write(`${flags.json === true ? JSON.stringify(line) : textOf(line)}\n`),
      log: (text) => process.stderr.write(`${text}\n`),
    });
    return done.ok ? 0 : complain(done.error);
  } finally {
    for (const signal of signals) process.off(signal, stop);
    abort.abort();
  }
};

const program = new Command('bench').description(
  'measures Dualtone; a series that was stopped goes on where it was, and adds to its results',
);

const benchmark = (name: string, text: string, runs: number): Command =>
  program
    .command(name)
    .description(text)
    .option('--runs <n>', 'how many runs of each there shall be at the end', whole, runs)
    .option('--json', 'one line of JSON a run')
    .option('--into <file>', `results file; default: bench/results/${name}.jsonl`);

benchmark(
  'decide',
  'events a second of the pure core; seeds a second and a simulated hour of the simulator',
  10,
).action(async (flags: Flags) => {
  process.exitCode = await measure('decide', flags, benchDecide);
});

benchmark('steady', 'takeovers without cause: simulated hours of loss and bursts, ten a run', 24).action(
  async (flags: Flags) => {
    process.exitCode = await measure('steady', flags, benchSteady);
  },
);

benchmark('lab-rows', 'the rows of the table of numbers that a telephone sees, in the lab', 100)
  .option('--only <scenarios>', `some of ${rowScenarios.join(',')}`, names)
  .action(async (flags: Flags) => {
    const only = flags.only === undefined ? {} : { only: flags.only };
    process.exitCode = await measure<LabLine>('lab-rows', flags, (results, options) =>
      benchLabRows(results, { ...options, ...only }),
    );
  });

benchmark('etcd', 'fifty pairs on one real etcd cluster of three: what they cost it, and how fast it answers', 3)
  .option('--only <cases>', `some of ${etcdCases.join(',')}`, names)
  .option('--pairs <n>', 'so many pairs instead', whole)
  .action(async (flags: Flags & { readonly pairs?: number }) => {
    const only = flags.only === undefined ? {} : { only: flags.only as readonly EtcdCase[] };
    const pairs = flags.pairs === undefined ? {} : { pairs: flags.pairs };
    process.exitCode = await measure<EtcdLine>('etcd', flags, (results, options) =>
      benchEtcd(results, { ...options, ...only, ...pairs }),
    );
  });

benchmark('agent', 'memory and processor time of agents and checkpoint, in the lab; 80 s a run', 5)
  .option('--profile <seconds>', 'measures nothing, and tells where the time goes', whole)
  .option('--preset <name>', 'for --profile: fast or quick', 'fast')
  .action(async (flags: Flags & { readonly profile?: number; readonly preset: 'fast' | 'quick' }) => {
    const { profile, preset } = flags;
    process.exitCode = await measure<AgentLine>('agent', flags, async (results, options) =>
      profile === undefined ? await benchAgent(results, options) : await profileAgents(preset, profile, options),
    );
  });

benchmark(
  'agent-parts',
  'what the parts of an agent cost: each is left out in turn; needs root, 7 minutes a run',
  5,
).action(async (flags: Flags) => {
  process.exitCode = await measure<PartLine>('agent-parts', flags, benchParts);
});

benchmark('viewers', 'what 200 viewers of the page cost the agent; needs root, a minute a run', 5).action(
  async (flags: Flags) => {
    process.exitCode = await measure<ViewerLine>('viewers', flags, benchViewers);
  },
);

benchmark('rivals', 'Dualtone, keepalived, pacemaker and a check by cron: the same faults on the same lab', 10)
  .option('--systems <names>', `some of ${systemNames.join(',')}`, names)
  .option('--faults <names>', `some of ${faultNames.join(',')},cost`, names)
  .action(async (flags: Flags & { readonly systems?: readonly string[]; readonly faults?: readonly string[] }) => {
    const { systems, faults } = flags;
    const some = { ...(systems === undefined ? {} : { systems }), ...(faults === undefined ? {} : { faults }) };
    process.exitCode = await measure<RivalsLine>('rivals', flags, (results, options) =>
      benchRivals(results, { ...options, ...some }),
    );
  });

benchmark(
  'years',
  'seven years of a hundred pairs by chance, with the outages of the other results; a seed a run',
  10,
).action(async (flags: Flags) => {
  process.exitCode = await measure<YearsLine>('years', flags, (results, options) =>
    benchYears(results, resultsFolder, options),
  );
});

benchmark('scale', 'takeovers with 100, 1 000 and 10 000 telephones, with calls and in a storm of registrations', 5)
  .option('--only <cells>', `some of ${cells.map(({ what }) => what).join(',')}`, names)
  .action(async (flags: Flags) => {
    const only = flags.only === undefined ? {} : { only: flags.only };
    process.exitCode = await measure<ScaleLine>('scale', flags, (results, options) =>
      benchScale(results, { ...options, ...only }),
    );
  });

program
  .command('soak')
  .description('a pair that lives on for hours in the lab: calls, moves and faults; whether anything grows')
  .option('--hours <n>', 'how many hours there shall be at the end, those of former labs included', hours, 8)
  .option('--every <seconds>', 'between two moves', whole, 180)
  .option('--sample <seconds>', 'between two counts', whole, 60)
  .option('--seed <n>', 'what is drawn', whole, 1)
  .option('--keep-agents', 'nothing that ends an agent’s life, so that its memory can be judged', false)
  .option('--json', 'one line of JSON a count or move')
  .option('--into <file>', 'results file; default: bench/results/soak.jsonl')
  .action(
    async ({
      hours: most,
      every,
      sample,
      seed,
      keepAgents,
      ...flags
    }: Omit<Flags, 'runs'> &
      Readonly<Record<'hours' | 'every' | 'sample' | 'seed', number>> & { readonly keepAgents: boolean }) => {
      process.exitCode = await measure<SoakLine>('soak', { ...flags, runs: 1 }, (results, options) =>
        benchSoak(results, { ...options, hours: most, everyS: every, sampleS: sample, seed, keepAgents }),
      );
    },
  );

benchmark('replication', 'the database: snapshots beside the original method, on real servers', 10)
  .option('--only <parts>', `some of ${replicationParts.join(',')}`, names)
  .action(async (flags: Flags) => {
    const only = flags.only === undefined ? {} : { only: flags.only };
    process.exitCode = await measure<ReplicationLine>('replication', flags, (results, options) =>
      benchReplication(results, { ...options, ...only }),
    );
  });

benchmark('remsys', 'two sites: who follows a name, who asks for SRV, and a provider with both addresses', 3)
  .option('--only <cells>', `some of ${remsysCells.map(({ what }) => what).join(',')}`, names)
  .action(async (flags: Flags) => {
    const only = flags.only === undefined ? {} : { only: flags.only };
    process.exitCode = await measure<RemsysLine>('remsys', flags, (results, options) =>
      benchRemsys(results, { ...options, ...only }),
    );
  });

program
  .command('report')
  .description('makes docs/measurements.md and its pictures from bench/results')
  .option('--from <folder>', 'results of another place', resultsFolder)
  .option('--to <file>', 'another page', pagePath)
  .action(async ({ from, to }: { readonly from: string; readonly to: string }) => {
    await writeFile(to, await renderPage(from));
    for (const [name, picture] of await renderPictures(from)) {
      const path = picturePath(to, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, picture);
    }
  });

await program.parseAsync();
