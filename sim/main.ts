/** `dualtone simulate`: the real core in a simulated world, with faults, checkers and mutants. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type CampaignResult, runCampaignInParallel } from './campaign.ts';
import { runFleet } from './etcd-fleet.ts';
import { etcdFaults } from './faults/etcd.ts';
import { faults, pausingFaults } from './faults/faults.ts';
import { lookoutFaults } from './faults/lookouts.ts';
import { tryMutants } from './mutants/try.ts';
import { runSeed } from './run.ts';
import { forecast, silentTimes } from './silent-times.ts';
import { runSteady } from './steady.ts';

interface Options {
  readonly seeds: number;
  readonly seed?: number;
  readonly from: number;
  readonly faults?: readonly string[];
  /** Pairs of servers that telephone already. */
  readonly adopted?: boolean;
  readonly mutants?: boolean;
  readonly silentTimes?: boolean;
  /** Simulated hours of a healthy pair on a poor network. */
  readonly steady?: number;
  readonly loss: number;
  readonly burst: number;
  readonly preset: 'fast' | 'quick';
  readonly config?: string;
  /** So many pairs on one etcd cluster. */
  readonly pairs?: number;
  readonly serve: number;
  readonly workers: number;
  readonly json?: boolean;
}

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  return value;
};

const percent = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 100))
    throw new InvalidArgumentError('It must lie within 0 and 100.');
  return value;
};

const milliseconds = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1000))
    throw new InvalidArgumentError('It must lie within 0 and 1000.');
  return value;
};

const faultNames = (text: string): readonly string[] => {
  const known = { ...faults, ...etcdFaults, ...lookoutFaults, ...pausingFaults };
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !(name in known));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`No fault is called "${unknown}". There are: ${Object.keys(known).join(', ')}.`);
  }
  return names;
};

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** What every run of these options has. */
const runsOf = ({ faults: names, adopted = false }: Options) => ({
  adopted,
  ...(names === undefined ? {} : { faults: names }),
});

const again = ({ faults: names, adopted = false }: Options): string =>
  `${names === undefined ? '' : ` --faults ${names.join(',')}`}${adopted ? ' --adopted' : ''}`;

const replay = (seed: number, options: Options): number => {
  const only = runsOf(options);
  const result = runSeed({ seed, ...only, log: true });
  if (options.json === true) print(JSON.stringify(result));
  else {
    for (const line of result.log) print(line);
    print(
      `seed ${seed}: preset ${result.preset}, ${result.checkpoints} checkpoint(s), faults: ${result.faults.join(', ')}`,
    );
    for (const v of result.violations) print(`VIOLATION at ${v.atMs.toFixed(1)} ms  ${v.kind}: ${v.text}`);
    print(result.violations.length === 0 ? 'No violation.' : `${result.violations.length} violation(s).`);
  }
  return result.violations.length === 0 ? 0 : 1;
};

const report = (result: CampaignResult, tookMs: number, options: Options): void => {
  if (options.json === true) return print(JSON.stringify({ ...result, tookMs }));
  for (const { seed, preset, violations } of result.failed) {
    print(`FAILED seed ${seed} (${preset}): ${violations[0]?.kind}: ${violations[0]?.text}`);
    print(`       replay it with: bin/dualtone simulate --seed ${seed}${again(options)}`);
  }
  const rate = Math.round(result.runs / (tookMs / 1000));
  print(
    `${result.runs} runs, ${result.failed.length === 0 ? 'none' : `at least ${result.failed.length}`} in violation; two serving for ${result.twoServingMs.toFixed(0)} ms in all.`,
  );
  if (result.pausedRunsWithTwo > 0)
    print(
      `${result.pausedRunsWithTwo} runs with a paused machine had two serving for a moment; no rule of ours mends that.`,
    );
  print(`${result.events} events in ${(tookMs / 1000).toFixed(1)} s (${rate} runs a second).`);
};

const campaign = async (options: Options): Promise<number> => {
  const began = Date.now();
  let shown = began;
  const only = runsOf(options);
  const result = await runCampaignInParallel(
    { from: options.from, seeds: options.seeds, ...only },
    options.workers,
    (sum) => {
      if (options.json === true || Date.now() - shown < 10_000) return;
      shown = Date.now();
      const seeds = sum.failed.map(({ seed, violations }) => `${seed} (${violations[0]?.kind})`).join(', ');
      process.stderr.write(`${sum.runs} runs, ${sum.failed.length} failed${seeds === '' ? '' : `: ${seeds}`}\n`);
    },
  );
  report(result, Date.now() - began, options);
  return result.failed.length === 0 ? 0 : 1;
};

const mutantsMain = async (json: boolean): Promise<number> => {
  const results = await tryMutants((r) => {
    if (json) print(JSON.stringify(r));
    else
      print(
        `${r.caught ? 'caught' : 'MISSED'} after ${String(r.seeds).padStart(5)} seeds  ${r.name}${r.caught ? `\n       by ${r.by}` : ''}`,
      );
  });
  const missed = results.filter((r) => !r.caught).length;
  if (!json) print(`${results.length - missed} of ${results.length} mutants caught.`);
  return missed === 0 ? 0 : 1;
};

