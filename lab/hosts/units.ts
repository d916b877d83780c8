import { readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { writeWhole } from '../../src/files/whole.ts';
import { run } from '../process.ts';
import { freezeCgroup, processesIn } from './cgroup.ts';
import { type HostContext, powerOf, shareOf, stateOf, systemGroupOf, upperOf } from './context.ts';
import { writeToDisk } from './paths.ts';

const unitName = (unit: string): string => (unit.includes('.') ? unit : `${unit}.service`);

const unitGroup = (context: HostContext, unit: string): string =>
  join(systemGroupOf(context), 'system.slice', unitName(unit));

const parentOf = async (pid: number): Promise<number | undefined> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const parent = /^PPid:\t(\d+)$/m.exec(status)?.[1];
  return parent === undefined ? undefined : Number(parent);
};

/**
 * The main process of a unit, as the machine numbers it: the one of its processes that systemd itself started. Read from
 * the kernel, without a process of ours, in under a millisecond. Faults: `host-off`, `unit-not-running`.
 */
export const mainProcessOf = async (context: HostContext, unit: string): Promise<Result<number>> => {
  const power = await powerOf(context);
  if (power === undefined) return fail('host-off', `host ${context.plan.name} is off`, 'boot it first');
  for (const pid of await processesIn(unitGroup(context, unit))) {
    if ((await parentOf(pid)) === power.pid) return ok(pid);
  }
  return fail('unit-not-running', `${unitName(unit)} does not run on ${context.plan.name}`, 'start it first');
};

/** Sends a signal to a unit's main process: SIGKILL is its crash, SIGSTOP its hang, SIGCONT the end of that. */
export const signalUnit = async (context: HostContext, unit: string, signal: NodeJS.Signals): Promise<Result<void>> => {
  const pid = await mainProcessOf(context, unit);
  if (!pid.ok) return pid;
  process.kill(pid.value, signal);
  return ok(undefined);
};

/** Stops, or lets go on, all processes of a unit; the rest of the host goes on. */
export const freezeUnit = async (context: HostContext, unit: string, frozen: boolean): Promise<Result<void>> =>
  await freezeCgroup(unitGroup(context, unit), frozen);

/** Has a unit start with multi-user.target, as `systemctl enable` would; by a drop-in, since a link cannot be written through. */
export const enableUnit = async (context: HostContext, unit: string): Promise<Result<void>> => {
  const name = unitName(unit);
  const text = `[Unit]\nWants=${name}\nAfter=${name}\n`;
  return await writeToDisk(
    context.treeRoot,
    upperOf(context),
    `/etc/systemd/system/multi-user.target.d/lab-${name}.conf`,
    text,
  );
};

const clockFile = (context: HostContext, unit: string): string => join(shareOf(context), `clock-${unitName(unit)}`);

/**
 * Lets libfaketime between a unit's processes and their wall clock. Monotonic time stays true, as in a clock that is stepped. It holds
 * for one unit of one host, since the kernel's clock is the machine's. The host must be off.
 */
export const installClock = async (context: HostContext, unit: string): Promise<Result<void>> => {
  const lines = [
    '[Service]',
    'Environment=LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1',
    `Environment=FAKETIME_TIMESTAMP_FILE=/run/lab/clock-${unitName(unit)}`,
    'Environment=FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1',
  ];
  await writeFile(clockFile(context, unit), '+0s\n');
  return await writeToDisk(
    context.treeRoot,
    upperOf(context),
    `/etc/systemd/system/${unitName(unit)}.d/lab-clock.conf`,
    `${lines.join('\n')}\n`,
  );
};

/** Steps the wall clock of a unit that has `installClock`, to this many seconds off the truth, while it runs. */
export const setClock = async (context: HostContext, unit: string, offsetSeconds: number): Promise<void> => {
  const sign = offsetSeconds < 0 ? '-' : '+';
  const file = clockFile(context, unit);
  // Replaced at once: a process that reads an empty file is ended by libfaketime.
  await writeWhole(file, `${sign}${Math.abs(offsetSeconds)}s\n`, { mode: 0o644, isDurable: false });
};

const ballast = (context: HostContext): string => join(stateOf(context), '.lab-ballast');

/** Leaves no free block on the host's state disk. Fault: `no-state-disk`, `program-failed`. */
export const fillStateDisk = async (context: HostContext): Promise<Result<void>> => {
  if (context.plan.stateDiskMib === undefined) {
    return fail(
      'no-state-disk',
      `host ${context.plan.name} has no state disk of its own`,
      'give it stateDiskMib in the topology',
    );
  }
  const folder = stateOf(context);
  const [own, around] = await Promise.all([stat(folder), stat(dirname(folder))]);
  // Not mounted, this would be the machine's own disk.
  if (own.dev === around.dev) {
    return fail('no-state-disk', `the state disk of ${context.plan.name} is not mounted`, 'boot the host first');
  }
  const { bavail, bsize } = await statfs(folder);
  if (bavail === 0) return ok(undefined);
  const filled = await run(['fallocate', '--length', String(bavail * bsize), ballast(context)]);
  return filled.ok ? ok(undefined) : filled;
};

export const emptyStateDisk = async (context: HostContext): Promise<void> => {
  await rm(ballast(context), { force: true });
};
