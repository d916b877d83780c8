import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { run } from '../lab/process.ts';

/** On what something was measured. */
export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
}

/** This machine. */
export const thisMachine = (): Machine => {
  const all = cpus();
  return {
    processor: (all[0]?.model ?? 'unknown').trim(),
    processors: all.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
};

/** The commit that is measured, with `+` where files differ from it; empty outside a repository. */
export const thisCommit = async (): Promise<string> => {
  const cwd = join(import.meta.dirname, '..');
  const described = await run(['git', 'describe', '--always', '--abbrev=10', '--dirty=+', '--exclude=*'], { cwd });
  return described.ok && described.value.code === 0 ? described.value.stdout.trim() : '';
};

/** The kernel counts in hundredths of a second, on every machine that Node runs on. */
const tickMs = 10;

/** Time that all processors together were busy since boot, ms, what a hypervisor gave to others included. */
export const busyMsOf = (stat: string): number => {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (stat.split('\n')[0] ?? '')
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * tickMs;
};

/** Tells what part of the machine others used since it was started, in percent of all processors. */
export type LoadMeter = () => Promise<number>;

/**
 * Starts to count. `ownCpuMs` tells what the measurement itself has used so far; all else is others'. A little is always: the kernel's own
 * work for namespaces and links is nobody's.
 */
export const startLoadMeter = async (ownCpuMs: () => Promise<number>): Promise<LoadMeter> => {
  const reading = async () => ({
    busyMs: busyMsOf(await readFile('/proc/stat', 'utf8')),
    ownMs: await ownCpuMs(),
    atMs: performance.now(),
  });
  const first = await reading();
  return async () => {
    const last = await reading();
    const othersMs = last.busyMs - first.busyMs - (last.ownMs - first.ownMs);
    const wholeMs = (last.atMs - first.atMs) * cpus().length;
    return Math.max(0, Math.min(100, Math.round((100 * othersMs) / wholeMs)));
  };
};

/** What this process has used, ms. */
export const ownProcessorMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
