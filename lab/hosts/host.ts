import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Address } from '../network/addressing.ts';
import { type Outcome, plainEnvironment, type RunOptions, run, runChecked } from '../process.ts';
import { shareFolder } from '../tree/recipe.ts';
import { freezeCgroup } from './cgroup.ts';
import { commandsIn } from './commands.ts';
import {
  execGroupOf,
  type HostContext,
  type HostPlan,
  powerOf,
  shareOf,
  stateFolder,
  stateOf,
  systemGroupOf,
  upperOf,
} from './context.ts';
import { type FileOptions, writeToDisk } from './paths.ts';
import { type BootOptions, type BootReport, bootHost, hostScript, powerOffHost } from './power.ts';
import {
  emptyStateDisk,
  enableUnit,
  fillStateDisk,
  freezeUnit,
  installClock,
  mainProcessOf,
  setClock,
  signalUnit,
} from './units.ts';

/** One host of a lab. All its state is in the kernel and in files, so every process that opened the lab may use it. */
export interface Host {
  readonly name: string;
  readonly kind: HostPlan['kind'];
  readonly address: Address;
  /** Its name for `ip netns`. */
  readonly netns: string;
  readonly isOn: () => Promise<boolean>;
  readonly boot: (options?: BootOptions) => Promise<Result<BootReport>>;
  /** Loss of power. */
  readonly powerOff: () => Promise<Result<void>>;
  /** Runs a program to its end inside the host. Fault: `host-off`, and those of `run`. */
  readonly exec: (argv: readonly string[], options?: RunOptions) => Promise<Result<Outcome>>;
  /** As `exec`; an exit code other than 0 is the fault `program-failed`. */
  readonly execChecked: (argv: readonly string[], options?: RunOptions) => Promise<Result<Outcome>>;
  /** Starts a program inside the host, in a process group of its own; it ends with the host at the latest. */
  readonly spawn: (argv: readonly string[], options?: SpawnOptions) => Promise<Result<ChildProcess>>;
  /** The argv that runs another argv inside the host, for those who spawn by themselves (a terminal's shell). */
  readonly enter: (argv: readonly string[]) => Promise<Result<readonly string[]>>;
  /** Writes a file, on or off. Not for plain hosts, whose files are the machine's. */
  readonly write: (path: string, text: string | Uint8Array, options?: FileOptions) => Promise<Result<void>>;
  /** Has a unit of the tree start at every boot. The host must be off; `systemctl enable` does it on one that is on. */
  readonly enableUnit: (unit: string) => Promise<Result<void>>;
  /** Reads a file of a host that is on. */
  readonly read: (path: string) => Promise<Result<string>>;
  /** Stops every process of the host in its tracks; its kernel goes on answering pings, its timers and tables go on. */
  readonly freezeAll: () => Promise<Result<void>>;
  readonly thawAll: () => Promise<Result<void>>;
  /** Every program that anything in the host starts within a time; what the lab runs in it does not count. */
  readonly commands: (forMs: number) => Promise<Result<readonly string[]>>;
  /** The machine's number of a unit's main process. */
  readonly pidOf: (unit: string) => Promise<Result<number>>;
  readonly signalUnit: (unit: string, signal: NodeJS.Signals) => Promise<Result<void>>;
  readonly freezeUnit: (unit: string) => Promise<Result<void>>;
  readonly thawUnit: (unit: string) => Promise<Result<void>>;
  readonly fillStateDisk: () => Promise<Result<void>>;
  readonly emptyStateDisk: () => Promise<void>;
  /** While the host is off: puts a false clock under a unit, true until `setClock`. */
  readonly installClock: (unit: string) => Promise<Result<void>>;
  readonly setClock: (unit: string, offsetSeconds: number) => Promise<void>;
}

const enter = async (context: HostContext, argv: readonly string[]): Promise<Result<readonly string[]>> => {
  const power = await powerOf(context);
  if (power === undefined) return fail('host-off', `host ${context.plan.name} is off`, 'boot it first');
  return ok(
    context.plan.kind === 'plain'
      ? [hostScript, 'net', execGroupOf(context), context.netns, ...argv]
      : [hostScript, 'exec', execGroupOf(context), String(power.pid), ...argv],
  );
};

