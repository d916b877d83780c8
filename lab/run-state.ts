import { access, constants, mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, ok, type Result } from '../src/core/result.ts';
import { writeWhole } from '../src/files/whole.ts';
import { startTicksOf } from './hosts/context.ts';
import { isRunId, type Subnet } from './network/addressing.ts';
import type { Topology } from './topology.ts';

/** A process, so named that a reused number or a reboot of the machine is noticed. */
export interface Owner {
  readonly pid: number;
  readonly startTicks: string;
}

/** What is known of a lab to other processes; enough to use it, and to clean up after it. */
export interface RunState {
  readonly version: 1;
  readonly runId: string;
  readonly createdAt: string;
  /** Whose death makes the lab a leftover; undefined for one that is meant to stay. */
  readonly owner?: Owner;
  /** The machine's boot: after another one, only folders are left of the lab. */
  readonly machineBootId: string;
  readonly subnet: Subnet;
  readonly topology: Topology;
  readonly treeRoot: string;
  readonly repository?: string;
  /** The hosts' disks. */
  readonly disksFolder: string;
  readonly cgroup: string;
}

const writable = async (folder: string): Promise<boolean> =>
  await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );

/** Where labs note themselves: `DUALTONE_LAB_RUNS`, else /run/dualtone-lab, else /var/tmp/dualtone-lab. */
export const runsFolder = async (): Promise<string> =>
  process.env['DUALTONE_LAB_RUNS'] ?? ((await writable('/run')) ? '/run/dualtone-lab' : '/var/tmp/dualtone-lab');

/** Where labs keep their hosts' disks: not on /run, which is memory on most machines. */
export const disksFolder = (): string => process.env['DUALTONE_LAB_DISKS'] ?? '/var/tmp/dualtone-lab-disks';

const stateFile = async (runId: string): Promise<string> => join(await runsFolder(), runId, 'lab.json');

export const machineBootId = async (): Promise<string> =>
  (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();

/** This process as an owner. */
export const ownProcess = async (): Promise<Owner> => ({
  pid: process.pid,
  startTicks: (await startTicksOf(process.pid)) ?? '',
});

/** Claims a run id: of two that want the same one, one gets the fault `lab-exists`. */
export const claimRun = async (runId: string): Promise<Result<void>> => {
  const folder = dirname(await stateFile(runId));
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  try {
    await mkdir(folder, { mode: 0o700 });
    return ok(undefined);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return fail('lab-exists', `a lab ${runId} is there already`, 'use `dualtone lab down` first, or another run id');
  }
};

export const writeRun = async (state: RunState): Promise<void> => {
  const file = await stateFile(state.runId);
  await writeWhole(file, `${JSON.stringify(state, null, 2)}\n`, { isDurable: false });
};

/** Fault: `lab-unknown`. */
export const readRun = async (runId: string): Promise<Result<RunState>> => {
  const text = isRunId(runId) ? await readFile(await stateFile(runId), 'utf8').catch(() => undefined) : undefined;
  if (text === undefined)
    return fail('lab-unknown', `there is no lab ${runId}`, 'list them with `dualtone lab status`');
  return ok(JSON.parse(text) as RunState);
};

const namesIn = async (folder: string): Promise<readonly string[]> => await readdir(folder).catch(() => []);

/** Every run id of which anything is noted or left on disk. */
export const allRuns = async (): Promise<readonly string[]> => {
  const names = [...(await namesIn(await runsFolder())), ...(await namesIn(disksFolder()))];
  return [...new Set(names)].filter(isRunId).toSorted();
};

/** `leftover`: its owner is dead, or the machine rebooted since, or it never got as far as noting itself. */
export const standingOf = async (runId: string): Promise<'owned' | 'kept' | 'leftover'> => {
  const state = await readRun(runId);
  if (!state.ok || state.value.machineBootId !== (await machineBootId())) return 'leftover';
  const { owner } = state.value;
  if (owner === undefined) return 'kept';
  return (await startTicksOf(owner.pid)) === owner.startTicks ? 'owned' : 'leftover';
};