const steady = (hours: number, options: Options): number => {
  const { loss, burst, preset } = options;
  const began = process.cpuUsage();
  const result = runSteady({ seed: options.seed ?? 1, hours, preset, loss: loss / 100, burstMs: burst });
  const { user, system } = process.cpuUsage(began);
  const cpuSeconds = (user + system) / 1e6;
  if (options.json === true)
    print(JSON.stringify({ ...result, preset, lossPercent: loss, burstMs: burst, cpuSeconds }));
  else {
    print(`${hours} h, preset ${preset}, ${loss} % loss, ${result.bursts} bursts of ${burst} ms:`);
    print(`${result.changes} changes of holder without cause, ${result.silentMs.toFixed(0)} ms with nobody serving.`);
    print(`${result.events} events in ${cpuSeconds.toFixed(1)} s of processor time.`);
  }
  return result.changes === 0 ? 0 : 1;
};

/** The file is read as the agent would, except for what it asks of the machine (keys, addresses). */
const forecastMain = async (file: string, options: Options): Promise<number> => {
  const [{ parseConfig, printProblem }, { toSettings }] = await Promise.all([
    import('../src/config/parse.ts'),
    import('../src/config/settings.ts'),
  ]);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    process.stderr.write(`${file} cannot be read: ${String(error)}\n    give the configuration of one of the nodes\n`);
    return 4;
  }
  const parsed = parseConfig(text);
  if (!parsed.ok) {
    for (const problem of parsed.problems) process.stderr.write(`${printProblem(file, problem)}\n`);
    return 4;
  }
  const settings = toSettings(parsed.config);
  if (settings.watch.kind === 'looks') {
    process.stderr.write(
      'This preset decides by looks at the main, which this table does not know.\n    see sim/scenarios/classic.txt for what it does; presets fast and quick can be forecast\n',
    );
    return 1;
  }
  const runs = Math.min(options.seeds, 200);
  if (options.json !== true)
    print(`time with nobody serving, p50 / p99 of ${runs} runs; add the address's move and the phone's own retry`);
  // Failback by itself would hide what follows a fault.
  const failback = { ...settings.failback, policy: 'manual' } as const;
  forecast((role) => ({ ...settings, role, failback }), runs, options.json === true, print);
  return 0;
};

/** A run is a minute of all pairs. */
const FLEET_RUNS_MOST = 50;

const fleet = (pairs: number, options: Options): number => {
  let broken = 0;
  for (let run = 0; run < Math.min(options.seeds, FLEET_RUNS_MOST); run += 1) {
    const result = runFleet({ seed: options.from + run, pairs, serveMs: options.serve });
    if (options.json === true) print(JSON.stringify(result));
    else {
      const most = Math.round(Math.max(0, ...result.gapsMs));
      print(
        `seed ${result.seed}: ${result.faults.join(', ')}: ${result.violations.length === 0 ? 'no violation' : `${result.violations.length} VIOLATIONS`}; without service ${most} ms at most`,
      );
      for (const v of result.violations.slice(0, 5))
        print(`    pair ${v.pair} at ${v.atMs.toFixed(1)} ms  ${v.kind}: ${v.text}`);
    }
    if (result.violations.length > 0) broken += 1;
  }
  return broken === 0 ? 0 : 1;
};

const simulate = async (options: Options): Promise<number> => {
  if (options.mutants === true) return mutantsMain(options.json === true);
  if (options.config !== undefined) return forecastMain(options.config, options);
  if (options.pairs !== undefined) return fleet(options.pairs, options);
  if (options.steady !== undefined) return steady(options.steady, options);
  if (options.silentTimes === true) return silentTimes(options.seeds, options.json === true, print);
  if (options.seed !== undefined) return replay(options.seed, options);
  return campaign(options);
};

/** Registers the command; the exit code is 1 when anything was violated, missed or worse than published. */
const simulateCommand = (): Command =>
  new Command('dualtone simulate')
    .exitOverride()
    .description('run the real core through seeded faults and check that never two serve, and that one does')
    .option('--seeds <n>', 'how many runs', whole, 2000)
    .option('--from <seed>', 'the first seed', whole, 1)
    .option('--seed <seed>', 'replay one seed with its log', whole)
    .option('--faults <names>', 'draw only these faults, separated by commas', faultNames)
    .option('--adopted', 'pairs of servers that telephone already: the main goes on with what serves (`init --adopt`)')
    .option('--mutants', 'take each guard of the core away in turn; the simulation must notice')
    .option('--silent-times', 'how long nobody serves, for each fault (the table of docs/measurements.md)')
    .option('--config <file>', 'what outage to expect for which fault with this configuration of a node')
    .option('--pairs <n>', 'so many pairs on one etcd cluster, 50 runs at most', whole)
    .option('--serve <ms>', 'with --pairs: what etcd needs for one request', milliseconds, 0.5)
    .option('--steady <hours>', 'a pair without faults for so many simulated hours', whole)
    .option('--loss <percent>', 'with --steady: packets lost on every link', percent, 0)
    .option('--burst <ms>', 'with --steady: total loss of a link or a node for so long, now and then', whole, 0)
    .addOption(new Option('--preset <name>', 'with --steady').choices(['fast', 'quick']).default('fast'))
    .option('--workers <n>', 'processes', whole, availableParallelism())
    .option('--json', 'one JSON document')
    .action(async (options: Options) => {
      process.exitCode = await simulate(options);
    });

/** The program behind `dualtone simulate`; returns the exit code. */
export const main = async (argv: readonly string[]): Promise<number> => {
  await simulateCommand().parseAsync([...argv], { from: 'user' });
  return Number(process.exitCode ?? 0);
};