const writeRunning = async (
  context: HostContext,
  path: string,
  text: string | Uint8Array,
  options: FileOptions,
): Promise<Result<void>> => {
  // Handed over in the shared folder: what we could pipe is a socket, which no /dev/stdin opens.
  const name = `incoming-${randomUUID()}`;
  const place = join(shareOf(context), name);
  const mode = (options.mode ?? 0o644).toString(8);
  const owner = options.owner ?? 'root';
  const argv = await enter(context, [
    'install',
    '-D',
    '-m',
    mode,
    '-o',
    owner,
    '-g',
    owner,
    `${shareFolder}/${name}`,
    path,
  ]);
  if (!argv.ok) return argv;
  try {
    await writeFile(place, text, { mode: 0o600 });
    const result = await runChecked(argv.value);
    return result.ok ? ok(undefined) : result;
  } finally {
    await rm(place, { force: true });
  }
};

const write = async (
  context: HostContext,
  path: string,
  text: string | Uint8Array,
  options: FileOptions,
): Promise<Result<void>> => {
  if (context.plan.kind === 'plain')
    return fail('plain-host', `${context.plan.name} has no files of its own`, 'use the machine’s files');
  const isOn = (await powerOf(context)) !== undefined;
  if (isOn) return await writeRunning(context, path, text, options);
  const prefix = `${stateFolder}/`;
  // What has a disk of its own is written on that one: the host's disk is hidden below it.
  return context.plan.stateDiskMib !== undefined && path.startsWith(prefix)
    ? await writeToDisk(context.treeRoot, stateOf(context), path.slice(stateFolder.length), text, options)
    : await writeToDisk(context.treeRoot, upperOf(context), path, text, options);
};

const spawnInside = async (
  context: HostContext,
  argv: readonly string[],
  options: SpawnOptions,
): Promise<Result<ChildProcess>> => {
  const entered = await enter(context, argv);
  if (!entered.ok) return entered;
  const [program = '', ...parameters] = entered.value;
  return ok(spawn(program, parameters, { detached: true, env: { ...plainEnvironment }, ...options }));
};

/** The handle on a host; nothing happens until `boot`. */
export const createHost = (context: HostContext): Host => {
  const exec: Host['exec'] = async (argv, options) => {
    const entered = await enter(context, argv);
    return entered.ok ? await run(entered.value, options) : entered;
  };
  const execChecked: Host['execChecked'] = async (argv, options) => {
    const entered = await enter(context, argv);
    return entered.ok ? await runChecked(entered.value, options) : entered;
  };
  return {
    name: context.plan.name,
    kind: context.plan.kind,
    address: context.address,
    netns: context.netns,
    isOn: async () => (await powerOf(context)) !== undefined,
    boot: async (options) => await bootHost(context, options),
    powerOff: async () => await powerOffHost(context),
    exec,
    execChecked,
    spawn: async (argv, options = {}) => await spawnInside(context, argv, options),
    enter: async (argv) => await enter(context, argv),
    write: async (path, text, options = {}) => await write(context, path, text, options),
    enableUnit: async (unit) => await enableUnit(context, unit),
    read: async (path) => {
      const result = await execChecked(['cat', '--', path]);
      return result.ok ? ok(result.value.stdout) : result;
    },
    freezeAll: async () => await freezeCgroup(context.cgroup, true),
    thawAll: async () => await freezeCgroup(context.cgroup, false),
    commands: async (forMs) => await commandsIn(systemGroupOf(context), forMs),
    pidOf: async (unit) => await mainProcessOf(context, unit),
    signalUnit: async (unit, signal) => await signalUnit(context, unit, signal),
    freezeUnit: async (unit) => await freezeUnit(context, unit, true),
    thawUnit: async (unit) => await freezeUnit(context, unit, false),
    fillStateDisk: async () => await fillStateDisk(context),
    emptyStateDisk: async () => await emptyStateDisk(context),
    installClock: async (unit) => await installClock(context, unit),
    setClock: async (unit, offsetSeconds) => await setClock(context, unit, offsetSeconds),
  };
};
