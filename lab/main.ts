/** `dualtone lab`: the training ground. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Fault, Result } from '../src/core/result.ts';
import { catalogue, chosen } from './catalogue/catalogue.ts';
import { twoSites } from './catalogue/remsys/scenes.ts';
import type { DataSetup } from './data/streams.ts';
import { demo } from './demo/main.ts';
import type { HostPlan } from './hosts/context.ts';
import { labStatus, openLab } from './lab.ts';
import type { LabNeeds } from './needs.ts';
import { type PairSetup, usualSetup } from './pair/setup.ts';
import { serviceName } from './remsys/places.ts';
import { runLine, seriesLine } from './scenarios/print.ts';
import { runSeries } from './scenarios/series.ts';
import { openStage } from './scenarios/stage.ts';
import { openShell } from './shell.ts';
import { tearDown, tearDownLeftovers } from './teardown.ts';
import { etcdHosts, remsysHosts, xivoHosts } from './topology.ts';
import { wholeXivo } from './xivo/setup.ts';

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const complain = ({ code, message, remedy }: Fault): number => {
  process.stderr.write(`dualtone lab: ${message}.\n    ${remedy} [${code}]\n`);
  return 1;
};

const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };

/** Aborted by a person's Ctrl-C, so that what runs is taken away first. */
const untilSignal = async <T>(use: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  try {
    return await use(abort.signal);
  } finally {
    for (const signal of signals) process.off(signal, stop);
    abort.abort();
  }
};

interface RunOptions {
  readonly runs: number;
  readonly phones: number;
  readonly json?: boolean;
  readonly notes?: string;
}

const run = async (patterns: readonly string[], options: RunOptions): Promise<number> => {
  const scenarios = chosen(patterns);
  if (!scenarios.ok) return complain(scenarios.error);
  const isJson = options.json === true;
  const result = await untilSignal(
    async (signal) =>
      await runSeries(scenarios.value, {
        runs: options.runs,
        endpoints: options.phones,
        signal,
        onRun: (report) => say(isJson ? JSON.stringify(report) : runLine(report)),
        onSeries: (report) => {
          if (isJson) say(JSON.stringify(report));
          else if (options.runs > 1) say(seriesLine(report));
        },
        onBroken: (scenario, { message }) => {
          if (isJson) say(JSON.stringify({ scenario, runs: 0, ok: false, broken: message }));
          else say(`FAIL  ${scenario}: ${message}`);
        },
        log: (line) => process.stderr.write(`${line}\n`),
        ...(options.notes === undefined ? {} : { notesFolder: options.notes }),
      }),
  );
  if (!result.ok) return complain(result.error);
  return result.value ? 0 : 1;
};

const printStatus = async (isJson: boolean): Promise<number> => {
  const labs = await labStatus();
  if (isJson) say(JSON.stringify(labs));
  else if (labs.length === 0) say('There is no lab. Build one with: dualtone lab up');
  else {
    for (const { runId, standing, createdAt, hosts } of labs) {
      say(`${runId}  ${standing}  ${createdAt ?? ''}`);
      for (const { name, address, isOn } of hosts)
        say(`    ${name.padEnd(12)} ${address.padEnd(15)} ${isOn ? 'on' : 'off'}`);
    }
  }
  return 0;
};

const namesOf = (hosts: readonly HostPlan[]): string => hosts.map(({ name }) => `, ${name}`).join('');

interface UpOptions {
  readonly phones: number;
  readonly preset: 'fast' | 'quick';
  readonly checkpoint: boolean;
  readonly data: DataSetup;
  readonly topology: TopologyName;
  readonly arbiter: 'checkpoints' | 'etcd';
  readonly asterisk?: '16';
}

type TopologyName = 'pair' | 'xivo' | 'remsys';

const onlyXivo: Fault = {
  code: 'lab-asterisk',
  message: 'Asterisk 16 is there for the topology xivo alone',
  remedy: 'say --topology xivo',
};

const onlyPair: Fault = {
  code: 'lab-arbiter',
  message: 'etcd is there for the topology pair alone',
  remedy: 'leave --topology out',
};

