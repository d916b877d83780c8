import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labCgroup, processesIn } from '../../lab/hosts/cgroup.ts';
import { rounded } from '../../lab/scenarios/statistics.ts';
import { ok, type Result } from '../../src/core/result.ts';
import { startLabMeter } from '../lab-meter.ts';
import type { RunLine } from '../results.ts';
import type { Ground } from './ground.ts';
import { toStart } from './run.ts';
import type { System } from './system.ts';

/** What a system costs while nothing happens; `what` is as in `cost/keepalived-1s`. */
export interface CostLine extends RunLine {
  /** Programs that anything in the host starts in a minute, by host. */
  readonly started_a_minute: Readonly<Record<string, number>>;
  /** Memory of the system's processes without Asterisk, by host: what is their own, and once what they share. */
  readonly memory_mib: Readonly<Record<string, number>>;
  readonly processes: Readonly<Record<string, number>>;
  readonly observed_s: number;
}

export const costOf = (system: string): string => `cost/${system}`;

/** One minute, in which a check each minute comes once. */
const observeMs = 60_000;

const kibOf = (text: string, key: string): number =>
  Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);

/** Own and shared memory of /proc/PID/smaps_rollup, KiB. Pure. */
export const sharesOf = (rollup: string): { readonly ownKib: number; readonly sharedKib: number } => {
  const ownKib = kibOf(rollup, 'Private_Clean') + kibOf(rollup, 'Private_Dirty');
  return { ownKib, sharedKib: kibOf(rollup, 'Rss') - ownKib };
};

const isAsterisk = async (pid: number): Promise<boolean> =>
  (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).startsWith('ast');

interface Memory {
  readonly mib: number;
  readonly processes: number;
}

const memoryOf = async (runId: string, host: string, units: readonly string[]): Promise<Result<Memory>> => {
  const cgroup = await labCgroup();
  if (!cgroup.ok) return cgroup;
  let [ownKib, sharedKib, processes] = [0, 0, 0];
  for (const unit of units) {
    for (const pid of await processesIn(join(cgroup.value, runId, host, 'system', 'system.slice', unit))) {
      if (await isAsterisk(pid)) continue;
      const shares = sharesOf(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => ''));
      ownKib += shares.ownKib;
      sharedKib = Math.max(sharedKib, shares.sharedKib);
      processes += 1;
    }
  }
  return ok({ mib: rounded((ownKib + sharedKib) / 1024), processes });
};

/** Watches a system that is at its start for a minute. Faults: those of the lab. */
export const runCost = async (ground: Ground, system: System, run: number): Promise<Result<CostLine>> => {
  const ready = await toStart(ground, system);
  if (!ready.ok) return ready;
  const { lab } = ground;
  const others = await startLabMeter(lab.runId);
  const names = Object.keys(system.unitsByHost);
  const watched = await Promise.all(
    names.map(async (name) => [name, await lab.host(name).commands(observeMs)] as const),
  );
  const started: Record<string, number> = {};
  const memory: Record<string, number> = {};
  const processes: Record<string, number> = {};
  for (const [name, commands] of watched) {
    if (!commands.ok) return commands;
    const held = await memoryOf(lab.runId, name, system.unitsByHost[name] ?? []);
    if (!held.ok) return held;
    started[name] = Math.round((commands.value.length * 60_000) / observeMs);
    memory[name] = held.value.mib;
    processes[name] = held.value.processes;
  }
  return ok({
    what: costOf(system.name),
    run,
    started_a_minute: started,
    memory_mib: memory,
    processes,
    observed_s: observeMs / 1000,
    others_percent: await others(),
  });
};
