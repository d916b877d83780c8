import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ok, type Result } from '../../src/core/result.ts';
import { run, runChecked } from '../process.ts';
import { processesIn } from './cgroup.ts';

/** Every thread of a cgroup, as the machine numbers them. */
const threadsIn = async (cgroup: string): Promise<readonly string[]> => {
  const processes = await processesIn(cgroup);
  const threads = await Promise.all(processes.map(async (pid) => await readdir(`/proc/${pid}/task`).catch(() => [])));
  return threads.flat();
};

/** `…: sched_process_exec: filename=/usr/bin/systemctl pid=77 old_pid=77`. */
export const readExecs = (trace: string): readonly string[] =>
  [...trace.matchAll(/sched_process_exec: filename=(\S+) /g)].map(([, program = '']) => program);

const watch = async (tracing: string, cgroup: string, forMs: number): Promise<readonly string[]> => {
  // Several hosts may be watched at once.
  const instance = join(tracing, 'instances', `dualtone-lab-${randomUUID()}`);
  await mkdir(instance);
  try {
    // Children of those that are followed are followed, from before their first program on.
    await writeFile(join(instance, 'options/event-fork'), '1');
    await writeFile(join(instance, 'set_event_pid'), (await threadsIn(cgroup)).join(' '));
    await writeFile(join(instance, 'events/sched/sched_process_exec/enable'), '1');
    await sleep(forMs);
    await writeFile(join(instance, 'events/sched/sched_process_exec/enable'), '0');
    return readExecs(await readFile(join(instance, 'trace'), 'utf8'));
  } finally {
    await rmdir(instance);
  }
};

/**
 * Every program that the processes of a cgroup start within a time, by the kernel's own account (tracefs): none is too short to be seen.
 * Fault: `program-failed` where the kernel has no tracefs.
 */
export const commandsIn = async (cgroup: string, forMs: number): Promise<Result<readonly string[]>> => {
  const tracing = await mkdtemp(join(tmpdir(), 'dualtone-lab-tracing-'));
  try {
    const mounted = await runChecked(['mount', '-t', 'tracefs', 'dualtone-lab', tracing]);
    if (!mounted.ok) return mounted;
    try {
      return ok(await watch(tracing, cgroup, forMs));
    } finally {
      await run(['umount', tracing]);
    }
  } finally {
    await rmdir(tracing);
  }
};
