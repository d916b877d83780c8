import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../src/core/result.ts';
import { killCgroup, labCgroup, removeCgroup } from './hosts/cgroup.ts';
import { isRunId } from './network/addressing.ts';
import { run, runChecked } from './process.ts';
import { allRuns, disksFolder, runsFolder, standingOf } from './run-state.ts';

const netnsOf = async (runId: string): Promise<readonly string[]> => {
  const names = await readdir('/run/netns').catch(() => []);
  return names.filter((name) => name.startsWith(`dt-${runId}-`));
};

/** Mount points in or below a folder, deepest first, from the text of /proc/self/mounts. */
export const mountsBelow = (mounts: string, folder: string): readonly string[] =>
  mounts
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((place) => place === folder || place.startsWith(`${folder}/`))
    .toSorted((a, b) => b.length - a.length);

/** What is left of a run on this machine; empty when nothing is. The audit after a scenario, and the test of `down`. */
export const remainsOf = async (runId: string): Promise<readonly string[]> => {
  const remains: string[] = (await netnsOf(runId)).map((name) => `netns ${name}`);
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  for (const place of mountsBelow(mounts, join(disksFolder(), runId))) remains.push(`mount ${place}`);
  const cgroup = await labCgroup();
  const folders = [
    join(disksFolder(), runId),
    join(await runsFolder(), runId),
    ...(cgroup.ok ? [join(cgroup.value, runId)] : []),
  ];
  for (const folder of folders) {
    const entries = await readdir(folder).catch(() => undefined);
    if (entries !== undefined) remains.push(`folder ${folder}`);
  }
  return remains;
};

/**
 * Takes a lab away, whole or half built, alive or after a crash of its owner, from what the machine shows and not from
 * what was noted. Signals only processes in the lab's own cgroup. May be repeated. Faults: `processes-remain`, `program-failed`.
 */
export const tearDown = async (runId: string): Promise<Result<void>> => {
  if (!isRunId(runId)) return fail('run-id-bad', `"${runId}" is no run id`, 'use up to 8 small letters and digits');
  const cgroups = await labCgroup();
  if (!cgroups.ok) return cgroups;
  const cgroup = join(cgroups.value, runId);
  const killed = await killCgroup(cgroup);
  if (!killed.ok) return killed;
  await removeCgroup(cgroup);
  for (const name of await netnsOf(runId)) {
    const gone = await run(['ip', 'netns', 'del', name]);
    if (!gone.ok) return gone;
  }
  const disks = join(disksFolder(), runId);
  for (const place of mountsBelow(await readFile('/proc/self/mounts', 'utf8'), disks)) {
    const unmounted = await runChecked(['umount', place]);
    if (!unmounted.ok) return unmounted;
  }
  await rm(disks, { recursive: true, force: true });
  await rm(join(await runsFolder(), runId), { recursive: true, force: true });
  return ok(undefined);
};

/** Takes away every lab whose owner is dead; `kept` ones too when asked to. Returns the run ids. */
export const tearDownLeftovers = async (
  options: { readonly kept?: boolean } = {},
): Promise<Result<readonly string[]>> => {
  const done: string[] = [];
  for (const runId of await allRuns()) {
    const standing = await standingOf(runId);
    if (standing === 'owned' || (standing === 'kept' && options.kept !== true)) continue;
    const down = await tearDown(runId);
    if (!down.ok) return down;
    done.push(runId);
  }
  return ok(done);
};