/** What each topology asks of the lab and of the pair in it. */
const topologies: Readonly<
  Record<
    TopologyName | 'xivo-16' | 'etcd',
    { readonly needs: LabNeeds; readonly setup: (data: DataSetup) => Partial<PairSetup>; readonly around: string }
  >
> = {
  pair: { needs: {}, setup: () => ({}), around: ', checkpoint1' },
  etcd: {
    needs: { etcd: true },
    setup: () => ({ preset: 'etcd', checkpoints: 0, etcd: true }),
    around: namesOf(etcdHosts),
  },
  xivo: {
    needs: { xivo: true },
    // A XiVO has its database in any case.
    setup: (data) => ({ xivo: wholeXivo, data: data === 'none' ? 'snapshot' : data }),
    around: `, checkpoint1${namesOf(xivoHosts)}`,
  },
  'xivo-16': {
    needs: { xivo: true, asterisk: 16 },
    setup: (data) => ({ xivo: { ...wholeXivo, chanSip: true }, data: data === 'none' ? 'snapshot' : data }),
    around: `, checkpoint1${namesOf(xivoHosts)}`,
  },
  remsys: {
    needs: twoSites().needs,
    setup: () => twoSites().setup,
    around: `, checkpoint1, checkpoint2, checkpoint3${namesOf(remsysHosts)}`,
  },
};

const up = async ({ phones, preset, checkpoint, data, ...rest }: UpOptions): Promise<number> => {
  const { topology: kind, asterisk, arbiter } = rest;
  if (asterisk !== undefined && kind !== 'xivo') return complain(onlyXivo);
  if (arbiter === 'etcd' && kind !== 'pair') return complain(onlyPair);
  const chosenKind = arbiter === 'etcd' ? 'etcd' : asterisk === undefined ? kind : 'xivo-16';
  const { needs, setup, around } = topologies[chosenKind];
  const first = { ...usualSetup, preset, checkpoints: checkpoint ? 1 : 0, data, ...setup(data) };
  const stage = await untilSignal(
    async (signal) => await openStage({ endpoints: phones, needs, first, signal, keep: true, log: say }),
  );
  if (!stage.ok) return complain(stage.error);
  await stage.value.observers.stop();
  const { runId, virtual, routed } = stage.value.lab;
  const where = routed === undefined ? virtual.v4 : serviceName;
  say(`Lab ${runId} is up: main and standby with Asterisk${around}; telephony at ${where}.`);
  say(`    dualtone lab shell main ${runId}     a shell in a host; try: dualtone status`);
  say('    dualtone lab status              all hosts');
  say(`    dualtone lab down ${runId}           takes it away`);
  return 0;
};

/** The lab that is meant: the named one, or the only one. */
const runIdOf = async (given: string | undefined): Promise<string | undefined> => {
  if (given !== undefined) return given;
  const [only, ...more] = await labStatus();
  return more.length === 0 ? only?.runId : undefined;
};

const noLab: Fault = {
  code: 'lab-which',
  message: 'there is no lab, or more than one',
  remedy: 'see dualtone lab status, and name the lab',
};

const down = async (given: string | undefined): Promise<number> => {
  if (given !== undefined) {
    const gone = await tearDown(given);
    return gone.ok ? 0 : complain(gone.error);
  }
  const gone = await tearDownLeftovers({ kept: true });
  if (!gone.ok) return complain(gone.error);
  say(gone.value.length === 0 ? 'There was no lab to take away.' : `Taken away: ${gone.value.join(' ')}`);
  return 0;
};

const shell = async (name: string, given: string | undefined): Promise<number> => {
  const runId = await runIdOf(given);
  if (runId === undefined) return complain(noLab);
  const lab = await openLab(runId);
  if (!lab.ok) return complain(lab.error);
  const host = lab.value.hostByName.get(name);
  if (host === undefined) {
    const known = [...lab.value.hostByName.keys()].join(', ');
    return complain({ code: 'host-unknown', message: `this lab has no host ${name}`, remedy: `it has ${known}` });
  }
  const code: Result<number> = await openShell(host);
  return code.ok ? code.value : complain(code.error);
};

const list = (isJson: boolean): number => {
  if (isJson) say(JSON.stringify(catalogue));
  else for (const { name, text } of catalogue) say(`${name.padEnd(25)} ${text}`);
  return 0;
};

