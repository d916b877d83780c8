import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labCgroup } from '../lab/hosts/cgroup.ts';
import { type LoadMeter, ownProcessorMs, startLoadMeter } from './machine.ts';

/** What all hosts of a lab have used since it was built, ms; 0 where the lab is gone. */
const labProcessorMs = async (runId: string): Promise<number> => {
  const cgroup = await labCgroup();
  if (!cgroup.ok) return 0;
  const text = await readFile(join(cgroup.value, runId, 'cpu.stat'), 'utf8').catch(() => '');
  return Number(/^usage_usec (\d+)$/m.exec(text)?.[1] ?? 0) / 1000;
};

/** Counts what others use while a lab is measured. */
export const startLabMeter = async (runId: string): Promise<LoadMeter> =>
  await startLoadMeter(async () => ownProcessorMs() + (await labProcessorMs(runId)));
