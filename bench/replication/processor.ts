/** What a measurement itself uses of the processors: this process, its children, and the servers that it started. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const TICK_MS = 10;

interface Used {
  readonly parent: number;
  readonly ms: number;
}

/** From a line of /proc/PID/stat: its own time, and that of its children that ended. */
export const usedOf = (stat: string): Used => {
  // The name stands in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0), 0);
  return { parent: Number(fields[1] ?? 0), ms: ticks * TICK_MS };
};

const usedBy = async (pid: string): Promise<Used | null> =>
  await readFile(join('/proc', pid, 'stat'), 'utf8').then(usedOf, () => null);

/** Milliseconds so far of this process and of the servers whose data lie in these folders, all with their children. */
export const measuredProcessorMs = async (dataDirs: readonly string[]): Promise<number> => {
  const leaders = new Set([process.pid]);
  for (const folder of dataDirs) {
    const pidFile = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '');
    if (pidFile !== '') leaders.add(Number(pidFile.split('\n')[0]));
  }
  let sum = 0;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const used = await usedBy(name);
    if (used !== null && (leaders.has(Number(name)) || leaders.has(used.parent))) sum += used.ms;
  }
  return sum;
};