interface DemoFlags {
  readonly phones: number;
  readonly stay?: boolean;
  readonly simulated?: boolean;
}

const runDemo = async ({ phones, stay, simulated }: DemoFlags): Promise<number> => {
  const result = await untilSignal(
    async (signal) =>
      await demo({ endpoints: phones, stay: stay === true, simulated: simulated === true, signal, say }),
  );
  return result.ok ? 0 : complain(result.error);
};

const ending =
  <A extends readonly unknown[]>(action: (...args: A) => Promise<number> | number) =>
  async (...args: A): Promise<void> => {
    process.exitCode = await action(...args);
  };

const phonesOption = ['--phones <n>', 'how many telephones: 20, 200, 3000 …', whole(2, 4000), 20] as const;

const addUp = (command: Command): void => {
  command
    .command('up')
    .description('builds a lab that stays, with the pair running')
    .option(...phonesOption)
    .option('--preset <name>', 'fast or quick', 'fast')
    .option('--no-checkpoint', 'a pair without an arbiter')
    .addOption(
      new Option('--data <kind>', 'what follows besides AstDB')
        .choices(['none', 'snapshot', 'continuous', 'strict', 'strict-continuous'])
        .default('none'),
    )
    .addOption(
      new Option(
        '--topology <kind>',
        'a pair by itself, a XiVO pair with what stands around it, or two sites as in the REMSYS scheme',
      )
        .choices(['pair', 'xivo', 'remsys'])
        .default('pair'),
    )
    .addOption(
      new Option(
        '--arbiter <kind>',
        'where the right to serve lies: with a checkpoint, or in a real etcd cluster of three',
      )
        .choices(['checkpoints', 'etcd'])
        .default('checkpoints'),
    )
    .addOption(
      new Option('--asterisk <version>', "with the topology xivo: Debian 11's Asterisk, with chan_sip").choices(['16']),
    )
    .action(ending(async (options: UpOptions) => await up(options)));
};

/** The command; its exit code is 0 when everything came out as expected. */
const labCommand = (): Command => {
  const command = new Command('lab')
    .exitOverride()
    .description('a training ground: two real Asterisk servers, telephones, a provider');
  addUp(command);
  command
    .command('down [LAB]')
    .description('takes a lab away; without a name all that nobody uses')
    .action(ending(async (runId?: string) => await down(runId)));
  command
    .command('status')
    .description('shows all labs of this machine')
    .option('--json', 'as JSON')
    .action(ending(async (options: { readonly json?: boolean }) => await printStatus(options.json === true)));
  command
    .command('shell <HOST> [LAB]')
    .description('opens a shell in a host')
    .action(ending(async (host: string, runId?: string) => await shell(host, runId)));
  command
    .command('run <SCENARIO...>')
    .description("runs scenarios by name or pattern ('power-*'), and tells whether all came out as expected")
    .option('--runs <n>', 'how often each', whole(1, 100_000), 1)
    .option(...phonesOption)
    .option('--json', 'one JSON line a run, and one a scenario')
    .option('--notes <folder>', 'keeps the nodes’ journals of a run that was not as expected')
    .action(ending(async (patterns: readonly string[], options: RunOptions) => await run(patterns, options)));
  command
    .command('demo')
    .description('shows a loss of power, live, and what telephones see of it')
    .option('--stay', 'leaves the lab up, to play with')
    .option('--simulated', 'on the simulator, also where the lab would do')
    .option(...phonesOption)
    .action(ending(async (flags: DemoFlags) => await runDemo(flags)));
  command
    .command('list')
    .description('shows all scenarios')
    .option('--json', 'as JSON')
    .action(ending((options: { readonly json?: boolean }) => list(options.json === true)));
  return command;
};

/** Runs `dualtone lab …`; the value is the exit code. */
export const main = async (argv: readonly string[]): Promise<number> => {
  process.exitCode = 0;
  // Whoever read us has gone: as if stopped by hand, so that what runs is taken away.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.kill(process.pid, 'SIGTERM');
  });
  await labCommand().parseAsync(argv, { from: 'user' });
  return process.exitCode;
};
