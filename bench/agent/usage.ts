import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labCgroup, processesIn } from '../../lab/hosts/cgroup.ts';
import type { Host } from '../../lab/hosts/host.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';

/** What a unit of a lab host uses at a moment. */
export interface Usage {
  readonly atMs: number;
  /** Processor time of the main process since it started, threads included, ms. */
  readonly mainProcessorMs: number;
  /** The same of all its processes, those that have ended included. */
  readonly unitProcessorMs: number;
  /** Memory that the main process holds now, and held at most, shared pages of the program included. */
  readonly mainResidentMib: number;
  readonly mainPeakMib: number;
  /** The sum over all processes of the unit; shared pages count for each. */
  readonly unitResidentMib: number;
  readonly processes: number;
  /** Processor time of each process that runs, by program and first argument; several of a kind are summed up. */
  readonly processorMsByProgram: ReadonlyMap<string, number>;
}

/** Program and first argument of /proc/PID/cmdline, without folders. */
export const programOf = (cmdline: string): string => {
  const [program = '', first = ''] = cmdline.split('\0');
  const name = program.slice(program.lastIndexOf('/') + 1);
  return name === 'node' || first === '' ? name : `${name} ${first.slice(first.lastIndexOf('/') + 1)}`;
};

const kibOf = (status: string, key: string): number =>
  Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);

/** Processor time of /proc/PID/stat in ms; the fields count after the name, which may hold spaces. */
export const processorMsOf = (stat: string): number => {
  const [, , , , , , , , , , , user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return (user + system) * 10;
};

const processorMsByProgram = async (pids: readonly number[]): Promise<ReadonlyMap<string, number>> => {
  const msByProgram = new Map<string, number>();
  for (const pid of pids) {
    const [stat, cmdline] = await Promise.all(
      ['stat', 'cmdline'].map(async (name) => await readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
    );
    // It may have ended since.
    if (stat === undefined || stat === '' || cmdline === undefined) continue;
    const program = programOf(cmdline);
    msByProgram.set(program, (msByProgram.get(program) ?? 0) + processorMsOf(stat));
  }
  return msByProgram;
};

/** Reads what a unit uses. Faults: `host-off`, `unit-not-running`, `cgroup2-missing`, and `usage-gone` if it ends meanwhile. */
export const usageOf = async (host: Host, runId: string, unit: string): Promise<Result<Usage>> => {
  const pid = await host.pidOf(unit);
  if (!pid.ok) return pid;
  const cgroup = await labCgroup();
  if (!cgroup.ok) return cgroup;
  const group = join(cgroup.value, runId, host.name, 'system', 'system.slice', unit);
  try {
    const [status, stat, whole, pids] = await Promise.all([
      readFile(`/proc/${pid.value}/status`, 'utf8'),
      readFile(`/proc/${pid.value}/stat`, 'utf8'),
      readFile(join(group, 'cpu.stat'), 'utf8'),
      processesIn(group),
    ]);
    const statuses = await Promise.all(
      pids.map(async (each) => await readFile(`/proc/${each}/status`, 'utf8').catch(() => '')),
    );
    return ok({
      atMs: performance.now(),
      mainProcessorMs: processorMsOf(stat),
      unitProcessorMs: Number(/^usage_usec (\d+)$/m.exec(whole)?.[1] ?? 0) / 1000,
      mainResidentMib: kibOf(status, 'VmRSS') / 1024,
      mainPeakMib: kibOf(status, 'VmHWM') / 1024,
      unitResidentMib: statuses.reduce((sum, each) => sum + kibOf(each, 'VmRSS'), 0) / 1024,
      processes: pids.length,
      processorMsByProgram: await processorMsByProgram(pids),
    });
  } catch (error) {
    return fail('usage-gone', `${unit} on ${host.name} ended: ${(error as Error).message}`, 'see its journal');
  }
};
