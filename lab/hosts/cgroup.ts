import { watch } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../src/core/result.ts';

/** Where the lab's cgroups hang; nothing outside it is ever signalled. */
const labFolder = 'dualtone-lab';

/** Finds the cgroup2 mount in the text of /proc/mounts: /sys/fs/cgroup on most machines, a subfolder of it on hybrid ones. */
export const findCgroupRoot = (mounts: string): string | undefined =>
  mounts
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, , type]) => type === 'cgroup2')?.[1];

/** The lab's own cgroup. Fault: `cgroup2-missing`. */
export const labCgroup = async (): Promise<Result<string>> => {
  const root = findCgroupRoot(await readFile('/proc/mounts', 'utf8'));
  if (root === undefined) {
    return fail('cgroup2-missing', 'no cgroup2 is mounted on this machine', 'mount -t cgroup2 none /sys/fs/cgroup');
  }
  return ok(join(root, labFolder));
};

const gone = (error: unknown): boolean => ['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '');

const put = async (path: string, text: string): Promise<void> => {
  await writeFile(path, text).catch((error: unknown) => {
    if (!gone(error)) throw error;
  });
};

const eventIs = async (cgroup: string, name: string, value: '0' | '1'): Promise<boolean> => {
  const text = await readFile(join(cgroup, 'cgroup.events'), 'utf8').catch((error: unknown) => {
    if (gone(error)) return undefined;
    throw error;
  });
  return text === undefined || text.split('\n').includes(`${name} ${value}`);
};

/** Waits until the kernel says so in cgroup.events (it notifies by inotify); a cgroup that is gone counts as being so. */
const waitEvent = async (cgroup: string, name: string, value: '0' | '1', timeoutMs: number): Promise<boolean> => {
  if (await eventIs(cgroup, name, value)) return true;
  return await new Promise<boolean>((resolve) => {
    const watcher = watch(join(cgroup, 'cgroup.events'));
    const finish = (reached: boolean): void => {
      clearTimeout(timer);
      watcher.close();
      resolve(reached);
    };
    const timer = setTimeout(() => finish(false), timeoutMs);
    const look = (): void => void eventIs(cgroup, name, value).then((is) => is && finish(true));
    watcher.on('change', look);
    watcher.on('error', look);
    look();
  });
};

export const makeCgroup = async (cgroup: string): Promise<void> => {
  await mkdir(cgroup, { recursive: true });
};

/** Kills every process in and below at once, and waits until the last has left. Fault: `processes-remain`. */
export const killCgroup = async (cgroup: string, timeoutMs = 10_000): Promise<Result<void>> => {
  await put(join(cgroup, 'cgroup.kill'), '1');
  if (await waitEvent(cgroup, 'populated', '0', timeoutMs)) return ok(undefined);
  return fail(
    'processes-remain',
    `processes in ${cgroup} outlived SIGKILL for ${timeoutMs} ms`,
    'look for one in uninterruptible sleep',
  );
};

/** Stops every process in and below, until thawed; returns when all stand still. Fault: `freeze-failed`. */
export const freezeCgroup = async (cgroup: string, frozen: boolean): Promise<Result<void>> => {
  await put(join(cgroup, 'cgroup.freeze'), frozen ? '1' : '0');
  if (await waitEvent(cgroup, 'frozen', frozen ? '1' : '0', 5_000)) return ok(undefined);
  return fail(
    'freeze-failed',
    `${cgroup} did not ${frozen ? 'freeze' : 'thaw'} within 5 s`,
    'look at its cgroup.events',
  );
};

/** All processes in and below, as the machine numbers them. */
export const processesIn = async (cgroup: string): Promise<readonly number[]> => {
  const own = await readFile(join(cgroup, 'cgroup.procs'), 'utf8').catch(() => '');
  const pids = own.split('\n').filter(Boolean).map(Number);
  for (const child of await childGroups(cgroup)) pids.push(...(await processesIn(child)));
  return pids;
};

const childGroups = async (cgroup: string): Promise<readonly string[]> => {
  const entries = await readdir(cgroup, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(cgroup, entry.name));
};

/** Removes an empty cgroup and all below it. */
export const removeCgroup = async (cgroup: string): Promise<void> => {
  for (const child of await childGroups(cgroup)) await removeCgroup(child);
  await rmdir(cgroup).catch((error: unknown) => {
    if (!gone(error)) throw error;
  });
};
